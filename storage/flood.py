"""How many tickets somebody opened lately, over all her addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.schema import ticket

if TYPE_CHECKING:
    from storage.work import Work

HOUR, DAY = 3600.0, 86400.0


async def full_until(work: Work, person_id: int, per_hour: int, per_day: int) -> float | None:
    """When she may open the next one, if she has opened as many as she may; None where she may at once.

    A limit of 0 is none.
    """
    since = work.now - DAY
    rows = await work.rows(
        select(ticket.c.created_at)
        .where(ticket.c.person_id == person_id, ticket.c.created_at > since)
        .order_by(ticket.c.created_at.desc())
        .limit(max(per_hour, per_day))
    )
    times = [float(row.created_at) for row in rows]
    waits = [
        times[most - 1] + span
        for most, span in ((per_hour, HOUR), (per_day, DAY))
        if most and len(times) >= most and times[most - 1] + span > work.now
    ]
    return max(waits, default=None)
