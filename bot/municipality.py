"""The municipality that a deployment serves: its pack, and what is reported most there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from routing.learning import Count, Learned
from routing.pack import Pack, read_pack
from storage import choices, packs, tickets

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.database import Database

POPULARITY_EVERY = 600.0


async def load_or_read_pack(database: Database, settings: Settings) -> Pack:
    """The deployment's pack; at the very first start the one that the settings name is loaded. Raises PackError."""
    async with database.read() as connection:
        body = await packs.load_pack(connection)
    if body is not None:
        return Pack.from_json(body)
    pack = await asyncio.to_thread(read_pack, settings.pack)
    async with database.write() as connection:
        await packs.save_pack(connection, pack.id, pack.to_json(), time.time())
    return pack


class Popularity:
    """How many tickets each category has, and what words led to it, a few minutes old at most: `counts`, `learned`."""

    def __init__(self, database: Database) -> None:
        self.counts: Mapping[str, int] = {}
        self.learned = Learned()
        self._database = database

    async def count(self) -> None:
        """Count now."""
        async with self._database.read() as connection:
            self.counts = await tickets.counts_by_category(connection)
            said = await choices.read(connection)
        self.learned = Learned(Count(*row) for row in said)

    async def keep_counting(self) -> None:
        """Count now and then until cancelled."""
        while True:
            await asyncio.sleep(POPULARITY_EVERY)
            with suppress(Exception):  # Only an order of buttons: the next round counts again.
                await self.count()
