"""The web application: every route, in one list."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from web.chat import phones, session, upload
from web.files import media
from web.guard import add_headers, bound, measure, soften
from web.health import live, ready
from web.letters import letter
from web.metrics import metrics
from web.pages import ticket
from web.parts import PARTS, make_parts
from web.simulator import demo, invite, map_outline
from web.socket import chat, hang_up_all, watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from web.rooms import Rooms

# Of what a handler reads as a whole; uploads are streamed and have a limit of their own.
MOST_BODY_BYTES = 1024 * 1024
SWEEP_SECONDS = 600.0
STOP_SECONDS = 10.0


def make_app(rooms: Rooms) -> web.Application:
    """Make the application that serves `rooms`; it owns nothing of theirs and closes nothing of theirs."""
    app = web.Application(middlewares=[measure, soften, bound], client_max_size=MOST_BODY_BYTES)
    app[PARTS] = make_parts(rooms)
    app.add_routes(
        [
            web.get("/", phones),
            web.get("/chat/ws", chat),
            web.post("/chat/session", session),
            web.post("/chat/upload", upload),
            web.get("/chat/map.json", map_outline),
            web.get("/chat/demo.json", demo),
            web.post("/chat/demo/invite", invite),
            web.get("/t/{code}", ticket),
            web.get("/t/{code}/request", letter),
            web.get("/media/{key:.+}", media),
            web.get("/static/{version}/{name:.+}", static),
            web.get("/robots.txt", robots),
            web.get("/health/live", live),
            web.get("/health/ready", ready),
            web.get("/metrics", metrics),
            *rooms.webhooks,
        ]
    )
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(hang_up_all)
    app.cleanup_ctx.append(watch)
    app.cleanup_ctx.append(sweep)
    return app


async def start(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Listen; `await runner.cleanup()` finishes what is under way and stops. Raises OSError when the port is taken."""
    # Our own log line knows the route and not the address; aiohttp's would write both.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner


async def static(request: web.Request) -> web.Response:
    """Serve a file of the pages'."""
    return request.app[PARTS].statics.serve(request)


async def robots(request: web.Request) -> web.Response:
    """Ask search engines to stay out: a ticket's address is for those who were given it."""
    return web.Response(text="User-agent: *\nDisallow: /\n")


async def sweep(app: web.Application) -> AsyncIterator[None]:
    """Delete old uploads now and then for as long as the application runs."""
    task = asyncio.create_task(_sweep(app[PARTS].rooms))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _sweep(rooms: Rooms) -> None:
    while True:
        with suppress(OSError):
            await asyncio.to_thread(rooms.uploads.sweep, time.time())
        await asyncio.sleep(SWEEP_SECONDS)
