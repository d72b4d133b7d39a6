"""What a body may spend in a day: at its ceiling bulk waits for the next day, and the operator is told once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from bot.channels import SendError
from storage import costs
from storage.costs import day_in, until_midnight

if TYPE_CHECKING:
    from bot.jobs import Job
    from routing.pack import Pack
    from storage.database import Database

log = structlog.get_logger(__name__)


class Ceilings:
    """The ceilings of a pack, held against what was counted until now.

    What is on its way at the moment is not counted yet: a ceiling is passed by a few messages, never by many.
    """

    def __init__(self, database: Database, pack: Callable[[], Pack]) -> None:
        self._database = database
        self._pack = pack
        self._told: set[tuple[str, str]] = set()

    async def check(self, job: Job, now: float) -> None:
        """Raise SendError("ceiling") for bulk of a body that has spent its day."""
        if not job.bulk or not job.ticket:
            return
        pack = self._pack()
        day = day_in(pack.info.timezone, now)
        async with self._database.read() as connection:
            body = await costs.body_of(connection, job.ticket)
            ceiling = pack.daily_segments(body)
            spent = await costs.spent(connection, day, body) if ceiling else 0
        if ceiling and spent >= ceiling:
            self._tell(day, body, spent, ceiling)
            seconds = until_midnight(pack.info.timezone, now)
            raise SendError("ceiling", f"{body} has spent its {ceiling} segments", retry_after=seconds)

    def _tell(self, day: str, body: str, spent: int, ceiling: int) -> None:
        if (day, body) in self._told:
            return
        self._told = {told for told in self._told if told[0] == day} | {(day, body)}
        log.warning("daily_ceiling_reached", body=body, day=day, segments=spent, ceiling=ceiling)
