"""The transaction that a conversation would have, for tests of what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import Connection, event

from storage.database import Database
from storage.work import Work
from tests.machine import Lots


@asynccontextmanager
async def working(url: str, now: float) -> AsyncIterator[Work]:
    """Work on a database at that moment (Unix seconds); what was only added is written when it is flushed."""
    database, lots = Database(url), Lots()
    try:
        async with database.write() as connection:
            yield Work(connection, now, lots.code, lots.id)
    finally:
        await database.close()


@contextmanager
def counting(work: Work) -> Iterator[list[str]]:
    """Note every statement of this transaction."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    connection: Connection = work.connection.sync_connection  # type: ignore[assignment]
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(connection, "before_cursor_execute", note)
