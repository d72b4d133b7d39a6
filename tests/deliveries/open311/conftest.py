"""A strict Open311 server, and waits for it that end soon."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.open311 import FakeOpen311


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpen311]:
    async with FakeOpen311() as fake:
        yield fake


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ways.open311.TOKEN_PAUSE", 0.0)
    monkeypatch.setattr("bot.ways.calls.SECONDS", 0.5)
