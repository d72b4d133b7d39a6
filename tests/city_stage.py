"""A city on its stage: people on four channels, a sender that records what they get, and the real clockwork.

Nothing here decides what ought to happen: that is counted anew in `tests/city_recount.py` and `tests/city_checks.py`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import func, select, update

from bot.clockwork import Clockwork
from bot.jobs import Job, Sent
from bot.messages import Inbound, Outbound
from bot.workplace import Workplace
from storage.officials import add_invite
from storage.schema import address, inbox, official, outbox, ticket
from storage.work import Work
from tests.city_people import ACCOUNTS, CITIZENS, OFFICIALS, TELEGRAM
from tests.machine import Lots
from tests.pictured import encode, make_quarters
from tests.stage import MORNING, Stage

PICTURE = encode(make_quarters())
# The clock of a city that stands still is an error, and no reason to wait for ever.
MOST_LOOKS = 5000


class Heard(msgspec.Struct, frozen=True):
    """A message as somebody got it: when, who, which row of the outbox it was, what made the bot say it."""

    at: float
    who: str
    row: int
    cause: str
    out: Outbound

    @property
    def text(self) -> str:
        """Everything that can be read of it, what its buttons send included."""
        return " ".join([self.out.text, self.subject, *(each.label for each in self.out.options)])

    @property
    def subject(self) -> str:
        """Which tickets it is about: the one that it says so of, and those of its buttons."""
        return " ".join([self.out.ticket, *(each.tap for each in self.out.options)])


class Paper:
    """A channel that writes down what it is to send."""

    variant = ""

    def __init__(self, city: City, account: str) -> None:
        self.city = city
        self.account = account

    async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
        return f"{self.account}:{next(self.city.sent)}"

    async def fetch(self, ref: str, most: int) -> bytes:
        return PICTURE


class City(Stage):
    """One process of the bot with four channels; `heard` is everything that anybody got, in its order."""

    def __init__(self, url: str) -> None:
        super().__init__(url, lambda stage: Paper(self, TELEGRAM), self._nobody_watches)
        self.variant = lambda account: "sms" if account.startswith("sms:") else ""
        self.fits = lambda account, message: len(message.options)
        self.heard: list[Heard] = []
        self.sent = itertools.count(1)
        self.names: dict[int, str] = {}

    async def _nobody_watches(self, address: str, message: Outbound) -> None:
        """What is recorded is recorded elsewhere."""

    def start(self) -> None:
        """Open the database and take messages, on every channel."""
        super().start()
        self.errands._channels = {account: Paper(self, account) for account in ACCOUNTS}
        performers = dict.fromkeys(ACCOUNTS, self._record)
        self._performers = {**performers, "errands": self.errands.perform, "local": self._performers["local"]}
        self.clockwork = Clockwork(
            Workplace(self.database, lambda: self.pack, self._make_work, "city", self.woken.update)
        )

    def _make_work(self, connection: Any) -> Work:
        work = Work(connection, self.now, self.lots.code, self.lots.id)
        work.calm = self.pack.timetable
        return work

    async def _record(self, job: Job) -> str:
        message = msgspec.json.decode(job.payload, type=Outbound)
        cause = job.effect_key.removeprefix(f"{job.account}:").rpartition("#")[0]
        self.heard.append(Heard(self.now, self.names[job.address_id or 0], job.id, cause, message))
        return f"p{job.id}"

    async def wait(self, seconds: float) -> None:
        """Let time pass; the clockwork looks whenever a ticket wants it, and each morning."""
        until = self.now + seconds
        for _ in range(MOST_LOOKS):
            at = max(await self._next_look(), self.now)
            if at > until:
                return await self._drain(until)
            await self._drain(at)
            await self.clockwork.look(self.now)
        raise AssertionError("the clock looks at something for ever")

    async def _next_look(self) -> float:
        watched = await self.one(select(func.min(ticket.c.watch_at)))
        return min(self._next_morning(), self.now + 1e9 if watched is None else float(watched))

    def _next_morning(self) -> float:
        """When digests are told next."""
        calendar = self.pack.timetable.calendar
        today = calendar.day(self.now)
        ahead = (calendar.at(today + timedelta(days=n), 8 * 60) for n in (0, 1))
        return next(at for at in ahead if at > self.now)

    async def _do_all(self, deeds: Sequence[Callable[[], Awaitable[str | Sent]]]) -> Sequence[str | Sent]:
        """Do what was claimed at once together, as the senders do it."""
        return await asyncio.gather(*(deed() for deed in deeds))

    async def rest(self, days: int) -> None:
        """Let so many days pass, with nobody told of the day: only what tickets and conversations want."""
        until = self.now + days * 86400.0
        self._next_morning = lambda: until + 1.0  # type: ignore[method-assign]
        await self.wait(days * 86400.0)

    def written(self, name: str, **message: Any) -> Inbound:
        """A message of somebody of the city, not sent yet."""
        who = {**CITIZENS, **OFFICIALS}[name]
        return self.phone(who.external, account=who.account, language=who.language).message(**message)

    async def hear(self, who: str, **message: Any) -> None:
        """Take a message of somebody's, and let everything happen that follows at once."""
        await self.take(self.written(who, **message))
        await self.settle()

    async def cast(self) -> None:
        """Have everybody write once, and make officials of those who are."""
        for number, (name, who) in enumerate(OFFICIALS.items()):
            code = f"BCDF-2345-{number:04d}"
            await self.work(partial(add_invite, code=code, bodies=[who.body], role=who.role, name=who.name))
            await self.take(self.written(name, text=f"/start invite-{code}"))
        for name in CITIZENS:
            await self.take(self.written(name, text="/ayuda"))
        await self.work(lambda work: work.execute(update(official).values(proved_at=MORNING)))

    async def meet(self) -> None:
        """Learn who is who in a database that is cast already, where nothing said comes under a key of then."""
        self._keys = itertools.count(1 + await self.count(inbox))
        rows = await self.rows(select(address.c.id, address.c.account, address.c.external))
        known = {(who.account, who.external): name for name, who in {**CITIZENS, **OFFICIALS}.items()}
        self.names = {row.id: known[row.account, row.external] for row in rows}

    async def notices(self) -> dict[str, tuple[str, dict[str, str]]]:
        """What was ever noticed to anybody, by its key: (name of the conversation, its data)."""
        rows = await self.rows(select(outbox.c.effect_key, outbox.c.payload).where(outbox.c.kind == "notice"))
        read = {row.effect_key: json.loads(row.payload) for row in rows}
        return {key: (each["name"], each.get("data", {})) for key, each in read.items()}

    async def dead(self) -> list[str]:
        """The keys of messages on which a conversation failed."""
        rows = await self.rows(select(inbox.c.key).where(inbox.c.status == "dead"))
        return [row.key for row in rows]


async def make_cast(url: str) -> None:
    """Cast the migrated, empty database at `url`."""
    city = City(url)
    city.start()
    try:
        await city.cast()
        await city.meet()
        await city.wait(60)
    finally:
        await city.stop()


def fresh_lots(number: int) -> Lots:
    """Codes and ids that nothing cast has."""
    lots = Lots(number)
    for _ in range(1000):
        lots.id()
    return lots
