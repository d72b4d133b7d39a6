"""What people really got, held against what they were to get: once, in time, and nothing that is not theirs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from storage.codes import show_code
from storage.schema import outbox
from tests import city_recount as recount
from tests.city_people import CITIZENS, OFFICIALS
from tests.city_recount import State
from tests.city_rights import check_offered, had_any, had_right, hidden_words, may_hear, moments_of
from tests.city_stage import Heard
from tests.city_town import WORD, Telling, Town, addresses_of_others

CODE = re.compile(r"\b([0-9A-Z]{4})-?([0-9A-Z]{3})\b")
# A message that shows a ticket says that it is another's now, where it was passed on; nothing else of it.
FOLLOW_UP, CARD_CHANGED = "told-citizen", "told-card"
CARED, KEPT_OUT = "told-care", "told-blocked"
# How long a follow-up takes once nobody sleeps any more, in seconds.
AT_MOST = 60.0
# Long enough for every ladder, every question and every promised day.
FOR_EVER = 150


class Notice:
    """Something that the bot was to say by itself."""

    def __init__(self, row: Any) -> None:
        payload = json.loads(row.payload)
        self.name: str = payload["name"]
        data = payload.get("data", {})
        self.code = str(data.get("code", ""))
        self.seq = int(data.get("seq", 0))
        self.silence = str(data.get("silence", ""))
        self.at: float = row.created_at


async def notices_of(town: Town) -> dict[str, Notice]:
    """Every notice by its key."""
    columns = (outbox.c.effect_key, outbox.c.payload, outbox.c.created_at)
    rows = await town.city.rows(select(*columns).where(outbox.c.kind == "notice"))
    return {row.effect_key: Notice(row) for row in rows}


async def check_everything(town: Town) -> None:
    """What must be true at the end of time."""
    notices = await notices_of(town)
    check_told_once(town, notices)
    for heard in town.city.heard:
        check_nothing_foreign(town, heard, notices.get(heard.cause))
    check_cared_for(town, notices)
    check_silence(town, notices)
    waiting = await town.city.rows(select(outbox.c.effect_key).where(outbox.c.done_at.is_(None)))
    assert not waiting, f"never done: {[row.effect_key for row in waiting]}"


def check_told_once(town: Town, notices: dict[str, Notice]) -> None:
    """Each update reached each who follows the ticket exactly once, in words; nobody else was told of it."""
    causes: dict[tuple[str, int, str], dict[str, str]] = {}
    for heard in town.city.heard:
        notice = notices.get(heard.cause)
        if notice is not None and notice.name == FOLLOW_UP:
            said = causes.setdefault((notice.code, notice.seq, heard.who), {})
            said[heard.cause] = f"{said.get(heard.cause, '')} {heard.text}"
            _check_in_time(town, heard, notice)
    told = Counter({key: len(each) for key, each in causes.items()})
    undone = {(each.code, seq) for each in town.tellings.values() for seq in each.undoes}
    expected: set[tuple[str, int, str]] = set()
    for telling in town.tellings.values():
        for who in telling.audience:
            key = telling.code, telling.seq, who
            expected.add(key)
            _check_count(telling, who, told, taken_back=(telling.code, telling.seq) in undone)
            if told[key]:
                _check_words(telling, who, " ".join(causes[key].values()))
    strangers = {key for key in told if key not in expected}
    assert not strangers, f"told of what is not for them: {strangers}"


def _check_count(telling: Telling, who: str, told: Counter[tuple[str, int, str]], *, taken_back: bool) -> None:
    number = told[telling.code, telling.seq, who]
    if taken_back:
        assert number <= 1, f"{who} heard twice of {telling}"
    elif telling.undoes or not telling.audience:
        heard = sum(told[telling.code, seq, who] for seq in telling.undoes)
        assert number == heard, f"{who} heard {heard} times of what was taken back and {number} times that it was"
    else:
        assert number == 1, f"{who} heard {number} times of {telling}"


def _check_in_time(town: Town, heard: Heard, notice: Notice) -> None:
    telling = town.tellings.get((notice.code, notice.seq))
    if telling is not None:
        by = town.city.pack.timetable.quiet_until(telling.at, official=False) + AT_MOST
        assert heard.at <= by, f"{heard.who} heard of {telling} only {heard.at - telling.at} s later"


def _check_words(telling: Telling, who: str, said: str) -> None:
    assert show_code(telling.code) in said, f"{who} was told of {telling.code} without its code: {said}"
    assert telling.word in said, f"{who} did not read {telling.word}: {said}"


def check_nothing_foreign(town: Town, heard: Heard, notice: Notice | None) -> None:
    """Nobody reads what is inside a body that is not hers, of tickets that are not hers, or who somebody is."""
    moments = moments_of(heard, None if notice is None else notice.at)
    for secret in WORD.findall(heard.text):
        _check_secret(town, heard, secret, moments)
    for other in addresses_of_others(heard.who):
        assert other not in heard.text, f"{heard.who} read where {other} is reached"
    if heard.who in CITIZENS or not had_any(town, heard.who):
        for name in (who.name for name, who in OFFICIALS.items() if name != heard.who):
            assert name not in heard.text, f"{heard.who} read an official's name: {heard.text}"
    gone = notice is not None and notice.name == CARD_CHANGED
    check_offered(town, heard, None if notice is None else notice.at, gone=gone)
    if notice is not None:
        _check_about(town, heard, moments, gone=gone)


def _check_secret(town: Town, heard: Heard, secret: str, moments: tuple[float, ...]) -> None:
    if code := town.inside.get(secret):
        assert had_right(town, heard.who, code, *moments), f"{heard.who} read {secret} of {code}"
    elif (code := hidden_words(town, secret, heard.at)) and heard.who != town.followers.reporter[code]:
        assert had_right(town, heard.who, code, *moments), f"{heard.who} read {secret} of {code}, which is hidden"


def _check_about(town: Town, heard: Heard, moments: tuple[float, ...], *, gone: bool) -> None:
    # An official may read in a history of hers with which other ticket it was merged.
    about = heard.text if heard.who in CITIZENS else heard.subject
    for code in codes_in(about) & set(town.codes):
        if heard.who in CITIZENS:
            assert may_hear(town, heard.who, code), f"{heard.who} was told of {code}: {heard.text}"
        elif not gone or WORD.search(heard.text):
            assert had_right(town, heard.who, code, *moments), f"{heard.who} was told of {code}: {heard.text}"


def check_cared_for(town: Town, notices: dict[str, Notice]) -> None:
    """Who wrote what an official hid, showed or let through was told so once, and why; who was kept out, each time."""
    said: dict[tuple[str, int], str] = {}
    for cause, notice in notices.items():
        if notice.name in (CARED, KEPT_OUT):
            heard = [each for each in town.city.heard if each.cause == cause]
            reporter = town.followers.reporter[notice.code]
            assert [each.who for each in heard] == [reporter], f"{cause} is for {reporter}: {heard}"
            said |= {(notice.code, notice.seq): heard[0].text} if notice.name == CARED else {}
    expected = {(code, entry.seq): entry for code in town.codes for entry in _cared(town.histories[code])}
    assert said.keys() == expected.keys()
    for key, entry in expected.items():
        assert entry.reason in said[key], f"nobody was told why of {key}: {said[key]}"
    shut = sum(entry.action in ("blocked", "unblocked") for code in town.codes for entry in town.histories[code])
    assert shut == sum(notice.name == KEPT_OUT for notice in notices.values())


def _cared(history: list[Any]) -> Iterator[Any]:
    """The entries of which who reported it is told: what is shown again was hidden, or held."""
    away = False
    for entry in history:
        if entry.action == "hidden" or (entry.action == "freed" and away):
            yield entry
        away = entry.action in ("held", "hidden") or (away and entry.action != "freed")


def codes_in(text: str) -> set[str]:
    """Every code in a text, as it is stored."""
    return {"".join(found) for found in CODE.findall(text)}


def check_silence(town: Town, notices: dict[str, Notice]) -> None:
    """Nothing is left that nobody answers for: whoever waits was told so, rung by rung, and what she may do herself."""
    for code, state in town.states.items():
        assert state.status != "waiting_citizen", f"{code} waits for its citizen for ever"
        if state.status == "resolved":
            assert any(each.action == "doubted" for each in town.histories[code]), f"{code} waits to be confirmed"
        if state.status in recount.WORKED_ON and not is_held(town, code):
            _check_ladder(town, code, state, notices)


def _check_ladder(town: Town, code: str, state: State, notices: dict[str, Notice]) -> None:
    history = town.histories[code]
    climbed = recount.escalations(history)
    assert climbed, f"{code} was left without a word of it"
    assert climbed[-1].public, f"the last step up of {code} was told nobody"
    # Whoever waited for something else finds several rungs due at once: then the last of them is climbed alone.
    begun = max(number for number, entry in enumerate(history) if entry.status in ("received", "reopened"))
    untouched = not any(entry.actor == recount.OFFICIAL for entry in history[begun:])
    if untouched and history[begun].status == "received" and not town.dismissed:
        # What nobody took every agent has, and none of them is another's colleague.
        roles = {OFFICIALS[name].role for name in town.team(state.body)}
        rungs = 1 + ("dispatcher" in roles) + ("manager" in roles) + 1
        assert len(climbed) == rungs, f"{code} was left after {len(climbed)} of {rungs} steps"
    reporter = town.followers.reporter[code]
    _check_offer(town, code, reporter, since=climbed[0].at, notices=notices)


def _check_offer(town: Town, code: str, reporter: str, *, since: float, notices: dict[str, Notice]) -> None:
    """At the end of the ladder she is offered a request for information, with a button that writes it."""
    hers = [heard for heard in town.city.heard if heard.who == reporter and heard.at >= since]
    causes = [(heard, notices[heard.cause]) for heard in hers if heard.cause in notices]
    offers = [heard for heard, notice in causes if (notice.code, notice.silence) == (code, "request")]
    assert offers, f"{reporter} was never offered to ask for information about {code}"
    assert any(option.tap == f"/request {code}" for option in offers[-1].out.options), offers[-1]


def is_held(town: Town, code: str) -> bool:
    """True while nobody has looked whether a report is meant, and of one that was dropped."""
    acts = {entry.action for entry in town.histories[code]}
    return "held" in acts and "freed" not in acts
