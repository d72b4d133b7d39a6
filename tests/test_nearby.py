"""Open tickets near a place are found by squares of a grid: all of them, the nearest first, and nothing else."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from math import cos, radians
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from bot.messages import Place
from storage import nearby, tickets
from storage.database import Database
from storage.grid import cell_at, cells_around, distance_m
from storage.updates import Change
from storage.work import Work
from tests.working import working

LAT, LON = -34.6098, -58.3925
METRE = 1 / 111_195
HOUR, DAY = 3600.0, 86400.0
NOW = 100 * DAY


@pytest.fixture
async def work(database_url: str) -> AsyncIterator[Work]:
    async with working(database_url, NOW) as work:
        yield work


def report(work: Work, lat: float | None = LAT, lon: float | None = LON, **values: Any) -> str:
    """Open a ticket at a position."""
    usual: dict[str, Any] = {
        "person_id": 1,
        "address_id": 1,
        "category": "bache",
        "body": "ciudad",
        "area": "comuna-3",
        "place": Place(lat=lat, lon=lon, words="la esquina"),
        "words": "enorme",
        "media_ids": [],
        "language": "es",
    }
    return tickets.open_ticket(work, **usual | values)


async def near(work: Work, **changes: Any) -> list[str]:
    usual: dict[str, Any] = {"lat": LAT, "lon": LON, "category": "bache", "radius_m": 250, "since": NOW - 30 * DAY}
    return [each.ticket.code for each in await nearby.open_tickets(work, **usual | changes)]


async def move_on(work: Work, code: str, status: str) -> None:
    found = await tickets.by_code(work, code)
    assert found
    await tickets.append(work, found, Change(actor="official", status=status, reason="because"))


# The grid

latitudes = st.floats(-88.5, 88.5)
longitudes = st.floats(-180, 179.999999)


@given(latitudes, longitudes, st.floats(1, 2000), st.floats(0, 360), st.floats(0, 0.999))
def test_every_position_within_the_radius_lies_in_one_of_the_squares(
    lat: float, lon: float, radius: float, angle: float, part: float
) -> None:
    up = radius * part * METRE * cos(radians(angle))
    beside = radius * part * METRE * random.Random(angle).choice((-1, 1)) / cos(radians(lat))
    other_lat, other_lon = lat + up, (lon + beside * abs(1 - cos(radians(angle)) ** 2) ** 0.5 + 180) % 360 - 180
    if distance_m(lat, lon, other_lat, other_lon) <= radius:
        assert cell_at(other_lat, other_lon) in cells_around(lat, lon, radius)


@given(latitudes, longitudes)
def test_the_squares_around_a_position_begin_with_its_own_and_are_few(lat: float, lon: float) -> None:
    around = cells_around(lat, lon, 250)
    assert cell_at(lat, lon) in around
    assert len(around) == len(set(around))
    if abs(lat) < 60:
        assert len(around) <= 9


def test_the_squares_go_on_behind_the_date_line() -> None:
    west, east = cell_at(-17.0, 179.9999), cell_at(-17.0, -179.9999)
    assert {west, east} <= set(cells_around(-17.0, 179.9999, 100))
    assert distance_m(-17.0, 179.9999, -17.0, -179.9999) < 25


def test_no_position_has_no_square() -> None:
    assert cell_at(None, -58.0) is None
    assert cell_at(-34.0, None) is None


def test_a_distance_is_what_a_tape_measures() -> None:
    assert distance_m(LAT, LON, LAT, LON) == 0
    assert distance_m(LAT, LON, LAT + 0.001, LON) == pytest.approx(111.2, abs=0.2)
    assert distance_m(LAT, LON, LAT, LON + 0.001) == pytest.approx(91.5, abs=0.3)


# The search


async def test_what_is_near_is_found_nearest_first_with_its_distance(work: Work) -> None:
    far, close, middle = (report(work, LAT + metres * METRE) for metres in (200, 10, 90))
    report(work, LAT + 260 * METRE)
    assert await near(work) == [close, middle, far]
    (first, *_) = await nearby.open_tickets(
        work, lat=LAT, lon=LON, category="bache", radius_m=250, since=NOW - 30 * DAY
    )
    assert first.distance_m == pytest.approx(10, abs=0.1)


async def test_the_search_agrees_with_measuring_every_ticket(work: Work) -> None:
    lots = random.Random(3)
    placed = {}
    for _ in range(300):
        lat, lon = LAT + lots.uniform(-0.01, 0.01), LON + lots.uniform(-0.01, 0.01)
        placed[report(work, lat, lon)] = (lat, lon)
    for radius in (50, 250, 700):
        for _ in range(5):
            lat, lon = LAT + lots.uniform(-0.01, 0.01), LON + lots.uniform(-0.01, 0.01)
            measured = {code for code, place in placed.items() if distance_m(lat, lon, *place) <= radius}
            assert set(await near(work, lat=lat, lon=lon, radius_m=radius)) == measured


async def test_another_kind_a_closed_one_an_old_one_and_one_without_a_position_are_not_the_same_problem(
    work: Work,
) -> None:
    report(work, category="luz-apagada")
    report(work, None, None)
    closed = report(work)
    await move_on(work, closed, "declined")
    assert await near(work) == []
    code = report(work)
    assert await near(work) == [code]
    assert await near(work, since=NOW + 1) == []
    await move_on(work, code, "acknowledged")
    assert await near(work, since=NOW - 1) == [code]


async def test_a_ticket_of_this_very_transaction_is_found(work: Work) -> None:
    assert await near(work) == []
    code = report(work)
    assert await near(work) == [code]


async def test_the_search_and_the_outage_read_an_index_and_never_the_table(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    said: list[tuple[str, Any]] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda c, cursor, sql, values, *rest: said.append((sql, values)),
    )
    async with database.read() as connection:
        work = Work(connection, NOW, str, str)
        await near(work)
        await nearby.incidents(work, area="comuna-3", category="bache", since=0.0)
        looks = [each for each in said if each[0].startswith("SELECT")]
        for (sql, values), index in zip(looks, ("ix_ticket_cell (cell=?", "ix_ticket_area (area=?"), strict=True):
            plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)).all()
            assert f"{index} AND category=? AND created_at>?)" in str(plan)
    await database.close()


# Outages


async def test_an_outage_is_made_of_what_one_body_has_of_one_area_within_a_walk(work: Work) -> None:
    same = [report(work, LAT + n * 200 * METRE) for n in range(3)]
    nowhere = report(work, None, None)
    report(work, area="comuna-1")
    report(work, category="bache-2")
    report(work, body="agua")
    report(work, LAT + 2000 * METRE)
    like = await tickets.by_code(work, same[0])
    assert like
    found = await nearby.outage(work, like=like, radius_m=1500, since=NOW - 2 * HOUR)
    assert {each.code for each in found} == {*same, nowhere}
    assert await nearby.outage(work, like=like, radius_m=1500, since=NOW + 1) == []
