"""How Telegram's updates reach us: it is told where to bring them, or asked for them by one process at a time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from bot.channels import SendError
from bot.menus import set_menus
from storage import leases

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel
    from bot.intake import Intake
    from storage.database import Database

log = structlog.get_logger(__name__)

# Two processes that ask at the same time only interrupt each other: one asks, the others stand by.
LEASE_SECONDS = 15.0
LOOK_SECONDS = 1.0
# What an operator has to mend is tried again this often, in case she did so at Telegram's end.
REFUSED_SECONDS = 60.0
MENDS = {
    "config": "Telegram refuses BALDOSA_TELEGRAM_TOKEN; @BotFather shows the right one",
    "content": "Telegram refuses the webhook; check BALDOSA_PUBLIC_URL, which must be https:// for Telegram's servers",
}


class Reception:
    """Receives for one bot until cancelled; `webhook` is the address to be called at, "" to ask.

    `state` is "ok" or says for the operator what is wrong, without the token.
    """

    def __init__(
        self, telegram: TelegramChannel, intake: Intake, database: Database, owner: str, webhook: str = ""
    ) -> None:
        self.state = "not yet registered"
        self._telegram = telegram
        self._intake = intake
        self._database = database
        self._owner = owner
        self._webhook = webhook
        self._lease = f"poll:{telegram.account}"

    async def run(self) -> None:
        """Receive; what Telegram refuses for good is said in one line and tried again after a while."""
        while True:
            try:
                await self._receive()
                return
            except SendError as error:
                self.state = MENDS.get(error.kind, error.detail)
                log.error("telegram_refuses", account=self._telegram.account, mend=self.state, detail=error.detail)
            await asyncio.sleep(REFUSED_SECONDS)

    async def _receive(self) -> None:
        await self._telegram.register(self._webhook)
        self.state = "ok"
        try:
            await set_menus(self._telegram)
        except SendError as error:
            # Only the list of commands: everything works without it.
            log.warning("menus_not_set", account=self._telegram.account, kind=error.kind, detail=error.detail)
        if not self._webhook:
            await self._poll_in_turn()

    async def _poll_in_turn(self) -> None:
        while True:
            if (token := await self._acquire()) is not None:
                await self._poll_while_ours(token)
            await asyncio.sleep(LOOK_SECONDS)

    async def _poll_while_ours(self, token: int) -> None:
        log.info("polling", account=self._telegram.account)
        polling = asyncio.create_task(self._telegram.poll(self._intake))
        try:
            while await self._renew(token):
                await asyncio.wait({polling}, timeout=LEASE_SECONDS / 3)
                if polling.done():
                    polling.result()
        finally:
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
            await self._release(token)

    async def _acquire(self) -> int | None:
        try:
            async with self._database.write() as connection:
                return await leases.acquire(connection, self._lease, self._owner, time.time(), LEASE_SECONDS)
        except Exception as error:
            log.warning("poll_lease_waits", error=type(error).__name__)
            return None

    async def _renew(self, token: int) -> bool:
        """False when another process asks now. While the database is away nothing can be taken, and nothing is lost."""
        try:
            async with self._database.write() as connection:
                return await leases.renew(connection, self._lease, token, time.time(), LEASE_SECONDS)
        except Exception as error:
            log.warning("poll_lease_waits", error=type(error).__name__)
            return True

    async def _release(self, token: int) -> None:
        try:
            async with self._database.write() as connection:
                await leases.release(connection, self._lease, token)
        except Exception as error:
            log.warning("poll_lease_waits", error=type(error).__name__)
