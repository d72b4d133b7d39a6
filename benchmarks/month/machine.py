"""The bot of the month: the real intake, outbox, senders, errands and clockwork in one process, on a clock that is set.

Nothing waits for time to pass: whatever is due now is done, and then it is said when something will be due next.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import Float, Select, bindparam, func, or_, select, update

from bot.clockwork import Clockwork
from bot.drawings import Drawings
from bot.errands import Errands, Local
from bot.intake import Intake
from bot.jobs import Perform
from bot.numbering import Numbering
from bot.retry import IDEMPOTENT, Policy
from bot.room import Room
from bot.scene import Limits
from bot.sender import Sender
from bot.workplace import Workplace
from handlers import TABLE
from storage import officials
from storage.codes import make_code
from storage.database import Database
from storage.media import MediaStore
from storage.phones import make_keyed_hash
from storage.schema import official, outbox, ticket
from storage.work import Work
from storage.workbench import Workbench

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from benchmarks.month.messenger import Messenger
    from bot.messages import Inbound
    from routing.pack import Pack

# What a deployment has unless it is set otherwise.
LIMITS = Limits(10, 30)
PUBLIC_URL = "https://baldosa.example"
# A sender that has something to do and does nothing for so long is stuck.
STUCK_SECONDS = 60.0
# Longer than a sender takes between two rounds.
QUIET_SECONDS = 0.002
# Leases are other tests' business: here is one process, whose clock jumps.
FOR_EVER = 10 * 365 * 86400.0
WATCH = select(func.min(ticket.c.watch_at))
NOW = bindparam("now", type_=Float)


def _due() -> Select[Any]:
    """The accounts that can do something now: what stands behind a row that waits has to wait too."""
    c, head = outbox.c, outbox.alias().c
    lane = (head.account == c.account, head.lane == c.lane, head.done_at.is_(None))
    first = select(head.id).where(*lane).order_by(head.seq, head.id).limit(1).scalar_subquery()
    here = (c.status == "pending", c.due_at <= NOW, or_(c.kind == "timer", c.id == first))
    return select(c.account).where(*here).distinct()


DUE = _due()
LATER = select(func.min(outbox.c.due_at)).where(outbox.c.status == "pending", outbox.c.due_at > NOW)


class Machine:
    """One process of the bot over the migrated database at `url`; `now` is its clock, in Unix seconds.

    `looks` are the moments at which the clockwork looked at tickets.
    """

    def __init__(self, url: str, pack: Pack, language: str, now: float, seed: int, messengers: list[Messenger]) -> None:
        self.now = now
        self.looks: list[float] = []
        self.taken = 0
        self._pack = pack
        self._lots = random.Random(seed)
        self._ids = itertools.count(1)
        self._moved = asyncio.Event()
        self.database = Database(url)
        self.intake = Intake(self._room(language))
        self._workbench = Workbench()
        self._store = MediaStore.open("memory://")
        self._senders = {sender.account: sender for sender in self._make_senders(messengers)}
        self._clockwork = Clockwork(Workplace(self.database, lambda: pack, self.make_work, "month", self._wake))

    def _room(self, language: str) -> Room:
        return Room(
            database=self.database,
            table=TABLE,
            pack=lambda: self._pack,
            new_code=self._new_code,
            new_id=self._new_id,
            wake=self._wake,
            variant=lambda account: "",
            services=frozenset({"numbers"}),
            keyed_hash=make_keyed_hash("a secret of this month only"),
            limits=LIMITS,
            public_url=PUBLIC_URL,
            language=language,
            clock=lambda: self.now,
        )

    def _new_code(self) -> str:
        return make_code(self._lots.randrange)

    def _new_id(self) -> str:
        return f"{next(self._ids):024x}"

    def _make_senders(self, messengers: list[Messenger]) -> Iterable[Sender]:
        numbering = Numbering(
            self.database, Drawings(self.database, self._store, lambda: self.now), lambda: self._pack, lambda: self.now
        )
        errands = Errands(
            database=self.database,
            intake=self.intake,
            store=self._store,
            workbench=self._workbench,
            channels={each.account: each for each in messengers},
            services={"numbers": numbering.report, "menu": _show_no_menu},
        )
        yield self._sender("local", Local(self.intake).perform, IDEMPOTENT)
        yield self._sender("errands", errands.perform, IDEMPOTENT)
        for each in messengers:
            yield self._sender(each.account, each.performer(self.database), Policy())

    def _sender(self, account: str, perform: Perform, policy: Policy) -> Sender:
        sender = Sender(
            self.database,
            account,
            perform,
            policy=policy,
            clock=lambda: self.now,
            owner="month",
            lease_seconds=FOR_EVER,
            poll=FOR_EVER,
        )
        sender.tally = _Ringing(self._moved)
        return sender

    def make_work(self, connection: AsyncConnection) -> Work:
        """A transaction of the clock's."""
        work = Work(connection, self.now, self._new_code, self._new_id)
        work.calm = self._pack.timetable
        return work

    def _wake(self, accounts: set[str]) -> None:
        for account in accounts & self._senders.keys():
            self._senders[account].wake()

    async def __aenter__(self) -> Machine:
        self._running = [asyncio.create_task(self.intake.run())]
        self._running += [asyncio.create_task(sender.run()) for sender in self._senders.values()]
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(sender.stop() for sender in self._senders.values()))
        self.intake.stop()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._running)
        await self._workbench.close()
        await self.database.close()

    async def take(self, messages: Sequence[Inbound]) -> None:
        """Hand messages to the intake at once, as providers do."""
        self.taken += len(messages)
        await asyncio.gather(*map(self.intake.take, messages))

    async def settle(self) -> tuple[float, float]:
        """Do everything that is due now; when the outbox, and when a ticket, wants to be looked at next."""
        while True:
            due, later, watch = await self._look_ahead()
            if not due and not self._busy:
                if watch > self.now:
                    return later, watch
                await self.look()
                continue
            self._moved.clear()
            self._wake(due)
            async with asyncio.timeout(STUCK_SECONDS):
                await self._moved.wait()
            await self._come_to_rest()

    async def _come_to_rest(self) -> None:
        """Wait while one round follows another: a look into the database costs more than most of them."""
        async with asyncio.timeout(STUCK_SECONDS):
            while self._busy or self._moved.is_set():
                self._moved.clear()
                await asyncio.sleep(QUIET_SECONDS)

    @property
    def _busy(self) -> bool:
        return any(sender.in_flight for sender in self._senders.values())

    async def _look_ahead(self) -> tuple[set[str], float, float]:
        """The accounts with something due, when the outbox has something after that, and when a ticket is looked at."""
        async with self.database.read() as connection:
            due = {row.account for row in await connection.execute(DUE, {"now": self.now})}
            later = (await connection.execute(LATER, {"now": self.now})).scalar_one()
            watch = (await connection.execute(WATCH)).scalar_one()
        return due, _moment(later), _moment(watch)

    async def look(self) -> None:
        """Let the clockwork look at everything whose time has come."""
        self.looks.append(self.now)
        while await self._clockwork.look(self.now):
            pass

    async def invite(self, code: str, body: str, role: str) -> None:
        """Write an invitation down, as the command line does."""
        async with self.database.write() as connection:
            work = self.make_work(connection)
            officials.add_invite(work, code, [body], role)
            await work.flush()

    async def confirm_managers(self) -> None:
        """Let their rights begin, as the command line does."""
        async with self.database.write() as connection:
            mine = update(official).where(official.c.role == "manager", official.c.proved_at.is_(None))
            await connection.execute(mine.values(proved_at=self.now))

    async def faults(self) -> Counter[str]:
        """What ended otherwise than sent, by account and status."""
        rows = select(outbox.c.account, outbox.c.status, func.count()).where(outbox.c.done_at.is_not(None))
        async with self.database.read() as connection:
            found = await connection.execute(rows.group_by(outbox.c.account, outbox.c.status))
            return Counter({f"{account} {status}": number for account, status, number in found if status != "sent"})


def _moment(at: float | None) -> float:
    return float("inf") if at is None else float(at)


class _Ringing(Counter[str]):
    """A sender's tally that rings whenever the sender has finished a round."""

    def __init__(self, bell: asyncio.Event) -> None:
        self._bell = bell
        super().__init__()

    def update(self, *outcomes: Any, **more: Any) -> None:
        super().update(*outcomes, **more)
        self._bell.set()


async def _show_no_menu(request: dict[str, Any]) -> None:
    """A messenger without menus."""
