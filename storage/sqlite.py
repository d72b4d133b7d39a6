"""SQLite in a thread of its own, to which a statement goes once: it brings its first rows back with it.

aiosqlite goes there for the cursor, the statement, its rows and the cursor's end, each time at the price of two
switches of threads, which is more than most statements of ours take.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import aiosqlite

# Nearly every answer has fewer rows; whoever streams more never has them all in memory.
BROUGHT = 256


class Brought(NamedTuple):
    """What a statement brings: its first rows and, where there may be more, the cursor that has them."""

    rows: list[Any]
    rest: sqlite3.Cursor | None
    description: Any
    rowcount: int
    lastrowid: int | None


class Cursor:
    """What SQLAlchemy asks of a cursor of aiosqlite's; `arraysize` is what `fetchmany` gives at a time."""

    def __init__(self, connection: Connection) -> None:
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._connection = connection
        self._rows: deque[Any] = deque()
        self._rest: sqlite3.Cursor | None = None

    async def __aenter__(self) -> Cursor:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Cursor:
        """Run one statement."""
        return await self._run(partial(self._connection.raw.execute, sql, parameters))

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Cursor:
        """Run one statement for each of these."""
        return await self._run(partial(self._connection.raw.executemany, sql, parameters))

    async def _run(self, statement: Callable[[], sqlite3.Cursor]) -> Cursor:
        brought = await self._connection.go(partial(_bring, statement))
        self._rows, self._rest = deque(brought.rows), brought.rest
        self.description, self.rowcount, self.lastrowid = brought.description, brought.rowcount, brought.lastrowid
        return self

    async def fetchone(self) -> Any:
        """The next row, None after the last."""
        found = await self.fetchmany(1)
        return found[0] if found else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """The next rows, so many at most."""
        wanted = self.arraysize if size is None else size
        found = [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]
        if len(found) < wanted and self._rest is not None:
            more = await self._connection.go(partial(self._rest.fetchmany, wanted - len(found)))
            found += more
        return found

    async def fetchall(self) -> Sequence[Any]:
        """Every row that is left."""
        found, self._rows = list(self._rows), deque()
        if self._rest is not None:
            found += await self._connection.go(self._rest.fetchall)
            await self.close()
        return found

    async def close(self) -> None:
        """Let go of what was not fetched."""
        rest, self._rest = self._rest, None
        if rest is not None:
            await self._connection.go(rest.close)


class Connection(aiosqlite.Connection):
    """A connection with such cursors."""

    @property
    def raw(self) -> sqlite3.Connection:
        """What lives in the thread; raises ValueError once it is closed."""
        return self._conn

    async def go(self, do: Callable[[], Any]) -> Any:
        """Do something in the thread."""
        return await self._execute(do)  # type: ignore[no-untyped-call]

    def cursor(self) -> Cursor:  # type: ignore[override]
        """A cursor that the thread hears of with its first statement."""
        return Cursor(self)


def connect(*arguments: Any, **options: Any) -> Connection:
    """Open a database as `sqlite3.connect` does, once it is awaited."""
    connection = Connection(partial(sqlite3.connect, *arguments, **options), BROUGHT)
    # A process that ends waits for no statement.
    connection._thread.daemon = True
    return connection


def _bring(statement: Callable[[], sqlite3.Cursor]) -> Brought:
    cursor = statement()
    description = cursor.description
    rows = list(islice(cursor, BROUGHT)) if description else []
    brought = Brought(rows, cursor if len(rows) == BROUGHT else None, description, cursor.rowcount, cursor.lastrowid)
    if brought.rest is None:
        cursor.close()
    return brought
