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
    if person_id not in work.opened_at:
        await _read_everybodys(work, person_id)
    times = sorted(work.opened_at[person_id], reverse=True)
    waits = [
        times[most - 1] + span
        for most, span in ((per_hour, HOUR), (per_day, DAY))
        if most and len(times) >= most and times[most - 1] + span > work.now
    ]
    return max(waits, default=None)


async def _read_everybodys(work: Work, person_id: int) -> None:
    """Ask of everybody in the batch at once: many citizens who send together cost what one does."""
    people = {session.person.id for session in work.sessions.values()} | {person_id}
    missing = sorted(people - work.opened_at.keys())
    c = ticket.c
    rows = await work.rows(
        select(c.person_id, c.created_at).where(c.person_id.in_(missing), c.created_at > work.now - DAY)
    )
    work.opened_at |= {person: [] for person in missing}
    for row in rows:
        work.opened_at[row.person_id].append(float(row.created_at))
