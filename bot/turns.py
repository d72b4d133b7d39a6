"""Chores that one process of all does at a time: whoever has the turn keeps it for as long as it comes back for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from storage import leases

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.database import Database

log = structlog.get_logger(__name__)

# Who is told to stop does not wait for a database that is away.
LAST_SECONDS = 2.0


class Turn:
    """The turn to do the chore `name`. It is free for others `lasts` seconds after `owner` came back for it last."""

    def __init__(self, name: str, database: Database, owner: str, lasts: float) -> None:
        self.name = name
        self._database = database
        self._owner = owner
        self._lasts = lasts
        self._token: int | None = None

    @property
    def ours(self) -> bool:
        """Whether it was ours when we asked last."""
        return self._token is not None

    async def take(self, connection: AsyncConnection, now: float) -> bool:
        """Take or keep the turn: then nobody else has it before this transaction ends. False while it is another's."""
        self._token = await leases.acquire(connection, self.name, self._owner, now, self._lasts)
        return self.ours

    async def comes(self, now: float) -> bool:
        """Take or keep the turn in a transaction of its own; False while it is another's."""
        async with self._database.write() as connection:
            return await self.take(connection, now)

    async def keep(
        self, chore: Callable[[float], Awaitable[object]], every: float, *, while_busy: bool = False
    ) -> None:
        """Call `chore(now)`, which takes the turn itself, every so many seconds until cancelled.

        With `while_busy` it is called again at once for as long as it returns that it did something. Nothing that goes
        wrong once ends it.
        """
        try:
            while True:
                try:
                    while await chore(time.time()) and while_busy:
                        pass
                except Exception as error:
                    log.warning("chore_failed", chore=self.name, error=type(error).__name__)
                await asyncio.sleep(every)
        finally:
            await self.give_back()

    async def give_back(self) -> None:
        """Let the next process have its turn at once; if that fails it has to wait until ours is over."""
        if self._token is None:
            return
        token, self._token = self._token, None
        try:
            async with asyncio.timeout(LAST_SECONDS), self._database.write() as connection:
                await leases.release(connection, self.name, token)
        except (SQLAlchemyError, OSError) as error:
            log.warning("turn_stays", chore=self.name, error=type(error).__name__)
