"""The open tickets of which an official most likely speaks: hers, and those that moved last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import case, select

from storage.schema import ticket
from storage.tickets import open_of

if TYPE_CHECKING:
    from storage.work import Work


async def likely(work: Work, bodies: Sequence[str], person_id: int, most: int) -> list[str]:
    """The codes of these bodies' open tickets, this person's first, then the last one to have changed."""
    hers = case((ticket.c.taken_by == person_id, 0), else_=1)
    newest = (hers, ticket.c.updated_at.desc(), ticket.c.created_at.desc(), ticket.c.code)
    rows = await work.rows(select(ticket.c.code).where(*open_of(bodies)).order_by(*newest).limit(most))
    return [row.code for row in rows]
