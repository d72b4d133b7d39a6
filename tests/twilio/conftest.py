"""Twilio's API on loopback, and our calls to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.channels.twilio_api import Api
from tests.fakes.twilio import FakeTwilio
from tests.twilio.listening import PUBLIC, WEBHOOK, Bot


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


@pytest.fixture
async def bot(fake: FakeTwilio) -> AsyncIterator[Bot]:
    """Listen where the fake calls."""
    listening = Bot(fake.auth_token)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", listening.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.webhooks.reaches[PUBLIC] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    fake.listen("sms", WEBHOOK, f"{PUBLIC}/fallback")
    fake.listen("whatsapp", WEBHOOK, f"{PUBLIC}/fallback")
    yield listening
    await fake.settled()
    await runner.cleanup()
