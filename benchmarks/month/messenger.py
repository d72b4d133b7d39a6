"""The provider's side of a channel: it brings messages to phones, and now and then it does not."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from bot.channels import SendError
from bot.jobs import Job, Perform, performs
from bot.messages import Outbound

if TYPE_CHECKING:
    from storage.database import Database

# Of a hundred attempts so many fail in each way.
FAULTS = {"server": 0.8, "throttled": 0.4, "ambiguous": 0.3, "content": 0.1, "not_sent": 0.2}
# Nobody is that unlucky with one message: what is lost for good is other tests' business.
MOST_IN_A_ROW = 3
ONCE = ("ambiguous", "content")

Hear = Callable[[str, str, Outbound], None]


class Messenger:
    """A channel called `account`; `hear` is told of everything that arrives: (account, address, message).

    `away` are spans of the clock in which nothing gets through, `blocked` the addresses of those who shut the door.
    """

    variant = ""

    def __init__(self, account: str, seed: int, clock: Callable[[], float], hear: Hear, *, faulty: bool = True) -> None:
        self.account = account
        self.away: list[tuple[float, float]] = []
        self.blocked: set[str] = set()
        self.met: Counter[str] = Counter()
        self.sent = 0
        self._seed = seed
        self._clock = clock
        self._hear = hear
        self._faulty = faulty
        self._failed: Counter[str] = Counter()
        self._arrived: set[str] = set()
        self._numbers = itertools.count(1)

    def performer(self, database: Database) -> Perform:
        """What the sender of this account performs."""
        through = performs(self, database)

        async def perform(job: Job) -> str:
            fault = self._fault(job)
            arrives = fault is None or (fault.kind == "ambiguous" and self._lot(job, "arrives") < 0.5)
            provider_id = str(await through(job)) if arrives else ""
            if arrives:
                self._bring(job)
            if fault is not None:
                raise fault
            return provider_id

        return perform

    def _bring(self, job: Job) -> None:
        """What comes twice is read once."""
        if job.effect_key not in self._arrived:
            self._arrived.add(job.effect_key)
            self._hear(self.account, job.address, msgspec.json.decode(job.payload, type=Outbound))

    def _fault(self, job: Job) -> SendError | None:
        if job.address in self.blocked:
            return self._meet("gone")
        if any(begin <= self._clock() < end for begin, end in self.away):
            return self._meet("not_sent")
        if not self._faulty or self._failed[job.effect_key] >= MOST_IN_A_ROW:
            return None
        lot = self._lot(job, "fails") * 100
        for kind, share in FAULTS.items():
            lot -= share
            if lot < 0 and not (kind in ONCE and self._failed[job.effect_key]):
                self._failed[job.effect_key] += 1
                return self._meet(kind)
        return None

    def _lot(self, job: Job, what: str) -> float:
        """Drawn for this very attempt, in whatever order attempts are made."""
        drawn = f"{self._seed} {job.effect_key} {self._failed[job.effect_key]} {what}"
        return int.from_bytes(blake2b(drawn.encode(), digest_size=8).digest()) / 2**64

    def _meet(self, kind: str) -> SendError:
        self.met[kind] += 1
        return SendError(kind, "as it happens", retry_after=3.0 if kind == "throttled" else None)  # type: ignore[arg-type]

    async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
        """Say it; every message has a number."""
        self.sent += 1
        return f"m{next(self._numbers)}"

    async def fetch(self, ref: str, most: int) -> bytes:
        """Nobody sends files here."""
        raise SendError("content", "no such file")
