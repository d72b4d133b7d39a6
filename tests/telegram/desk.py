"""What Telegram's tests share: an intake that keeps what it takes, a shelf of files, and short ways to send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.channels import File, SendError
from bot.channels.telegram import TelegramChannel
from bot.intake import Unavailable
from bot.messages import Inbound, Option, Outbound
from tests.fakes.telegram import FakeTelegram

JPEG = b"\xff\xd8\xff\xe0 a picture"
YES_NO = (Option("yes", "Sí", "✅"), Option("no", "No"))


class Shelf:
    """The files that messages name; "coming" is still being fetched."""

    def __init__(self, **files: File) -> None:
        self.files = files

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        """One of them."""
        if media_id == "coming":
            raise SendError("not_yet", "still being fetched")
        return self.files.get(media_id)


SHELF = Shelf(
    a=File(JPEG + b"a", "image/jpeg", "photo"),
    b=File(JPEG + b"b", "image/jpeg", "photo"),
    film=File(b"mp4", "video/mp4", "video"),
    voice=File(b"ogg", "audio/ogg", "voice"),
    note=File(b"pdf", "application/pdf", "document"),
)


class Desk:
    """Keeps what it takes. While it is `closed` the database is away, and so it is for the texts in `refuses`."""

    def __init__(self) -> None:
        self.taken: list[Inbound] = []
        self.buried: list[tuple[str, str, bytes, str]] = []
        self.refused = 0
        self.closed = False
        self.slow = 0.0
        self.refuses: set[str] = set()
        self.passing: Outbound | None = None

    async def take(self, inbound: Inbound) -> Outbound | None:
        """Commit a message; a tap is answered in passing, if with anything."""
        await asyncio.sleep(self.slow)
        self._refuse(inbound.text in self.refuses)
        self.taken.append(inbound)
        return self.passing if inbound.tapped else None

    async def bury(self, account: str, key: str, raw: bytes, error: str) -> None:
        """Commit what could not be read."""
        self._refuse(False)
        self.buried.append((account, key, raw, error))

    async def ignore(self, account: str, key: str) -> None:
        """Commit that this asks for nothing."""
        self._refuse(False)

    def _refuse(self, this: bool) -> None:
        if self.closed or this:
            self.refused += 1
            raise Unavailable("the database is away")

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


async def send(
    channel: TelegramChannel, address: str, *, again: bool = False, plain: bool = False, **message: Any
) -> str:
    """Send "hola", or what `message` says instead."""
    return await channel.send(address, Outbound(**{"text": "hola", **message}), again=again, plain=plain)


async def failure(channel: TelegramChannel, address: str = "7", **message: Any) -> SendError:
    """How sending fails."""
    with pytest.raises(SendError) as caught:
        await send(channel, address, **message)
    return caught.value


def last_update(fake: FakeTelegram) -> bytes:
    """The newest update that waits, as it would come."""
    return json.dumps(fake.updates.waiting[-1].update).encode()
