"""The machine with one real channel: what is due is claimed and settled as the senders do, in one order, at once.

First the channel's messages, then errands (files are really fetched and prepared), then notices and timers, until
nothing more is due. The clock is turned by hand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import func, select, update

from bot.channels import Channel, File, SendError
from bot.channels.telegram import TelegramChannel
from bot.charting import Charting
from bot.clockwork import look_at_tickets, order_digests
from bot.drawings import Drawings
from bot.errands import Errands, Local, Service
from bot.geocoding import Geocoding
from bot.jobs import Job, Perform, Sent, job_of, performs, sent
from bot.menus import show_menu
from bot.messages import MediaKind, Outbound
from bot.numbering import Numbering
from bot.scene import all_fit
from routing.geocoders import GEOCODERS, Setup
from routing.geocoders.line import Line
from storage import officials
from storage import outbox as queue
from storage.formats import Prepared, Refused
from storage.media import MediaStore
from storage.outbox import Outcome
from storage.schema import metadata, official, outbox, ticket
from storage.work import Work
from storage.workbench import Workbench, prepare_here
from tests.machine import Lots, Machine

# A Tuesday in March, 09:00 in Buenos Aires.
MORNING = 1_773_144_000.0
PUBLIC_URL = "https://baldosa.example"
TOKEN = 1
MOST_AT_ONCE = 50
DUE = (
    select(outbox.c.account, func.min(outbox.c.due_at).label("due"))
    .where(outbox.c.status == "pending")
    .group_by(outbox.c.account)
)

# Called for each message once its channel has sent it: (address on the channel, message).
Watch = Callable[[str, Outbound], Awaitable[None]]


class Bench(Workbench):
    """A workbench without processes of its own: small pictures of our own making hurt nobody."""

    async def prepare(self, data: bytes, kind: MediaKind) -> Prepared | Refused:
        return prepare_here(data, kind)


class Stage(Machine):
    """One process of the bot over the migrated, empty database at `url`, with the channel that `make_channel` makes."""

    def __init__(
        self,
        url: str,
        make_channel: Callable[[Stage], Channel],
        watch: Watch,
        geocoder: tuple[str, str] | None = None,
        *,
        clockwork: bool = False,
    ) -> None:
        super().__init__(
            url,
            services=frozenset({"chart", "numbers", *(["geocode"] if geocoder else [])}),
            now=MORNING,
            lots=Lots(0),
            public_url=PUBLIC_URL,
            variant=lambda account: self.channel.variant,
            fits=lambda account, message: getattr(self.channel, "fits", all_fit)(message),
        )
        self.store = MediaStore.open("memory://")
        self._make_channel = make_channel
        self._watch = watch
        self._geocoder = geocoder
        self._clockwork = clockwork

    def start(self) -> None:
        """Open the database and take messages; the channel is a new one too."""
        super().start()
        self.channel = self._make_channel(self)
        self.errands = Errands(
            database=self.database,
            intake=self.intake,
            store=self.store,
            workbench=Bench(),
            channels={self.channel.account: self.channel},
            services=self._services(),
        )
        self._performers: Mapping[str, Perform] = {
            self.channel.account: self._send,
            "errands": self.errands.perform,
            "local": Local(self.intake).perform,
        }

    def _services(self) -> dict[str, Service]:
        """What conversations look up, with the geocoder of this stage (its name, its server's address), if any."""
        lines = [Line(name, GEOCODERS[name], Setup(url=url)) for name, url in [self._geocoder or ("", "")] if name]
        self.geocoding = Geocoding(self.database, lambda: self.pack, lines, lambda: self.now)
        drawings = Drawings(self.database, self.store, lambda: self.now)
        charting = Charting(drawings, lambda: self.pack)
        numbering = Numbering(self.database, drawings, lambda: self.pack, lambda: self.now)
        return {
            "menu": _menu_setter(self.channel),
            "geocode": self.geocoding.look_up,
            "chart": charting.draw,
            "numbers": numbering.report,
        }

    async def stop(self) -> None:
        """Finish what waits and close."""
        await self.geocoding.close()
        await super().stop()

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        """A kept file, for a channel to send."""
        return await self.errands.file(media_id, thumbnail=thumbnail)

    async def settle(self) -> None:
        """Do everything that is due."""
        await self.wait(0.0)

    async def wait(self, seconds: float) -> None:
        """Let time pass, and everything happen in it when it is due, looks of the clock too where it goes."""
        until = self.now + seconds
        while self._clockwork and (at := await self._next_look()) <= until:
            await self._drain(at)
            await self.work(self._look)
        await self._drain(until)

    async def _next_look(self) -> float:
        """When a ticket is to be looked at next, or a digest to be told."""
        calendar = self.pack.timetable.calendar
        day = calendar.day(self.now)
        hours = [calendar.at(day + timedelta(days=n), hour * 60) for n in (0, 1) for hour in (7, 8, 9)]
        watched = await self.one(select(func.min(ticket.c.watch_at)))
        ahead = [at for at in hours if at > self.now]
        return float(max(min([*ahead, *([] if watched is None else [watched])]), self.now))

    async def _look(self, work: Work) -> None:
        work.calm = self.pack.timetable
        await look_at_tickets(work, self.pack)
        await order_digests(work, self.pack)

    async def _do_all(self, deeds: Sequence[Callable[[], Awaitable[str | Sent]]]) -> Sequence[str | Sent]:
        """Do what was claimed at once, one after the other: a transcript has an order."""
        return [await deed() for deed in deeds]

    async def _drain(self, until: float) -> None:
        done: list[Outcome] = []
        account = ""
        while True:
            # One transaction a round, as the senders have: what is done is settled, what is next is claimed.
            async with self.database.write() as connection:
                await queue.settle(connection, done, account, TOKEN, self.now)
                due = {row.account: row.due for row in await connection.execute(DUE)}
                if min(due.values(), default=until + 1) > until:
                    break
                self.now = max(self.now, min(due.values()))
                account = next(each for each in self._performers if due.get(each, until + 1) <= self.now)
                claimed = await queue.claim(connection, account, TOKEN, self.now, MOST_AT_ONCE)
            perform = self._performers[account]
            taken = await self._do_all([partial(perform, job_of(row, account)) for row in claimed.rows])
            done = [sent(row, each) for row, each in zip(claimed.rows, taken, strict=True)]
        self.now = until

    async def invite(self, bodies: list[str], code: str, role: str = "agent", name: str = "") -> None:
        """Write an invitation down, as the command line does."""
        await self.work(lambda work: officials.add_invite(work, code, bodies, role, name))

    async def confirm(self) -> None:
        """Let every manager's rights begin, as the command line does."""
        managers = update(official).where(official.c.role == "manager", official.c.proved_at.is_(None))
        await self.work(lambda work: work.execute(managers.values(proved_at=work.now)))

    async def keeps(self, words: str) -> list[str]:
        """Name the columns of the database in which `words` stand somewhere."""
        found = set()
        async with self.database.read() as connection:
            for table in metadata.sorted_tables:
                rows = (await connection.execute(select(table))).mappings().all()
                found |= {f"{table.name}.{name}" for row in rows for name, value in row.items() if words in str(value)}
        return sorted(found)

    async def _send(self, job: Job) -> str | Sent:
        message = msgspec.json.decode(job.payload, type=Outbound)
        try:
            provider_id = await performs(self.channel, self.database)(job)
        except SendError as error:
            # What cannot be changed any more stays as it is.
            if not (message.card and error.kind == "stale"):
                raise
            return ""
        await self._watch(job.address, message)
        return provider_id


def _menu_setter(channel: Channel) -> Service:
    async def set_menu(request: dict[str, Any]) -> None:
        if isinstance(channel, TelegramChannel):
            await show_menu(channel, request)

    return set_menu
