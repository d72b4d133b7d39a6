"""Open tickets of a kind near a place, among ever more tickets of one city: what a search costs, and how that grows.

The peer is reading one ticket by its key, in the same transaction of the same database: about the least that anything
can cost. Both go through the code that conversations use.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg
import msgspec
from sqlalchemy.engine import make_url

from bot.messages import Place
from storage import nearby, statuses, tickets
from storage.codes import ALPHABET, check_character
from storage.database import Database, migrate
from storage.grid import cell_at
from storage.work import Work
from tests.postgres import NoPostgresError, running_server

# A city of 15 by 17 kilometres, as dense with tickets at a million as one that has had this for ten years.
SOUTH, NORTH, WEST, EAST = -34.70, -34.55, -58.53, -58.35
CATEGORIES = [f"category-{number}" for number in range(40)]
DAY = 86400.0
NOW, DAYS_KEPT = 1_790_000_000.0, 365
RADIUS_M, DAYS = 250.0, 30
OPEN_SHARE = 0.4
GOAL = 0.005
COLUMNS = (
    "code", "person_id", "address_id", "category", "body", "area", "place", "lat", "lon", "words", "status",
    "language", "update_seq", "cell", "created_at", "updated_at",
)  # fmt: skip
WORDS = "Hay un pozo grande en el carril derecho, justo antes de la esquina."
WARM_UP = 20


class Found(NamedTuple):
    """Seconds of each search and of each look by key, and how many tickets a search found.

    `work` are the seconds of processor that this process spent on each search: on SQLite all there are.
    """

    searches: list[float]
    keys: list[float]
    near: list[int]
    work: list[float]

    def ratio(self, part: float) -> float:
        """The search that `part` of all are quicker than, by the look by key of which that is true."""
        return _part(self.searches, part) / _part(self.keys, part)


async def nearby_tickets(sizes: Sequence[int], searches: int, *, postgres: bool) -> None:
    """Measure with so many tickets each, and print."""
    found: dict[str, dict[int, Found]] = {}
    for name, size in ((name, size) for name in ("SQLite", *(["PostgreSQL"] if postgres else [])) for size in sizes):
        try:
            async with _filled(name, size) as database:
                found.setdefault(name, {})[size] = await measure(database, size, searches)
        except NoPostgresError as error:
            print(f"\nnearby: PostgreSQL is left out: {error}")
            break
    show(found)


async def measure(database: Database, size: int, searches: int) -> Found:
    """Search at random places, and look by key after each, in one transaction as a batch of messages has."""
    lots = random.Random(size)
    found = Found([], [], [], [])
    async with database.read() as connection:
        for number in range(searches + WARM_UP):
            work = Work(connection, NOW, str, str)
            lat, lon, category = _place(lots)
            began, worked = time.perf_counter(), time.process_time()
            near = await nearby.open_tickets(
                work, lat=lat, lon=lon, category=category, radius_m=RADIUS_M, since=NOW - DAYS * DAY
            )
            between, worked = time.perf_counter(), time.process_time() - worked
            if await tickets.by_code(work, make_code(lots.randrange(size)), lock=False) is None:
                raise AssertionError("a ticket was left out")
            ended = time.perf_counter()
            if number >= WARM_UP:
                found.searches.append(between - began)
                found.keys.append(ended - between)
                found.near.append(len(near))
                found.work.append(worked)
    return found


def show(found: dict[str, dict[int, Found]]) -> None:
    """What a search costs in looks by key, how that grows, and how many keep within the goal."""
    for name, sizes in found.items():
        least = min(sizes)
        print(f"\nNearby: open tickets of a kind within {RADIUS_M:.0f} m and {DAYS} days, on {name}")
        print(f"\n{'':25} {'by a look by key':^24} {'':8} {'under 5 ms':^18}")
        print(f"{'tickets':>12} {'found, mean':>12} {'median':>12} {'p99':>11} {'growth':>8} {'clock':>9} {'cpu':>8}")
        for size, each in sizes.items():
            # What else the machine does slows both down alike, so growth is told in looks by key too.
            growth = each.ratio(0.5) / sizes[least].ratio(0.5)
            print(
                f"{size:12,} {statistics.mean(each.near):12.1f} {each.ratio(0.5):12.2f} {each.ratio(0.99):11.2f} "
                f"{growth:8.2f} {_within(each.searches):9.1%} {_within(each.work):8.1%}"
            )


def make_code(number: int) -> str:
    """The code of the `number`th ticket."""
    head = "".join(ALPHABET[number >> shift & 31] for shift in range(25, -1, -5))
    return head + check_character(head)


def rows(size: int) -> Iterator[tuple[object, ...]]:
    """So many tickets of a year, as their table has them; a few kinds are reported far more than the others."""
    lots = random.Random(size + 1)
    for number in range(size):
        lat, lon, category = _place(lots)
        at = NOW - lots.random() * DAYS_KEPT * DAY
        status = lots.choice(statuses.OPEN) if lots.random() < OPEN_SHARE else lots.choice(statuses.CLOSED)
        place = msgspec.json.encode(Place(lat=lat, lon=lon, source="pin")).decode()
        yield (
            make_code(number), number, number, category, "city", f"area-{number % 15}", place, lat, lon, WORDS, status,
            "es", 1, cell_at(lat, lon), at, at,
        )  # fmt: skip


def _place(lots: random.Random) -> tuple[float, float, str]:
    kind = min(int(lots.paretovariate(0.7)) - 1, len(CATEGORIES) - 1)
    return lots.uniform(SOUTH, NORTH), lots.uniform(WEST, EAST), CATEGORIES[kind]


@contextlib.asynccontextmanager
async def _filled(name: str, size: int) -> AsyncIterator[Database]:
    with contextlib.ExitStack() as stack:
        if name == "SQLite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="baldosa-bench-"))
            url = f"sqlite+aiosqlite:///{Path(folder) / 'nearby.db'}"
            await migrate(url)
            fill_sqlite(Path(folder) / "nearby.db", size)
        else:
            url = stack.enter_context(running_server()).url
            await migrate(url)
            await fill_postgres(url, size)
        database = Database(url)
        yield database
        await database.close()


def fill_sqlite(path: Path, size: int) -> None:
    """Write the tickets past everything that a power cut could spoil."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        marks = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO ticket ({', '.join(COLUMNS)}) VALUES ({marks})", rows(size))  # noqa: S608
        connection.commit()


async def fill_postgres(url: str, size: int) -> None:
    """Write the tickets in one COPY, and have them counted as the server does by itself after a while."""
    place = make_url(url)
    connection = await asyncpg.connect(
        host=str(place.query.get("host") or place.host), user=place.username, database=place.database
    )
    try:
        await connection.copy_records_to_table("ticket", records=rows(size), columns=COLUMNS)
        await connection.execute("ANALYZE ticket")
    finally:
        await connection.close()


def _within(values: Sequence[float]) -> float:
    return sum(seconds < GOAL for seconds in values) / len(values)


def _part(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]
