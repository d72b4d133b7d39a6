"""Copying a deployment into another database: how one that began on SQLite goes on with PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Integer, func, insert, select
from sqlalchemy import text as sql

from bot.faults import StartError
from storage.database import Database, migrate
from storage.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

PIECE = 1000


async def copy_all(source_url: str, target_url: str) -> int:
    """Copy every row into the empty database at `target_url`, in one transaction; return how many.

    Both must be left alone meanwhile. Raises StartError when the target holds something already.
    """
    await migrate(source_url)
    await migrate(target_url)
    source, target = Database(source_url), Database(target_url)
    try:
        async with source.read() as reading, target.write() as writing:
            await _expect_empty(writing)
            counts = [await _copy_table(reading, writing, table) for table in metadata.sorted_tables]
            if not target.is_sqlite:
                for table in metadata.sorted_tables:
                    await _go_on_counting(writing, table)
            return sum(counts)
    finally:
        await source.close()
        await target.close()


async def _expect_empty(connection: AsyncConnection) -> None:
    for table in metadata.sorted_tables:
        if (await connection.execute(select(table).limit(1))).first() is not None:
            raise StartError(f"the database to copy into is not empty (table {table.name}); give a new one")


async def _copy_table(reading: AsyncConnection, writing: AsyncConnection, table: Table) -> int:
    count = 0
    async with reading.stream(select(table)) as found:
        async for rows in found.mappings().partitions(PIECE):
            await writing.execute(insert(table), [dict(row) for row in rows])
            count += len(rows)
    return count


async def _go_on_counting(connection: AsyncConnection, table: Table) -> None:
    """PostgreSQL counts ids by itself and does not see those that were given."""
    column = table.autoincrement_column
    if column is None or not isinstance(column.type, Integer):
        return
    highest = (await connection.execute(select(func.max(column)))).scalar_one_or_none()
    if highest is not None:
        sequence = sql("SELECT setval(pg_get_serial_sequence(:name, :column), :highest)")
        await connection.execute(sequence, {"name": table.name, "column": column.name, "highest": highest})
