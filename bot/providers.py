"""What the web shows of the rest: tickets, bodies, the map, whether we are ready; and the demo's invitations."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from bot.mailto import mail_link
from handlers.letters import write_letter, write_subject
from handlers.views import day_promised, seen_place, words_beside_day
from locales import catalog
from routing.dates import show_day
from storage import backlog, costs, files, moderation, officials, tickets, updates
from storage.codes import normal_code, read_code, show_code
from storage.taken_back import UNDONE, taken_back
from storage.wording import read_words
from storage.work import Work
from web.letters import LetterPage
from web.pages import TicketFile, TicketPage, TicketStep
from web.rooms import DemoBody

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from routing.pack import Pack
    from storage.database import Database
    from storage.quiet import Calm
    from storage.tickets import Ticket
    from storage.updates import Update

STATES = {"waiting_citizen": "waiting", "resolved": "done", "confirmed": "done"}


class Providers:
    """The functions that `web.rooms.Rooms` asks for."""

    def __init__(
        self,
        database: Database,
        pack: Pack,
        make_work: Callable[..., Work],
        states: Callable[[], dict[str, str]],
    ) -> None:
        self._database = database
        self._pack = pack
        self._make_work = make_work
        self._states = states

    async def ticket(self, typed: str, language: str) -> TicketPage | None:
        """The public page of the ticket with this code."""
        async with self._database.read() as connection:
            work = self._make_work(connection)
            found = await _shown(work, typed)
            if found is None:
                return None
            entries = await updates.history(work, found.code, public_only=True)
            undone = taken_back(entries)
            ids = [media_id for entry in entries if entry.seq not in undone for media_id in entry.media]
            rows = [row for each in ids if (row := await files.read(connection, each)) and row.status == "kept"]
        kept = tuple(TicketFile(row.key, row.kind, row.thumbnail) for row in rows)
        return self._page(found, entries, kept, language)

    async def letter(self, typed: str) -> LetterPage | None:
        """The request for information that anybody may make about an open ticket, with what is public of it."""
        async with self._database.read() as connection:
            work = self._make_work(connection)
            found = await _shown(work, typed)
        law = self._pack.timetable.law(found.body) if found else None
        if found is None or law is None or not found.open:
            return None
        write = partial(write_letter, self._pack, found, law, work.now, hers=False)
        link = mail_link(law.mail, write_subject(self._pack, found), lambda most: write(most=most))
        office = law.where.get(self._pack.info.language) or next(iter(law.where.values()))
        return LetterPage(show_code(found.code), write(), link, office)

    async def near_tickets(self, typed: str) -> Sequence[str]:
        """Existing codes one slip away from what was typed."""
        if (code := normal_code(typed)) is None:
            return ()
        async with self._database.read() as connection:
            return [show_code(near) for near in await tickets.similar(self._make_work(connection), code)]

    async def ready(self) -> dict[str, str]:
        """Each part's state: the database answers, each account has a sender, no provider refuses us."""
        await self._database.check()
        return {"database": "ok", **self._states()}

    async def counts(self) -> Sequence[backlog.Count]:
        """What waits in the outbox."""
        async with self._database.read() as connection:
            return await backlog.counts(connection)

    async def spending(self) -> costs.Spending:
        """What was spent today."""
        return await read_spending(self._database, self._pack, time.time())

    async def invite(self, bodies: Sequence[str]) -> str:
        """A one-time code for an official of these bodies."""
        return await make_invite(self._database, self._make_work, bodies)

    async def hidden(self, key: str) -> bool:
        """Whether an official hid the file with this key from the public."""
        async with self._database.read() as connection:
            return await moderation.is_hidden(connection, key)

    def bodies(self, language: str) -> Sequence[DemoBody]:
        """The bodies of the pack."""
        return [DemoBody(body.id, body.name(language)) for body in self._pack.records.bodies]

    def map_outline(self) -> bytes:
        """The narrowest areas as GeoJSON, for a map without tiles."""
        features = [
            {
                "type": "Feature",
                "properties": {"name": area.name(self._pack.info.language)},
                "geometry": {"type": "MultiPolygon", "coordinates": area.polygons},
            }
            for area in self._pack.area_choices()
            if area.polygons
        ]
        return msgspec.json.encode({"type": "FeatureCollection", "features": features})

    def _page(
        self, found: Ticket, entries: Sequence[Update], kept: tuple[TicketFile, ...], language: str
    ) -> TicketPage:
        pack, words = self._pack, catalog(language)
        undone = taken_back(entries)
        category, area = pack.category(found.category), pack.area(found.area) if found.area else None
        return TicketPage(
            code=show_code(found.code),
            category=category.name(language) if category else found.category,
            icon=category.icon if category else "",
            status=words.text(f"status-{found.status}"),
            state=STATES.get(found.status, "open" if found.open else "ended"),
            body=self._body(found.body, language),
            words=read_words(found, "public"),
            place=seen_place(found.place, language).words,
            area=area.name(language) if area else "",
            lat=found.place.lat,
            lon=found.place.lon,
            opened=found.created_at,
            steps=tuple(self._step(entry, language, undone=entry.seq in undone) for entry in entries),
            files=kept,
        )

    def _step(self, entry: Update, language: str, *, undone: bool) -> TicketStep:
        words = catalog(language)
        who = self._body(entry.body, language) if entry.actor == "official" else words.text(f"by-{entry.actor}")
        status = words.text(f"status-{entry.status}") if entry.status else ""
        said = read_words(entry, "public")
        if (promised := day_promised(entry)) is not None:
            today = self._pack.timetable.calendar.day(entry.at)
            status = words.text("planned-for", when=show_day(promised, language, today))
        told = words.text("action-undone") if entry.action == UNDONE else words_beside_day(entry, said)
        return TicketStep(entry.at, who, status, "" if undone else told, undone)

    def _body(self, body_id: str, language: str) -> str:
        body = self._pack.body(body_id)
        return body.name(language) if body else body_id


async def read_spending(database: Database, pack: Pack, now: float) -> costs.Spending:
    """What was spent on the municipality's own day."""
    day = costs.day_in(pack.info.timezone, now)
    ceilings = {body.id: most for body in pack.records.bodies if (most := pack.daily_segments(body.id))}
    async with database.read() as connection:
        return costs.Spending(day, await costs.since(connection, day), ceilings)


async def make_invite(
    database: Database,
    make_work: Callable[..., Work],
    bodies: Sequence[str],
    role: str = "agent",
    name: str = "",
    second: str = "",
) -> str:
    """Write down an invitation and return its code, which is shown this once."""
    code = officials.make_invite_code(secrets.randbelow)
    async with database.write() as connection:
        work = make_work(connection)
        officials.add_invite(work, code, bodies, role, name, second=second)
        await work.flush()
    return code


def work_maker(calm: Callable[[], Calm | None] = lambda: None) -> Callable[..., Work]:
    """How a transaction's work is begun in this process: with the clock, fresh random numbers and the quiet hours."""
    from storage.codes import make_code

    def make(connection: AsyncConnection) -> Work:
        work = Work(connection, time.time(), lambda: make_code(secrets.randbelow), lambda: secrets.token_hex(12))
        work.calm = calm()
        return work

    return make


async def _shown(work: Work, typed: str) -> Ticket | None:
    """The ticket with this code; what nobody has looked at yet is nobody's to read."""
    code = read_code(typed)
    found = await tickets.by_code(work, code, lock=False) if code else None
    return None if found is None or found.held_at is not None else found
