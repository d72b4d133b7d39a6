"""The operator reads in time that next year's declared holidays are missing, and reads it once."""

from __future__ import annotations

from structlog.testing import capture_logs

from bot.clockwork import Clockwork
from tests.machine import DAY, NOON, Machine


async def test_a_year_that_is_near_and_missing_is_told_at_the_first_look_only(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        clock = Clockwork(machine.workplace())
        with capture_logs() as logs:
            for now in (NOON - 60 * DAY, NOON, NOON + 30):
                await clock.look(now)
        assert [line["years"] for line in logs if line["event"] == "holidays_not_declared"] == [[2027]]
