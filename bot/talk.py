"""What is stored of a running conversation between two messages, and what may be done to it. Pure.

No state numbers, no pickles, no replay by position: answers by name, in the order in which they were given. A deploy
that adds, drops or reorders questions breaks no draft.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from bot.answers import Pocket, Said

# What counts as an answer when forgetting and going back.
ANSWERS = ("answer", "supposed")


class Memory(Struct, array_like=True):
    """One remembered thing: an `answer`, `said`, `kept` (recalled), `found` (looked up) or `done` (an effect).

    A `supposed` answer follows from another one and goes with it. `message` is the provider's id of the message that
    answered, so that an edit of it finds the answer.
    """

    kind: Literal["answer", "supposed", "said", "kept", "found", "done"]
    value: Any = None
    message: str = ""


class Pending(Struct):
    """What the talk waits for: a person's answer or a service's, under this name; `values` as they were offered.

    Of a list too long for one message the options from `start` on are shown, and `after` begins the next page (0: there
    is none). A look-up has a `stamp` of its own and the time it was asked for, `since`. One that is `loose` ends
    when anything else begins, and one that `stays` too only when she begins it. `missed` counts the answers in a row
    that were none.
    """

    name: str
    values: tuple[str, ...] = ()
    stamp: int = 0
    since: float = 0.0
    start: int = 0
    after: int = 0
    loose: bool = False
    missed: int = 0
    stays: bool = False


class Talk(Struct):
    """The stored state of one running conversation.

    `anew` are names to be asked without a look into the pocket, `looked_up` counts the look-ups.
    """

    id: int
    name: str
    args: dict[str, Any] = {}
    memory: dict[str, Memory] = {}
    pocket: Pocket = Pocket()
    pending: Pending | None = None
    anew: list[str] = []
    looked_up: int = 0
    began: float = 0.0


def keep(pocket: Pocket, said: Said, used: frozenset[str] = frozenset()) -> Pocket:
    """The pocket with what a message brought and its question did not use; of the words only a caption."""
    return Pocket(
        words=said.text if said.captioned and "text" not in used and not pocket.words else pocket.words,
        place=said.place if said.place and "place" not in used else pocket.place,
        media=(*pocket.media, *said.media) if "media" not in used else pocket.media,
        contact=said.contact if said.contact and "contact" not in used else pocket.contact,
    )


def remember(talk: Talk, name: str, value: Any, message: str = "") -> None:
    """Remember an answer, as the last one; `message` is the provider's id of what brought it."""
    talk.memory.pop(name, None)
    talk.memory[name] = Memory("answer", msgspec.to_builtins(value), message)
    if name in talk.anew:
        talk.anew.remove(name)


def forget(talk: Talk, name: str, *, anew: bool = True) -> None:
    """Forget the answer called `name` and what was said, recalled and looked up after it; effects and answers stay."""
    names = list(talk.memory)
    later = names[names.index(name) :] if name in talk.memory else []
    for each in later:
        if each == name or talk.memory[each].kind in ("supposed", "said", "kept", "found"):
            del talk.memory[each]
    if anew and name not in talk.anew:
        talk.anew.append(name)
    talk.pending = None


def last_answer(talk: Talk) -> str | None:
    """The name of the last answer that going back may forget: nothing before an effect."""
    for name, memory in reversed(talk.memory.items()):
        if memory.kind == "done":
            return None
        if memory.kind == "answer":
            return name
    return None


def answered_by(talk: Talk, message: str) -> str | None:
    """The name of the answer that the message with this provider's id gave."""
    return next((n for n, m in talk.memory.items() if m.kind == "answer" and m.message == message != ""), None)


def expect(talk: Talk, name: str) -> None:
    """Take the next message as the answer called `name`."""
    talk.pending = Pending(name)


def read_tap(tap: str, talk: Talk) -> tuple[str, str] | None:
    """(question's name, value) of a button of this talk, None when it is another's."""
    head, _, rest = tap.partition(".")
    name, _, value = rest.partition(".")
    if head != f"q{talk.id}" or not value:
        return None
    pending = talk.pending
    if value.startswith("#") and pending and pending.name == name and value[1:].isdecimal():
        index = int(value[1:])
        value = pending.values[index] if index < len(pending.values) else ""
    return name, value
