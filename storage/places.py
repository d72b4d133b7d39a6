"""Where a person reported something before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from bot.messages import Place
from storage.schema import ticket

if TYPE_CHECKING:
    from storage.work import Work


async def last_place(work: Work, person_id: int, since: float) -> Place | None:
    """The place of the newest ticket that a person has opened since then; None when there is none."""
    mine = (ticket.c.person_id == person_id, ticket.c.created_at >= since)
    newest = select(ticket.c.place).where(*mine).order_by(ticket.c.created_at.desc(), ticket.c.code).limit(1)
    row = await work.first(newest)
    return msgspec.json.decode(row.place, type=Place) if row else None
