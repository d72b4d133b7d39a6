"""The sender: performs what the outbox holds for one account, lane by lane, and writes down what became of it.

One transaction a round settles every result that has arrived and claims the next heads: a busy account pays one commit
for many rows, and a lane goes on the moment its last row is settled. The database remembers everything; here are only
attempts under way and their results until the next round.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog

from bot.attempts import Attempts
from bot.channels import SendError
from bot.jobs import Job, Perform, performs
from bot.pacing import Pace, Pacer
from bot.retry import Policy
from bot.tenure import LeaseLostError, Tenure
from storage import outbox
from storage.costs import day_in
from storage.database import Database, is_away
from storage.heads import Holding, look_ahead
from storage.outbox import Claim, Outcome, Row

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Job", "LeaseLostError", "Perform", "Sender", "performs"]

T = TypeVar("T")
log = structlog.get_logger(__name__)

# Longer than any channel's own limits together: it only keeps a hung channel from holding a lane for ever.
LONGEST_SECONDS = 60.0
# How long a database that went away is left alone, at first and at most.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
# How long nothing must have happened before a look ahead is worth its cost.
QUIET_SECONDS = 0.02
# What settling may take when the time to stop is over.
LAST_SECONDS = 2.0


class GaveUpError(Exception):
    """The time to stop is over and the database still away; the next owner recovers what is half done."""


class Sender:
    """Sends for one account while it holds that account's lease.

    `perform` does one effect; `pace` is what the account bears, `policy` whether its effects bear repetition. At most
    `lanes_at_once` attempts are under way, half of them bulk. `poll`, in seconds, is the net below `wake`; a dead
    owner's lease is free after `lease_seconds`, and an attempt without an end is in doubt after `longest`; `jitter`, a
    number in 0..1, spreads what is tried again. `day_of` says on which day something costs; `settled` is told what was
    settled, in the same transaction.

    `tally` counts outcomes by status since the start; `leading` says whether the lease is held.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        perform: Perform,
        *,
        pace: Pace | None = None,
        policy: Policy | None = None,
        lanes_at_once: int = 64,
        clock: Callable[[], float] = time.time,
        owner: str = "",
        lease_seconds: float = 10.0,
        poll: float = 0.5,
        longest: float = LONGEST_SECONDS,
        jitter: Callable[[], float] = random.random,
        day_of: Callable[[float], str] | None = None,
        settled: Callable[[AsyncConnection, Sequence[Outcome], float], Awaitable[None]] | None = None,
    ) -> None:
        self.account = account
        self.tally: Counter[str] = Counter()
        self.leading = False
        self._database = database
        self._lanes_at_once = lanes_at_once
        self._clock = clock
        owner = owner or f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._lease_seconds = lease_seconds
        self._tenure = Tenure(database, f"sender:{account}", owner, lease_seconds, clock)
        self._poll = poll
        self._day_of = day_of or partial(day_in, "UTC")
        self._settled = settled
        self._claim = Claim([])
        self._token = 0
        self._chat_opens_at = 0.0
        self._looked_at = 0.0
        self._held_back = False
        self._unsure = False
        self._woken = False
        self._passed_over = False
        self._bell = asyncio.Event()
        self._stopping = asyncio.Event()
        self._stop_by = float("inf")
        self._ended = asyncio.Event()
        self._ended.set()
        self._pacer = Pacer(pace or Pace())
        self._attempts = Attempts(
            account,
            perform,
            policy or Policy(),
            self._pacer,
            clock=clock,
            jitter=jitter,
            longest=longest,
            tell=self._bell.set,
        )

    @property
    def in_flight(self) -> int:
        """How many attempts are under way."""
        return len(self._attempts)

    @property
    def paused(self) -> str:
        """Why the provider refuses the whole account (a wrong token), "" while it does not."""
        return self._attempts.paused

    def wake(self) -> None:
        """Look at the outbox at once: something was written into it."""
        self._woken = True
        self._bell.set()

    async def run(self) -> None:
        """Send until `stop` is called; stands by while another process holds the lease."""
        self._ended.clear()
        try:
            while (token := await self._lead()) is not None:
                await self._serve(token)
        except GaveUpError:
            log.warning("sender_gave_up", account=self.account, unsettled=len(self._attempts.held()))
        finally:
            self._attempts.cut_off()
            self.leading = False
            self._ended.set()

    async def send_due(self) -> None:
        """Send what is due at this moment and settle it, instead of `run`: for whoever sets the clock herself.

        Raises LeaseLostError where another process sends for this account.
        """
        if not self.leading:
            token = await self._tenure.begin()
            if token is None:
                raise LeaseLostError
            await self._recover(token)
            self._token, self.leading = token, True
        self._woken = True
        while True:
            await self._round(self._token)
            if self._attempts.idle and not self._claim.more:
                return
            await self._attempts.end()

    async def stop(self, within: float = 10.0) -> None:
        """Begin nothing more, finish what is under way within so many seconds, settle it and give the lease back.

        What is not finished by then is cut off and in doubt.
        """
        self._stop_by = asyncio.get_running_loop().time() + within + LAST_SECONDS
        self._stopping.set()
        self._bell.set()
        if not await _happens(self._ended, within):
            self._attempts.cut_off()
            await _happens(self._ended, LAST_SECONDS)

    # The lease

    async def _lead(self) -> int | None:
        """Wait until the lease is ours; return its token, None when told to stop."""
        while not self._stopping.is_set():
            token = await self._steadily(self._tenure.begin)
            if token is not None:
                log.info("sender_leads", account=self.account, token=token)
                return token
            await _happens(self._stopping, min(1.0, self._lease_seconds / 4))
        return None

    # Rounds

    async def _serve(self, token: int) -> None:
        """Send under this lease, until told to stop or the lease is lost."""
        try:
            await self._steadily(partial(self._recover, token))
            self.leading = True
            while not (self._stopping.is_set() and self._attempts.idle):
                await self._steadily(partial(self._round, token))
                await self._rest()
            await self._steadily(partial(self._tenure.end, token))
        except LeaseLostError:
            log.warning("sender_lost_its_lease", account=self.account, token=token)
            await self._attempts.abandon()
        finally:
            self.leading = False

    async def _recover(self, token: int) -> None:
        """Decide about what a dead owner left half sent."""
        now = self._clock()
        async with self._database.write() as connection:
            await self._tenure.keep(connection, token, now)
            rows = await outbox.recover(connection, self.account, token)
            outcomes = [self._attempts.fail(row, SendError("ambiguous", "its sender died meanwhile")) for row in rows]
            await self._settle(connection, outcomes, token, now)
        self._claim, self._unsure = Claim([]), False

    async def _round(self, token: int) -> None:
        """Settle what has arrived, claim what may begin, begin it."""
        now, results = self._clock(), list(self._attempts.results)
        to_settle = [outcome for outcome in results if not outcome.settled]
        self._passed_over = not self._unsure and self._left_nothing(results, now)
        self._woken = False
        if self._passed_over and not to_settle:
            self._claim = Claim([], all_due=True)
        else:
            await self._settle_and_claim(token, now, to_settle)
        del self._attempts.results[: len(results)]
        self.tally.update(outcome.status for outcome in results)
        for row in () if self._unsure else self._claim.rows:
            self._attempts.begin(row, token)

    async def _settle_and_claim(self, token: int, now: float, results: list[Outcome]) -> None:
        held, slots = self._attempts.held(), self._slots()
        # Whether a commit that failed took place is not known: then the next round puts back what it may have claimed.
        unsure, self._unsure = self._unsure, True
        async with self._database.write() as connection:
            until = self._tenure.until
            holding: Holding | None = self._tenure.holding(token)
            if await self._settle_alone(connection, results, token, now):
                results = []
            # A claim alone sees to the lease itself.
            if results or unsure or now >= self._tenure.renewal_at:
                until, holding = await self._tenure.keep(connection, token, now), None
            await self._settle(connection, results, token, now)
            if unsure:
                await outbox.put_back(connection, self.account, token, held)
            if self._passed_over:
                self._claim = Claim([], all_due=True)
            else:
                self._claim = await self._claim_within_pace(connection, token, now, slots, holding)
        self._tenure.until = until
        # After a long stall somebody else may have decided about what we claimed; the next round finds out.
        self._unsure = self._clock() >= until

    def _left_nothing(self, results: Sequence[Outcome], now: float) -> bool:
        """True when these results need no look at what is due: the last one, a moment ago, took all there was.

        What is tried again, or what a receipt brings back, may be due at once; without results a look is all there is
        to do.
        """
        again = self._settled is not None or any(outcome.status == "pending" for outcome in results)
        lately = now - self._looked_at < self._poll
        return bool(results) and self._claim.all_due and lately and not (again or self._woken)

    async def _settle_alone(self, connection: AsyncConnection, results: list[Outcome], token: int, now: float) -> bool:
        """Settle a single result, as most are, by a statement that sees to the lease itself."""
        if not self._passed_over or len(results) != 1 or now >= self._tenure.renewal_at:
            return False
        return await outbox.settle_alone(connection, results[0], self._tenure.holding(token), now)

    async def _settle(self, connection: AsyncConnection, outcomes: list[Outcome], token: int, now: float) -> None:
        await outbox.settle(connection, outcomes, self.account, token, now, self._day_of(now))
        if self._settled is not None and outcomes:
            await self._settled(connection, outcomes, now)

    async def _claim_within_pace(
        self, connection: AsyncConnection, token: int, now: float, slots: int, holding: Holding | None
    ) -> Claim:
        self._looked_at = now
        self._chat_opens_at = 0.0
        room = 0 if self._stopping.is_set() else self._pacer.room(now, slots)
        self._held_back = room == 0
        if room == 0:
            return Claim([])
        bulk_slots = max(1, self._lanes_at_once // 2) - self._attempts.bulk
        bulk_limit = self._pacer.bulk_room(now, max(0, min(room, bulk_slots)))
        claim = await outbox.claim(
            connection,
            self.account,
            token,
            now,
            room,
            bulk_limit=bulk_limit,
            allows=partial(self._allows, now),
            refused=self._claim.refused,
            after=self._claim.after,
            holding=holding,
        )
        self._held_back = claim.more or bulk_limit < room
        return claim

    def _slots(self) -> int:
        """How many attempts may begin; of a refused account one, which finds out whether it is taken again."""
        return max(0, (1 if self.paused else self._lanes_at_once) - len(self._attempts))

    def _allows(self, now: float, row: Row) -> bool:
        """Spend the budget of the row's chat, unless that chat has to rest."""
        opens_at = self._pacer.chat_opens_at(row.external)
        if opens_at > now:
            self._chat_opens_at = min(self._chat_opens_at or opens_at, opens_at)
            return False
        self._pacer.spend(row.external, now, bulk=row.bulk)
        return True

    # Between two rounds

    async def _rest(self) -> None:
        """Wait until there is something to do: a result, a wake, a due time, an open budget, the lease."""
        if self._stopping.is_set() or self._slots() == 0:
            # Nothing can begin before a result arrives, and that rings.
            await self._hears(self._tenure.renewal_at)
        # On a busy account one round follows another; only a quiet one looks ahead.
        elif not await self._hears(min(self._opens_at(), self._clock() + QUIET_SECONDS)):
            await self._doze()
        self._bell.clear()

    async def _doze(self) -> None:
        """Wait for the next due time, and look now and then whether another process has written something."""
        is_due, next_due = await self._steadily(self._look_ahead)
        if is_due and self._passed_over:
            return
        until = min(self._opens_at(), next_due or self._tenure.renewal_at)
        while self._clock() < until and not await self._hears(min(until, self._clock() + self._poll)):
            is_due, _ = await self._steadily(self._look_ahead)
            if is_due:
                break

    async def _hears(self, until: float) -> bool:
        """Wait until then; true as soon as there is something to do for the next round."""
        return self._has_more_to_do() or await _happens(self._bell, until - self._clock())

    def _has_more_to_do(self) -> bool:
        """True when the next round can do something at once."""
        if self._attempts.results or self._unsure:
            return True
        if self._stopping.is_set():
            return self._attempts.idle
        return self._claim.more and self._pacer.room(self._clock(), self._slots()) > 0

    def _opens_at(self) -> float:
        """When the pace lets go what it holds back, or the lease wants renewal."""
        account = self._pacer.opens_at(self._looked_at) if self._held_back else None
        return min(at for at in (account, self._chat_opens_at, self._tenure.renewal_at) if at)

    async def _look_ahead(self) -> tuple[bool, float | None]:
        """Look, without the writer's lock, whether something is due and when the next thing will be."""
        async with self._database.read() as connection:
            return await look_ahead(connection, self.account, self._clock(), self._looked_at)

    # The database

    async def _steadily(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work`, and again with growing pauses while the database is away: nothing is lost meanwhile."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await work()
            except LeaseLostError:
                raise
            except Exception as error:
                log.warning("sender_waits", account=self.account, error=type(error).__name__, away=is_away(error))
            if asyncio.get_running_loop().time() + pause > self._stop_by:
                raise GaveUpError
            await (asyncio.sleep(pause) if self._stopping.is_set() else _happens(self._stopping, pause))
            pause = min(2 * pause, LONGEST_PAUSE)


async def _happens(event: asyncio.Event, within: float) -> bool:
    """Wait for an event for so many seconds; true when it happened."""
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False
