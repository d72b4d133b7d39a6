"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

import asyncio

from aiohttp import web

from web.parts import PARTS

MOST_SECONDS = 5.0


async def live(request: web.Request) -> web.Response:
    """Say that the process answers at all."""
    return web.json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def ready(request: web.Request) -> web.Response:
    """Say of each part whether it is "ok"; 503 when one is not."""
    try:
        async with asyncio.timeout(MOST_SECONDS):
            parts = await request.app[PARTS].rooms.ready()
    except Exception as error:
        parts = {"check": type(error).__name__}  # the name only: a driver's words hold hosts and users
    good = all(state == "ok" for state in parts.values())
    return web.json_response(parts, status=200 if good else 503, headers={"Cache-Control": "no-store"})
