"""A browser, a house with its phones, and the origin at which it serves them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.chromium import open_chromium
from tests.scripted_rooms import House, jpeg, make_house, report
from tests.simulator.serving import serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def house(sqlite_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with make_house(sqlite_url, tmp_path, report) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def origin(house: House) -> AsyncIterator[str]:
    async with serving(house) as origin:
        yield origin


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"foto{number}.jpg" for number in range(2)]
    for path in paths:
        path.write_bytes(jpeg())
    return paths
