"""The days on which nobody works, from what a pack says of each: one date, a day of every year, or a rule. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routing.terms import Holiday

ONE_DAY = timedelta(days=1)
# How a holiday of every year is moved: by which days, counted from its own day of the week, Monday first.
# Argentina's Ley 27.399, art. 6: Tuesday and Wednesday to the Monday before, Thursday and Friday to the one after.
MOVES: dict[str, tuple[int, ...]] = {"nearest-monday": (0, -1, -2, 4, 3, 0, 0)}
# Further from Easter than this no feast of it lies (the longest Lents and Pentecosts).
MOST_FROM_EASTER = 100


def easter(year: int) -> date:
    """Easter Sunday of the western churches, by the Gregorian calendar's own rule (Meeus, Astronomical Algorithms)."""
    golden, century, rest = year % 19, year // 100, year % 100
    leap_centuries, leaps = century // 4, rest // 4
    moon = (19 * golden + century - leap_centuries - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * leaps - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def days_of(holiday: Holiday, years: range) -> Iterator[date]:
    """Every day of a holiday in these years; one that is written down for one year is that day alone."""
    if holiday.date:
        yield date.fromisoformat(holiday.date)
    for year in years if holiday.every or holiday.easter is not None else ():
        if day := _day_in(holiday, year):
            yield day


def _day_in(holiday: Holiday, year: int) -> date | None:
    if holiday.easter is not None:
        return easter(year) + holiday.easter * ONE_DAY
    try:
        day = date.fromisoformat(f"{year}-{holiday.every}")
    except ValueError:
        return None
    return day + MOVES[holiday.moved][day.weekday()] * ONE_DAY if holiday.moved else day
