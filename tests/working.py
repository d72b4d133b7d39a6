"""The transaction that a conversation would have, for tests of what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
