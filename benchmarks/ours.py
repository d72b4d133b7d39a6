"""Our side: the real channel reads, the real intake runs the real conversations and commits to SQLite.

Nothing is taken off: WAL, synchronous=FULL, foreign keys, the inbox that makes redeliveries harmless, the draft's
timer.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.peer import TOKEN, instant_bot
from benchmarks.side import Done, Side
from benchmarks.walk import pack
from bot.channels import File
from bot.channels.telegram import CONNECTIONS, TelegramChannel
from bot.channels.telegram_parse import parse
from bot.intake import Intake
from bot.jobs import performs
from bot.room import Room
from bot.sender import Sender
from handlers import TABLE
from storage import schema
from storage.codes import make_code
from storage.database import Database, migrate

BOT = 123456
ACCOUNT = f"telegram:{BOT}"


class Ours(Side):
    """The intake on a fresh database; so many updates are under way at once as Telegram is allowed to bring."""

    def __init__(self, in_flight: int = CONNECTIONS) -> None:
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
                if said := parse(raw, ACCOUNT, "baldosa_bot", BOT):
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


class OursSending(Ours):
    """The same with a sender beside it, which says everything through a Bot that ends in this process.

    No pace: Telegram's own would be all that is measured.
    """

    async def open(self, folder: Path) -> None:
        await super().open(folder)
        self.taken = 0
        self.channel = TelegramChannel(TOKEN, NoFiles())
        # Behind the channel's back, because a deployment never talks to itself.
        self.channel._api.bot, self.request = instant_bot()
        self.sender = Sender(self.database, ACCOUNT, performs(self.channel))
        self.sending = asyncio.create_task(self.sender.run())

    def _wake(self, accounts: set[str]) -> None:
        self.sender.wake()

    async def take(self, raws: list[bytes]) -> None:
        await super().take(raws)
        self.taken += len(raws)
        await until_sent(self.sender, self.taken)

    async def close(self) -> Done:
        await self.sender.stop()
        await self.sending
        await self.channel.close()
        kept = await super().close()
        return Done(replies=min(kept.replies, self.request.sent), tickets=kept.tickets)


class NoFiles:
    """The files of a bot that was sent none."""

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        """Nothing."""
        return None


async def until_sent(sender: Sender, rows: int) -> None:
    """Wait until a sender has sent so many; raises TimeoutError when that takes minutes."""
    async with asyncio.timeout(300):
        while sender.tally["sent"] < rows:  # noqa: ASYNC110 - a sender tells nobody what it has done
            await asyncio.sleep(0.002)
