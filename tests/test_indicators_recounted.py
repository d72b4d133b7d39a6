"""Every figure of any history is that of a plain recount."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, astuple

from storage import standings
from storage.database import Database
from storage.indicators import (
    GROUPS,
    Figures,
    measure,
    measure_weeks,
)
from storage.periods import Period
from tests.made_city import UNDONE, Case, Entry, past, recount, reported, write_city

DAY = 86400.0
STATUSES = ("acknowledged", "planned", "in_progress", "waiting_citizen", "reopened", "resolved", "confirmed")
ENDS = ("declined", "duplicate", "withdrawn", "not_responsible")
TAKEN_BACK = ("", "acknowledged", "planned", "in_progress", "waiting_citizen", "resolved", "declined")
moments = st.integers(0, 40).map(lambda quarter: quarter * DAY)
targets = st.none() | moments


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let histories go on from one page of rows to the next."""
    monkeypatch.setattr(standings, "PAGE", 3)


@st.composite
def entries(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Draw any history, sensible or not, that only moves forward in time."""
    times = sorted(draw(st.lists(moments, min_size=1, max_size=7)))
    found = [reported(times[0])]
    for time in times[1:]:
        status = draw(st.sampled_from(("", *STATUSES, *ENDS)))
        actor = draw(st.sampled_from(("citizen", "official", "system")))
        action = draw(st.sampled_from(("", "", "rated"))) if not status else ""
        if may_be_undone(found) and draw(st.booleans()):
            found.append(Entry(time, "official", before_last_step(found), found[-1].public, "comuna-2", UNDONE))
            continue
        found.append(Entry(time, actor, status, draw(st.booleans()) or bool(status), "comuna-2", action))
        if status == "not_responsible" and draw(st.booleans()):
            found.append(Entry(time, "system", "received", True, "comuna-1"))
    return tuple(found)


def may_be_undone(history: Sequence[Entry]) -> bool:
    """Tell whether it ends with an official's step, and one that hands nothing on."""
    last = [each for each in history if each.at == history[-1].at]
    return history[-1].actor == "official" and all(each.action == "" and each.status in TAKEN_BACK for each in last)


def before_last_step(history: Sequence[Entry]) -> str:
    """Return the status that a history had before its last moment."""
    return next((each.status for each in reversed(history) if each.at < history[-1].at and each.status), "received")


@st.composite
def cities(draw: st.DrawFn) -> list[Case]:
    """Draw a few tickets."""
    return [
        Case(
            f"CODE{number:03}",
            draw(entries()),
            draw(st.sampled_from(("comuna-1", "comuna-2"))),
            draw(st.sampled_from(("bache", "luminaria"))),
            draw(st.sampled_from(("", "comuna-1"))),
            draw(targets),
            draw(targets),
            draw(st.none() | st.integers(1, 5)),
            draw(st.sampled_from((False, False, False, True))),
            tuple(draw(st.lists(st.tuples(moments, st.sampled_from(("yes", "no", "unsure"))), max_size=3))),
            tuple(draw(st.lists(moments, max_size=3))),
            draw(targets),
        )
        for number in range(draw(st.integers(0, 8)))
    ]


def plain(figures: Figures) -> dict[str, Any]:
    """Return figures as the recount tells them."""
    told = asdict(figures)
    return {name: astuple(each) if hasattr(each, "__struct_fields__") else each for name, each in told.items()}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=cities(), start=st.integers(0, 40), length=st.integers(1, 40), later=st.integers(1, 80))
async def test_any_city_is_counted_as_a_plain_recount_counts_it(
    sqlite: Database, cases: list[Case], start: int, length: int, later: int
) -> None:
    await check(sqlite, cases, start * DAY, (start + length) * DAY, later * DAY)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=cities(), start=st.integers(0, 40), length=st.integers(1, 40), later=st.integers(1, 80))
async def test_postgres_counts_the_same(
    postgres_url: str, cases: list[Case], start: int, length: int, later: int
) -> None:
    database = Database(postgres_url)
    try:
        await check(database, cases, start * DAY, (start + length) * DAY, later * DAY)
    finally:
        await database.close()


def given_away(cases: Sequence[Case], body: str, start: float, end: float) -> int:
    """Count what a body passed on: a pass is the giver's, whoever has the ticket now."""
    live = [case.entries for case in cases if not case.held]
    pairs = [pair for entries in live for pair in pairwise(entries)]
    given = [one for one, other in pairs if (one.status, other.status) == ("not_responsible", "received")]
    return sum(one.body == body and start <= one.at < end for one in given)


async def check(database: Database, cases: list[Case], start: float, end: float, now: float) -> None:
    """Write a city, measure it in every way, recount it, and take it away again."""
    # Nothing has happened yet that is to come.
    cases = [past(each, now) for each in cases if each.entries[0].at < now]
    period = Period(start, end)
    async with database.engine.connect() as connection, connection.begin() as transaction:
        await write_city(connection, cases)
        whole = await measure(connection, period, now)
        assert plain(whole.total) == recount(cases, start, end, now)
        for by in GROUPS[1:]:
            rows = {row.key: row.figures for row in (await measure(connection, period, now, by=by)).rows}
            for key in {getattr(each, by) for each in cases} | rows.keys():
                some = [each for each in cases if getattr(each, by) == key]
                own = recount(some, start, end, now)
                if by == "body":
                    own["passed_on"] = given_away(cases, key, start, end)
                assert plain(rows.get(key, Figures())) == own
        thirds = [Period(start + n * (end - start) / 3, start + (n + 1) * (end - start) / 3) for n in range(3)]
        for week in await measure_weeks(connection, thirds):
            own = recount(cases, week.period.start, week.period.end, now)
            assert (week.received, week.closed) == (own["received"], own["closed"])
        await transaction.rollback()
