"""Tickets that are older than the columns which tell when they were answered and closed."""

from __future__ import annotations

import asyncio
from typing import Any

from alembic import command
from sqlalchemy import select

from storage.database import Database, alembic_config
from storage.schema import ticket, update

# Code, status, its history (hour, actor, status, public), and when it was first answered and last closed.
OLD: tuple[tuple[str, str, tuple[tuple[float, str, str, bool], ...], float | None, float | None], ...] = (
    ("NEW0000", "received", ((1, "citizen", "received", True),), None, None),
    ("NOTED00", "received", ((1, "citizen", "received", True), (2, "official", "", False)), None, None),
    (
        "FIXED00",
        "confirmed",
        (
            (1, "citizen", "received", True),
            (3, "system", "", True),
            (4, "official", "acknowledged", True),
            (5, "official", "in_progress", True),
            (9, "official", "resolved", True),
            (10, "citizen", "", True),
            (11, "citizen", "confirmed", True),
        ),
        4.0,
        9.0,
    ),
    (
        "AGAIN00",
        "resolved",
        (
            (1, "citizen", "received", True),
            (2, "official", "acknowledged", True),
            (3, "official", "in_progress", True),
            (4, "official", "resolved", True),
            (5, "citizen", "reopened", True),
            (6, "official", "in_progress", True),
            (7, "official", "resolved", True),
            (8, "official", "", True),
        ),
        2.0,
        7.0,
    ),
    (
        "PASSED0",
        "received",
        ((1, "citizen", "received", True), (2, "official", "not_responsible", True), (2, "system", "received", True)),
        2.0,
        None,
    ),
    ("HERS000", "withdrawn", ((1, "citizen", "received", True), (6, "citizen", "withdrawn", True)), None, 6.0),
)


async def test_what_was_answered_and_closed_before_is_read_off_its_history(database_url: str) -> None:
    await write_old(database_url)
    config = alembic_config(database_url)
    await asyncio.to_thread(command.downgrade, config, "0003")
    await asyncio.to_thread(command.upgrade, config, "head")
    database = Database(database_url)
    async with database.read() as connection:
        rows = await connection.execute(select(ticket.c.code, ticket.c.answered_at, ticket.c.closed_at))
        found = {row.code: (row.answered_at, row.closed_at) for row in rows}
    await database.close()
    assert found == {code: (answered, closed) for code, _, _, answered, closed in OLD}


async def write_old(url: str) -> None:
    """Write the tickets down without the two moments."""
    database = Database(url)
    async with database.write() as connection:
        for code, status, steps, _, _ in OLD:
            usual: dict[str, Any] = {"category": "bache", "body": "ciudad", "place": "{}", "language": "es"}
            times = {"created_at": 1.0, "updated_at": steps[-1][0]}
            await connection.execute(ticket.insert().values(code=code, status=status, **usual, **times))
            for seq, (at, actor, to, public) in enumerate(steps, 1):
                entry = {"ticket": code, "seq": seq, "at": at, "actor": actor, "status": to, "public": public}
                await connection.execute(update.insert().values(**entry))
    await database.close()
