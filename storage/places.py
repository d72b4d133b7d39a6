"""Where a person reported something before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import bindparam, func, select

from bot.messages import Place
from storage.schema import ticket

if TYPE_CHECKING:
    from sqlalchemy import Select

    from storage.work import Work


async def last_place(work: Work, person_id: int, since: float) -> Place | None:
    """The place of the newest ticket that a person has opened since then; None when there is none.

    Asked of everybody in the batch at once: many citizens who come to this question together cost what one does.
    """
    people = sorted({session.person.id for session in work.sessions.values()} | {person_id})
    asked = {"people": people, "since": since}
    rows = await work.kept_rows(ticket, f"last places since {since} of {people}", lambda: NEWEST, asked)
    return next((msgspec.json.decode(row.place, type=Place) for row in rows if row.person_id == person_id), None)


def _newest() -> Select[Any]:
    """Each one's newest ticket since then."""
    c = ticket.c
    age = func.row_number().over(partition_by=c.person_id, order_by=(c.created_at.desc(), c.code)).label("age")
    hers = c.person_id.in_(bindparam("people", expanding=True))
    recent = select(c.person_id, c.place, age).where(hers, c.created_at >= bindparam("since")).subquery()
    return select(recent.c.person_id, recent.c.place).where(recent.c.age == 1)


# Built once: to build it costs more than to run it.
NEWEST = _newest()
