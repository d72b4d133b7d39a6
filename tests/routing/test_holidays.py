"""Holidays by rule: from Easter, moved to a Monday, of each year or of one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.holidays import days_of, easter
from routing.terms import Holiday

MONDAY = 0
# As almanacs have them; the first two are the earliest and the latest that there can be.
EASTERS = [
    *("1818-03-22", "1943-04-25", "1961-04-02", "1981-04-19", "2000-04-23", "2008-03-23", "2011-04-24", "2016-03-27"),
    *("2019-04-21", "2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2038-04-25", "2049-04-18"),
]


@pytest.mark.parametrize("day", EASTERS)
def test_easter_is_when_the_almanac_says(day: str) -> None:
    assert easter(int(day[:4])).isoformat() == day


@given(st.integers(1583, 4000))
def test_easter_follows_the_churchs_own_tables(year: int) -> None:
    day = easter(year)
    assert day.weekday() == 6
    # The first Sunday after the full moon of the tables: its age by the golden number and the epact of Clavius.
    golden, century = year % 19 + 1, year // 100 + 1
    solar, lunar = 3 * century // 4 - 12, (8 * century + 5) // 25 - 5
    epact = (11 * golden + 20 + lunar - solar) % 30
    epact += epact == 24 or (epact == 25 and golden > 11)
    new_moon = 44 - epact
    full = date(year, 3, 1) + timedelta(days=(new_moon if new_moon >= 21 else new_moon + 30) - 1)
    assert timedelta(days=1) <= day - full <= timedelta(days=7)


def days(holiday: Holiday, *years: int) -> list[str]:
    return [day.isoformat() for year in years for day in days_of(holiday, range(year, year + 1))]


def test_carnival_and_good_friday_are_counted_from_easter() -> None:
    assert days(Holiday(name="Carnaval", easter=-48), 2026, 2027) == ["2026-02-16", "2027-02-08"]
    assert days(Holiday(name="Viernes Santo", easter=-2), 2026, 2027) == ["2026-04-03", "2027-03-26"]


@pytest.mark.parametrize(
    ("year", "moved"),
    # 12 October, from a Monday to a Sunday.
    [
        *((2026, "2026-10-12"), (2027, "2027-10-11"), (2022, "2022-10-10"), (2023, "2023-10-16")),
        *((2029, "2029-10-15"), (2024, "2024-10-12"), (2025, "2025-10-12")),
    ],
)
def test_a_holiday_of_the_law_goes_to_the_nearest_monday_and_stays_at_weekends(year: int, moved: str) -> None:
    assert days(Holiday(name="Diversidad Cultural", every="10-12", moved="nearest-monday"), year) == [moved]


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)))
def test_what_is_moved_is_a_monday_or_a_weekend_and_three_days_away_at_most_but_for_thursdays(day: date) -> None:
    every = f"{day:%m-%d}"
    (found,) = days(Holiday(name="x", every=every, moved="nearest-monday"), day.year)
    assert date.fromisoformat(found).weekday() in (MONDAY, 5, 6)
    assert abs(date.fromisoformat(found) - day) <= timedelta(days=4)


def test_the_last_of_february_is_in_leap_years_only() -> None:
    assert days(Holiday(name="x", every="02-29"), 2026, 2027, 2028) == ["2028-02-29"]


def test_a_date_is_one_day_whatever_the_years() -> None:
    assert [*days_of(Holiday(name="x", date="2026-12-07"), range(1990, 2100))] == [date(2026, 12, 7)]
