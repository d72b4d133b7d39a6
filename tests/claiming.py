"""Claiming and settling as a sender does it, at one moment."""

from __future__ import annotations

from typing import Any

from storage import outbox
from storage.database import Database
from storage.outbox import Claim, Outcome
from tests.rows import ACCOUNT

NOW = 200.0
TOKEN = 7


async def claim(database: Database, limit: int = 10, now: float = NOW, token: int = TOKEN, **how: Any) -> Claim:
    async with database.write() as connection:
        return await outbox.claim(connection, ACCOUNT, token, now, limit, **how)


async def claim_ids(database: Database, limit: int = 10, **how: Any) -> list[int]:
    return [row.id for row in (await claim(database, limit, **how)).rows]


async def settle(database: Database, *outcomes: Outcome, now: float = NOW, token: int = TOKEN) -> None:
    async with database.write() as connection:
        await outbox.settle(connection, outcomes, ACCOUNT, token, now)


def sent(number: int) -> Outcome:
    return Outcome(id=number, status="sent", provider_id=f"provider-{number}")
