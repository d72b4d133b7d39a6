"""What people really got, held against what they were to get: once, in time, and nothing that is not theirs."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from sqlalchemy import select

from storage.codes import show_code
from storage.schema import outbox
from tests import city_recount as recount
from tests.city_people import CITIZENS, OFFICIALS
from tests.city_recount import State
from tests.city_stage import Heard
from tests.city_town import WORD, Telling, Town, addresses_of_others

CODE = re.compile(r"\b([0-9A-Z]{4})-?([0-9A-Z]{3})\b")
# A message that shows a ticket says that it is another's now, where it was passed on; nothing else of it.
FOLLOW_UP, CARD_CHANGED = "told-citizen", "told-card"
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
    told = Counter({key: len(each) for key, each in causes.items()})
    undone = {(each.code, seq) for each in town.tellings.values() for seq in each.undoes}
    expected: set[tuple[str, int, str]] = set()
    for telling in town.tellings.values():
        for who in telling.audience - town.erased:
            key = telling.code, telling.seq, who
            expected.add(key)
            _check_count(telling, who, told, taken_back=(telling.code, telling.seq) in undone)
            if told[key]:
                _check_words(telling, who, " ".join(causes[key].values()))
    strangers = {key for key in told if key not in expected and key[2] not in town.erased}
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


def _check_words(telling: Telling, who: str, said: str) -> None:
    assert show_code(telling.code) in said, f"{who} was told of {telling.code} without its code: {said}"
    assert telling.word in said, f"{who} did not read {telling.word}: {said}"


def check_nothing_foreign(town: Town, heard: Heard, notice: Notice | None) -> None:
    """Nobody reads what is inside a body that is not hers, of tickets that are not hers, or who somebody is."""
    for secret in WORD.findall(heard.text):
        if code := town.inside.get(secret):
            assert had_right(town, heard.who, code, heard.at, notice), f"{heard.who} read {secret} of {code}"
    for other in addresses_of_others(heard.who):
        assert other not in heard.text, f"{heard.who} read where {other} is reached"
    if heard.who in CITIZENS:
        for name in (who.name for who in OFFICIALS.values()):
            assert name not in heard.text, f"{heard.who} read an official's name: {heard.text}"
    if notice is None:
        return
    # An official may read in a history of hers with which other ticket it was merged.
    about = heard.text if heard.who in CITIZENS else heard.subject
    for code in codes_in(about) & set(town.codes):
        if heard.who in CITIZENS:
            assert may_hear(town, heard.who, code), f"{heard.who} was told of {code}: {heard.text}"
        elif notice.name != CARD_CHANGED or WORD.search(heard.text):
            assert had_right(town, heard.who, code, heard.at, notice), f"{heard.who} was told of {code}: {heard.text}"


def may_hear(town: Town, who: str, code: str) -> bool:
    """True of whoever follows a ticket or ever did, or was told which one stands for hers."""
    return who in town.ever.get(code, set())


def had_right(town: Town, who: str, code: str, at: float, notice: Notice | None) -> bool:
    """True of an official whose body had the ticket when she read of it, or when she was to be told of it."""
    if who not in OFFICIALS or town.dismissed.get(who, at) < at:
        return False
    body = OFFICIALS[who].body
    moments = [at] if notice is None else [at, notice.at]
    return body in {body_at(town, code, each) for each in moments}


def body_at(town: Town, code: str, at: float) -> str:
    """Which body had a ticket at a moment."""
    body = town.began[code]
    for entry in town.histories[code]:
        if entry.at <= at and entry.status == "received" and entry.body:
            body = entry.body
    return body


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
    if reporter not in town.erased:
        _check_offer(town, code, reporter, since=climbed[0].at, notices=notices)


def _check_offer(town: Town, code: str, reporter: str, *, since: float, notices: dict[str, Notice]) -> None:
    """At the end of the ladder she is offered a request for information, with a button that writes it."""
    hers = [heard for heard in town.city.heard if heard.who == reporter and heard.at >= since]
    causes = [(heard, notices[heard.cause]) for heard in hers if heard.cause in notices]
    offers = [heard for heard, notice in causes if (notice.code, notice.silence) == (code, "request")]
    assert offers, f"{reporter} was never offered to ask for information about {code}"
    assert any(option.tap == f"/request {code}" for option in offers[-1].out.options), offers[-1]


def is_held(town: Town, code: str) -> bool:
    """True while nobody has looked whether a report is meant."""
    acts = {entry.action for entry in town.histories[code]}
    return "held" in acts and "freed" not in acts
