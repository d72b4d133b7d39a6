"""Days and weeks of a municipality, by its own clock."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from storage.periods import before, days, full_week, last_days, weeks

ZONE = "America/Argentina/Buenos_Aires"
HOUR = 3600.0


def test_a_day_is_the_municipalitys_own_and_may_have_twenty_three_hours() -> None:
    spring = days(date(2026, 3, 29), date(2026, 3, 29), "Europe/Madrid")
    assert spring.end - spring.start == 23 * HOUR
    noon = days(date(2026, 3, 10), date(2026, 3, 10), ZONE).start + 12 * HOUR
    assert last_days(7, noon, ZONE) == days(date(2026, 3, 4), date(2026, 3, 10), ZONE)
    assert full_week(noon, ZONE) == days(date(2026, 3, 2), date(2026, 3, 8), ZONE)
    assert before(full_week(noon, ZONE), ZONE) == days(date(2026, 2, 23), date(2026, 3, 1), ZONE)


def test_weeks_follow_each_other_without_a_gap() -> None:
    end = days(date(2026, 4, 5), date(2026, 4, 5), "Europe/Madrid").end
    found = weeks(8, end, "Europe/Madrid")
    assert found[-1].end == end
    assert all(one.end == other.start for one, other in pairwise(found))
