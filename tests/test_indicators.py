"""Every figure, worked out by hand for small histories, and the page that defines it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from storage import indicators, standings
from storage.database import Database
from storage.indicators import (
    VERSION,
    Ages,
    Figures,
    Rating,
    Share,
    Spread,
    measure,
    spread,
    weekly,
)
from storage.periods import Period, days, full_week
from storage.schema import ticket
from tests.made_city import Case, Entry, reported, write_city

ZONE = "America/Argentina/Buenos_Aires"
HOUR, DAY = 3600.0, 86400.0
PAGE = Path(__file__).parent.parent / "docs" / "indicators.md"
# The period of the hand-made histories: days 100 to 110; it is day 110 unless a test says otherwise.
TEN = Period(100 * DAY, 110 * DAY)


async def counted(database: Database, *cases: Case, now: float = 110 * DAY, **how: Any) -> Figures:
    async with database.write() as connection:
        await write_city(connection, cases)
    async with database.read() as connection:
        return (await measure(connection, TEN, now, **how)).total


def at(day: float, actor: str = "official", status: str = "", **more: Any) -> Entry:
    return Entry(day * DAY, actor, status, **more)


def case(code: str, *entries: Entry, **more: Any) -> Case:
    return Case(code, entries, **more)


# Worked out by hand


async def test_a_city_without_reports_has_nothing_but_zeros(database: Database) -> None:
    assert await counted(database) == Figures()


async def test_a_ticket_is_received_once_in_the_period_of_its_report(database: Database) -> None:
    found = await counted(
        database,
        case("BEFORE0", reported(100 * DAY - 1)),
        case("FIRST00", reported(100 * DAY)),
        case("LAST000", reported(110 * DAY - 1)),
        case("AFTER00", reported(110 * DAY)),
    )
    # The one of the next period is not here yet.
    assert (found.received, found.backlog) == (2, 3)


async def test_the_bots_and_the_citizens_own_words_are_no_response_and_neither_is_a_note(database: Database) -> None:
    found = await counted(
        database,
        case("BOT0000", reported(101 * DAY), at(102, "system"), at(103, "citizen"), at(104, public=False)),
        case("HUMAN00", reported(101 * DAY), at(102, "system"), at(104)),
        case("SEEN000", reported(101 * DAY), at(103, status="acknowledged"), at(105)),
    )
    assert found.first_response == Spread(2, 2 * DAY, 3 * DAY)
    assert found.unanswered == 1


async def test_a_response_counts_in_the_period_in_which_it_is_given(database: Database) -> None:
    found = await counted(
        database,
        case("EARLY00", reported(90 * DAY), at(99), at(105)),
        case("LONG000", reported(90 * DAY), at(105)),
    )
    assert found.first_response == Spread(1, 15 * DAY, 15 * DAY)


async def test_time_to_close_runs_from_the_report_to_the_closing_that_held(database: Database) -> None:
    found = await counted(
        database,
        case(
            "AGAIN00",
            reported(95 * DAY),
            at(101, status="resolved"),
            at(102, "citizen", "reopened"),
            at(105, status="resolved"),
            at(106, "citizen", "confirmed"),
        ),
        case("OPEN000", reported(95 * DAY), at(101, status="resolved"), at(102, "citizen", "reopened")),
    )
    assert (found.closed, found.resolved, found.reopened, found.backlog) == (1, 1, 2, 1)
    assert found.time_to_close == Spread(1, 10 * DAY, 10 * DAY)


async def test_what_nobody_worked_on_is_not_closed(database: Database) -> None:
    found = await counted(
        database,
        case("DECLINE", reported(101 * DAY), at(103, status="declined")),
        case("NOTOURS", reported(101 * DAY), at(104, status="not_responsible")),
        case("TWIN000", reported(101 * DAY), at(101.5, status="duplicate")),
        case("BACK000", reported(101 * DAY), at(102, "citizen", "withdrawn")),
    )
    assert (found.received, found.closed, found.resolved, found.duplicates, found.withdrawn) == (4, 2, 0, 1, 1)
    assert found.time_to_close == Spread(2, 2 * DAY, 3 * DAY)
    # Whoever merged a report has answered it.
    assert found.first_response.n == 3


async def test_parting_two_tickets_is_no_reopening(database: Database) -> None:
    found = await counted(
        database, case("PARTED0", reported(101 * DAY), at(102, status="duplicate"), at(103, status="reopened"))
    )
    assert (found.reopened, found.duplicates, found.backlog) == (0, 0, 1)


async def test_the_backlog_is_counted_by_age_at_the_end(database: Database) -> None:
    ages = (0.5, 6.999, 7, 29.9, 30, 89.9, 90, 400)
    cases = [case(f"AGE000{n}", reported((110 - age) * DAY)) for n, age in enumerate(ages) if age < 110]
    old = case("AGE0007", reported((110 - 109.9) * DAY))
    found = await counted(database, *cases, old)
    assert (found.backlog, found.ages) == (8, Ages(2, 2, 2, 2))


async def test_whatever_is_overdue_and_open_weighs_on_what_is_on_time(database: Database) -> None:
    found = await counted(
        database,
        case("INTIME0", reported(100 * DAY), at(104, status="resolved"), close_by=104 * DAY),
        case("TOOLATE", reported(100 * DAY), at(104, status="resolved"), close_by=104 * DAY - 1),
        case("OVERDUE", reported(50 * DAY), at(51), close_by=60 * DAY),
        case("NOTYET0", reported(100 * DAY), at(101), close_by=120 * DAY),
        case("NOTARGT", reported(100 * DAY), at(104, status="resolved")),
        case("WITHDRW", reported(100 * DAY), at(104, "citizen", "withdrawn"), close_by=101 * DAY),
    )
    assert found.closed_on_time == Share(1, 3)
    assert (found.overdue, found.closed_on_time.percent) == (1, 33)


async def test_silence_beyond_its_target_weighs_on_the_answers_on_time(database: Database) -> None:
    found = await counted(
        database,
        case("INTIME0", reported(100 * DAY), at(102), answer_by=102 * DAY),
        case("TOOLATE", reported(100 * DAY), at(103), answer_by=102 * DAY),
        case("SILENT0", reported(60 * DAY), answer_by=62 * DAY),
        case("NOTYET0", reported(109 * DAY), answer_by=111 * DAY),
    )
    assert (found.answered_on_time, found.unanswered) == (Share(1, 3), 2)


async def test_what_was_passed_on_counts_where_it_is_and_its_clock_goes_on(database: Database) -> None:
    given = (
        at(102, status="not_responsible", body="comuna-2"),
        at(102, "system", "received", body="comuna-1"),
    )
    passed = case("PASSED0", reported(101 * DAY), *given, at(108, status="resolved", body="comuna-1"))
    async with database.write() as connection:
        await write_city(connection, [passed])
    async with database.read() as connection:
        found = await measure(connection, TEN, 110 * DAY, by="body")
    rows = {row.key: row.figures for row in found.rows}
    assert rows["comuna-2"] == Figures(passed_on=1)
    assert rows["comuna-1"].time_to_close == Spread(1, 7 * DAY, 7 * DAY)
    assert rows["comuna-1"].first_response == Spread(1, DAY, DAY)
    assert found.total.passed_on == 1
    async with database.read() as connection:
        assert (await measure(connection, TEN, 110 * DAY, bodies=["comuna-2"])).total == Figures(passed_on=1)


async def test_what_is_held_counts_nowhere_until_somebody_has_looked(database: Database) -> None:
    held = case("HELD000", reported(101 * DAY), at(102), held=True, joined=(103 * DAY,), verdicts=((104 * DAY, "no"),))
    assert await counted(database, held) == Figures()


async def test_satisfaction_counts_what_citizens_said_and_not_what_they_do_not_know(database: Database) -> None:
    rated = at(105, "citizen", action="rated", public=False)
    fixed = (at(103, status="resolved"),)
    verdicts = ((104 * DAY, "yes"), (104 * DAY, "no"), (104 * DAY, "unsure"), (99 * DAY, "yes"))
    found = await counted(
        database,
        case("FOUR000", reported(101 * DAY), *fixed, rated, rating=4, verdicts=verdicts),
        case("FIVE000", reported(101 * DAY), *fixed, rated, rating=5),
        case("LATER00", reported(101 * DAY), *fixed, at(112, "citizen", action="rated"), rating=1),
    )
    assert (found.rating, found.rating.mean) == (Rating(9, 2), 4.5)
    assert (found.fixed, found.fixed.percent) == (Share(1, 2), 50)


async def test_who_joins_is_counted_when_she_joins(database: Database) -> None:
    found = await counted(database, case("CROWD00", reported(90 * DAY), joined=(99 * DAY, 101 * DAY, 102 * DAY)))
    assert found.joined == 2


async def test_a_time_that_is_over_keeps_its_figures_whatever_happens_afterwards(database: Database) -> None:
    first = (reported(101 * DAY), at(103, status="acknowledged"), at(105, status="resolved"))
    later = (at(111, "citizen", "reopened"), at(115, status="resolved"), at(116, "citizen", "confirmed"))
    whole = Case("CHANGED", (*first, *later), close_by=106 * DAY)
    found = await counted(database, whole, now=200 * DAY)
    assert (found.closed, found.closed_on_time, found.backlog, found.reopened) == (1, Share(1, 1), 0, 0)
    assert found.time_to_close == Spread(1, 4 * DAY, 4 * DAY)


async def test_a_confirmation_closes_nothing_again_however_late_it_is_looked_at(database: Database) -> None:
    steps = (reported(101 * DAY), at(104, status="resolved"), at(106, "citizen", "confirmed"), at(112))
    found = await counted(database, Case("STOOD00", steps, close_by=105 * DAY), now=200 * DAY)
    assert (found.time_to_close, found.closed_on_time) == (Spread(1, 3 * DAY, 3 * DAY), Share(1, 1))


async def test_a_time_that_is_not_over_is_told_as_it_stands_now(database: Database) -> None:
    found = await counted(database, case("NOW0000", reported(101 * DAY), close_by=104 * DAY), now=103 * DAY)
    assert (found.backlog, found.overdue, found.ages) == (1, 0, Ages(week=1))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], Spread()),
        ([7.0], Spread(1, 7.0, 7.0)),
        ([4.0, 1.0, 3.0, 2.0], Spread(4, 2.0, 4.0)),
        ([float(n) for n in range(10, 0, -1)], Spread(10, 5.0, 9.0)),
        ([float(n) for n in range(1, 12)], Spread(11, 6.0, 10.0)),
    ],
)
def test_percentiles_are_cases_that_really_were(seconds: list[float], expected: Spread) -> None:
    assert spread(seconds) == expected


def test_fewer_than_five_cases_are_few() -> None:
    assert (Spread(4).few, Share(1, 5).few, Rating(9, 4).few) == (True, False, True)


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let histories go on from one page of rows to the next."""
    monkeypatch.setattr(standings, "PAGE", 3)


async def test_the_weekly_figures_are_those_of_the_last_full_week_and_the_one_before(database: Database) -> None:
    monday = days(date(2026, 3, 9), date(2026, 3, 9), ZONE).start + 8 * HOUR
    week = full_week(monday, ZONE)
    cases = [
        case("THIS000", reported(week.start + HOUR)),
        case("BEFORE0", reported(week.start - HOUR), at((week.start + DAY) / DAY, status="declined")),
        case("TODAY00", reported(monday - HOUR)),
        case("OTHERS0", reported(week.start + HOUR), body="comuna-2"),
    ]
    async with database.write() as connection:
        await write_city(connection, cases)
    async with database.read() as connection:
        found = await weekly(connection, "comuna-1", monday, ZONE)
    assert (found.week.total.received, found.week.total.closed, found.week.total.backlog) == (1, 1, 1)
    assert (found.before.total.received, found.before.total.backlog) == (1, 1)
    assert [(each.received, each.closed) for each in found.weeks[-2:]] == [(1, 0), (1, 1)]
    assert len(found.weeks) == indicators.WEEKS_SHOWN


# The page that defines them


def test_every_figure_has_its_definition_and_every_definition_its_figure() -> None:
    defined = re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert defined == [field.name for field in fields(Figures)]


def test_the_page_is_of_the_version_that_is_computed() -> None:
    assert re.search(rf"^Version {VERSION}, \d{{4}}-\d\d-\d\d", PAGE.read_text("utf-8"), re.MULTILINE)


def test_the_page_names_the_columns_that_it_speaks_of() -> None:
    known = {str(column) for column in ticket.columns}
    named = set(re.findall(r"`(ticket\.\w+)`", PAGE.read_text("utf-8")))
    assert named
    assert named <= known
