"""A body behind an Open311 server, on the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from routing.ways import Open311Way
from tests.deliveries.stage import Stage
from tests.fakes.open311 import FakeOpen311


def way_to(fake: FakeOpen311, **values: Any) -> Open311Way:
    """The water works' way to the server, as a pack has it."""
    usual: dict[str, Any] = {"endpoint": fake.url, "jurisdiction": fake.jurisdiction, "key": "AGUA"}
    return Open311Way(**usual | {"services": {"cano-roto": "001"}} | values)


def on(fake: FakeOpen311, url: str, folder: Path, **values: Any) -> Stage:
    """A stage whose water works receive there."""
    return Stage(url, folder, open311=way_to(fake, **values))


async def accepted(stage: Stage, fake: FakeOpen311) -> tuple[str, str]:
    """Have a report accepted; our code and its number there."""
    code = await stage.opens()
    await stage.delivers()
    return code, (await stage.row()).remote_id


async def hears(stage: Stage, fake: FakeOpen311, number: str, status: str, words: str = "") -> int:
    """Have the server tell of a step a minute from now, and look a minute later; how many updates were new."""
    fake.tells(number, status, words, at=stage.now + 60)
    return await stage.outreach.far.look(stage.now + 120)
