"""The figures by which a city is measured, computed here and nowhere else. docs/indicators.md defines each one.

Chat, picture, CSV, metrics and digests read them from here; VERSION goes up with every change of a definition.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct

from storage.occurrences import read_occurrences
from storage.periods import Period, before, full_week, weeks
from storage.standings import Standing, as_it_stood, read_standings, read_steps

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

VERSION = 2
# Fewer cases than these say little: whoever shows such a figure marks it.
FEW = 5
DAY = 86400.0
# Where the ages of the backlog are parted, in days.
AGES = (7, 30, 90)
WEEKS_SHOWN = 8
# These end a ticket without anybody having worked on it.
WITHOUT_WORK = ("duplicate", "withdrawn")
RESOLVED = ("resolved", "confirmed")

By = Literal["", "body", "category", "area"]
GROUPS: tuple[By, ...] = get_args(By)


class Spread(Struct, frozen=True):
    """How long something took in `n` cases: median and ninetieth percentile in seconds, None for no case."""

    n: int = 0
    median: float | None = None
    p90: float | None = None

    @property
    def few(self) -> bool:
        """True where it is to be marked."""
        return self.n < FEW


class Share(Struct, frozen=True):
    """`part` of `n` cases."""

    part: int = 0
    n: int = 0

    @property
    def percent(self) -> int | None:
        """Rounded half up, None for no case."""
        return (200 * self.part + self.n) // (2 * self.n) if self.n else None

    @property
    def few(self) -> bool:
        """True where it is to be marked."""
        return self.n < FEW


class Rating(Struct, frozen=True):
    """What citizens gave, one to five, in `n` cases that add up to `points`."""

    points: int = 0
    n: int = 0

    @property
    def mean(self) -> float | None:
        """None for no case."""
        return self.points / self.n if self.n else None

    @property
    def few(self) -> bool:
        """True where it is to be marked."""
        return self.n < FEW


class Ages(Struct, frozen=True):
    """The backlog by age: under a week, under thirty days, under ninety, older."""

    week: int = 0
    month: int = 0
    quarter: int = 0
    older: int = 0


class Figures(Struct, frozen=True):
    """Every indicator, as docs/indicators.md defines it."""

    received: int = 0
    first_response: Spread = Spread()
    unanswered: int = 0
    closed: int = 0
    resolved: int = 0
    time_to_close: Spread = Spread()
    backlog: int = 0
    ages: Ages = Ages()
    overdue: int = 0
    answered_on_time: Share = Share()
    closed_on_time: Share = Share()
    reopened: int = 0
    passed_on: int = 0
    duplicates: int = 0
    withdrawn: int = 0
    rating: Rating = Rating()
    fixed: Share = Share()
    joined: int = 0


class Row(Struct, frozen=True):
    """The figures of one body, category or area, by its id; "" is a ticket's that lies in no area."""

    key: str
    figures: Figures


class Indicators(Struct, frozen=True):
    """What was measured: over which period, as it stood when, grouped by what, and in all."""

    version: int
    period: Period
    at: float
    by: By
    total: Figures
    rows: tuple[Row, ...] = ()


class Week(Struct, frozen=True):
    """What came and what was closed in seven days."""

    period: Period
    received: int
    closed: int


class Weekly(Struct, frozen=True):
    """A body's last full week, the one before it, and the weeks that led there."""

    body: str
    week: Indicators
    before: Indicators
    weeks: tuple[Week, ...]


class Report(Struct, frozen=True):
    """What a conversation shows: figures, those of the time before ("weekly" only), and the weeks that led there.

    `picture` is the id of a picture of them, "" for none.
    """

    now: Indicators
    weeks: tuple[Week, ...]
    before: Indicators | None = None
    picture: str = ""


async def measure(
    connection: AsyncConnection, period: Period, now: float, *, by: By = "", bodies: Sequence[str] | None = None
) -> Indicators:
    """Every figure of a period, as it stood at its end (or stands now), in all and by body, category or area.

    `bodies` are those whose tickets count, None for all.
    """
    at = min(period.end, now)
    tallies: defaultdict[str, _Tally] = defaultdict(lambda: _Tally(period, at))
    whole = _Tally(period, at)
    async for standing in read_standings(connection, period, bodies):
        whole.take(standing)
        if by:
            tallies[getattr(standing, by)].take(standing)
    for key, name, number in await read_occurrences(connection, period, by, bodies):
        whole.add(name, number)
        if by:
            tallies[key].add(name, number)
    rows = [Row(key, tally.figures()) for key, tally in sorted(tallies.items())]
    return Indicators(VERSION, period, at, by, whole.figures(), tuple(row for row in rows if row.figures != Figures()))


async def measure_weeks(
    connection: AsyncConnection, periods: Sequence[Period], bodies: Sequence[str] | None = None
) -> tuple[Week, ...]:
    """What came and what was closed in each of these periods (oldest first): the same as `measure` says of each."""
    received, closed = [0] * len(periods), [0] * len(periods)
    async for standing, steps in read_steps(connection, periods[0].start, bodies, periods[-1].end):
        for number, period in enumerate(periods):
            received[number] += period.holds(standing.created_at)
            # Nothing closes in a time in which nothing happens.
            if any(period.holds(step.at) for step in steps):
                then = as_it_stood(standing, (step for step in steps if step.at < period.end))
                closed[number] += _is_closed(then, period)
    return tuple(map(Week, periods, received, closed))


async def weekly(connection: AsyncConnection, body: str, now: float, timezone: str) -> Weekly:
    """A body's figures for its managers: the last whole week, the one before it, and eight weeks in short."""
    week = full_week(now, timezone)
    return Weekly(
        body,
        await measure(connection, week, now, bodies=[body]),
        await measure(connection, before(week, timezone), now, bodies=[body]),
        await measure_weeks(connection, weeks(WEEKS_SHOWN, week.end, timezone), [body]),
    )


def spread(seconds: Sequence[float]) -> Spread:
    """Median and ninetieth percentile by nearest rank: the least case that so many percent do not exceed."""
    if not seconds:
        return Spread()
    ordered = sorted(seconds)
    median, p90 = (ordered[-(-percent * len(ordered) // 100) - 1] for percent in (50, 90))
    return Spread(len(ordered), median, p90)


class _Tally:
    """Figures in the making: counts by name, and the durations of the cases in the period."""

    def __init__(self, period: Period, at: float) -> None:
        self._period = period
        self._at = at
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._responses = array("d")
        self._closings = array("d")
        self._ages = [0] * (len(AGES) + 1)

    def add(self, name: str, number: int) -> None:
        """Count something that no ticket's row tells."""
        self._counts[name] += number

    def take(self, found: Standing) -> None:
        """Count a ticket as it stood."""
        self._counts["received"] += self._period.holds(found.created_at)
        self._take_answer(found)
        if found.open:
            self._take_open(found)
        elif self._period.holds(found.closed_at):
            self._take_end(found)

    def _take_answer(self, found: Standing) -> None:
        if found.answered_at is not None and self._period.holds(found.answered_at):
            self._responses.append(found.answered_at - found.created_at)
            self._judge("answer", found.answered_at, found.answer_by)
        elif found.open and found.answered_at is None:
            self._counts["unanswered"] += 1
            self._counts["answer_n"] += self._late(found.answer_by)

    def _take_open(self, found: Standing) -> None:
        age = (self._at - found.created_at) / DAY
        self._ages[sum(age >= days for days in AGES)] += 1
        late = self._late(found.close_by)
        self._counts["overdue"] += late
        self._counts["close_n"] += late

    def _take_end(self, found: Standing) -> None:
        self._counts[found.status] += 1
        if _is_closed(found, self._period) and found.closed_at is not None:
            self._closings.append(found.closed_at - found.created_at)
            self._judge("close", found.closed_at, found.close_by)

    def _judge(self, what: str, done_at: float, by: float | None) -> None:
        if by is not None:
            self._counts[f"{what}_n"] += 1
            self._counts[f"{what}_part"] += done_at <= by

    def _late(self, by: float | None) -> bool:
        return by is not None and by < self._at

    def figures(self) -> Figures:
        """What it comes to."""
        c = self._counts
        return Figures(
            received=c["received"],
            first_response=spread(self._responses),
            unanswered=c["unanswered"],
            closed=len(self._closings),
            resolved=sum(c[status] for status in RESOLVED),
            time_to_close=spread(self._closings),
            backlog=sum(self._ages),
            ages=Ages(*self._ages),
            overdue=c["overdue"],
            answered_on_time=Share(c["answer_part"], c["answer_n"]),
            closed_on_time=Share(c["close_part"], c["close_n"]),
            reopened=c["reopened"],
            passed_on=c["passed_on"],
            duplicates=c["duplicate"],
            withdrawn=c["withdrawn"],
            rating=Rating(c["points"], c["rated"]),
            fixed=Share(c["yes"], c["yes"] + c["no"]),
            joined=c["joined"],
        )


def _is_closed(found: Standing, period: Period) -> bool:
    """True when it was closed in the period by the work, or the word, of who answers for it."""
    return not found.open and found.status not in WITHOUT_WORK and period.holds(found.closed_at)
