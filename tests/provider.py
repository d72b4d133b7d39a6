"""A provider that does as a test tells it, and a sender that sends to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from bot.retry import Policy
from bot.sender import Job, Perform, Sender
from storage.database import Database
from storage.schema import outbox
from tests.rows import ACCOUNT

# Long enough that nothing in a test happens because of it.
NEVER = 30.0
SOON = Policy(repeat_after=0.05)


class Provider:
    """Somebody else's server: notes what it is asked, and answers as `plan` says, effect by effect."""

    def __init__(self, **plan: Sequence[Exception | float]) -> None:
        self.plan = {key: list(answers) for key, answers in plan.items()}
        self.jobs: list[Job] = []
        self.times: dict[str, float] = {}
        self.under_way: set[str] = set()
        self.most_at_once = 0

    async def __call__(self, job: Job) -> str:
        assert job.lane not in self.under_way, "two rows of one lane at once"
        self.under_way.add(job.lane)
        self.most_at_once = max(self.most_at_once, len(self.under_way))
        self.jobs.append(job)
        self.times[job.effect_key] = time.time()
        try:
            return await self._answer(job)
        finally:
            self.under_way.remove(job.lane)

    async def _answer(self, job: Job) -> str:
        answers = self.plan.get(job.effect_key, [])
        answer = answers.pop(0) if answers else 0.0
        if isinstance(answer, Exception):
            raise answer
        await asyncio.sleep(answer)
        return f"id of {job.effect_key}"

    @property
    def keys(self) -> list[str]:
        return [job.effect_key for job in self.jobs]


@asynccontextmanager
async def sending(database: Database, perform: Perform, **how: Any) -> AsyncIterator[Sender]:
    usual: dict[str, Any] = {"poll": NEVER, "policy": SOON}
    sender = Sender(database, how.pop("account", ACCOUNT), perform, **usual | how)
    running = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        await sender.stop(2)
        await running


async def until(happened: Callable[[], bool], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not happened():  # noqa: ASYNC110 - what is waited for is set by the code under test, which has no event
            await asyncio.sleep(0.002)


async def all_done(database: Database, within: float = 5.0) -> None:
    """Wait until no row is open."""
    statement = select(outbox.c.id).where(outbox.c.done_at.is_(None)).limit(1)
    async with asyncio.timeout(within):
        while True:
            async with database.read() as connection:
                if (await connection.execute(statement)).first() is None:
                    return
            await asyncio.sleep(0.005)
