"""Who may have done what, and who may read what of whose: asked of what really happened, with a table of its own."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from tests.city_people import CITIZENS, OFFICIALS
from tests.city_recount import CITIZEN, OFFICIAL

if TYPE_CHECKING:
    from tests.city_stage import Heard
    from tests.city_town import Town

# What an agent does not do to a ticket; to assign it to somebody else is the same.
LEADERS, LEADERS_ONLY = ("dispatcher", "manager"), {"priority", "hidden", "corrected", "blocked", "unblocked"}
# What only a body that has a ticket is offered, what only who reported it, and what only who follows it.
WORK = "take pass split merge free reject block unblock view map assign priority plan undo note respond"
AT_WORK = frozenset(WORK.split())
REPORTERS, FOLLOWERS = frozenset({"withdraw", "refile"}), frozenset({"fixed", "score", "request"})


def check_allowed(town: Town, entry: Any, followed: Collection[str]) -> None:
    """Whoever made an entry might: an official of the body that had the ticket, somebody who followed it already."""
    who = town.persons.get(entry.person_id, "")
    what = f"{entry.ticket}#{entry.seq} ({entry.status or entry.action or 'words'}) by {who or entry.actor}"
    if entry.actor == OFFICIAL:
        _check_official(town, entry, who, what)
    elif entry.actor == CITIZEN:
        reporter = town.followers.reporter[entry.ticket]
        assert who == reporter or who in followed, f"{what}, who does not follow it"
        assert entry.status != "withdrawn" or who == reporter, f"{what}, who did not report it"


def _check_official(town: Town, entry: Any, who: str, what: str) -> None:
    # Nobody stands beside the one body that answers for each of these stories.
    assert who in OFFICIALS, f"{what}, who is no official"
    assert OFFICIALS[who].body == body_before(town, entry.ticket, entry.seq), f"{what}, whose body has it not"
    assert entry.at <= town.dismissed.get(who, entry.at), f"{what}, who was dismissed"
    ordered = entry.action == "assigned" and entry.reason != OFFICIALS[who].name
    if ordered or entry.action in LEADERS_ONLY:
        assert OFFICIALS[who].role in LEADERS, f"{what}, who is only an agent"


def body_before(town: Town, code: str, seq: int) -> str:
    """Which body had a ticket when an entry was made."""
    return _body(town, code, [each for each in town.histories[code] if each.seq < seq])


def body_at(town: Town, code: str, at: float) -> str:
    """Which body had a ticket at a moment."""
    return _body(town, code, [each for each in town.histories[code] if each.at <= at])


def _body(town: Town, code: str, entries: list[Any]) -> str:
    bodies = [each.body for each in entries if each.status == "received" and each.body and each.seq > 1]
    return bodies[-1] if bodies else town.began[code]


def had_right(town: Town, who: str, code: str, *moments: float) -> bool:
    """True of an official whose body had the ticket at one of these moments, and who acted for it at the first."""
    if who not in OFFICIALS or town.dismissed.get(who, moments[0]) < moments[0]:
        return False
    return OFFICIALS[who].body in {body_at(town, code, each) for each in moments}


def had_any(town: Town, who: str) -> bool:
    """True of somebody whose body ever had a ticket: in its history she reads who did what to it."""
    bodies = {*town.began.values(), *(entry.body for history in town.histories.values() for entry in history)}
    return OFFICIALS[who].body in bodies


def may_hear(town: Town, who: str, code: str) -> bool:
    """True of whoever follows a ticket or ever did, or was told which one stands for hers."""
    return who in town.ever.get(code, set())


def moments_of(heard: Heard, noticed: float | None) -> tuple[float, ...]:
    """When she read it, and when it was to be told; of an answer, the moment before what she answers did something."""
    return heard.at, heard.at - 1.0 if noticed is None else noticed


def check_offered(town: Town, heard: Heard, noticed: float | None, *, gone: bool) -> None:
    """Nobody is offered what she may not do, shown a card that is not hers, or what nobody has looked at yet.

    The card of a ticket that is `gone` to another body says so, and no more.
    """
    moments = moments_of(heard, noticed)
    for option in heard.out.options:
        command, _, rest = option.tap.removeprefix("/").partition(" ")
        code, _, to = rest.partition(" ")
        if code in town.histories and not _may(town, heard.who, command, code, to, moments):
            raise AssertionError(f"{heard.who} was offered {option.tap}: {heard.text}")
    code = heard.out.ticket
    if code not in town.histories:
        return
    works = had_right(town, heard.who, code, *moments)
    if heard.who in CITIZENS:
        assert not heard.out.card, f"{heard.who} got an official's card of {code}"
    elif (heard.out.card and not gone) or heard.out.place or heard.out.media:
        assert works, f"{heard.who} was shown {code}: {heard.text}"
    if not gone and _is_held(town, code, heard.at):
        assert works or heard.who == town.followers.reporter[code], f"{heard.who} read of {code}, which is held"


def _may(town: Town, who: str, command: str, code: str, to: str, moments: tuple[float, ...]) -> bool:
    if command in AT_WORK or (command == "status" and to):
        return had_right(town, who, code, *moments)
    if command in REPORTERS:
        return who == town.followers.reporter[code]
    if command == "reply":
        return may_hear(town, who, code) or had_right(town, who, code, *moments)
    return command not in FOLLOWERS or may_hear(town, who, code)


def _is_held(town: Town, code: str, at: float) -> bool:
    acts = [each.action or each.status for each in town.histories[code] if each.at <= at]
    return "held" in acts and not {"freed", "declined", "withdrawn"} & set(acts)


def hidden_words(town: Town, word: str, at: float) -> str:
    """The ticket whose report holds this word, while an official hides it from the public; "" otherwise."""
    code = town.reported.get(word, "")
    return code if code and hidden_now(town, code, at) else ""


def hidden_now(town: Town, code: str, at: float = math.inf) -> bool:
    """True while an official hides from the public what a report says, or did before a moment."""
    acts = [each.action for each in town.histories[code] if each.at < at and each.action in ("hidden", "freed")]
    return acts[-1:] == ["hidden"]
