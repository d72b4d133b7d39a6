"""Our side: the real channel reads, the real intake runs the real conversations and commits to SQLite, each commit synced.

Nothing is taken off: WAL, synchronous=FULL, foreign keys, the inbox that makes redeliveries harmless, the draft's timer.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.side import Done, Side
from benchmarks.walk import pack
from bot.channels.telegram_parse import parse
from bot.desk import Room
from bot.intake import Intake
from handlers import TABLE
from storage import schema
from storage.codes import make_code
from storage.database import Database, migrate

BOT = 123456
# Telegram's default for max_connections: so many updates of different chats are under way at once.
IN_FLIGHT = 40


class Ours(Side):
    """The intake on a fresh database; `in_flight` updates wait for their commit together, as webhooks do."""

    def __init__(self, in_flight: int = IN_FLIGHT) -> None:
        self.in_flight = in_flight

    async def open(self, folder: Path) -> None:
        url = f"sqlite+aiosqlite:///{folder / 'ours.db'}"
        await migrate(url)
        self.database = Database(url)
        self.intake = Intake(self._room())
        self.running = asyncio.create_task(self.intake.run())

    def _room(self) -> Room:
        lots = random.Random(1)
        return Room(
            database=self.database,
            table=TABLE,
            pack=pack,
            new_code=lambda: make_code(secrets.randbelow),
            new_id=lambda: f"{lots.getrandbits(96):024x}",
            wake=self._wake,
            variant=lambda account: "",
            public_url="https://baldosa.example",
        )

    def _wake(self, accounts: set[str]) -> None:
        """Nobody sends: what a sender would do is measured by itself."""

    async def take(self, raws: list[bytes]) -> None:
        waiting = iter(raws)

        async def bring() -> None:
            for raw in waiting:
                if said := parse(raw, f"telegram:{BOT}", "baldosa_bot", BOT):
                    await self.intake.take(said)

        await asyncio.gather(*(bring() for _ in range(self.in_flight)))

    async def close(self) -> Done:
        self.intake.stop()
        await self.running
        await self.database.close()
        return await self.count()

    async def count(self) -> Done:
        """What a new connection finds on disk."""
        database = Database(self.database.url)
        async with database.read() as connection:
            replies = select(func.count()).where(schema.outbox.c.kind == "message")
            done = Done(
                replies=(await connection.execute(replies)).scalar_one(),
                tickets=(await connection.execute(select(func.count()).select_from(schema.ticket))).scalar_one(),
            )
        await database.close()
        return done
