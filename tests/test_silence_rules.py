"""What is due about a silence, and when to look again: the rule alone, without a database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routing.silence import ALARMED, WORKED_ON, Facts, Step, first_look, look_after_word, next_step
from tests.machine import demo_pack

TIMES = demo_pack().timetable
CALENDAR, TERMS = TIMES.calendar, TIMES.terms
DAY = 86400.0


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=CALENDAR.zone).timestamp()


# A Monday.
OPENED = moment("2026-03-09T10:00")
LADDER = TIMES.ladder("comuna-14")
# Three working days, until Thursday evening; a fortnight and more, over the holiday of the 24th and its bridge.
ANSWER_BY, CLOSE_BY = TIMES.due(OPENED, "bache", "comuna-14")
LATE = moment("2026-03-30T09:00")


def facts(**values: Any) -> Facts:
    usual: dict[str, Any] = {
        "status": "received",
        "since": OPENED,
        "answer_by": ANSWER_BY,
        "close_by": CLOSE_BY,
        "ladder": LADDER,
        "manned": (True, True, True),
    }
    return Facts(**usual | values)


def at(found: Facts, now: float) -> Step:
    return next_step(found, now, CALENDAR, TERMS)


def life(found: Facts, until: float) -> list[tuple[str, str, str]]:
    """Live through a silence, looking when it says to look: (day, what, to whom)."""
    told, now = None, found.since
    steps: list[tuple[str, str, str]] = []
    while now <= until:
        step = at(replace(found, told_at=told), now)
        if step.what:
            steps.append((f"{datetime.fromtimestamp(now, CALENDAR.zone):%m-%d %H:%M}", step.what, step.to))
            found = replace(found, rung=step.rung, stepped_at=None if step.what == "remind" else now)
            told = now if step.tell else told
        if step.watch_at is None:
            break
        assert step.watch_at > now or step.what, "the clock would stand still"
        now = step.watch_at
    return steps


def test_the_targets_are_those_of_the_calendar() -> None:
    ends = [moment("2026-03-12T17:00"), moment("2026-04-01T17:00")]
    assert [*TIMES.due(OPENED, "bache", "comuna-14")] == ends


def test_a_silence_climbs_the_whole_ladder_and_ends_with_the_citizens_own_right() -> None:
    assert life(facts(), LATE + 30 * DAY) == [
        ("03-11 14:40", "remind", ""),
        ("03-12 17:00", "alarm", ""),
        ("03-16 17:00", "climb", "colleague"),
        ("03-18 17:00", "climb", "dispatcher"),
        ("03-20 17:00", "climb", "manager"),
        ("03-26 17:00", "request", ""),
    ]


def test_a_rung_with_nobody_on_it_is_left_out() -> None:
    steps = life(facts(manned=(False, True, False)), LATE)
    assert [(what, to) for _, what, to in steps] == [
        ("remind", ""), ("alarm", ""), ("climb", "dispatcher"), ("request", ""),
    ]  # fmt: skip


def test_once_answered_the_target_to_close_counts() -> None:
    answered = facts(status="acknowledged", heard_at=OPENED + 3600)
    assert [what for _, what, _ in life(answered, ANSWER_BY + DAY)] == []
    assert at(answered, CLOSE_BY).what == "alarm"
    assert at(answered, OPENED + 3600).watch_at == at(answered, ANSWER_BY).watch_at


def test_a_word_after_the_alarm_gives_the_body_its_time_again() -> None:
    climbed = facts(rung=ALARMED, stepped_at=ANSWER_BY, status="in_progress", heard_at=CLOSE_BY + DAY)
    step = at(climbed, CLOSE_BY + 2 * DAY)
    assert (step.what, step.watch_at) == ("", CALENDAR.add(CLOSE_BY + DAY, LADDER[0].after))


def test_a_promised_day_is_waited_for() -> None:
    promised = CLOSE_BY + 10 * DAY
    planned = facts(status="planned", heard_at=OPENED + 60, planned_for=promised)
    assert at(planned, CLOSE_BY + DAY).what in ("", "remind")
    assert at(planned, promised).what == "alarm"
    assert at(replace(planned, status="in_progress"), CLOSE_BY + DAY).what == "alarm"


def test_after_days_of_downtime_only_the_last_due_step_is_taken() -> None:
    step = at(facts(), moment("2026-03-19T09:00"))
    assert (step.what, step.to, step.tell) == ("climb", "dispatcher", True)
    assert step.watch_at == moment("2026-03-25T17:00")


def test_a_citizen_hears_of_it_once_a_day() -> None:
    urgent = facts(urgent=True, answer_by=OPENED + 7200, ladder=TIMES.ladder("comuna-14", urgent=True))
    first = at(urgent, OPENED + 7200)
    second = at(replace(urgent, rung=first.rung, stepped_at=OPENED + 7200, told_at=OPENED + 7200), OPENED + 14400)
    assert (first.what, first.tell) == ("alarm", True)
    assert (second.what, second.to, second.tell) == ("climb", "colleague", False)


def test_where_nobody_receives_no_alarm_is_told_and_the_offer_still_comes() -> None:
    nobody = facts(received=False, manned=(False, False, False))
    assert at(nobody, ANSWER_BY) == Step("alarm", moment("2026-03-16T17:00"), ALARMED, "", tell=False)
    assert [what for _, what, _ in life(nobody, LATE)] == ["remind", "alarm", "request"]


def test_a_question_without_an_answer_is_repeated_and_then_ends_the_report() -> None:
    asked = facts(status="waiting_citizen", asked_at=OPENED)
    assert at(asked, OPENED) == Step("", OPENED + 5 * DAY)
    assert at(asked, OPENED + 5 * DAY) == Step("ask_again", OPENED + 8 * DAY)
    again = replace(asked, asked_again_at=OPENED + 5 * DAY)
    assert at(again, OPENED + 7 * DAY) == Step("", OPENED + 8 * DAY)
    assert at(again, OPENED + 8 * DAY) == Step("unanswered", None)


def test_nobody_is_closed_out_who_was_not_reminded_in_time() -> None:
    asked = facts(status="waiting_citizen", asked_at=OPENED)
    late = OPENED + 30 * DAY
    assert at(asked, late) == Step("ask_again", late + 3 * DAY)
    assert at(replace(asked, asked_again_at=late), late + DAY) == Step("", late + 3 * DAY)


def test_fixed_is_asked_once_more_and_then_silence_is_a_yes() -> None:
    fixed = facts(status="resolved", asked_at=OPENED)
    assert at(fixed, OPENED + 7 * DAY) == Step("fixed_again", OPENED + 21 * DAY)
    again = replace(fixed, asked_again_at=OPENED + 7 * DAY)
    assert at(again, OPENED + 20 * DAY) == Step("", OPENED + 21 * DAY)
    assert at(again, OPENED + 21 * DAY) == Step("confirm", None)
    assert at(replace(again, doubted=True), OPENED + 21 * DAY) == Step("", None)


def test_who_could_not_tell_is_asked_again_sooner() -> None:
    unsure = facts(status="resolved", asked_at=OPENED, unsure_at=OPENED + DAY)
    assert at(unsure, OPENED + DAY) == Step("", OPENED + 4 * DAY)
    assert at(unsure, OPENED + 4 * DAY).what == "fixed_again"


@pytest.mark.parametrize("status", ["confirmed", "declined", "not_responsible", "duplicate", "withdrawn"])
def test_what_is_over_is_not_looked_at(status: str) -> None:
    assert at(facts(status=status), LATE) == Step("", None)


hours = st.floats(0, 60 * 24).map(lambda n: OPENED + n * 3600)
lives = st.builds(
    facts,
    status=st.sampled_from(WORKED_ON),
    heard_at=st.none() | hours,
    stepped_at=st.none() | hours,
    told_at=st.none() | hours,
    planned_for=st.none() | hours,
    rung=st.integers(0, ALARMED + 4),
    urgent=st.booleans(),
    manned=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)


@given(lives, hours)
def test_every_silence_ends_and_no_step_comes_twice(found: Facts, now: float) -> None:
    taken = []
    for _ in range(20):
        step = at(found, now)
        if step.what:
            assert step.rung > found.rung or found.rung == 0
            taken.append(step.rung)
            found = replace(found, rung=step.rung, stepped_at=now)
        if step.watch_at is None:
            break
        assert step.watch_at >= now
        now = step.watch_at
    else:
        raise AssertionError("the clock looks at it for ever")
    assert taken == sorted(set(taken))
    assert not taken or found.rung == ALARMED + len(LADDER) + 1


@given(lives, hours)
def test_after_a_step_nothing_more_is_due_at_once(found: Facts, now: float) -> None:
    step = at(found, now)
    if step.what:
        assert at(replace(found, rung=step.rung, stepped_at=now), now).what == ""


MOMENTS = st.floats(min_value=0.0, max_value=40 * DAY)


@given(MOMENTS, st.booleans(), st.booleans())
def test_nothing_is_due_before_the_first_look_at_what_begins(after: float, urgent: bool, long_known: bool) -> None:
    now = OPENED + after
    answer_by, close_by = TIMES.due(now, "tapa-faltante" if urgent else "bache", "comuna-14")
    # Where it is not known when it came to where it is, when it was opened stands for that.
    look_at = first_look(OPENED if long_known else now, answer_by, now, CALENDAR, urgent=urgent)
    begun = facts(since=now, answer_by=answer_by, close_by=close_by, urgent=urgent)
    assert look_at >= now
    assert look_at <= (at(begun, now).watch_at or 0.0)
    if not long_known:
        assert look_at == at(begun, now).watch_at, "it is looked at once, and not in vain"


@given(MOMENTS, MOMENTS, st.sampled_from([*WORKED_ON, "waiting_citizen", "resolved"]), st.booleans(), st.booleans())
def test_nothing_is_due_before_the_look_after_an_officials_word(
    passed: float, after: float, status: str, urgent: bool, led: bool
) -> None:
    now = OPENED + after
    since = OPENED + min(passed, after)
    look_at = look_after_word(status, OPENED, CLOSE_BY, now, CALENDAR, TERMS, urgent=urgent, led=led)
    asks = status == "waiting_citizen" or (status == "resolved" and led)
    heard = facts(status=status, since=since, heard_at=now, asked_at=now if asks else since, urgent=urgent)
    step = at(heard, now)
    assert look_at >= now
    assert look_at == now or (not step.what and look_at <= (step.watch_at or 0.0))
    if asks:
        assert look_at == step.watch_at
