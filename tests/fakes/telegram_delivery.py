"""How Telegram hands updates over, by webhook or to getUpdates, as its own server does it.

Updates stand in queues. The next one of a queue goes out only after the one before was answered with 2xx or grew too
old; queues are independent, and a button press stands in another queue than the same person's messages. After a
failure the first retry comes at once, then after 2, 4, 8 ... seconds, or when Retry-After says.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import aiohttp

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
MESSAGE_LIFETIME = 86_400.0
CALLBACK_LIFETIME = 150.0
FIRST_UPDATE = 700_000_001

QueueKey = tuple[str, int]


@dataclass
class Pending:
    """An update on its way: `expires` in the loop's time."""

    update: dict[str, Any]
    queue: QueueKey
    expires: float

    @property
    def number(self) -> int:
        """Its update_id."""
        return int(self.update["update_id"])


@dataclass(frozen=True)
class Delivery:
    """One webhook call: which update, and what was answered (0: no answer)."""

    number: int
    status: int


@dataclass
class Webhook:
    """What setWebhook said last; `url` "" is none."""

    url: str = ""
    secret: str = ""
    connections: int = 40
    last_error: str = ""


@dataclass
class Delivering:
    """The queues, and whoever empties them.

    `hurry` shortens every wait (0.02: a retry after 5 s comes after 0.1 s); `lifetimes` are in the clock of the test.
    `twice` brings every update two times, as after an answer that got lost.
    """

    hurry: float = 0.02
    twice: bool = False
    message_lifetime: float = MESSAGE_LIFETIME
    callback_lifetime: float = CALLBACK_LIFETIME
    webhook: Webhook = field(default_factory=Webhook)
    deliveries: list[Delivery] = field(default_factory=list)
    expired: list[int] = field(default_factory=list)
    delivered: list[dict[str, Any]] = field(default_factory=list)
    allowed: list[str] | None = None
    polls: int = 0

    def __post_init__(self) -> None:
        self._queues: dict[QueueKey, deque[Pending]] = {}
        self._workers: dict[QueueKey, asyncio.Task[None]] = {}
        self._changed = asyncio.Condition()
        self._next = FIRST_UPDATE
        self._notifying: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Be ready to call webhooks."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))

    async def close(self) -> None:
        """Stop calling."""
        await self._stop_workers()
        await self._session.close()

    def add(self, kind: str, body: dict[str, Any], queue: QueueKey) -> int:
        """Put an update into its queue; return its number, or 0 when the bot did not ask for such updates."""
        if self.allowed and kind not in self.allowed:
            return 0
        lifetime = self.callback_lifetime if kind == "callback_query" else self.message_lifetime
        pending = Pending({"update_id": self._next, kind: body}, queue, _now() + lifetime)
        self._next += 1
        self._queues.setdefault(queue, deque()).append(pending)
        self._wake(queue)
        return pending.number

    def add_raw(self, update: dict[str, Any], queue: QueueKey = ("chat", 0)) -> int:
        """Put in an update of any shape; its update_id is given here."""
        kind, body = next(iter(update.items()))
        return self.add(kind, body, queue)

    def restart_numbers(self, number: int) -> None:
        """Go on from any number, as Telegram does after a week without updates."""
        self._next = number

    @property
    def waiting(self) -> list[Pending]:
        """What is not confirmed yet, in the order of the numbers."""
        return sorted((each for queue in self._queues.values() for each in queue), key=lambda each: each.number)

    async def settled(self, timeout: float = 10.0) -> None:
        """Return when every update was taken (or grew too old)."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: not self.waiting)

    async def again(self, number: int) -> int:
        """Bring an update that was taken once more; return the status answered."""
        update = next(each for each in self.delivered if each["update_id"] == number)
        status, _ = await self._call(update)
        return status

    async def set_webhook(self, url: str, secret: str, connections: int) -> None:
        """Deliver to `url` from now on ("": to nobody, wait for getUpdates)."""
        if url != self.webhook.url:
            await self._stop_workers()
        self.webhook = Webhook(url, secret, connections)
        self._slots = asyncio.Semaphore(connections)
        for queue in self._queues:
            self._wake(queue)

    async def poll(self, offset: int, limit: int, wait: float) -> list[dict[str, Any]] | None:
        """Answer getUpdates; None when a later one took its place."""
        self.polls += 1
        turn = self.polls
        async with self._changed:
            self._changed.notify_all()
            self._confirm(offset)
            ready = self._changed.wait_for(lambda: self.waiting or self.polls != turn)
            # The wait for news is what a test would sit through: it is shortened like every other.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ready, max(wait * self.hurry, 0.01))
            if self.polls != turn:
                return None
            return [each.update for each in self.waiting[:limit]]

    def _confirm(self, offset: int) -> None:
        for queue in self._queues.values():
            while queue and queue[0].number < offset:
                self.delivered.append(queue.popleft().update)

    def _wake(self, queue: QueueKey) -> None:
        worker = self._workers.get(queue)
        if self.webhook.url and (worker is None or worker.done()):
            self._workers[queue] = asyncio.create_task(self._drain(queue))
        self._announce()

    def _announce(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.create_task(notify())
        self._notifying.add(task)
        task.add_done_callback(self._notifying.discard)

    async def _drain(self, key: QueueKey) -> None:
        queue, tries = self._queues[key], 0
        while queue:
            status, retry_after = await self._call(queue[0].update)
            tries += 1
            if 200 <= status <= 299:
                if self.twice:
                    await self._call(queue[0].update)
                self.delivered.append(queue.popleft().update)
                tries = 0
                continue
            self.webhook.last_error = f"Wrong response from the webhook: {status}"
            pause = (
                retry_after if retry_after is not None else (0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)[min(tries - 1, 6)]
            )
            if _now() + pause > queue[0].expires:
                self.expired.append(queue.popleft().number)
                tries = 0
                continue
            await asyncio.sleep(pause * self.hurry)
        self._announce()

    async def _call(self, update: dict[str, Any]) -> tuple[int, float | None]:
        headers = {SECRET_HEADER: self.webhook.secret} if self.webhook.secret else {}
        async with self._slots:
            try:
                async with self._session.post(self.webhook.url, json=update, headers=headers) as answer:
                    await answer.read()
                    status, later = answer.status, answer.headers.get("Retry-After")
            except (aiohttp.ClientError, TimeoutError):
                status, later = 0, None
        self.deliveries.append(Delivery(update["update_id"], status))
        return status, float(later) if later else None

    async def _stop_workers(self) -> None:
        for worker in self._workers.values():
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        self._workers.clear()


def _now() -> float:
    return asyncio.get_running_loop().time()
