"""What the tests of Telegram's two ways in share: an intake that keeps what it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.channels import File
from bot.messages import Inbound


class NoFiles:
    """A shelf with nothing on it."""

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        """Nothing."""
        return None


class Desk:
    """Keeps what it takes. While it is `closed` it raises `fault`, and so it does for the texts in `refuses`."""

    def __init__(self, fault: Exception) -> None:
        self.taken: list[Inbound] = []
        self.buried: list[tuple[str, str, bytes, str]] = []
        self.fault = fault
        self.refused = 0
        self.closed = False
        self.slow = 0.0
        self.refuses: set[str] = set()

    async def take(self, inbound: Inbound) -> None:
        """Commit a message."""
        await asyncio.sleep(self.slow)
        if self.closed or inbound.text in self.refuses:
            self.refused += 1
            raise self.fault
        self.taken.append(inbound)

    async def bury(self, account: str, key: str, raw: bytes, error: str) -> None:
        """Commit what could not be read."""
        if self.closed:
            self.refused += 1
            raise self.fault
        self.buried.append((account, key, raw, error))

    @property
    def texts(self) -> list[str]:
        """What was said, in the order in which it was committed."""
        return [inbound.text for inbound in self.taken]

    async def has(self, count: int) -> None:
        """Return when so many were taken."""
        await until(lambda: len(self.taken) >= count)


async def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Return when something holds."""
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(0.005)
