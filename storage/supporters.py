"""Who joined a ticket of somebody else ("me sumo"), and over which address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from storage.schema import supporter

if TYPE_CHECKING:
    from storage.people import Person
    from storage.work import Work


def join(work: Work, code: str, who: Person) -> None:
    """Let her hear of the ticket's public updates at this address from now on."""
    work.add(supporter, ticket=code, person_id=who.id, address_id=who.address_id, joined_at=work.now)


async def leave(work: Work, code: str, person_id: int) -> None:
    """Let her hear of the ticket no more."""
    mine = (supporter.c.ticket == code, supporter.c.person_id == person_id)
    await work.execute(delete(supporter).where(*mine))


async def count(work: Work, code: str) -> int:
    """How many persons joined the ticket."""
    row = await work.first(select(func.count().label("n")).where(supporter.c.ticket == code))
    return int(row.n) if row else 0


async def codes_of(work: Work, person_id: int, most: int) -> list[str]:
    """The codes of the tickets that she joined last."""
    newest = select(supporter.c.ticket).where(supporter.c.person_id == person_id).order_by(supporter.c.joined_at.desc())
    return [row.ticket for row in await work.rows(newest.limit(most))]
