"""What follows from what a provider tells of messages it had taken: how far they came, or what is done about a failure.

An error code is read as `bot/channels/twilio_errors.toml` has it, like the refusal of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog
from msgspec import Struct

from bot.channels.twilio_errors import error_class
from storage import receipts
from storage.costs import day_in
from storage.database import is_conflict
from storage.receipts import ARRIVED, ENDED_BADLY, RANK, Receipt, Told
from storage.windows import close_address, close_window

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.database import Database
    from storage.outbox import Outcome

log = structlog.get_logger(__name__)

# What a carrier did not take three times it will not take the fourth time. Seconds until each further attempt.
AGAIN_AFTER = (300.0, 1800.0)
# A phone that is switched off (30003), a carrier that does not say why (30008): once more, and later.
ONCE_AFTER = {"30003": 3600.0, "30008": 900.0}
# What passes by itself. "gone" does so only for the codes above.
PASSING = frozenset({"not_sent", "ambiguous", "throttled", "server", "ceiling", "not_yet"})
# A template that is refused like free words would go round for ever.
MOST_WINDOWS = 2


class Again(Struct, frozen=True):
    """Send it again in so many seconds; 0 is in its own place, later is beside the talk that goes on meanwhile."""

    seconds: float


class Close(Struct, frozen=True):
    """Nobody takes it there any more."""

    opted_out: bool


class GiveUp(Struct, frozen=True):
    """It will never arrive."""


def judge(code: str, failures: int) -> Again | Close | GiveUp:
    """Decide about a message that ended badly, the `failures`-th of its row."""
    kind = error_class(code) if code else "content"
    if kind == "window":
        return Again(0.0) if failures <= MOST_WINDOWS else GiveUp()
    if code in ONCE_AFTER:
        if failures <= 1:
            return Again(ONCE_AFTER[code])
    elif kind in PASSING and failures <= len(AGAIN_AFTER):
        return Again(AGAIN_AFTER[failures - 1])
    return Close(kind == "opted_out") if kind in ("gone", "opted_out") else GiveUp()


class Receipts:
    """Takes what providers tell. `wake` rings for accounts that have something to send again; `day_of` dates costs."""

    def __init__(
        self,
        database: Database,
        wake: Callable[[set[str]], None],
        day_of: Callable[[float], str] | None = None,
    ) -> None:
        self._database = database
        self._wake = wake
        self._day_of = day_of or partial(day_in, "UTC")

    async def take(self, given: Receipt, now: float, *, to: str = "", asked: bool = False) -> None:
        """Keep a receipt and do what follows, in one transaction.

        `to` is the address where it names no row of ours. What was told before is followed only where it was `asked`
        for: a doubled callback may be about an attempt that is long over.
        """
        try:
            again = await self._take(given, now, to, asked)
        except Exception as error:
            if not is_conflict(error):
                raise
            again = await self._take(given, now, to, asked)
        if again:
            self._wake({given.account})

    async def _take(self, given: Receipt, now: float, to: str, asked: bool) -> bool:
        async with self._database.write() as connection:
            news = await receipts.keep(connection, given, now) or asked
            return news and await self._follow(connection, given, now, to)

    async def account_of(self, outbox_id: int) -> str:
        """The account of a row, "" when there is none."""
        async with self._database.read() as connection:
            return await receipts.account_of(connection, outbox_id)

    async def settled(self, connection: AsyncConnection, outcomes: Sequence[Outcome], now: float) -> None:
        """Do what follows from receipts that came while their rows were being sent: see `bot.sender.Sender`."""
        over = [outcome.id for outcome in outcomes if outcome.status in ("sent", "unknown") or outcome.doubts]
        for given in await receipts.of_attempts(connection, over) if over else ():
            await self._follow(connection, given, now)

    async def count(self, row_id: int, account: str, segments: int, now: float) -> None:
        """Count what a row cost that was found to be sent only by its receipt."""
        async with self._database.write() as connection:
            await receipts.count_late(connection, row_id, account, segments, self._day_of(now))

    async def _follow(self, connection: AsyncConnection, given: Receipt, now: float, to: str = "") -> bool:
        """True when the row goes again."""
        row = await receipts.find(connection, given, to)
        if row is None or not _speaks_of(given, row):
            return False
        others = await receipts.statuses(connection, given.account, given.provider_id) - {given.status}
        # What a message's end was is known by the first that told of it; that it arrived outweighs everything.
        if others.intersection(ENDED_BADLY) or (given.status in ENDED_BADLY and others.intersection(ARRIVED)):
            return False
        if given.status in ENDED_BADLY:
            return await self._follow_failure(connection, given, row, now)
        if given.status in RANK:
            if row.in_doubt:
                await receipts.adopt(connection, row, given, now)
            else:
                await receipts.move_on(connection, row, given)
        return False

    async def _follow_failure(self, connection: AsyncConnection, given: Receipt, row: Told, now: float) -> bool:
        failures = await receipts.failures(connection, row.id) if given.outbox_id is not None else 1
        verdict = judge(given.code, failures)
        kind = error_class(given.code) if given.code else "content"
        error = f"{given.status} {given.code}".strip()
        then = type(verdict).__name__.lower()
        log.warning("not_delivered", account=row.account, row=row.id, code=given.code, then=then)
        match verdict:
            case Again(seconds):
                if kind == "window" and row.address_id is not None:
                    await close_window(connection, row.address_id, now)
                lane = f"again:{row.id}" if seconds else ""
                return await receipts.send_again(connection, row, now + seconds, kind, error, lane=lane)
            case Close(opted_out):
                if row.address_id is not None:
                    await close_address(connection, row.address_id, now, opted_out=opted_out)
                await receipts.give_up(connection, row, given, now, kind, status="dropped")
            case GiveUp():
                await receipts.give_up(connection, row, given, now, kind)
        return False


def _speaks_of(given: Receipt, row: Told) -> bool:
    """True when a receipt is about what the row sent last: not about an earlier attempt, nor one still under way."""
    if row.provider_id:
        return row.status == "sent" and row.provider_id == given.provider_id
    return row.in_doubt
