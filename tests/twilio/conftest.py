"""Twilio's API on loopback, our calls to it, and what answers its calls to us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.channels.twilio_api import Api
from bot.spool import Spool
from bot.sweep import Sweep
from tests.fakes.twilio import FakeTwilio
from tests.machine import Machine
from tests.telegram.desk import Desk
from tests.twilio.front import ACCOUNTS, called, served
from tests.twilio.line import Line, line_to
from tests.twilio.listening import PUBLIC, WEBHOOK, Bot
from tests.twilio.sweeping import sweep_of
from web.twilio_webhook import Door


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


@pytest.fixture
async def line(database_url: str, fake: FakeTwilio, api: Api) -> AsyncIterator[Line]:
    async with line_to(database_url, fake, api) as line:
        yield line


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool")
    spool.open()
    return spool


@pytest.fixture
async def url(desk: Desk, spool: Spool) -> AsyncIterator[str]:
    async with served(desk, spool) as (_, url):
        yield url


@pytest.fixture
async def door(fake: FakeTwilio, desk: Desk, spool: Spool) -> AsyncIterator[Door]:
    async with called(fake, desk, spool) as door:
        yield door


@pytest.fixture
async def machine(sqlite_url: str, fake: FakeTwilio) -> AsyncIterator[Machine]:
    async with Machine(sqlite_url, now=fake.now()) as machine:
        yield machine


@pytest.fixture
async def sweep(machine: Machine, fake: FakeTwilio, api: Api) -> Sweep:
    """A sweep of two numbers that have been written to before."""
    for way in ACCOUNTS:
        await machine.phone("+5491100000000", account=ACCOUNTS[way]).says("hola")
    return sweep_of(machine, fake, api)
