"""What must reach somebody and did not: once by SMS to her who agreed to that, else her officials are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from bot.turns import Turn
from handlers.notices import tell
from storage import fallback, officials

if TYPE_CHECKING:
    from bot.workplace import Workplace
    from storage.fallback import Lost
    from storage.work import Work

log = structlog.get_logger(__name__)

LOOK_EVERY = 30.0
# Rows a transaction: the writer's lock is given back in between.
MOST_TOGETHER = 100


class Fallback:
    """Looks after important messages; `unread_after` in seconds, 0 for never."""

    def __init__(self, place: Workplace, *, unread_after: float) -> None:
        self._place = place
        # Three missed looks, and another process takes over.
        self._turn = Turn("fallback", place.database, place.owner, 3 * LOOK_EVERY)
        self._unread_after = unread_after

    async def keep_looking(self) -> None:
        """Look until cancelled."""
        await self._turn.keep(self.look, LOOK_EVERY)

    async def look(self, now: float) -> int:
        """See to all that is lost by now, unless another process does; how many messages there were."""
        total = 0
        while True:
            async with self._place.database.write() as connection:
                if not await self._turn.take(connection, now):
                    break
                work = self._place.make_work(connection)
                lost = await fallback.find_lost(work, self._unread_after, MOST_TOGETHER)
                await see_to(work, lost)
                reached = await fallback.settle_reached(work, self._unread_after, MOST_TOGETHER)
                await work.flush()
            self._place.wake(work.accounts)
            total += len(lost)
            if max(len(lost), reached) < MOST_TOGETHER:
                break
        if total:
            log.info("fell_back", messages=total)
        return total


async def see_to(work: Work, lost: Sequence[Lost]) -> None:
    """Send each of these another way, or tell that it did not arrive; and never look at it again."""
    if not lost:
        return
    await fallback.give_up_looking(work, [each.id for each in lost])
    for each in lost:
        # Who asked for silence is not written to anywhere else either.
        if each.to is not None and each.ticket and each.why != "stopped":
            key = f"fallback:{each.id}"
            if not await fallback.known_keys(work, [key]):
                tell(work, each.to, "told-by-sms", each.ticket, each.seq, key=key)
        elif each.ticket and each.reporter and not each.arrived:
            await _tell_officials(work, each)


async def _tell_officials(work: Work, lost: Lost) -> None:
    """Tell the body's officials once for each step of a ticket."""
    addresses = await officials.addresses_of(work, lost.body)
    keys = {address_id: f"unreached:{lost.ticket}:{lost.seq}:{address_id}" for address_id in addresses}
    known = await fallback.known_keys(work, list(keys.values()))
    for address_id, key in keys.items():
        if key not in known:
            tell(work, address_id, "told-unreached", lost.ticket, lost.seq, key=key, why=lost.why)
