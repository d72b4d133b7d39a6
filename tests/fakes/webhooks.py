"""A receiver of webhooks on loopback: it checks every signature by the specification, in its own way.

async with FakeReceiver("un secreto") as fake:     # fake.url
    fake.answers += [500, "hang", 204]             # what the next calls are answered; then 200
    fake.events                                    # those that were taken, in order
    fake.ids                                       # the ids of all that came, repeated ones too
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from types import TracebackType
from typing import Any, Self

from aiohttp import web


class FakeReceiver:
    """The server; see the module."""

    def __init__(self, secret: str) -> None:
        self.key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
        self.answers: list[int | str] = []
        self.events: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.under_way = 0
        self._leaving = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.post("/hook", self._take)])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        number, sent_at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        self.ids.append(number)
        if abs(time.time() - int(sent_at)) > 300 or not self._signed(request, f"{number}.{sent_at}.".encode() + body):
            return web.Response(status=401)
        answer = self.answers.pop(0) if self.answers else 200
        if answer == "hang":
            self.under_way += 1
            await self._leaving.wait()
        if answer == "drop" and request.transport:
            request.transport.abort()
        status = answer if isinstance(answer, int) else 503
        if 200 <= status < 300:
            self.events.append(json.loads(body))
        return web.Response(status=status)

    def _signed(self, request: web.Request, signed: bytes) -> bool:
        version, _, signature = request.headers["webhook-signature"].partition(",")
        expected = hmac.new(self.key, signed, hashlib.sha256).digest()
        return version == "v1" and hmac.compare_digest(base64.b64decode(signature), expected)
