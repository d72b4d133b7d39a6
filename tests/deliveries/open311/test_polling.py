"""Servers that know only requests/{id} are asked for each request."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.far_updates import POLL_EVERY
from tests.deliveries.open311.far import accepted, on
from tests.fakes.open311 import FakeOpen311


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_a_server_without_updates_is_asked_for_each_request(
    fake: FakeOpen311, database_url: str, tmp_path: Path, form: str
) -> None:
    fake.wraps_json = True
    async with on(fake, database_url, tmp_path, format=form) as stage:
        code, number = await accepted(stage, fake)
        await stage.outreach.far.look(stage.now + 60)
        fake.requests[number] |= {"status": "closed", "status_notes": "Reparado"}
        assert await stage.outreach.far.look(stage.now + POLL_EVERY - 1) == 0
        assert await stage.outreach.far.look(stage.now + POLL_EVERY + 60) == 1
        assert (await stage.ticket(code)).status == "resolved"
        assert (await stage.history(code))[-1][2] == "Reparado"
        assert await stage.outreach.far.look(stage.now + 3 * POLL_EVERY) == 0


async def test_a_request_that_the_server_lost_keeps_no_other_from_being_asked_for(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens()
        second = await stage.opens("y otra")
        await stage.delivers()
        first, number = list(fake.requests)
        del fake.requests[first]
        fake.requests[number] |= {"status": "closed"}
        await stage.outreach.far.look(stage.now + POLL_EVERY)
        assert (await stage.ticket(second)).status == "resolved"
    assert fake.faults.pop().endswith("service_request_id not found")
