"""A machine that can send SMS."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.machine import Machine
from tests.numbers.proving import sms_machine


@pytest.fixture
async def machine(sqlite_url: str) -> AsyncIterator[Machine]:
    async with sms_machine(sqlite_url) as machine:
        yield machine
