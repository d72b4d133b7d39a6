"""The simulator's server on loopback, and what marks the tests that open it in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.scripted_rooms import House
from web.server import make_app, start

# One loop for all, because one browser serves all: each test has a profile of its own.
IN_ONE_BROWSER = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@asynccontextmanager
async def serving(house: House, port: int = 0) -> AsyncIterator[str]:
    """The server, for as long as the block lasts; its origin."""
    runner = await start(make_app(house.rooms), "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{port_of(runner)}"
    finally:
        await runner.cleanup()


def port_of(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])
