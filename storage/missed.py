"""What a person was not told while she wanted no messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from storage.schema import supporter, ticket, update

if TYPE_CHECKING:
    from storage.work import Work


async def codes_with_news(work: Work, person_id: int, since: float, most: int) -> list[str]:
    """A person's tickets, joined ones too, of which somebody else has said something since then; newest first."""
    joined = select(supporter.c.ticket).where(supporter.c.person_id == person_id)
    hers = or_(ticket.c.person_id == person_id, ticket.c.code.in_(joined))
    told = select(update.c.ticket).where(update.c.ticket == ticket.c.code, update.c.public, update.c.at > since)
    statement = (
        select(ticket.c.code)
        .where(hers, ticket.c.updated_at > since, told.where(update.c.actor != "citizen").exists())
        .order_by(ticket.c.updated_at.desc(), ticket.c.code)
        .limit(most)
    )
    return [row.code for row in await work.rows(statement)]
