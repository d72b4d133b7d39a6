"""The clock looks at every ticket whose time has come and has officials told of their day; one process of all does it.

A round takes a batch of tickets, locked, and does for each the one step that is due, in one transaction with what
follows from it, and the digests whose hour it is: a kill in between repeats nothing and loses nothing. Where one of
them cannot be looked at, the others are looked at one by one, and the digests go apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from bot.turns import Turn
from handlers import silence
from handlers.notices import tell_at_once
from storage import deadlines, digest, fallback, tickets
from storage.database import is_away

if TYPE_CHECKING:
    from bot.workplace import Workplace
    from routing.pack import Pack
    from storage.work import Work

log = structlog.get_logger(__name__)

LOOK_EVERY = 30.0
# Whoever writes meanwhile waits for the round's end.
MOST_AT_ONCE = 20
# A ticket that cannot be looked at is left alone for so long.
FAULTY_FOR = 3600.0
# After a stop of ours a digest is still worth reading so many hours late.
LATE_HOURS = 2


class Clockwork:
    """Looks at tickets."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._turn = Turn("clockwork", place.database, place.owner, 3 * LOOK_EVERY)
        self._missed: list[int] = []

    async def keep_looking(self) -> None:
        """Look until cancelled."""
        await self._turn.keep(self.look, LOOK_EVERY, while_busy=True)

    async def look(self, now: float) -> int:
        """Do what is due, unless another process does; how many tickets were looked at."""
        try:
            codes = await self._look_at(MOST_AT_ONCE, now, digests=True)
        except Exception as error:
            if is_away(error):
                raise
            codes = await self._look_singly(now)
            await self._look_at(0, now, digests=True)
        self._tell_missed(now)
        if codes:
            log.info("tickets_looked_at", tickets=len(codes))
        return len(codes)

    async def _look_at(
        self, most: int, now: float, among: Sequence[str] | None = None, *, digests: bool = False
    ) -> list[str]:
        """Do what is due in one transaction, `among` these tickets, unless another process does; the tickets' codes."""
        async with self._place.database.write() as connection:
            if not await self._turn.take(connection, now):
                return []
            work = self._place.make_work(connection)
            codes = await look_at_tickets(work, self._place.pack(), most, among) if most else []
            if digests:
                await order_digests(work, self._place.pack())
            await work.flush()
        self._place.wake(work.accounts)
        return codes

    async def _look_singly(self, now: float) -> list[str]:
        """The same in a transaction for each; which ticket cannot be looked at is told, and left alone for a while."""
        async with self._place.database.write() as connection:
            rows = await deadlines.due(self._place.make_work(connection), MOST_AT_ONCE)
            waiting = [str(row.code) for row in rows]
        for code in waiting:
            try:
                await self._look_at(1, now, [code])
            except Exception as error:
                if is_away(error):
                    raise
                log.error("ticket_not_looked_at", ticket=code, exc_info=error)
                async with self._place.database.write() as connection:
                    await deadlines.leave_alone(self._place.make_work(connection), code, now + FAULTY_FOR)
        return waiting

    def _tell_missed(self, now: float) -> None:
        """Have the operator read, at the start and when a year comes near, that its declared holidays are missing."""
        times = self._place.pack().timetable
        missed = times.years_missed(times.calendar.day(now))
        if missed and missed != self._missed:
            log.warning("holidays_not_declared", years=missed)
        self._missed = missed


async def look_at_tickets(
    work: Work, pack: Pack, most: int = MOST_AT_ONCE, among: Sequence[str] | None = None
) -> list[str]:
    """Take one step for each ticket that is due, `among` these, those first that have waited longest; their codes."""
    found = [tickets.read_row(row) for row in await deadlines.due(work, most, among)]
    silence.tell_alerts(work, await silence.look(work, pack, found))
    return [each.code for each in found]


async def order_digests(work: Work, pack: Pack) -> int:
    """Have each official and team told of the day at its hour, once, and managers of the week; how many are told."""
    calendar = pack.timetable.calendar
    local = datetime.fromtimestamp(work.now, calendar.zone)
    today = local.date()
    if not calendar.works_on(today):
        return 0
    keys: dict[str, tuple[int, str]] = {}
    # The first working day of a week; its number belongs to the year of its Thursday, as ISO 8601 has it.
    year, week, weekday = today.isocalendar()
    days = [datetime.fromisocalendar(year, week, n).date() for n in range(1, weekday + 1)]
    begins = not any(map(calendar.works_on, days[:-1]))
    midnight = calendar.at(today, 0)
    for reader in await digest.readers(work, max(local.hour - LATE_HOURS, 0), local.hour, midnight):
        keys[f"digest:{reader.address_id}:{today}"] = reader.address_id, ""
        for body in reader.managed if begins else ():
            keys[f"week:{reader.address_id}:{body}:{year}-{week}"] = reader.address_id, body
    known = await fallback.known_keys(work, list(keys))
    for key, (address_id, body) in keys.items():
        if key not in known:
            _order(work, key, address_id, body, calendar.at(days[0], 0))
    return len(keys) - len(known)


def _order(work: Work, key: str, address_id: int, body: str, monday: float) -> None:
    """Nobody asked for it just now, but this is the very hour that she chose."""
    if body:
        tell_at_once(work, address_id, "told-numbers", key, body=body, at=str(monday))
    else:
        tell_at_once(work, address_id, "told-digest", key)
