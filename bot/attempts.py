"""The attempts that a sender has under way, and their results until they are settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from bot.channels import SendError
from bot.jobs import Perform, attempt_of, job_of, outcome_of, sent
from bot.pacing import Pacer
from bot.retry import Decision, Later, Migrated, PauseAccount, Policy, decide
from storage.database import is_away
from storage.outbox import Outcome, Row

log = structlog.get_logger(__name__)


class Attempts:
    """Begins attempts for one account, and decides what becomes of those that fail.

    `clock` gives Unix seconds, `jitter` a number in 0..1; an attempt without an end is in doubt after `longest`
    seconds; `tell` is called with every result. `results` are to be taken from the front; `paused` is why the provider
    refuses the whole account, "" while it does not.
    """

    def __init__(
        self,
        account: str,
        perform: Perform,
        policy: Policy,
        pacer: Pacer,
        *,
        clock: Callable[[], float],
        jitter: Callable[[], float],
        longest: float,
        tell: Callable[[], None],
    ) -> None:
        self.results: list[Outcome] = []
        self.paused = ""
        self._account = account
        self._perform = perform
        self._policy = policy
        self._pacer = pacer
        self._clock = clock
        self._jitter = jitter
        self._longest = longest
        self._tell = tell
        self._under_way: dict[int, tuple[Row, asyncio.Task[Outcome]]] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def bulk(self) -> int:
        """How many attempts under way are bulk."""
        return sum(row.bulk for row, _ in self._under_way.values())

    @property
    def idle(self) -> bool:
        """True when nothing is under way and nothing waits to be settled."""
        return not self._under_way and not self.results

    def held(self) -> set[int]:
        """The ids of rows that are under way or wait to be settled."""
        return {*self._under_way, *(outcome.id for outcome in self.results)}

    def begin(self, row: Row, token: int) -> None:
        """Perform the effect of a row claimed under `token` beside everything else."""
        task = asyncio.create_task(self._attempt(row, token))
        self._under_way[row.id] = (row, task)
        task.add_done_callback(partial(self._note, row))

    def cut_off(self) -> None:
        """End what is under way; it is in doubt then."""
        for _, task in self._under_way.values():
            task.cancel()

    async def end(self) -> None:
        """Let what is under way end."""
        if self._under_way:
            await asyncio.wait([task for _, task in self._under_way.values()], timeout=self._longest)

    async def abandon(self) -> None:
        """Let what is under way end and forget it, with all results: somebody else has decided about it."""
        await self.end()
        self._under_way.clear()
        self.results.clear()

    def fail(self, row: Row, error: SendError) -> Outcome:
        """Decide what becomes of a failed attempt, and slow down where the provider asks for it."""
        now = self._clock()
        decision = decide(error, attempt_of(row), self._policy, now, self._jitter())
        self._report(row, error, decision)
        match decision:
            case Later(due) if error.kind == "throttled" and self._pacer.throttled(row.lane, now, due):
                log.warning("account_throttled", account=self._account, seconds=round(due - now, 1))
            case PauseAccount(later):
                self.paused = error.detail or error.kind
                self._pacer.block(later.due)
        return outcome_of(row, error, decision)

    async def _attempt(self, row: Row, token: int) -> Outcome:
        try:
            async with asyncio.timeout(self._longest):
                outcome = sent(row, await self._perform(job_of(row, self._account, token)))
        except SendError as error:
            return self.fail(row, error)
        except TimeoutError:
            return self.fail(row, SendError("ambiguous", "no end in sight"))
        except Exception as error:
            return self.fail(row, self._explain(row, error))
        # Only now is it known what it took of the account's pace.
        self._pacer.charge(outcome.segments - 1, self._clock())
        return outcome

    def _explain(self, row: Row, error: Exception) -> SendError:
        """Take what a performer must not raise as the provider's fault; our own database being away is nobody's."""
        if self._policy.repeats == "always" and is_away(error):
            return SendError("not_sent", type(error).__name__)
        log.error("performer_raised", account=self._account, row=row.id, error=type(error).__name__)
        return SendError("server", f"raised {type(error).__name__}")

    def _note(self, row: Row, task: asyncio.Task[Outcome]) -> None:
        """Keep the result of an attempt, unless it was abandoned."""
        if self._under_way.get(row.id, (row, None))[1] is not task:
            return
        del self._under_way[row.id]
        cut_off = SendError("ambiguous", "cut off by a stop")
        outcome = self.fail(row, cut_off) if task.cancelled() else task.result()
        if outcome.status == "sent":
            self.paused = ""
        self.results.append(outcome)
        self._tell()

    def _report(self, row: Row, error: SendError, decision: Decision) -> None:
        tell = log.info if isinstance(decision, Later | Migrated) else log.warning
        then = type(decision).__name__.lower()
        tell("not_sent", account=self._account, row=row.id, kind=error.kind, detail=error.detail, then=then)
