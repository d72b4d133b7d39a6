"""A city whose clock is looked at by hand: its officials' chats, its tickets, and what the clock did to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from bot.clockwork import look_at_tickets
from bot.messages import Place
from storage import officials, tickets, updates
from storage.schema import outbox, ticket
from storage.tickets import Ticket
from storage.updates import Change, Update
from storage.work import Work
from tests.handset import Phone
from tests.machine import Machine, demo_pack

TIMES = demo_pack().timetable


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=TIMES.calendar.zone).timestamp()


MONDAY = moment("2026-03-09T10:00")
ANSWER_BY = moment("2026-03-12T17:00")


class City(Machine):
    """A machine with a clock; its officials' chats, and one ticket a call of `open`."""

    async def __aenter__(self) -> City:
        self.start()
        return self

    async def staff(self, who: str, role: str, *bodies: str) -> Phone:
        phone = self.phone(who)
        code = f"BCDF-2345-{next(self._keys):04d}"
        served = bodies or ("comuna-14",)
        await self.work(lambda work: officials.add_invite(work, code, served, role))
        await phone.says(f"/start invite-{code}")
        return phone

    async def citizen(self, who: str = "ana") -> Phone:
        phone = self.phone(who)
        await phone.says("hola")
        await phone.says("/cancelar")
        return phone

    async def open(self, phone: Phone, category: str = "bache", **values: Any) -> str:
        address_id = (await phone.row()).address_id

        async def do(work: Work) -> str:
            return tickets.open_ticket(
                work, person_id=address_id, address_id=address_id, category=category, body="comuna-14",
                area="comuna-14", place=Place(words="Honduras 4800"), words="enorme", media_ids=[], language="es",
                targets=self.pack.timetable.due(work.now, category, "comuna-14"), **values,
            )  # fmt: skip

        code: str = await self.work(do)
        return code

    async def look(self, most: int = 100) -> list[str]:
        """Look once, and let everything be said that is due."""

        async def do(work: Work) -> list[str]:
            work.calm = self.pack.timetable
            return await look_at_tickets(work, self.pack, most)

        codes: list[str] = await self.work(do)
        await self.settle()
        return codes

    async def live(self, until: float) -> None:
        """Look whenever a ticket wants to be looked at, up to a moment."""
        while (at := await self.one(select(ticket.c.watch_at).order_by(ticket.c.watch_at.nulls_last()).limit(1))) and (
            at <= until
        ):
            await self.wait(max(at - self.now, 0.0))
            await self.look()
        await self.wait(until - self.now)

    async def ticket(self, code: str) -> Ticket:
        found: Ticket | None = await self.work(lambda work: tickets.by_code(work, code))
        assert found
        return found

    async def history(self, code: str) -> list[Update]:
        found: list[Update] = await self.work(lambda work: updates.history(work, code, public_only=False))
        return found

    async def append(self, code: str, *entries: Change) -> None:
        async def do(work: Work) -> None:
            for entry in entries:
                found = await tickets.by_code(work, code)
                assert found
                await tickets.append(work, found, entry)

        await self.work(do)

    async def set(self, code: str, **values: Any) -> None:
        """Write into a ticket's row."""
        statement = update(ticket).where(ticket.c.code == code).values(**values)
        await self.work(lambda work: work.execute(statement))

    async def orders(self) -> list[str]:
        """What the outbox was told to have said, by its keys."""
        rows = await self.rows(select(outbox.c.effect_key).where(outbox.c.kind == "notice").order_by(outbox.c.id))
        return [row.effect_key for row in rows]


def actions(history: list[Update]) -> list[str]:
    return [entry.action or entry.status for entry in history]
