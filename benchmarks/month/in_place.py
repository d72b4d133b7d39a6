"""SQLite in the very thread that asks, for a simulation that has no other work: everybody waits for each statement.

What a thread, a greenlet and an awaited future cost together is more than most statements of ours take.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, CursorResult, Executable, Row, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import QueuePool

from storage.database import Database, set_up_sqlite

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import Dialect


class InPlace(Database):
    """A database of SQLite that does each statement at once.

    Only one transaction at a time gets anywhere: who holds one must not wait for anybody who wants another.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        plain = make_url(url).set(drivername="sqlite")
        self._at_once = create_engine(plain, poolclass=QueuePool, hide_parameters=True)
        set_up_sqlite(self._at_once)
        # A simulation that loses its power is played again: nothing waits for the disk.
        event.listen(self._at_once, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed when the block ends without an exception."""
        with self._at_once.begin() as connection:
            yield cast("AsyncConnection", _Connection(connection))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent look without the writer's lock."""
        with self._at_once.connect() as connection:
            yield cast("AsyncConnection", _Connection(connection.execution_options(baldosa_read=True)))

    async def close(self) -> None:
        """Close every connection."""
        self._at_once.dispose()
        await super().close()


class _Connection:
    """What is asked of an AsyncConnection here."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return self._connection.execute(statement, parameters)

    async def stream(self, statement: Executable, parameters: Any = None) -> _Rows:
        return _Rows(self._connection.execute(statement, parameters))


class _Rows:
    """What is asked of an AsyncResult here."""

    def __init__(self, result: CursorResult[Any]) -> None:
        self._result = result

    async def __aiter__(self) -> AsyncIterator[Row[Any]]:
        for row in self._result:
            yield row

    async def partitions(self, size: int | None = None) -> AsyncIterator[Sequence[Row[Any]]]:
        for rows in self._result.partitions(size):
            yield rows
