"""A Bot API server and a channel that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.telegram import TelegramChannel
from tests.fakes.telegram import FakeTelegram
from tests.telegram.desk import SHELF, Desk


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    """Serve; leaving fails the test when a call was made that the real one would refuse."""
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
async def channel(fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TelegramChannel]:
    """Talk to the fake, and try again sooner than in earnest."""
    monkeypatch.setattr("bot.channels.telegram.RETRY_DELAYS", (0.01, 0.02))
    bot = TelegramChannel(fake.token, SHELF, api_url=fake.url, secret_key="k")
    yield bot
    await bot.close()


@pytest.fixture
async def desk() -> Desk:
    """Take everything."""
    return Desk()
