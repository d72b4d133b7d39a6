"""Where a person reported something before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, select

from bot.messages import Place
from storage.schema import ticket

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from storage.work import Work


async def last_place(work: Work, person_id: int, since: float) -> Place | None:
    """The place of the newest ticket that a person has opened since then; None when there is none.

    Asked of everybody in the batch at once: many citizens who come to this question together cost what one does.
    """
    people = sorted({session.person.id for session in work.sessions.values()} | {person_id})
    rows = await work.kept_rows(ticket, f"last places since {since} of {people}", lambda: _newest(people, since))
    return next((msgspec.json.decode(row.place, type=Place) for row in rows if row.person_id == person_id), None)


def _newest(people: Iterable[int], since: float) -> Executable:
    """Each one's newest ticket since then."""
    c = ticket.c
    age = func.row_number().over(partition_by=c.person_id, order_by=(c.created_at.desc(), c.code)).label("age")
    recent = select(c.person_id, c.place, age).where(c.person_id.in_(people), c.created_at >= since).subquery()
    return select(recent.c.person_id, recent.c.place).where(recent.c.age == 1)
