"""Working time, held against a clock that is walked through minute by minute."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from routing.calendar import UNITS, Calendar, Span, Target, read_target, read_time, years_without

MINUTE = 60.0
# With and without clocks that change; Lord Howe's change by half an hour, Santiago's at midnight.
ZONES = ("America/Argentina/Buenos_Aires", "America/Santiago", "Europe/London", "Australia/Lord_Howe")
YEAR = date(2026, 1, 1)

# Clocks change at night, when nobody has working hours.
spans = st.tuples(st.integers(5 * 4, 12 * 4), st.integers(1, 40)).map(lambda s: Span(s[0] * 15, s[0] * 15 + s[1] * 15))
holidays = st.frozensets(st.integers(0, 370).map(lambda n: YEAR + timedelta(days=n)), max_size=40)
calendars = st.builds(Calendar, st.sampled_from(ZONES), st.frozensets(st.integers(0, 6), min_size=1), spans, holidays)
moments = st.integers(0, 360 * 1440).map(lambda n: 1_767_225_600.0 + n * MINUTE)
targets = st.builds(Target, st.integers(1, 8), st.sampled_from(UNITS))


def works(calendar: Calendar, at: float) -> bool:
    """True while officials work, by the clock on the wall alone."""
    local = datetime.fromtimestamp(at, calendar.zone)
    minute = local.hour * 60 + local.minute
    inside = calendar.hours.begin <= minute < calendar.hours.end
    return inside and local.weekday() in calendar.working_days and local.date() not in calendar.holidays


def walk(calendar: Calendar, at: float, target: Target) -> float:
    """Add a target minute by minute."""
    if target.unit == "hours":
        return at + target.amount * 60 * MINUTE
    first, now = datetime.fromtimestamp(at, calendar.zone).date(), at
    left = target.amount * (60 if target.unit == "working hours" else 1)
    while left:
        if target.unit == "working hours":
            left -= works(calendar, now)
        else:
            closes = works(calendar, now) and not works(calendar, now + MINUTE)
            left -= closes and datetime.fromtimestamp(now, calendar.zone).date() > first
        now += MINUTE
    return now


@settings(max_examples=40, deadline=None)
@given(calendars, moments, st.builds(Target, st.integers(1, 4), st.sampled_from(UNITS)))
def test_adding_agrees_with_walking_minute_by_minute(calendar: Calendar, at: float, target: Target) -> None:
    assert calendar.add(at, target) == walk(calendar, at, target)


@given(calendars, moments, st.integers(0, 20_000), targets)
def test_who_begins_later_is_not_due_earlier(calendar: Calendar, at: float, later: int, target: Target) -> None:
    assert calendar.add(at + later * MINUTE, target) >= calendar.add(at, target) > at


@given(calendars, moments, targets)
def test_more_time_is_never_due_earlier(calendar: Calendar, at: float, target: Target) -> None:
    assert calendar.add(at, Target(target.amount + 1, target.unit)) > calendar.add(at, target)


@given(calendars, moments, targets.filter(lambda target: target.unit != "hours"))
def test_what_is_counted_in_working_time_ends_within_it(calendar: Calendar, at: float, target: Target) -> None:
    due = calendar.add(at, target)
    assert works(calendar, due - 1)
    assert calendar.day(due - 1) not in calendar.holidays


@given(calendars, moments)
def test_the_next_working_moment_is_the_first_one(calendar: Calendar, at: float) -> None:
    found = calendar.next_working(at)
    assert found >= at
    assert works(calendar, found)
    assert found == at or not works(calendar, found - 1)
    assert found == at or not works(calendar, at)


@given(calendars, moments, st.integers(0, 95), st.integers(0, 95))
@example(Calendar("Europe/London", {0}, Span(540, 1020), ()), 1_774_747_800.0, 92, 20)
def test_a_quiet_time_ends_when_it_ends_on_the_wall(calendar: Calendar, at: float, begin: int, end: int) -> None:
    quiet = Span(begin * 15, end * 15)
    until = calendar.next_quiet_end(at, quiet)
    local = datetime.fromtimestamp(at, calendar.zone)
    if not quiet.holds(local.hour * 60 + local.minute):
        assert until == at
    else:
        assert at < until <= at + 26 * 3600 or local.fold
        wall = datetime.fromtimestamp(until, calendar.zone)
        # Half an hour or an hour later where clocks were put forward over the very end of it.
        assert (wall.hour * 60 + wall.minute - quiet.end) % 1440 in (0, 30, 60) or local.fold


def test_two_working_days_from_friday_are_over_on_tuesday_evening_unless_monday_is_a_holiday() -> None:
    monday = date(2026, 3, 16)
    usual = Calendar(ZONES[0], range(5), Span(480, 1020), ())
    friday = datetime(2026, 3, 13, 10, 30, tzinfo=ZoneInfo(ZONES[0])).timestamp()
    for calendar, day in ((usual, 17), (Calendar(ZONES[0], range(5), Span(480, 1020), {monday}), 18)):
        due = datetime.fromtimestamp(calendar.add(friday, Target(2, "working days")), calendar.zone)
        assert due.replace(tzinfo=None) == datetime.combine(date(2026, 3, day), time(17))


def test_a_working_day_is_not_shorter_where_the_clocks_change_over_the_weekend() -> None:
    london = Calendar("Europe/London", range(5), Span(540, 1020), ())
    friday = datetime(2026, 3, 27, 16, 0, tzinfo=london.zone).timestamp()
    due = datetime.fromtimestamp(london.add(friday, Target(2, "working hours")), london.zone)
    assert (due.weekday(), due.hour, due.minute) == (0, 10, 0)


def test_a_calendar_without_working_days_is_an_error_and_no_endless_loop() -> None:
    with pytest.raises(ValueError, match="no working days"):
        Calendar(ZONES[0], (), Span(480, 1020), ()).next_working(1_767_225_600.0)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("2 working days", Target(2, "working days")),
        ("1 working day", Target(1, "working days")),
        ("4 Working  Hours", Target(4, "working hours")),
        ("24 hours", Target(24, "hours")),
        ("0 hours", None),
        ("two days", None),
        ("3 days", None),
        ("", None),
    ],
)
def test_targets_are_read_as_people_write_them(text: str, target: Target | None) -> None:
    assert read_target(text) == target


@given(targets)
def test_what_a_target_says_of_itself_is_read_as_the_same(target: Target) -> None:
    assert read_target(str(target)) == target


def test_times_of_the_day_are_minutes() -> None:
    assert [read_time(text) for text in ("08:00", "8:30", "24:00", "24:01", "25:00", "x")] == [
        480, 510, 1440, None, None, None,
    ]  # fmt: skip


def test_a_year_is_missed_two_months_before_it_begins() -> None:
    assert years_without({2026}, date(2026, 10, 31)) == []
    assert years_without({2026}, date(2026, 11, 21)) == [2027]
    assert years_without({2026, 2027}, date(2026, 12, 31)) == []
    assert years_without((), date(2026, 3, 1)) == [2026]
