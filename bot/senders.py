"""The senders of a process: one for each account of the outbox that it sends for, counted in the metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bot.channels import SendError
from bot.jobs import Job, Perform, Sent
from bot.retry import IDEMPOTENT, Policy
from bot.sender import Sender

if TYPE_CHECKING:
    from storage.database import Database
    from web.metrics import Metrics


class Senders:
    """Accounts are added before any of the senders runs; iterating gives the senders."""

    def __init__(self, database: Database, owner: str, metrics: Metrics) -> None:
        self._database = database
        self._owner = owner
        self._metrics = metrics
        self._senders: dict[str, Sender] = {}

    def __iter__(self) -> Iterator[Sender]:
        return iter(self._senders.values())

    def add(self, account: str, perform: Perform, policy: Policy = IDEMPOTENT, **how: Any) -> None:
        """Send for an account; `how` is what `bot.sender.Sender` takes."""
        self._senders[account] = Sender(
            self._database, account, self._counted(perform), policy=policy, owner=self._owner, **how
        )

    def wake(self, accounts: set[str]) -> None:
        """Something was written into the outbox for these accounts."""
        for account in accounts:
            if sender := self._senders.get(account):
                sender.wake()

    def states(self) -> dict[str, str]:
        """Each account's state: "ok", or why its provider refuses us."""
        return {account: sender.paused or "ok" for account, sender in self._senders.items()}

    async def stop(self, within: float) -> None:
        """Let all of them finish what is under way, within so many seconds."""
        await asyncio.gather(*(sender.stop(within) for sender in self))

    def _counted(self, perform: Perform) -> Perform:
        async def counted(job: Job) -> str | Sent:
            try:
                taken = await perform(job)
            except SendError as error:
                self._metrics.sent(job.account, error.kind)
                raise
            self._metrics.sent(job.account, "sent")
            if isinstance(taken, Sent) and taken.segments:
                self._metrics.paid(job.account, taken.segments)
            return taken

        return counted
