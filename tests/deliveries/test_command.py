"""`python -m bot deliveries`: what has not arrived, who receives nothing, and trying again."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.ways import WebhookWay
from tests.deliveries.stage import OTHER, Stage
from tests.whole import Whole

BROKEN = WebhookWay(url="http://127.0.0.1:1/hook", secret="HOOK")


@pytest.fixture
async def whole(tmp_path: Path) -> Whole:
    whole = Whole(tmp_path)
    await whole.run("migrate")
    return whole


async def test_an_operator_reads_what_has_not_arrived_and_who_receives_nothing(whole: Whole, tmp_path: Path) -> None:
    async with Stage(whole.database_url, tmp_path, webhook=BROKEN) as stage:
        code = await stage.opens()
        for _ in range(2):
            await stage.opens(body=OTHER)
        await stage.delivers()
    lines = (await whole.run("deliveries")).splitlines()
    assert lines[0].startswith(f"{code[:4]}-{code[4:]}  agua  webhook  1 tries  again 2026-11-21 ")
    assert lines[0].endswith("  127.0.0.1 cannot be reached: ClientConnectorError")
    assert lines[1].startswith("Nobody receives for these.")
    assert lines[2].startswith("  ciudad  2 waiting since 2026-11-21 ")


async def test_an_operator_has_it_tried_at_once(whole: Whole, tmp_path: Path) -> None:
    async with Stage(whole.database_url, tmp_path, webhook=BROKEN) as stage:
        stage.machine.now += 10 * 365 * 86400.0  # after today, whenever this runs
        await stage.opens()
        await stage.delivers()
    assert "1 tried at once by the running server." in await whole.run("deliveries", "--retry")


async def test_nothing_to_tell_is_told(whole: Whole) -> None:
    assert await whole.run("deliveries") == "Everything was delivered.\n"
