"""Where Telegram brings its updates: shown the secret, read, committed, and only then answered."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.channels.telegram import Intake, TelegramChannel
from bot.intake import Unavailable

PATH = "/telegram"
PROOF_HEADER = "X-Telegram-Bot-Api-Secret-Token"
# An update is a few kilobytes: files never come with it.
BODY_BYTES = 1 << 20
# Telegram honours it, and drops a button press that cannot be repeated within 150 s: short.
COME_AGAIN_SECONDS = "5"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def telegram_webhook(channel: TelegramChannel, intake: Intake) -> Handler:
    """The handler for POST /telegram. 200: committed; 401: not Telegram; 413: too large; 503: come again."""

    async def handler(request: web.Request) -> web.Response:
        if not _knows_secret(request, channel.secret):
            return web.Response(status=401)
        raw = await request.clone(client_max_size=BODY_BYTES).read()
        try:
            await channel.hand(channel.open(raw), intake)
        except Unavailable:
            return web.Response(status=503, headers={"Retry-After": COME_AGAIN_SECONDS})
        return web.Response()

    return handler


def _knows_secret(request: web.Request, secret: str) -> bool:
    shown = request.headers.get(PROOF_HEADER, "")
    return hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), secret.encode())
