"""A step that was taken back counts for nothing: in no figure, for nobody's hands, against no silence."""

from __future__ import annotations

from typing import Any

from bot.messages import Place
from storage.deadlines import paused, silence_of
from storage.hands import last_act
from storage.standings import Standing, Step, as_it_stood
from storage.statuses import Actor
from storage.taken_back import UNDONE, what_stands
from storage.tickets import Ticket
from storage.updates import Update

HOUR = 3600.0
LUIS, MARA = 2, 3


def entry(seq: int, at: float, actor: Actor = "official", person: int | None = LUIS, **more: Any) -> Update:
    values: dict[str, Any] = {"body": "comuna-1", "status": "", "reason": "", "words": "", "public": True}
    return Update(seq=seq, at=at, actor=actor, person_id=person, **values | more)


REPORTED = entry(1, 0.0, "citizen", 1, status="received")
TAKEN = entry(2, HOUR, person=MARA, status="acknowledged")
RESOLVED = entry(3, 2 * HOUR, status="resolved")
BACK = entry(4, 2 * HOUR + 30, status="acknowledged", action=UNDONE)


def stood(*history: Update) -> Standing:
    blank = Standing("K", "comuna-1", "bache", "", 0.0, "received", None, None, None, None)
    steps = [Step(e.at, e.actor, e.status, e.public, e.seq, e.person_id, e.action) for e in history]
    return as_it_stood(blank, steps)


def ticket(status: str) -> Ticket:
    return Ticket(
        code="K", person_id=1, address_id=1, category="bache", body="comuna-1", area="", place=Place(), words="",
        status=status, language="es", update_seq=4, taken_by=None, created_at=0.0, updated_at=0.0,
    )  # fmt: skip


def test_a_closing_that_was_taken_back_is_none() -> None:
    found = stood(REPORTED, TAKEN, RESOLVED, BACK)
    assert (found.status, found.answered_at, found.closed_at) == ("acknowledged", HOUR, None)


def test_a_first_answer_that_was_taken_back_is_none() -> None:
    seen, back = entry(2, HOUR, status="acknowledged"), entry(3, HOUR + 30, status="received", action=UNDONE)
    assert stood(REPORTED, seen, back).answered_at is None
    later = entry(4, 5 * HOUR, status="acknowledged")
    assert stood(REPORTED, seen, back, later).answered_at == 5 * HOUR


def test_a_ticket_stays_in_the_hands_that_had_it_before() -> None:
    assert last_act([REPORTED, TAKEN, RESOLVED, BACK], "comuna-1") == TAKEN


def test_a_silence_is_not_broken_by_what_was_taken_back() -> None:
    told = silence_of(ticket("acknowledged"), [REPORTED, TAKEN, RESOLVED, BACK])
    assert told.heard_at == HOUR
    assert silence_of(ticket("received"), [REPORTED, RESOLVED, BACK]).since == 0.0


def test_a_question_that_was_taken_back_stops_no_clock() -> None:
    asked = entry(3, 2 * HOUR, status="waiting_citizen")
    assert paused([REPORTED, TAKEN, asked, BACK], 0.0) == 0.0
    answered = entry(4, 5 * HOUR, "citizen", 1, status="acknowledged")
    assert paused([REPORTED, TAKEN, asked, answered], 0.0) == 3 * HOUR


def test_what_stands_is_the_rest_of_the_history() -> None:
    assert what_stands([REPORTED, TAKEN, RESOLVED, BACK]) == [REPORTED, TAKEN]
