"""The migrations lead to the schema that the code speaks of, and to histories that cannot be rewritten."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from storage.database import Database, alembic_config, migrate
from storage.schema import metadata
from tests.postgres import Server

UPDATE = {
    "ticket": "0000000",
    "seq": 1,
    "at": 5.0,
    "actor": "citizen",
    "person_id": 7,
    "body": "ciudad",
    "status": "",
    "reason": "a reason",
    "words": "hers",
    "public": True,
    "address_id": 9,
    "action": "",
    "whom": 11,
    "about": "1",
    "public_words": None,
}


@pytest.fixture
def empty_postgres_url(postgres: Server) -> Iterator[str]:
    """Return the URL of a database without a table."""
    name = f"baldosa_empty_{os.getpid()}"
    postgres.execute(f"CREATE DATABASE {name}")
    yield postgres.database(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without a table, or of none at all."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/not-yet/empty.db"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


def differences(connection: Connection) -> list[Any]:
    # Alembic takes SQLite's '' for another default than ''; `shapes` compares those.
    options = {"compare_type": True, "compare_server_default": connection.dialect.name == "postgresql"}
    context = MigrationContext.configure(connection, opts=options)
    return [each for each in compare_metadata(context, metadata) if "alembic_version" not in str(each)]


def indexes(connection: Connection) -> set[str]:
    """Return every index as the database itself words it, conditions included."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
    else:
        rows = connection.execute(text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"))
    return {re.sub(r"\s+", " ", row[0]) for row in rows if "alembic_version" not in row[0]}


def shapes(connection: Connection) -> dict[str, Any]:
    """Return every table's columns with types and defaults, in no order (added ones come last), and its keys."""
    look = inspect(connection)
    return {
        table: (
            sorted(str(column) for column in look.get_columns(table)),
            look.get_pk_constraint(table),
            sorted(look.get_foreign_keys(table), key=str),
            sorted(look.get_unique_constraints(table), key=str),
        )
        for table in metadata.tables
    }


async def looked_at(url: str, look: Any) -> Any:
    database = Database(url)
    try:
        async with database.read() as connection:
            return await connection.run_sync(look)
    finally:
        await database.close()


async def made_from_schema(url: str) -> Database:
    database = Database(url)
    async with database.write() as connection:
        await connection.run_sync(metadata.create_all)
    return database


async def test_the_migrated_database_is_the_one_that_the_schema_describes(database_url: str) -> None:
    assert await looked_at(database_url, differences) == []


async def test_the_migrated_sqlite_is_made_like_the_schema(sqlite_url: str, tmp_path: Path) -> None:
    fresh = f"sqlite+aiosqlite:///{tmp_path}/schema.db"
    await (await made_from_schema(fresh)).close()
    for look in (indexes, shapes):
        assert await looked_at(sqlite_url, look) == await looked_at(fresh, look)


async def test_the_migrated_postgres_is_made_like_the_schema(postgres_url: str, empty_postgres_url: str) -> None:
    await (await made_from_schema(empty_postgres_url)).close()
    for look in (indexes, shapes):
        assert await looked_at(postgres_url, look) == await looked_at(empty_postgres_url, look)


async def test_migrating_twice_changes_nothing(database_url: str) -> None:
    before = await looked_at(database_url, indexes)
    await migrate(database_url)
    assert await looked_at(database_url, indexes) == before


async def test_a_migration_can_be_taken_back_and_done_again(database_url: str) -> None:
    config = alembic_config(database_url)
    await asyncio.to_thread(command.downgrade, config, "base")
    assert await looked_at(database_url, lambda c: inspect(c).get_table_names()) == ["alembic_version"]
    await asyncio.to_thread(command.upgrade, config, "head")
    assert await looked_at(database_url, differences) == []


async def test_of_two_processes_that_start_at_once_one_migrates(empty_url: str) -> None:
    program = "import asyncio, sys; from storage.database import migrate; asyncio.run(migrate(sys.argv[1]))"
    one, other = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty_url, cwd=Path(__file__).parent.parent)
        for _ in range(2)
    ]
    assert (await one.wait(), await other.wait()) == (0, 0)
    assert await looked_at(empty_url, differences) == []


async def history(url: str) -> Database:
    """Return a database with one ticket and one update."""
    database = Database(url)
    tables = metadata.tables
    async with database.write() as connection:
        ticket = {"code": "0000000", "category": "bache", "body": "ciudad", "place": "{}", "status": "received"}
        times = {"language": "es", "created_at": 1.0, "updated_at": 1.0}
        await connection.execute(tables["ticket"].insert().values(**ticket | times))
        await connection.execute(tables["ticket_update"].insert().values(**UPDATE))
    return database


async def attempt(database: Database, statement: str) -> None:
    async with database.write() as connection:
        await connection.execute(text(statement))


GONE = {"person_id": None, "address_id": None, "whom": None, "words": "", "reason": ""}
FORBIDDEN = (
    "DELETE FROM ticket_update",
    "UPDATE ticket_update SET ticket = '1111111'",
    "UPDATE ticket_update SET seq = 2",
    "UPDATE ticket_update SET at = 6.0",
    "UPDATE ticket_update SET actor = 'official'",
    "UPDATE ticket_update SET body = ''",
    "UPDATE ticket_update SET status = 'resolved'",
    "UPDATE ticket_update SET public = false",
    "UPDATE ticket_update SET words = 'others'",
    "UPDATE ticket_update SET reason = 'another'",
    "UPDATE ticket_update SET person_id = 8",
    "UPDATE ticket_update SET address_id = 8",
    "UPDATE ticket_update SET action = 'noted'",
    "UPDATE ticket_update SET whom = 12",
    "UPDATE ticket_update SET about = '2'",
    "UPDATE ticket_update SET words = '', seq = 2",
)


async def test_what_happened_to_a_ticket_cannot_be_rewritten(database_url: str) -> None:
    database = await history(database_url)
    try:
        for statement in FORBIDDEN:
            with pytest.raises(IntegrityError, match="append-only"):
                await attempt(database, statement)
        async with database.read() as connection:
            row = (await connection.execute(text("SELECT * FROM ticket_update"))).mappings().one()
            assert dict(row) == UPDATE
    finally:
        await database.close()


async def test_a_history_cannot_be_emptied_at_once(postgres_url: str) -> None:
    database = await history(postgres_url)
    try:
        with pytest.raises(IntegrityError, match="append-only"):
            await attempt(database, "TRUNCATE ticket_update")
    finally:
        await database.close()


async def test_words_and_who_said_them_may_be_redacted(database_url: str) -> None:
    database = await history(database_url)
    try:
        await attempt(database, "UPDATE ticket_update SET person_id = NULL, address_id = NULL, whom = NULL")
        await attempt(database, "UPDATE ticket_update SET words = '', reason = ''")
        async with database.read() as connection:
            row = (await connection.execute(text("SELECT * FROM ticket_update"))).mappings().one()
            assert dict(row) == UPDATE | GONE
    finally:
        await database.close()


async def test_what_the_public_reads_of_words_may_change(database_url: str) -> None:
    database = await history(database_url)
    try:
        await attempt(database, "UPDATE ticket_update SET public_words = 'masked'")
        async with database.read() as connection:
            row = (await connection.execute(text("SELECT * FROM ticket_update"))).mappings().one()
            assert dict(row) == UPDATE | {"public_words": "masked"}
    finally:
        await database.close()
