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
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import structlog

from bot.channels import SendError
from bot.jobs import Job, Perform, attempt_of, job_of, outcome_of, performs, sent
from bot.pacing import Pace, Pacer
from bot.retry import Decision, Failed, Later, Migrated, PauseAccount, Policy, Unknown, decide
from storage import leases, outbox
from storage.database import Database, is_away
from storage.heads import find_next_due, is_something_due
from storage.outbox import Claim, Outcome, Row

__all__ = ["Job", "Perform", "Sender", "performs"]

T = TypeVar("T")
log = structlog.get_logger(__name__)

# Longer than any channel's own limits together: it only keeps a hung channel from holding a lane for ever.
LONGEST_SECONDS = 60.0
# How long a database that went away is left alone, at first and at most.
PAUSES = (0.1, 5.0)
# What settling takes when the time to stop is over.
LAST_SECONDS = 2.0


class LeaseLostError(Exception):
    """Another process sends for this account now."""


class GaveUpError(Exception):
    """The time to stop is over and the database still away; whoever comes next recovers what is half done."""


class Sender:
    """Sends for one account while it holds that account's lease.

    `perform` does one effect; `pace` is what the account bears, `policy` whether its effects bear repetition. At most
    `lanes_at_once` attempts are under way, half of them bulk. `poll`, in seconds, is the net below `wake`; a dead
    owner's lease is free after `lease_seconds`, and an attempt without an end is in doubt after `longest`.

    `tally` counts outcomes by status since the start, `leading` says whether the lease is held, `paused` why the
    provider refuses the whole account ("" while it does not).
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
    ) -> None:
        self.account = account
        self.tally: Counter[str] = Counter()
        self.leading = False
        self.paused = ""
        self._database = database
        self._perform = perform
        self._policy = policy or Policy()
        self._pacer = Pacer(pace or Pace())
        self._lanes_at_once = lanes_at_once
        self._clock = clock
        self._owner = owner or f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._lease = f"sender:{account}"
        self._lease_seconds = lease_seconds
        self._lease_until = 0.0
        self._poll = poll
        self._longest = longest
        self._in_flight: dict[int, tuple[Row, asyncio.Task[Outcome]]] = {}
        self._results: list[Outcome] = []
        self._claim = Claim([])
        self._chat_opens_at = 0.0
        self._unsure = False
        self._bell = asyncio.Event()
        self._stopping = asyncio.Event()
        self._stop_by = float("inf")
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def in_flight(self) -> int:
        """How many attempts are under way."""
        return len(self._in_flight)

    def wake(self) -> None:
        """Look at the outbox at once: something was written into it."""
        self._bell.set()

    async def run(self) -> None:
        """Send until `stop` is called; stands by while another process holds the lease."""
        self._ended.clear()
        try:
            while (token := await self._lead()) is not None:
                await self._serve(token)
        except GaveUpError:
            log.warning("sender_gave_up", account=self.account, unsettled=len(self._results))
        finally:
            for _, task in self._in_flight.values():
                task.cancel()
            self.leading = False
            self._ended.set()

    async def stop(self, within: float = 10.0) -> None:
        """Begin nothing more, finish what is under way within so many seconds, settle it and give the lease back.

        What is not finished by then is cut off and in doubt.
        """
        self._stop_by = asyncio.get_running_loop().time() + within + LAST_SECONDS
        self._stopping.set()
        self._bell.set()
        if not await _happens(self._ended, within):
            for _, task in self._in_flight.values():
                task.cancel()
            await _happens(self._ended, LAST_SECONDS)

    # The lease

    async def _lead(self) -> int | None:
        """Wait until the lease is ours; return its token, None when told to stop."""
        while not self._stopping.is_set():
            token = await self._steadily(self._acquire)
            if token is not None:
                log.info("sender_leads", account=self.account, token=token)
                return token
            await _happens(self._stopping, min(1.0, self._lease_seconds / 4))
        return None

    async def _acquire(self) -> int | None:
        now = self._clock()
        async with self._database.write() as connection:
            token = await leases.acquire(connection, self._lease, self._owner, now, self._lease_seconds)
        self._lease_until = now + self._lease_seconds
        return token

    async def _release(self, token: int) -> None:
        async with self._database.write() as connection:
            await leases.release(connection, self._lease, token)

    def _is_renewal_due(self) -> bool:
        return self._clock() > self._lease_until - self._lease_seconds * 2 / 3

    # Rounds

    async def _serve(self, token: int) -> None:
        """Send under this lease, until told to stop or the lease is lost."""
        try:
            await self._steadily(partial(self._recover, token))
            self.leading = True
            while not (self._stopping.is_set() and not self._in_flight and not self._results):
                await self._steadily(partial(self._round, token))
                await self._rest()
            await self._steadily(partial(self._release, token))
        except LeaseLostError:
            log.warning("sender_lost_its_lease", account=self.account, token=token)
            await self._abandon()
        finally:
            self.leading = False

    async def _recover(self, token: int) -> None:
        """Decide about what a dead owner left half sent."""
        now = self._clock()
        async with self._database.write() as connection:
            if not await leases.hold(connection, self._lease, token):
                raise LeaseLostError
            rows = await outbox.recover(connection, self.account, token)
            outcomes = [self._fail(row, SendError("ambiguous", "its sender died meanwhile")) for row in rows]
            if outcomes:
                await outbox.settle(connection, outcomes, self.account, token, now)
        self._unsure = False

    async def _round(self, token: int) -> None:
        """Settle what has arrived, claim what may begin, begin it."""
        now = self._clock()
        results = list(self._results)
        held = {*self._in_flight, *(outcome.id for outcome in results)}
        renewing = self._is_renewal_due()
        unsure, self._unsure = self._unsure, True
        async with self._database.write() as connection:
            if renewing:
                ours = await leases.renew(connection, self._lease, token, now, self._lease_seconds)
            else:
                ours = await leases.hold(connection, self._lease, token)
            if not ours:
                raise LeaseLostError
            settled = await outbox.settle(connection, results, self.account, token, now) if results else set()
            if unsure:
                await outbox.put_back(connection, self.account, token, held)
            claim = await self._claim_within_pace(connection, token, now)
        del self._results[: len(results)]
        self.tally.update(outcome.status for outcome in results if outcome.id in settled)
        if renewing:
            self._lease_until = now + self._lease_seconds
        # After a long stall somebody else may have taken what we claimed; the next round finds out.
        if self._clock() < self._lease_until:
            self._unsure = False
            for row in claim.rows:
                self._begin(row)

    async def _claim_within_pace(self, connection: AsyncConnection, token: int, now: float) -> Claim:
        slots = self._lanes_at_once - len(self._in_flight)
        if self.paused:
            # One attempt finds out whether the provider takes us again.
            slots = 0 if self._in_flight else 1
        room = 0 if self._stopping.is_set() else self._pacer.room(now, slots)
        self._chat_opens_at = 0.0
        if room == 0:
            self._claim = Claim([], next_due=self._claim.next_due)
            return self._claim
        bulk_slots = max(1, self._lanes_at_once // 2) - sum(row.bulk for row, _ in self._in_flight.values())
        self._claim = await outbox.claim(
            connection,
            self.account,
            token,
            now,
            room,
            bulk_limit=self._pacer.bulk_room(now, max(0, min(room, bulk_slots))),
            allows=partial(self._allows, now),
            refused=self._claim.refused,
            after=self._claim.after,
        )
        return self._claim

    def _allows(self, now: float, row: Row) -> bool:
        """Spend the row's chat's budget, unless that chat has to rest."""
        opens_at = self._pacer.chat_opens_at(row.external)
        if opens_at > now:
            self._chat_opens_at = min(self._chat_opens_at or opens_at, opens_at)
            return False
        self._pacer.spend(row.external, now, bulk=row.bulk)
        return True

    # Between two rounds

    async def _rest(self) -> None:
        """Wait until there is something to do: a result, a wake, a due time, an open budget, the lease."""
        while not self._is_more_to_do():
            if await _happens(self._bell, self._seconds_to_rest()):
                break
            if self._is_renewal_due() or await self._steadily(self._peek):
                break
        self._bell.clear()

    def _is_more_to_do(self) -> bool:
        """True when the next round can do something at once."""
        if self._stopping.is_set() or self._results:
            return self._results != [] or not self._in_flight
        slots = self._lanes_at_once - len(self._in_flight)
        return self._unsure or (self._claim.more and self._pacer.room(self._clock(), slots) > 0)

    def _seconds_to_rest(self) -> float:
        now = self._clock()
        times = (self._claim.next_due, self._pacer.opens_at(now), self._chat_opens_at)
        soonest = min((at - now for at in times if at and at > now), default=self._poll)
        return max(0.001, min(soonest, self._poll))

    async def _peek(self) -> bool:
        """Look, without the writer's lock, whether a round is worth it."""
        now = self._clock()
        async with self._database.read() as connection:
            due = await is_something_due(connection, self.account, now)
            if not due:
                self._claim.next_due = await find_next_due(connection, self.account, now)
        return due

    # Attempts

    def _begin(self, row: Row) -> None:
        task = asyncio.create_task(self._attempt(row))
        self._in_flight[row.id] = (row, task)
        task.add_done_callback(partial(self._note, row))

    async def _attempt(self, row: Row) -> Outcome:
        try:
            async with asyncio.timeout(self._longest):
                return sent(row, await self._perform(job_of(row, self.account)))
        except SendError as error:
            return self._fail(row, error)
        except TimeoutError:
            return self._fail(row, SendError("ambiguous", "no end in sight"))
        except Exception as error:
            return self._fail(row, self._explain(row, error))

    def _explain(self, row: Row, error: Exception) -> SendError:
        """Take what a performer must not raise as the provider's fault; our own database being away is nobody's."""
        if self._policy.repeats == "always" and is_away(error):
            return SendError("not_sent", type(error).__name__)
        log.error("performer_raised", account=self.account, row=row.id, error=type(error).__name__)
        return SendError("server", f"raised {type(error).__name__}")

    def _note(self, row: Row, task: asyncio.Task[Outcome]) -> None:
        """Keep the result of an attempt for the next round, unless the attempt was abandoned."""
        if self._in_flight.get(row.id, (row, None))[1] is not task:
            return
        del self._in_flight[row.id]
        if task.cancelled():
            self._results.append(self._fail(row, SendError("ambiguous", "cut off by a stop")))
        else:
            self._results.append(task.result())
        if self._results[-1].status == "sent":
            self.paused = ""
        self._bell.set()

    def _fail(self, row: Row, error: SendError) -> Outcome:
        """Decide what becomes of a failed attempt, and slow down where the provider asks for it."""
        now = self._clock()
        decision = decide(error, attempt_of(row), self._policy, now, random.random())  # noqa: S311
        self._report(row, error, decision)
        if error.kind == "throttled" and isinstance(decision, Later):
            if self._pacer.throttled(row.lane, now, decision.due):
                log.warning("account_throttled", account=self.account, seconds=round(decision.due - now, 1))
        if isinstance(decision, PauseAccount):
            self.paused = error.detail
            self._pacer.block(decision.later.due)
        return outcome_of(row, error, decision)

    def _report(self, row: Row, error: SendError, decision: Decision) -> None:
        tell = log.info if isinstance(decision, Later | Migrated) else log.warning
        tell(
            "not_sent",
            account=self.account,
            row=row.id,
            kind=error.kind,
            detail=error.detail,
            then=type(decision).__name__.lower(),
        )

    async def _abandon(self) -> None:
        """Let what is under way end and forget it: whoever has the lease now has decided about it already."""
        tasks = [task for _, task in self._in_flight.values()]
        self._in_flight.clear()
        self._results.clear()
        self._claim = Claim([])
        if tasks:
            await asyncio.wait(tasks, timeout=self._longest)

    # The database

    async def _steadily(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work`, and again with growing pauses while the database is away: nothing is lost meanwhile."""
        pause, longest = PAUSES
        while True:
            try:
                return await work()
            except LeaseLostError:
                raise
            except Exception as error:
                log.warning("sender_waits", account=self.account, error=type(error).__name__, away=is_away(error))
            if asyncio.get_running_loop().time() + pause > self._stop_by:
                raise GaveUpError
            await _happens(self._stopping, pause)
            pause = min(2 * pause, longest)


async def _happens(event: asyncio.Event, within: float) -> bool:
    """Wait for an event for so many seconds; true when it happened."""
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False
