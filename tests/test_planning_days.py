"""The days that are offered for a plan: each a working one, whichever day it is today."""

from __future__ import annotations

from datetime import date

import pytest

from tests.machine import Machine, demo_pack
from tests.test_care import citizen, reported
from tests.test_rights import hired

DAY = 86400.0


@pytest.mark.parametrize("later", range(7))
async def test_only_days_on_which_people_work_are_offered(later: int, sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "agent")
        code = await reported(machine, ana)
        machine.now += later * DAY
        calendar = demo_pack().timetable.calendar
        asked = (await luis.says(f"/planificar {code}"))[-1]
        offered = [date.fromisoformat(option.tap[-10:]) for option in asked.options]
        assert len(offered) >= 2
        assert all(calendar.works_on(day) and day > calendar.day(machine.now) for day in offered)
