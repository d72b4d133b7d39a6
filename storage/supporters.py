"""Who joined a ticket of somebody else ("me sumo"), and over which address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select

from storage import tickets
from storage.schema import outbox, supporter, ticket

if TYPE_CHECKING:
    from storage.people import Person
    from storage.work import Work


def join(work: Work, code: str, who: Person) -> None:
    """Let her hear of the ticket's public updates at this address from now on."""
    work.add(supporter, ticket=code, person_id=who.id, address_id=who.address_id, joined_at=work.now)
    work.renewed[code] = work.cause or str(work.now)


async def bring_along(work: Work, code: str, new: str) -> None:
    """Let everybody who joined a ticket have joined another one too, over the same addresses."""
    mine = select(supporter.c.person_id, supporter.c.address_id).where(supporter.c.ticket == code)
    for row in await work.rows(mine):
        work.add(supporter, ticket=new, person_id=row.person_id, address_id=row.address_id, joined_at=work.now)


async def leave(work: Work, code: str, person_id: int) -> None:
    """Let her hear of the ticket no more, nor of those that were merged into it should they be parted again."""
    merged = select(ticket.c.code).where(ticket.c.duplicate_of == code, ticket.c.duplicate_of != "")
    meant = or_(supporter.c.ticket == code, supporter.c.ticket.in_(merged))
    await work.execute(delete(supporter).where(meant, supporter.c.person_id == person_id))
    work.renewed[code] = work.cause or str(work.now)


async def count(work: Work, code: str) -> int:
    """How many persons joined the ticket."""
    return await tickets.count_joined(work, code)


async def counts(work: Work, codes: Sequence[str]) -> dict[str, int]:
    """How many persons joined each of these tickets; those that nobody joined are missing."""
    joined = select(supporter.c.ticket, func.count().label("n")).where(supporter.c.ticket.in_(codes))
    return {row.ticket: int(row.n) for row in await work.rows(joined.group_by(supporter.c.ticket))}


async def last_spoken_of(work: Work, who: Person) -> str:
    """The code of the joined ticket that was last spoken of at this address; "" when there is none."""
    hers = select(supporter.c.ticket).where(supporter.c.person_id == who.id)
    spoken = select(outbox.c.ticket).where(outbox.c.address_id == who.address_id, outbox.c.ticket.in_(hers))
    row = await work.first(spoken.order_by(outbox.c.seq.desc()).limit(1))
    return "" if row is None else str(row.ticket)


async def codes_of(work: Work, person_id: int, most: int) -> list[str]:
    """The codes of the tickets that she joined last."""
    newest = select(supporter.c.ticket).where(supporter.c.person_id == person_id).order_by(supporter.c.joined_at.desc())
    return [row.ticket for row in await work.rows(newest.limit(most))]
