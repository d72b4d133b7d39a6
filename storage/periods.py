"""Spans of whole days in a municipality's own time: what figures are measured over."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

WEEK = 7


class Period(Struct, frozen=True):
    """From `start` until before `end`, in Unix seconds; the end may be still to come."""

    start: float
    end: float

    def holds(self, at: float | None) -> bool:
        """True for a moment inside."""
        return at is not None and self.start <= at < self.end


def days(first: date, last: date, timezone: str) -> Period:
    """From the first day to the last, both whole; a day may have 23 hours, or 25."""
    return Period(_midnight(first, timezone), _midnight(last + timedelta(days=1), timezone))


def last_days(count: int, now: float, timezone: str) -> Period:
    """So many days, today the last of them."""
    today = day_of(now, timezone)
    return days(today - timedelta(days=count - 1), today, timezone)


def full_week(now: float, timezone: str) -> Period:
    """The last whole week, from Monday to Sunday."""
    today = day_of(now, timezone)
    monday = today - timedelta(days=today.weekday())
    return days(monday - timedelta(days=WEEK), monday - timedelta(days=1), timezone)


def before(period: Period, timezone: str) -> Period:
    """As many days, ending where this period begins."""
    first, last = first_day(period, timezone), last_day(period, timezone)
    return days(first - (last - first) - timedelta(days=1), first - timedelta(days=1), timezone)


def weeks(count: int, end: float, timezone: str) -> tuple[Period, ...]:
    """So many spans of seven days, oldest first, the last of them ending at `end` (a midnight)."""
    after = day_of(end, timezone)
    starts = [after - timedelta(days=WEEK * number) for number in range(count, 0, -1)]
    return tuple(days(start, start + timedelta(days=WEEK - 1), timezone) for start in starts)


def first_day(period: Period, timezone: str) -> date:
    """The day on which a period begins."""
    return day_of(period.start, timezone)


def last_day(period: Period, timezone: str) -> date:
    """The last day of a period."""
    return day_of(period.end, timezone) - timedelta(days=1)


def day_of(at: float, timezone: str) -> date:
    """The day that it is at a moment."""
    return datetime.fromtimestamp(at, ZoneInfo(timezone)).date()


def _midnight(day: date, timezone: str) -> float:
    return datetime.combine(day, time(), ZoneInfo(timezone)).timestamp()
