"""The bot of the month: the real intake, outbox, senders, errands and clockwork in one process, on a clock that is set.

Nothing waits for time to pass: whatever is due now is done, and then it is said when something will be due next.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Float, Select, bindparam, false, func, select, true, update

from benchmarks.month.in_place import InPlace
from bot.clockwork import MOST_AT_ONCE, Clockwork
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
from storage.heads import PENDING
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
# Leases are other tests' business: here is one process, whose clock jumps.
FOR_EVER = 10 * 365 * 86400.0


class Machine:
    """One process of the bot over the migrated database at `url`; `now` is its clock, in Unix seconds.

    `looks` are the moments at which the clockwork looked at tickets. One thing is done after the other, and on SQLite
    in one thread: a seed is a month, whatever the machine has to do besides.
    """

    def __init__(self, url: str, pack: Pack, language: str, now: float, seed: int, messengers: list[Messenger]) -> None:
        self.now = now
        self.looks: list[float] = []
        self.taken = 0
        self._pack = pack
        self._lots = random.Random(seed)
        self._ids = itertools.count(1)
        self._woken: set[str] = set()
        self._due_at: dict[str, float] = {}
        self.database = InPlace(url) if url.startswith("sqlite") else Database(url)
        self.intake = Intake(self._room(language))
        self._workbench = Workbench()
        self._store = MediaStore.open("memory://")
        self._senders = {sender.account: sender for sender in self._make_senders(messengers)}
        self._ahead = _ahead(list(self._senders))
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
        return Sender(
            self.database,
            account,
            perform,
            policy=policy,
            clock=lambda: self.now,
            owner="month",
            lease_seconds=FOR_EVER,
            jitter=self._lots.random,
        )

    def make_work(self, connection: AsyncConnection) -> Work:
        """A transaction of the clock's."""
        work = Work(connection, self.now, self._new_code, self._new_id)
        work.calm = self._pack.timetable
        return work

    def _wake(self, accounts: set[str]) -> None:
        self._woken |= accounts & self._senders.keys()

    async def __aenter__(self) -> Machine:
        self._running = asyncio.create_task(self.intake.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.intake.stop()
        await self._running
        await self._workbench.close()
        await self.database.close()

    async def take(self, messages: Sequence[Inbound]) -> None:
        """Hand messages to the intake at once, as providers do."""
        self.taken += len(messages)
        await asyncio.gather(*map(self.intake.take, messages))

    async def settle(self) -> tuple[float, float]:
        """Do everything that is due now; when the outbox, and when a ticket, wants to be looked at next."""
        self._woken |= {account for account, at in self._due_at.items() if at <= self.now}
        while True:
            while self._woken:
                woken, self._woken = self._woken, set()
                for account in sorted(woken):
                    await self._senders[account].send_due()
            watch = await self._look_ahead()
            if watch > self.now:
                return min(self._due_at.values()), watch
            await self.look()

    async def _look_ahead(self) -> float:
        """When a ticket is looked at next; notes when each account has something to send after this moment."""
        async with self.database.read() as connection:
            watch, *later = map(_moment, (await connection.execute(self._ahead, {"now": self.now})).one())
        self._due_at = dict(zip(self._senders, map(min, later[::2], later[1::2]), strict=True))
        return watch

    async def look(self) -> None:
        """Let the clockwork look at everything whose time has come."""
        self.looks.append(self.now)
        while await self._clockwork.look(self.now) >= MOST_AT_ONCE:
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


def _ahead(accounts: Sequence[str]) -> Select[Any]:
    """When a ticket wants to be looked at, and when after `now` each account has something to send."""
    c = outbox.c
    waits = select(func.min(c.due_at)).where(PENDING, c.due_at > bindparam("now", type_=Float))
    # Interactive and bulk apart, because the index has them apart.
    later = [waits.where(c.account == account, c.bulk == bulk) for account in accounts for bulk in (false(), true())]
    return select(*(each.scalar_subquery() for each in (select(func.min(ticket.c.watch_at)), *later)))


def _moment(at: float | None) -> float:
    return float("inf") if at is None else float(at)


async def _show_no_menu(request: dict[str, Any]) -> None:
    """A messenger without menus."""
