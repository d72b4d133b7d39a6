"""Engines and transactions: the one place that knows which database this is.

SQLite: WAL, synchronous=FULL and BEGIN IMMEDIATE, because the driver's defaults lose read-modify-write updates and the
last commits of a power cut. PostgreSQL: read committed and row locks. Everything else is the same code.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from storage.sqlite import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
# The files are named after their revisions, which count up.
NEWEST = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*.py"))
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA foreign_keys=ON",
)
# Connection, resources, operator, system: the classes of PostgreSQL's errors (its manual, appendix A) that are no fault
# of the statement. 55 is a lock that was not given in time.
AWAY = frozenset({"08", "53", "55", "57", "58"})


class Database:
    """An open database. `write` is one transaction that may change things, `read` one that may not."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine: AsyncEngine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed (and on disk) when the block ends without an exception."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent look without the writer's lock."""
        async with self.engine.connect() as connection:
            connection = await connection.execution_options(baldosa_read=True)
            yield connection

    async def check(self) -> None:
        """Raise what the driver raises when the database cannot be reached."""
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def is_away(error: BaseException) -> bool:
    """True when the fault is the database's (gone, locked, full disk), so that trying again later makes sense."""
    if isinstance(error, OperationalError):
        # SQLite says so of a wrong statement too, with a code of its own.
        return getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR
    if isinstance(error, PoolTimeoutError | OSError | TimeoutError):
        return True
    return isinstance(error, DBAPIError) and (error.connection_invalidated or _state(error)[:2] in AWAY)


def is_conflict(error: BaseException) -> bool:
    """True when another transaction was in the way (a key just taken, a deadlock): the same again may work at once."""
    return isinstance(error, IntegrityError) or (isinstance(error, DBAPIError) and _state(error)[:2] == "40")


def _state(error: DBAPIError) -> str:
    """PostgreSQL's five characters for what went wrong, "" on SQLite."""
    return str(getattr(error.orig, "sqlstate", None) or "")


async def migrate(url: str) -> None:
    """Bring the schema of the database at `url` to the newest version; harmless when it is there already."""
    if make_url(url).get_backend_name() == "sqlite":
        _make_folder(url)
    # Alembic alone takes longer to import than a whole start may take to spare.
    if await schema_version(url) != NEWEST:
        await asyncio.to_thread(_upgrade, url)


async def schema_version(url: str) -> str:
    """The schema's version in the database at `url`, "" before the first migration."""
    database = Database(url)
    try:
        async with database.read() as connection:
            found = await connection.execute(text("SELECT version_num FROM alembic_version"))
            return str(found.scalar_one_or_none() or "")
    except (OperationalError, ProgrammingError):
        # No such table. Where the database itself is away, migrating says so.
        return ""
    finally:
        await database.close()


def _upgrade(url: str) -> None:
    from alembic import command

    command.upgrade(alembic_config(url), "head")


def alembic_config(url: str) -> Config:
    """Alembic's configuration without an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def _make_folder(url: str) -> None:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)


# An error of the database quotes its parameters, which are what people wrote: hence `hide_parameters`.
def _sqlite_engine(url: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=4,
        max_overflow=4,
        hide_parameters=True,
        connect_args={"async_creator_fn": connect},
    )

    set_up_sqlite(engine.sync_engine)

    @event.listens_for(engine.sync_engine, "invalidate")
    def roll_back(connection: Any, _record: Any, _error: Any) -> None:
        # A cancelled statement's cursor keeps the closed connection half alive (sqlite3_close_v2), and with it the
        # writer's lock, until somebody collects the cursor.
        connection.rollback()

    return engine


def set_up_sqlite(engine: Engine) -> None:
    """Have each connection made ready, and each transaction begun as what it is for: to read or to write."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # isolation_level None hands BEGIN to us; else the driver begins only at the first write.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("baldosa_read")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgres_engine(url: str) -> AsyncEngine:
    # A process that is stopped inside a transaction (a debugger, a frozen container) must not hold everybody's rows.
    limits = {"server_settings": {"idle_in_transaction_session_timeout": "30000"}}
    return create_async_engine(
        url, pool_size=6, max_overflow=4, pool_pre_ping=True, hide_parameters=True, connect_args=limits
    )
