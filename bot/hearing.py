"""How a question comes by its answer: remembered, out of the pocket, or heard. The pocket keeps the rest."""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec

from bot.answers import Found, Said, Took
from bot.endings import Again, LetGo, Suspended
from bot.offering import offer
from bot.questions import Question
from bot.scene import Scene
from bot.talk import ANSWERS, Memory, Pending, Talk, forget, keep, remember

# Who was not understood so often in a row hears how to get out, and not only the same question again.
MISSED_BEFORE_HELP = 3


class _Nothing:
    """Stands for "no remembered value", since None may be an answer."""


_NOTHING = _Nothing()


def answer(scene: Scene, talk: Talk, name: str, question: Question) -> Any:
    """The answer called `name`; raises Suspended when it has to be asked for."""
    if (memory := talk.memory.get(name)) and memory.kind in ANSWERS:
        value = _remembered(talk, name, memory, question)
        if value is not _NOTHING:
            return value
    if name not in talk.anew and (found := question.find(talk.pocket, scene.words)):
        return _remember_found(talk, name, found)
    if question.quiet and name not in talk.anew:
        return question.default()
    return _hear(scene, talk, name, question)


def overhear(scene: Scene, talk: Talk, name: str, question: Question) -> Any:
    """What was said without being asked for, where it answers `question`; raises Suspended or LetGo."""
    said = scene.said
    if (memory := talk.memory.get(name)) and memory.kind in ANSWERS:
        return memory.value
    if talk.pending is None or talk.pending.name != name:
        talk.pending = Pending(name, loose=True)
        raise Suspended
    scene.said = None
    heard = question.read(said, scene.words, ()) if said else None
    if said is None or not isinstance(heard, Took):
        raise LetGo(heard=said is not None)
    talk.pending = None
    remember(talk, name, heard.value, said.message)
    _keep_rest(talk, said, heard.used, heard.words)
    return heard.value


def pocket_everything(scene: Scene, talk: Talk) -> None:
    """Keep for a later question whatever the message brought."""
    if said := scene.said:
        scene.said = None
        _keep_rest(talk, said, frozenset())


def _remembered(talk: Talk, name: str, memory: Memory, question: Question) -> Any:
    try:
        value = msgspec.convert(memory.value, question.type, strict=False)
    except msgspec.ValidationError:
        value = _NOTHING
    if value is _NOTHING or not question.valid(value):
        forget(talk, name, anew=False)
        return _NOTHING
    if found := question.grow(value, talk.pocket):
        return _remember_found(talk, name, found)
    return value


def _remember_found(talk: Talk, name: str, found: Found) -> Any:
    talk.pocket = found.pocket
    remember(talk, name, found.value)
    return found.value


def _hear(scene: Scene, talk: Talk, name: str, question: Question) -> Any:
    pending = talk.pending
    said = scene.said
    if said is None or pending is None or pending.name != name:
        if question.loose and not question.stays and pending is not None and pending.name == name:
            raise LetGo(heard=False)  # Nobody is asked it twice.
        pocket_everything(scene, talk)
        return _put(scene, talk, name, question, "")
    scene.said = None
    heard = question.read(said, scene.words, pending.values)
    if isinstance(heard, Took):
        talk.pending = None
        remember(talk, name, heard.value, said.message)
        if _keep_rest(talk, said, heard.used, heard.words):
            raise Again  # A photo that came with "yes, send it" belongs to a question further up.
        return heard.value
    if question.loose and not (question.stays and said.media and not said.text):
        raise LetGo(heard=True)
    if _keep_rest(talk, said, frozenset(), heard.words):
        scene.remarks.append(scene.text("noted"))
        raise Again
    return _put(scene, talk, name, question, scene.text(heard.key, **heard.values), pending.missed + 1)


def _put(scene: Scene, talk: Talk, name: str, question: Question, reason: str, missed: int = 0) -> NoReturn:
    if reason := reason or scene.reasons.pop(name, ""):
        scene.remarks.append(reason)
    if missed >= MISSED_BEFORE_HELP:
        scene.remarks.append(scene.text("still-unclear"))
    offer(scene, talk, name, question, missed)
    raise Suspended


def _keep_rest(talk: Talk, said: Said, used: frozenset[str], words: str = "") -> bool:
    kept = keep(talk.pocket, said, used)
    if words and words != kept.words:
        kept = msgspec.structs.replace(kept, words=f"{kept.words}\n{words}".strip())
    changed = kept != talk.pocket
    talk.pocket = kept
    return changed
