"""Asks a provider for what it did not tell: Twilio does not repeat a status callback that nobody took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.channels import SendError
from bot.turns import Turn
from storage import receipts
from storage.receipts import Receipt, Silent

if TYPE_CHECKING:
    from bot.channels.twilio_api import Remote
    from bot.receipts import Receipts
    from storage.database import Database

log = structlog.get_logger(__name__)

# What is silent so long is asked for, until Twilio itself would have given it up (its queue holds 10 hours); seconds.
SILENT_AFTER, SILENT_UNTIL = 600.0, 12 * 3600.0
LOOK_EVERY = 60.0
MOST_ASKED, MOST_LOOKED_AT = 50, 1000


class Messages(Protocol):
    """What is asked of `bot.channels.twilio_api.Api`."""

    async def message(self, sid: str) -> Remote:
        """What became of a message; raises SendError."""
        ...


class Asking:
    """Asks for the silent messages of some accounts, each one half as often as the time before."""

    def __init__(
        self, database: Database, api: Messages, taking: Receipts, accounts: Sequence[str], owner: str = ""
    ) -> None:
        self._database = database
        self._api = api
        self._taking = taking
        self._accounts = accounts
        self._turn = Turn("receipts", database, owner, 5 * LOOK_EVERY)
        self._next: dict[int, float] = {}

    async def run(self) -> None:
        """Ask every minute until cancelled, one process of all."""
        await self._turn.keep(self._ask_in_turn, LOOK_EVERY)

    async def ask(self, now: float) -> int:
        """One round; how many were asked for."""
        async with self._database.read() as connection:
            found = await receipts.silent(
                connection, self._accounts, now - SILENT_UNTIL, now - SILENT_AFTER, MOST_LOOKED_AT
            )
        self._next = {row.id: self._next.get(row.id, 0.0) for row in found}
        due = [row for row in found if self._next[row.id] <= now][:MOST_ASKED]
        asked = 0
        for row in due:
            if not await self._ask_for(row, now):
                break
            asked += 1
            # Again when twice as old.
            self._next[row.id] = now + max(now - row.done_at, SILENT_AFTER)
        return asked

    async def _ask_in_turn(self, now: float) -> None:
        if await self._turn.comes(now):
            await self.ask(now)

    async def _ask_for(self, row: Silent, now: float) -> bool:
        """False when there is no use in asking for others now."""
        try:
            remote = await self._api.message(row.provider_id)
        except SendError as error:
            log.info("receipt_not_had", account=row.account, row=row.id, kind=error.kind)
            return error.kind == "content"
        given = Receipt(
            account=row.account,
            provider_id=row.provider_id,
            status=remote.status,
            code=remote.error_code,
            outbox_id=row.id,
        )
        if remote.segments:
            await self._taking.count(row.id, row.account, remote.segments, now)
        await self._taking.take(given, now, asked=True)
        return True
