"""Our webhooks, served where Twilio calls, and databases that go away."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from bot.channels.twilio_parse import Way
from bot.spool import Spool
from tests.fakes.twilio import FakeTwilio
from tests.postgres import Server
from web.twilio_signature import Signatures
from web.twilio_webhook import FALLBACK_PATHS, PATHS, Door, Intake, webhook_url

PUBLIC = "https://baldosa.test"
TOKEN = "the token that counts"
ACCOUNTS: dict[Way, str] = {"sms": "sms:+5491150000000", "whatsapp": "whatsapp:+5491150000001"}
ROSA, LUZ = "+5491155550001", "+5491155550002"


@asynccontextmanager
async def served(
    intake: Intake,
    spool: Spool,
    *tokens: str,
    accounts: Mapping[Way, str] = ACCOUNTS,
    seen: Callable[[str], None] = lambda sid: None,
) -> AsyncIterator[tuple[Door, str]]:
    """The door, and where it is really served."""
    door = Door(Signatures(PUBLIC, tokens or [TOKEN]), intake, accounts, spool, seen)
    app = web.Application()
    app.add_routes(door.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield door, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def called(fake: FakeTwilio, intake: Intake, spool: Spool) -> AsyncIterator[Door]:
    """The door, registered at the fake Twilio."""
    async with served(intake, spool, fake.auth_token) as (door, url):
        fake.webhooks.reaches[PUBLIC] = url
        for way in PATHS:
            fake.listen(way, webhook_url(PUBLIC, PATHS[way]), webhook_url(PUBLIC, FALLBACK_PATHS[way]))
        yield door


async def post(
    url: str, path: str, form: Any, *, token: str = TOKEN, signed: str = "", shown: str | None = None
) -> tuple[int, str, str]:
    """Call as Twilio does; (status, content type, body). `signed` is another address, `shown` the header itself."""
    pairs = form if isinstance(form, list) else list(form.items())
    if shown is None:
        shown = RequestValidator(token).compute_signature(signed or PUBLIC + path, MultiDict(pairs))
    headers = {"X-Twilio-Signature": shown} if shown else {}
    data = aiohttp.FormData(pairs, charset="utf-8")
    async with aiohttp.ClientSession() as session, session.post(url + path, data=data, headers=headers) as answer:
        return answer.status, answer.content_type, await answer.text()


class Outage:
    """Lets a database go away and come back: nobody can write, or reach it at all."""

    def __init__(self, url: str, server: Server | None) -> None:
        self._url = url
        self._server = server

    async def begin(self) -> None:
        """Nobody can write any more."""
        if self._server is None:
            path = self._url.removeprefix("sqlite+aiosqlite:///")
            self._other = sqlite3.connect(path, isolation_level=None)
            self._other.execute("BEGIN IMMEDIATE")
            return
        name = self._name
        kill = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
        for statement in (f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", kill):
            await asyncio.to_thread(self._server.execute, statement)

    async def end(self) -> None:
        """Everybody can again."""
        if self._server is None:
            self._other.execute("ROLLBACK")
            self._other.close()
        else:
            await asyncio.to_thread(self._server.execute, f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true")

    @property
    def _name(self) -> str:
        return self._url.partition("?")[0].rpartition("/")[2]
