"""Twilio's API on loopback, and our calls to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.twilio_api import Api
from tests.fakes.twilio import FakeTwilio


@pytest.fixture
async def fake() -> AsyncIterator[FakeTwilio]:
    """Serve; leaving fails the test when a call was made that the real one would refuse."""
    async with FakeTwilio() as server:
        yield server


@pytest.fixture
async def api(fake: FakeTwilio) -> AsyncIterator[Api]:
    """Call the fake."""
    calls = Api(fake.account_sid, fake.auth_token, fake.url)
    yield calls
    await calls.close()
