"""How Twilio calls: signed, with the time limits and retries that the address's fragment asks for, then the fallback.

Twilio's connection overrides: `ct` and `rt` are the limits for connecting and reading in milliseconds, `tt` for all of
it, `rc` counts retries and `rp` says after what ("4xx", "5xx", "ct", "rt", "all"); without them once, after `ct` only.
"""

from __future__ import annotations

import asyncio
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from twilio.request_validator import RequestValidator

Params = dict[str, str]
FAILED_TO_CONNECT, FAILED_TO_READ = "ct", "rt"
PAUSE = 0.02


@dataclass(frozen=True)
class Overrides:
    """What a fragment asks for; times in seconds."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    after: frozenset[str] = frozenset({FAILED_TO_CONNECT})

    @classmethod
    def of(cls, url: str) -> Overrides:
        """Those of an address; fails for what Twilio does not know or allow."""
        given = dict(parse_qsl(urlsplit(url).fragment))
        assert set(given) <= {"ct", "rt", "tt", "rc", "rp"}, f"Twilio knows no {sorted(given)}"
        read = cls(
            connect=int(given.get("ct", 5000)) / 1000,
            read=int(given.get("rt", 15000)) / 1000,
            total=int(given.get("tt", 15000)) / 1000,
            retries=int(given.get("rc", 1)),
            after=frozenset(given.get("rp", "ct").split(",")),
        )
        assert 0.1 <= read.connect <= 10, "ct is 100 to 10000"
        assert 0.1 <= read.read <= 15, "rt is 100 to 15000"
        assert read.total <= 15, "tt is at most 15000"
        assert 0 <= read.retries <= 5, "rc is 0 to 5"
        assert read.after <= {"4xx", "5xx", "ct", "rt", "all"}, f"rp knows no {sorted(read.after)}"
        return read

    def repeats(self, outcome: str) -> bool:
        """True when another try follows what happened."""
        return "all" in self.after or outcome in self.after


@dataclass(frozen=True)
class Delivery:
    """One call: its address, its parameters and what was answered (0: nothing)."""

    url: str
    params: Params
    status: int
    token: str


@dataclass
class Delivering:
    """Whoever makes the calls.

    `reaches` leads from public addresses to where they really are: {"https://bot.test": "http://127.0.0.1:8080"}.
    `patience` shortens the limits of 15 seconds and less, `pause` is waited between two tries; `twice` brings every
    message from now on two times; `signs` with another token than the account's when it is set. `deliveries` are all
    calls made, `lost` the messages that nobody took.
    """

    token: str
    faults: list[str]
    reaches: dict[str, str] = field(default_factory=dict)
    patience: float = 1.0
    pause: float = PAUSE
    twice: bool = False
    signs: str = ""
    deliveries: list[Delivery] = field(default_factory=list)
    lost: list[Params] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: dict[str, asyncio.Lock] = {}

    async def open(self) -> None:
        """Be ready to call."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """Stop calling."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside; `settled` waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)
        return task

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.faults.append(f"{type(error).__name__}: {error}")

    async def settled(self, timeout: float = 10.0) -> None:
        """Return when nothing is on its way any more."""
        async with asyncio.timeout(timeout):
            while self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def bring(self, url: str, fallback: str, params: Params, turn: str) -> asyncio.Task[None]:
        """Bring a message, after the ones before of the same `turn`."""
        times = 2 if self.twice else 1
        return self.begin(self._bring(url, fallback, params, self._turns.setdefault(turn, asyncio.Lock()), times))

    async def _bring(self, url: str, fallback: str, params: Params, turn: asyncio.Lock, times: int) -> None:
        status = 0
        async with turn:
            for _ in range(times):
                status = await self.call(url, params, expects_twiml=True) if url else 0
                if not 200 <= status <= 299 and fallback:
                    problem = {"ErrorCode": "11200", "ErrorUrl": url.partition("#")[0]}
                    status = await self.call(fallback, params | problem, expects_twiml=True)
            if not 200 <= status <= 299:
                self.lost.append(params)

    async def call(self, url: str, params: Params, *, expects_twiml: bool = False) -> int:
        """Call as often as the address asks for; the last status (0: no answer)."""
        overrides, token, status = Overrides.of(url), str(uuid.uuid4()), 0
        try:
            async with asyncio.timeout(overrides.total * self.patience):
                for _ in range(overrides.retries + 1):
                    status, outcome = await self._once(url, params, overrides, token, expects_twiml)
                    self.deliveries.append(Delivery(url, params, status, token))
                    if 200 <= status <= 299 or not overrides.repeats(outcome):
                        break
                    await asyncio.sleep(self.pause)
        except TimeoutError:
            self.deliveries.append(Delivery(url, params, 0, token))
            return 0
        return status

    async def _once(
        self, url: str, params: Params, overrides: Overrides, token: str, expects_twiml: bool
    ) -> tuple[int, str]:
        # The fragment is for Twilio alone: it is neither called nor signed.
        signed = url.partition("#")[0]
        headers = {
            "X-Twilio-Signature": RequestValidator(self.signs or self.token).compute_signature(signed, params),
            "I-Twilio-Idempotency-Token": token,
        }
        limits = aiohttp.ClientTimeout(
            sock_connect=overrides.connect * self.patience, sock_read=overrides.read * self.patience
        )
        try:
            async with self._session.post(
                self._real(signed), data=params, headers=headers, timeout=limits, allow_redirects=False
            ) as answer:
                body = await answer.text()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return 0, FAILED_TO_CONNECT
        except (aiohttp.ClientError, TimeoutError):
            return 0, FAILED_TO_READ
        if expects_twiml and answer.status == 200:
            self.faults += _twiml_faults(url, answer.content_type, body)
        return answer.status, f"{answer.status // 100}xx"

    def _real(self, url: str) -> str:
        for public, real in self.reaches.items():
            if url.startswith(public):
                return real + url.removeprefix(public)
        return url

    async def fetch(self, url: str) -> tuple[int, bytes, str]:
        """A file that a message names: (status, bytes, content type), as anybody on the net would get it."""
        try:
            async with self._session.get(self._real(url), timeout=aiohttp.ClientTimeout(10)) as answer:
                return answer.status, await answer.read(), answer.content_type
        except (aiohttp.ClientError, TimeoutError):
            return 0, b"", ""


def _twiml_faults(url: str, content_type: str, body: str) -> list[str]:
    """An answer speaks TwiML or not at all, and this bot speaks by the API alone."""
    if not body:
        return []
    if content_type not in ("text/xml", "application/xml"):
        return [f"{url} answered {content_type}: 12300 Invalid Content-Type"]
    try:
        root = ET.fromstring(body)  # noqa: S314  # our own bot's answer
    except ET.ParseError:
        return [f"{url} answered no XML: 12100 Document parse failure"]
    return [] if root.tag == "Response" and not len(root) else [f"{url} answered with TwiML that acts: {body[:100]}"]


@dataclass
class Receipts:
    """Status callbacks and what happens to them.

    `early` brings the first ones before the creating call is answered; `doubled` brings each twice; `shuffled` brings
    them in reverse; `dropped` names statuses that never come ("all" for every one); `delay` is in seconds.
    `held` keeps them until `release`.
    """

    delivering: Delivering
    early: bool = False
    doubled: bool = False
    shuffled: bool = False
    dropped: set[str] = field(default_factory=set)
    delay: float = 0.0
    held: bool = False
    delivered: list[Mapping[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting: list[Callable[[], Coroutine[Any, Any, None]]] = []

    async def tell(self, url: str, steps: list[Params]) -> None:
        """Bring the steps of one message's life."""
        if self.held:
            self._waiting.append(lambda: self._tell(url, steps))
        else:
            await self._tell(url, steps)

    def release(self) -> None:
        """Bring what was held."""
        self.held = False
        for tell in self._waiting:
            self.delivering.begin(tell())
        self._waiting.clear()

    async def _tell(self, url: str, steps: list[Params]) -> None:
        wanted = [step for step in steps if not {step["MessageStatus"], "all"} & self.dropped]
        for step in wanted[::-1] if self.shuffled else wanted:
            await asyncio.sleep(self.delay)
            for _ in range(2 if self.doubled else 1):
                await self.delivering.call(url, step)
                self.delivered.append(step)
