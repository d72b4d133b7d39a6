"""Which conversation hears a message: the running one, a command that runs on top of it, or a new one.

An address has a stack of talks. The top one hears; when it ends, the one below repeats its pending question.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from bot.answers import Pocket, Said
from bot.conversation import Conversation, run
from bot.endings import Become, LetGo, ProgrammingError
from bot.messages import Outbound
from bot.offering import MORE, turn_page
from bot.openings import only_greets, pocket_of
from bot.scene import LookUp, Scene
from bot.talk import Memory, Talk, answered_by, expect, forget, keep, last_answer, read_tap
from locales import Command, find_command, fold, names_language
from storage.codes import PATTERN, read_code

# More than this many interruptions of interruptions is nobody's talk.
DEEPEST = 4
# A conversation that becomes another that becomes the first would never end.
MOST_BEGUN = 10
REMIND_AFTER = 3600.0
EXPIRE_AFTER = 7 * 86400.0


class Table(NamedTuple):
    """The conversations by name, which of them each command starts, and the names with a part to play.

    `opening` starts for a message that comes out of nowhere, `official` the same for an official's, `reply` for a reply
    to a message about a ticket, `status` for a ticket's bare code, `drafts` are the ones worth a reminder, `elsewhere`
    offers one that was begun on another address ("": nothing does). `undo` takes back an official's last step; to
    anybody else, and to who has answered a question of a talk under way, its word means to go back.
    """

    conversations: dict[str, Conversation]
    commands: dict[str, str]
    opening: str
    official: str
    reply: str
    status: str
    drafts: frozenset[str]
    elsewhere: str = ""
    undo: str = ""


class State(Struct):
    """All that is kept of an address between two messages; `warned` of which emergencies, and when last.

    `flow`, `flow_at` and `hushed` count what comes from it: see `bot.flow`.
    """

    talks: list[Talk] = []
    serial: int = 0
    reminded: bool = False
    tapped: str = ""
    passed: str = ""
    warned: tuple[str, ...] = ()
    warned_at: float = 0.0
    flow: float = 0.0
    flow_at: float = 0.0
    hushed: bool = False


def read_state(raw: str) -> State:
    """The state in JSON; the beginning when there is none, or one that an older version wrote too differently."""
    try:
        return msgspec.json.decode(raw, type=State) if raw != "[]" else State()
    except msgspec.MsgspecError:
        return State()


class Heard(NamedTuple):
    """A message ready to be heard: `tapped` is a button's raw payload, `ticket` the code of what it replies to."""

    said: Said
    tapped: str = ""
    ticket: str = ""


async def hear(state: State, heard: Heard, scene: Scene, table: Table) -> None:
    """Let the right conversation hear a message; `state` and `scene` are changed in place."""
    await _hear(state, heard, scene, table)
    state.tapped = heard.tapped


async def repeat(state: State, scene: Scene, table: Table) -> None:
    """Ask what is open once more, behind what has been remarked."""
    if state.talks:
        scene.said = None
        await _run_top(state, scene, table)


async def _hear(state: State, heard: Heard, scene: Scene, table: Table) -> None:
    said = heard.said
    if state.talks and turn_page(state.talks[-1], heard.tapped, said.text):
        return await repeat(state, scene, table)
    if command := _command(heard, scene):
        return await _obey(state, command, said, scene, table)
    if heard.tapped.startswith("q") or heard.tapped == MORE:
        return await _tapped(state, heard, scene, table)
    if heard.ticket and not (state.talks and state.talks[-1].args.get("code") == heard.ticket):
        pocket = msgspec.structs.replace(keep(Pocket(), said), words=said.text)
        return await begin(state, table.reply, {"code": heard.ticket}, scene, table, pocket=pocket)
    if not state.talks:
        return await _open(state, said, scene, table)
    if state.talks[-1].name in table.drafts and only_greets(said, scene):
        if last_answer(state.talks[-1]) is not None:
            scene.remarks.append(scene.text("draft-goes-on"))
        return await repeat(state, scene, table)
    scene.said = said
    if await _run_top(state, scene, table):
        await _hear(state, heard, scene, table)


async def _open(state: State, said: Said, scene: Scene, table: Table) -> None:
    """A message out of nowhere: a ticket's code, a language's name, an afterthought, or a conversation's beginning."""
    if code := read_code(said.text):
        return await begin(state, table.status, {"code": code}, scene, table)
    if names_language(said.text):
        return await begin(state, table.commands["language"], {"rest": said.text}, scene, table)
    if fold(said.text) in scene.words.yes and not said.captioned:
        return scene.out(Outbound(text=scene.text("you-are-welcome")))
    if draft := await _find_elsewhere(state, said, scene, table):
        return await begin(state, table.elsewhere, draft, scene, table)
    name = table.official if scene.person.official or scene.person.group else table.opening
    return await begin(state, name, {}, scene, table, pocket=pocket_of(said, scene))


async def correct(state: State, said: Said, scene: Scene, table: Table) -> None:
    """The citizen edited a message that answered a question of the running talk: take the new words instead."""
    if not state.talks or not (name := answered_by(state.talks[-1], said.message)):
        return
    talk = state.talks[-1]
    forget(talk, name)
    expect(talk, name)
    scene.said = said
    await _run_top(state, scene, table)


async def begin(
    state: State,
    name: str,
    args: dict[str, Any],
    scene: Scene,
    table: Table,
    *,
    pocket: Pocket | None = None,
    news: bool = False,
) -> None:
    """Start a conversation on top. One that runs already is not started twice: its question is repeated.

    Two are the same when they have one name and do not speak of two tickets. `news` is what she did not begin herself.
    """
    state.talks[:] = [talk for talk in state.talks if not _is_over(talk, news=news)]
    scene.begun += 1
    if scene.begun > MOST_BEGUN:
        raise ProgrammingError(f"{name}: more than {MOST_BEGUN} conversations begun by one message")
    running = next((talk for talk in state.talks if talk.name == name and _same_ticket(talk.args, args)), None)
    if running and name in table.drafts:
        state.talks.remove(running)
        state.talks.append(running)
        running.pocket = _merge(running.pocket, pocket)
        scene.remarks.append(scene.text("draft-goes-on"))
    else:
        if running:
            state.talks.remove(running)
        del state.talks[DEEPEST:]
        state.serial += 1
        scene.alone = not state.talks
        state.talks.append(Talk(state.serial, name, args, pocket=pocket or Pocket(), began=scene.now))
    await _run_top(state, scene, table, news=news)


async def resume(state: State, answered: LookUp, value: Any, scene: Scene, table: Table) -> None:
    """A service answered a look-up: remember it and run on, if the talk still waits for that very one."""
    talk = next((each for each in state.talks if each.id == answered.talk), None)
    if talk is None or talk.pending is None or talk.pending.stamp != answered.stamp:
        return
    talk.memory[answered.name] = Memory("found", value)
    talk.pending = None
    if talk is state.talks[-1]:
        await _run_top(state, scene, table)


async def remind(
    state: State, last_in_at: float, scene: Scene, table: Table, *, may_speak: bool = True
) -> float | None:
    """What the clock says to a talk that waits: one reminder, later the end. Seconds to the next look, or None."""
    if not state.talks:
        return None
    # A question of ours may be younger than her last word.
    idle = scene.now - max(last_in_at, state.talks[-1].began)
    if idle >= EXPIRE_AFTER:
        state.talks.clear()
        return None
    draft = state.talks[-1].name in table.drafts and last_answer(state.talks[-1]) is not None
    if idle >= REMIND_AFTER and draft and may_speak and not state.reminded:
        state.reminded = True
        scene.remarks.append(scene.text("draft-reminder"))
        await _run_top(state, scene, table)
    first = look_after(state, table)
    return first - idle if idle < first else EXPIRE_AFTER - idle


def look_after(state: State, table: Table) -> float:
    """How many idle seconds after its beginning the clock looks at a talk first: for a draft's reminder, or the end."""
    return REMIND_AFTER if any(talk.name in table.drafts for talk in state.talks) else EXPIRE_AFTER


def has_new_draft(state: State, now: float, table: Table) -> bool:
    """True when a draft was begun by what was said now."""
    return any(talk.name in table.drafts and talk.began == now for talk in state.talks)


def _command(heard: Heard, scene: Scene) -> Command | None:
    if heard.tapped.startswith("/"):
        return find_command(heard.tapped, scene.words.language, PATTERN)
    if heard.tapped or not heard.said.text:
        return None
    found = find_command(heard.said.text, scene.words.language, PATTERN, scene.variant)
    # Under a photo "basura" says what is on it: a command has its slash there, or its ticket.
    under_photo = heard.said.captioned and not heard.said.text.startswith("/")
    return None if found and under_photo and not PATTERN.match(found.rest) else found


async def _obey(state: State, command: Command, said: Said, scene: Scene, table: Table) -> None:
    if command.name == "cancel":
        return await _cancel(state, scene, table)
    acts = scene.person.official or scene.person.group
    answered = bool(state.talks) and last_answer(state.talks[-1]) is not None
    takes_back = command.name == table.undo and not command.rest and (answered or not acts)
    if command.name == "back" or takes_back:
        return await _back(state, scene, table)
    name = table.commands.get(command.name, table.commands["unknown"])
    pocket = Pocket(media=said.media, place=said.place)
    return await begin(state, name, {"command": command.name, "rest": command.rest}, scene, table, pocket=pocket)


async def _cancel(state: State, scene: Scene, table: Table) -> None:
    if not state.talks:
        return scene.out(Outbound(text=scene.text("nothing-to-cancel")))
    state.talks.pop()
    if not state.talks:
        return scene.out(Outbound(text=scene.text("cancelled")))
    scene.remarks.append(scene.text("cancelled-on-top"))
    return await repeat(state, scene, table)


async def _back(state: State, scene: Scene, table: Table) -> None:
    name = last_answer(state.talks[-1]) if state.talks else None
    if name is None:
        scene.remarks.append(scene.text("nothing-to-go-back-to"))
        if not state.talks:
            return scene.out(Outbound(text=scene.text("how-to-begin")))
        return await repeat(state, scene, table)
    forget(state.talks[-1], name)
    await _run_top(state, scene, table)


async def _tapped(state: State, heard: Heard, scene: Scene, table: Table) -> None:
    talk = state.talks[-1] if state.talks else None
    tap = read_tap(heard.tapped, talk) if talk else None
    if talk and tap and talk.pending and talk.pending.name == tap[0]:
        scene.said = msgspec.structs.replace(heard.said, tapped=tap[1], text="")
        if await _run_top(state, scene, table):
            await _say_old(state, scene, table)
        return None
    if talk and tap and (memory := talk.memory.get(tap[0])) and memory.value in (tap[1], tap[1] == "yes"):
        return None  # The same button twice: a nervous thumb, already answered.
    if heard.tapped == state.tapped:
        return None  # The same, and its first tap ended the talk.
    return await _say_old(state, scene, table)


async def _say_old(state: State, scene: Scene, table: Table) -> None:
    scene.remarks.append(scene.text("old-button"))
    if not state.talks:
        return scene.out(Outbound(text=scene.text("how-to-begin")))
    return await repeat(state, scene, table)


async def _run_top(state: State, scene: Scene, table: Table, *, news: bool = False) -> bool:
    """Run what is on top until something waits; True when it let go of what was said, which is to be heard anew."""
    while state.talks:
        talk = state.talks[-1]
        conversation = table.conversations.get(talk.name)
        # A deploy may have dropped a conversation: its draft ends instead of failing for ever.
        outcome = True if conversation is None else await run(conversation, talk, scene)
        if scene.only is not None:
            state.talks[:] = [each for each in state.talks if each.id == scene.only]
        if outcome is False:
            return False
        state.talks.remove(talk)
        # It ended without asking again: what was said to it is still to be heard.
        unheard, scene.said = scene.said is not None, None
        _take_over(state, scene)
        scene.alone = not state.talks
        if scene.silent:
            return False
        if isinstance(outcome, Become):
            await begin(state, outcome.name, outcome.args_of, scene, table, pocket=talk.pocket, news=news)
            return False
        if unheard or (isinstance(outcome, LetGo) and outcome.heard):
            return True
    return False


async def _find_elsewhere(state: State, said: Said, scene: Scene, table: Table) -> dict[str, Any] | None:
    """A draft at another address, for who says hello or wants to go on. Without her asking it is offered once."""
    asks = fold(said.text) in scene.words.go_on
    if not (table.elsewhere and scene.elsewhere and (asks or only_greets(said, scene))):
        return None
    draft = await scene.elsewhere.find()
    return draft if draft and (asks or draft["mark"] != state.passed) else None


def _take_over(state: State, scene: Scene) -> None:
    """Go on with what was fetched from another address, under a number that no button of this one has."""
    state.passed = scene.passed or state.passed
    if (talk := scene.brought) is not None:
        scene.brought = None
        state.serial += 1
        talk.id = state.serial
        state.talks.append(talk)
        scene.remarks.append(scene.text("draft-goes-on"))


def _is_over(talk: Talk, *, news: bool) -> bool:
    """True of what was asked loosely when anything else begins; what holds her words waits behind `news`."""
    return talk.pending is not None and talk.pending.loose and not (news and talk.pending.stays)


def _same_ticket(args: dict[str, Any], others: dict[str, Any]) -> bool:
    code, other = args.get("code"), others.get("code")
    return code == other or not (code and other)


def _merge(pocket: Pocket, more: Pocket | None) -> Pocket:
    if more is None:
        return pocket
    return Pocket(
        words=pocket.words or more.words, place=more.place or pocket.place, media=(*pocket.media, *more.media)
    )
