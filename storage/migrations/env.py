"""Alembic's entry: runs the migrations over a connection of our own engine, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection

from storage.database import Database
from storage.schema import metadata

# Any number that nobody else locks in this database.
LOCK = 7_244_561


def run(connection: Connection) -> None:
    """Run what is missing, in one transaction; of several processes that start at once, one does it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_online() -> None:
    """Open the database that `attributes["url"]` names and migrate it."""
    database = Database(context.config.attributes["url"])
    try:
        async with database.write() as connection:
            await connection.run_sync(run)
    finally:
        await database.close()


asyncio.run(run_online())
