"""Transactions hold what they promise: nothing lost, nothing half done, and a clear word when the database is away."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage import database as module
from storage.database import Database, is_away, is_conflict

ROOT = Path(__file__).parent.parent
WRITERS, UPDATES = 4, 60
ADD_ONE = """
import asyncio, sys
from sqlalchemy import text
from storage.database import Database

async def main():
    database = Database(sys.argv[1])
    for _ in range(int(sys.argv[2])):
        async with database.write() as connection:
            found = await connection.execute(text("SELECT n FROM counter WHERE id = 1" + sys.argv[3]))
            n = found.scalar_one()
            await connection.execute(text("UPDATE counter SET n = :n WHERE id = 1"), {"n": n + 1})
    await database.close()

asyncio.run(main())
"""
PLUS_ONE = text("UPDATE counter SET n = n + 1 WHERE id = :id")
# Works for a while before it gives the first of many rows.
SLOW = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 200000) SELECT i FROM t ORDER BY -i"
SUM = "SELECT sum(n) FROM counter"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Give a database of either kind."""
    async with counted(database_url) as database:
        yield database


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    async with counted(sqlite_url) as database:
        yield database


@pytest.fixture
async def postgresql(postgres_url: str) -> AsyncIterator[Database]:
    async with counted(postgres_url) as database:
        yield database


@asynccontextmanager
async def counted(url: str) -> AsyncIterator[Database]:
    """Open a database with a table of two counters at nought."""
    database = Database(url)
    await run(database, "CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER)")
    await run(database, "INSERT INTO counter VALUES (1, 0), (2, 0)")
    yield database
    await database.close()


async def run(database: Database, statement: str) -> Any:
    async with database.write() as connection:
        result = await connection.execute(text(statement))
        return result.scalar_one_or_none() if result.returns_rows else None


def another_program(database: Database) -> sqlite3.Connection:
    """Return a connection of somebody else to the same file, who never waits."""
    path = database.url.removeprefix("sqlite+aiosqlite:///")
    return sqlite3.connect(path, timeout=0, isolation_level=None)


async def test_sqlite_is_set_to_lose_nothing(sqlite: Database) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    assert {name: await run(sqlite, f"PRAGMA {name}") for name in wanted} == wanted


async def test_every_connection_of_the_pool_is_set_alike(sqlite: Database) -> None:
    async with sqlite.read() as one, sqlite.read() as other, sqlite.write() as third:
        for connection in (one, other, third):
            assert (await connection.execute(text("PRAGMA synchronous"))).scalar_one() == 2


async def test_a_writer_takes_the_lock_before_it_reads(sqlite: Database) -> None:
    other = another_program(sqlite)
    async with sqlite.write() as connection:
        await connection.execute(text("SELECT 1"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()


async def test_a_reader_keeps_nobody_from_writing(sqlite: Database) -> None:
    other = another_program(sqlite)
    async with sqlite.read() as connection:
        await connection.execute(text(SUM))
        other.execute("UPDATE counter SET n = 7")
        assert (await connection.execute(text(SUM))).scalar_one() == 0, "one read is one moment"
    other.close()
    assert await run(sqlite, SUM) == 14


async def test_a_transaction_that_is_cancelled_in_a_statement_gives_the_lock_back(sqlite: Database) -> None:
    started = asyncio.Event()

    async def write() -> None:
        async with sqlite.write() as connection:
            await connection.execute(PLUS_ONE, {"id": 1})
            started.set()
            await connection.execute(text(SLOW))

    task = asyncio.create_task(write())
    await started.wait()
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    other = another_program(sqlite)
    # The task is still there, and with it its traceback and the cursor in it.
    other.execute("BEGIN IMMEDIATE")
    assert other.execute(SUM).fetchone() == (0,)
    other.close()


async def test_updates_of_several_processes_all_count(database: Database) -> None:
    lock = "" if database.is_sqlite else " FOR UPDATE"
    command = [sys.executable, "-c", ADD_ONE, database.url, str(UPDATES), lock]
    writers = [await asyncio.create_subprocess_exec(*command, cwd=ROOT) for _ in range(WRITERS)]
    assert [await writer.wait() for writer in writers] == [0] * WRITERS
    assert await run(database, SUM) == WRITERS * UPDATES


async def test_what_fails_half_way_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(PLUS_ONE, {"id": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await run(database, SUM) == 0


async def test_a_reader_does_not_wait_for_a_writer_and_sees_nothing_half_done(database: Database) -> None:
    async with database.write() as writer:
        await writer.execute(PLUS_ONE, {"id": 1})
        async with database.read() as reader:
            assert (await reader.execute(text(SUM))).scalar_one() == 0


async def test_a_locked_file_is_an_absent_database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRAGMAS", (*module.PRAGMAS, "PRAGMA busy_timeout=50"))
    database = Database(sqlite_url)
    other = another_program(database)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DBAPIError) as caught:
        await run(database, "SELECT 1")
    other.execute("ROLLBACK")
    other.close()
    assert is_away(caught.value)
    assert not is_conflict(caught.value)
    assert await run(database, "SELECT 1") == 1
    await database.close()


async def test_a_server_that_nobody_runs_is_an_absent_database() -> None:
    database = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    with pytest.raises(ConnectionRefusedError) as caught:
        await database.check()
    assert is_away(caught.value)
    await database.close()


async def test_a_connection_that_is_cut_is_an_absent_database(postgresql: Database) -> None:
    async def cut() -> None:
        async with postgresql.write() as connection:
            mine = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await run(postgresql, f"SELECT pg_terminate_backend({mine})")
            await connection.execute(PLUS_ONE, {"id": 1})

    with pytest.raises(DBAPIError) as caught:
        await cut()
    assert is_away(caught.value)
    assert not is_conflict(caught.value)
    assert await run(postgresql, SUM) == 0, "the pool has mended itself"


async def test_of_two_that_wait_for_each_other_one_hears_of_a_conflict(postgresql: Database) -> None:
    barrier = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> None:
        async with postgresql.write() as connection:
            await connection.execute(PLUS_ONE, {"id": first})
            await barrier.wait()
            await connection.execute(PLUS_ONE, {"id": second})

    errors = [each for each in await asyncio.gather(cross(1, 2), cross(2, 1), return_exceptions=True) if each]
    assert [is_conflict(error) for error in errors] == [True]
    assert not is_away(errors[0])


async def test_a_key_that_is_taken_is_a_conflict(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught:
        await run(database, "INSERT INTO counter VALUES (1, 0)")
    assert is_conflict(caught.value)
    assert not is_away(caught.value)


async def test_a_statement_that_is_wrong_is_neither_an_absence_nor_a_conflict(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        await run(database, "SELECT nothing FROM nowhere")
    assert not is_conflict(caught.value)
    assert not is_away(caught.value)
