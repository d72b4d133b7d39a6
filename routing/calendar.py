"""Working time: which moments officials work in, and when a target that is counted in it is over.

Times are Unix seconds. What is counted is the municipality's own wall clock, so a day on which clocks change is a day
like any other. Times of day are minutes after midnight.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

Unit = Literal["working days", "working hours", "hours"]
UNITS: tuple[Unit, ...] = ("working days", "working hours", "hours")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOUR = 3600.0
ONE_DAY = timedelta(days=1)
# A pack whose calendar has no working day for so long is a mistake, and must not hang anybody.
MOST_DAYS = 3660
# Targets are counted again and again from the same few days.
REMEMBERED = 4096
_TARGET = re.compile(r"(\d{1,3}) (working day|working hour|hour)s?")
_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


class Target(Struct, frozen=True):
    """So much time: 2 working days, 4 working hours, or 24 hours of the clock."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount} {self.unit if self.amount != 1 else self.unit[:-1]}"


class Span(Struct, frozen=True):
    """A part of every day, from a minute after midnight to another; one that is not later lies on the next day."""

    begin: int
    end: int

    def holds(self, minute: int) -> bool:
        """True for a minute inside; the end is outside."""
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return self.begin != self.end and (minute >= self.begin or minute < self.end)


class Shift(NamedTuple):
    """The working hours of one day as moments; the end is outside."""

    begin: float
    end: float


@lru_cache(maxsize=REMEMBERED)
def read_target(text: str) -> Target | None:
    """The target in "2 working days", "4 working hours", "1 hour"; None for anything else, and for nothing at all."""
    found = _TARGET.fullmatch(" ".join(text.lower().split()))
    if found is None or int(found[1]) == 0:
        return None
    unit = next(each for each in UNITS if each == f"{found[2]}s")
    return Target(int(found[1]), unit)


def read_time(text: str) -> int | None:
    """The minutes after midnight of "08:00"; None for what is no time of a day ("24:00" is its end)."""
    found = _TIME.fullmatch(text.strip())
    minutes = int(found[1]) * 60 + int(found[2]) if found else 1441
    return minutes if minutes <= 1440 else None


class Calendar:
    """When a municipality works: on these weekdays (0 is Monday), in these hours, on no holiday."""

    def __init__(self, timezone: str, working_days: Collection[int], hours: Span, holidays: Collection[date]) -> None:
        self.zone = ZoneInfo(timezone)
        self.working_days = frozenset(working_days)
        self.hours = hours
        self.holidays = frozenset(holidays)
        self._after = lru_cache(maxsize=REMEMBERED)(self._working_days_after)
        self.shift = lru_cache(maxsize=REMEMBERED)(self._shift)

    def day(self, at: float) -> date:
        """The day of a moment."""
        return datetime.fromtimestamp(at, self.zone).date()

    def at(self, day: date, minute: int) -> float:
        """The moment of a minute of a day; 1440 is the midnight after it."""
        over, rest = divmod(minute, 1440)
        return datetime.combine(day + over * ONE_DAY, time(rest // 60, rest % 60), self.zone).timestamp()

    def works_on(self, day: date) -> bool:
        """True for a working day."""
        return day.weekday() in self.working_days and day not in self.holidays

    def worked_days(self, since: date, until: date) -> int:
        """How many working days there were after one day, up to another."""
        most = min((until - since).days, MOST_DAYS)
        return sum(self.works_on(since + number * ONE_DAY) for number in range(1, most + 1))

    def _shift(self, day: date) -> Shift:
        """The working hours of a day, as if it were a working one."""
        return Shift(self.at(day, self.hours.begin), self.at(day, self.hours.end))

    def next_working(self, at: float) -> float:
        """This moment when officials work, else the one in which they begin to."""
        day = self.day(at)
        if self.works_on(day) and at < self.shift(day).end:
            return max(at, self.shift(day).begin)
        return self.shift(self._after(day, 1)).begin

    def add(self, at: float, target: Target) -> float:
        """When a target that begins now is over.

        Working days are whole ones: the day of the beginning is not counted, and it is over when the last one's hours
        are (Argentina's Civil and Commercial Code, art. 6, counts days so). Working hours run only while officials
        work, hours always.
        """
        if target.unit == "hours":
            return at + target.amount * HOUR
        if target.unit == "working days":
            return self.shift(self._after(self.day(at), target.amount)).end
        return self._add_working(at, target.amount * HOUR)

    def next_quiet_end(self, at: float, quiet: Span) -> float:
        """When the quiet part of the day in which this moment lies is over; the moment itself where it lies in none."""
        moment = datetime.fromtimestamp(at, self.zone)
        minute = moment.hour * 60 + moment.minute
        if not quiet.holds(minute):
            return at
        later = quiet.begin >= quiet.end and minute >= quiet.begin
        return max(at, self.at(moment.date() + ONE_DAY if later else moment.date(), quiet.end))

    def _add_working(self, at: float, seconds: float) -> float:
        now = self.next_working(at)
        while (left := self.shift(self.day(now)).end - now) < seconds:
            seconds -= left
            now = self.shift(self._after(self.day(now), 1)).begin
        return now + seconds

    def _working_days_after(self, day: date, count: int) -> date:
        for _ in range(MOST_DAYS):
            day += ONE_DAY
            count -= self.works_on(day)
            if count == 0:
                return day
        raise ValueError("this calendar has no working days")


def years_without(known: Collection[int], today: date) -> list[int]:
    """The years that begin or last within the next two months and for which no holidays are known, of these `known`."""
    near = {today.year, (today + 61 * ONE_DAY).year}
    return sorted(near - set(known))
