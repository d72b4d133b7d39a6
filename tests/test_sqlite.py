"""Statements on SQLite: each goes to the thread of its connection once, however its rows are asked for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from benchmarks.month.in_place import InPlace
from storage.database import Database
from storage.sqlite import BROUGHT, Connection, connect

MANY = 3 * BROUGHT + 7
NUMBERS = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) SELECT i FROM n"  # noqa: S608 - the number is ours


class Counted(Connection):
    """A connection that counts how often its thread is gone to."""

    trips: int

    async def go(self, do: object) -> object:
        self.trips += 1
        return await super().go(do)  # type: ignore[arg-type]


@pytest.fixture
async def counted(tmp_path: Path) -> AsyncIterator[Counted]:
    connection = connect(tmp_path / "one.db")
    connection.__class__ = Counted
    assert isinstance(connection, Counted)
    connection.trips = 0
    await connection
    connection.trips = 0
    yield connection
    await connection.close()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Give an empty database."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'two.db'}")
    yield database
    await database.close()


async def test_a_statement_with_few_rows_is_one_trip_with_all_that_it_brings(counted: Counted) -> None:
    cursor = await counted.cursor().__aenter__()
    await cursor.execute("SELECT ?, 2 UNION SELECT 3, 4", (1,))
    assert [each[0] for each in cursor.description] == ["?", "2"]
    assert await cursor.fetchall() == [(1, 2), (3, 4)]
    await cursor.close()
    assert counted.trips == 1


async def test_more_rows_than_are_brought_are_all_there_in_their_order(counted: Counted) -> None:
    cursor = await counted.cursor().execute(NUMBERS)
    assert await cursor.fetchone() == (1,)
    assert [row[0] for row in await cursor.fetchmany(BROUGHT)] == list(range(2, BROUGHT + 2))
    assert [row[0] for row in await cursor.fetchall()] == list(range(BROUGHT + 2, MANY + 1))
    assert await cursor.fetchone() is None


async def test_rows_that_are_left_alone_hold_nothing_up(counted: Counted) -> None:
    await counted.cursor().execute("CREATE TABLE kept (i INTEGER)")
    await counted.cursor().executemany("INSERT INTO kept VALUES (?)", [(n,) for n in range(MANY)])
    cursor = await counted.cursor().execute("SELECT i FROM kept")
    await cursor.close()
    await counted.cursor().execute("DROP TABLE kept")


async def test_how_many_rows_were_changed_is_told(counted: Counted) -> None:
    await counted.cursor().execute("CREATE TABLE kept (i INTEGER PRIMARY KEY)")
    many = await counted.cursor().executemany("INSERT INTO kept VALUES (?)", [(n,) for n in range(10)])
    one = await counted.cursor().execute("INSERT INTO kept VALUES (77)")
    gone = await counted.cursor().execute("DELETE FROM kept WHERE i > ? RETURNING i", (7,))
    assert (many.rowcount, one.lastrowid, gone.rowcount) == (10, 77, 3)


async def test_a_city_is_streamed_page_by_page_through_the_engine(database: Database) -> None:
    async with database.read() as connection:
        result = await connection.stream(text(NUMBERS))
        pages = [[row.i for row in page] async for page in result.partitions(BROUGHT + 1)]
        assert [len(page) for page in pages] == [BROUGHT + 1] * 3 + [MANY - 3 * (BROUGHT + 1)]
        assert [i for page in pages for i in page] == list(range(1, MANY + 1))
        # In the middle of a stream another statement has its own rows.
        result = await connection.stream(text(NUMBERS))
        assert (await result.fetchmany(BROUGHT + 5))[-1].i == BROUGHT + 5
        assert (await connection.execute(text("SELECT count(*) FROM sqlite_master"))).scalar_one() == 0
        assert (await result.fetchmany(1))[0].i == BROUGHT + 6
        await result.close()


async def test_a_fault_of_a_statement_is_raised_and_the_next_one_goes_on(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE kept (i INTEGER PRIMARY KEY)"))
        await connection.execute(text("INSERT INTO kept VALUES (1)"))
        with pytest.raises(IntegrityError):
            await connection.execute(text("INSERT INTO kept VALUES (1)"))
        with pytest.raises(OperationalError):
            await connection.execute(text("SELECT nothing FROM nowhere"))
        assert (await connection.execute(text("SELECT i FROM kept"))).scalars().all() == [1]


async def test_in_place_a_transaction_is_all_that_happens(tmp_path: Path) -> None:
    database = InPlace(f"sqlite+aiosqlite:///{tmp_path / 'three.db'}")
    threads = threading.active_count()
    seen: list[str] = []

    async def beside() -> None:
        seen.append("beside")

    async with database.write() as connection:
        other = asyncio.create_task(beside())
        await connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
        await connection.execute(text(f"INSERT INTO t {NUMBERS}"))
        seen.append("written")
    async with database.read() as connection:
        assert len((await connection.execute(text("SELECT n FROM t ORDER BY n"))).all()) == MANY
        assert [row.n async for row in await connection.stream(text("SELECT n FROM t WHERE n < 3 ORDER BY n"))] == [
            1,
            2,
        ]
        pages = (await connection.stream(text("SELECT n FROM t ORDER BY n"))).partitions(MANY - 1)
        assert [len(page) async for page in pages] == [MANY - 1, 1]
    await other
    assert seen == ["written", "beside"]
    assert threading.active_count() == threads
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO t VALUES (1)"))
    await database.close()
