"""How many tickets somebody opened lately: over all her addresses, from this very address, from one network.

Whoever is forgotten is a new person afterwards, and whoever deletes a cookie has a new address; so what was sent is
also counted under marks: keyed hashes of an address or a network, under the day's own salt, kept for a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from storage.schema import flood, ticket

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

HOUR, DAY = 3600.0, 86400.0
# Built once: to build one of these costs as much as to run it.
OPENED = select(ticket.c.person_id, ticket.c.created_at).where(
    ticket.c.person_id.in_(bindparam("people", expanding=True)), ticket.c.created_at > bindparam("since")
)
MARKED = select(flood.c.mark, flood.c.at).where(
    flood.c.mark.in_(bindparam("marks", expanding=True)), flood.c.at > bindparam("since")
)


def marks_of(keyed_hash: Callable[[str], str], who: str, now: float) -> list[str]:
    """The marks under which `who` (an address, a network) is counted: today's first, then yesterday's."""
    today = int(now // DAY)
    return [keyed_hash(f"flood:{day}:{who}") for day in (today, today - 1)] if who else []


async def full_until(work: Work, person_id: int, per_hour: int, per_day: int) -> float | None:
    """When she may open the next one, if she has opened as many as she may; None where she may at once.

    A limit of 0 is none.
    """
    if person_id not in work.opened_at:
        await _read_everybodys(work, person_id)
    return _full_until(work.opened_at[person_id], per_hour, per_day, work.now)


async def marked_full_until(work: Work, marks: Sequence[str], per_hour: int, per_day: int) -> float | None:
    """The same of what came under these marks together, whoever sent it."""
    if not (marks and (per_hour or per_day)):
        return None
    await read_marks(work, marks)
    return _full_until([at for mark in marks for at in work.flooded_at[mark]], per_hour, per_day, work.now)


def note(work: Work, marks: Iterable[str]) -> None:
    """Write down that a ticket was opened just now under each of these marks."""
    for mark in marks:
        work.add(flood, mark=mark, at=work.now)
        if mark in work.flooded_at:
            work.flooded_at[mark].append(work.now)


async def forget_old(connection: AsyncConnection, before: float) -> int:
    """Forget what was sent before then; how many."""
    return (await connection.execute(delete(flood).where(flood.c.at < before))).rowcount


def _full_until(times: Sequence[float], per_hour: int, per_day: int, now: float) -> float | None:
    newest = sorted(times, reverse=True)
    waits = [
        newest[most - 1] + span
        for most, span in ((per_hour, HOUR), (per_day, DAY))
        if most and len(newest) >= most and newest[most - 1] + span > now
    ]
    return max(waits, default=None)


async def _read_everybodys(work: Work, person_id: int) -> None:
    """Ask of everybody in the batch at once: many citizens who send together cost what one does."""
    people = {session.person.id for session in work.sessions.values()} | {person_id}
    missing = sorted(people - work.opened_at.keys())
    rows = await work.rows(OPENED, {"people": missing, "since": work.now - DAY})
    work.opened_at |= {person: [] for person in missing}
    for row in rows:
        work.opened_at[row.person_id].append(float(row.created_at))


async def read_marks(work: Work, marks: Iterable[str]) -> None:
    """Look up what came under these marks, once a batch: many citizens who send together cost what one does."""
    marks = [mark for mark in marks if mark not in work.flooded_at]
    if not marks:
        return
    rows = await work.rows(MARKED, {"marks": marks, "since": work.now - DAY})
    work.flooded_at |= {mark: [] for mark in marks}
    for row in rows:
        work.flooded_at[row.mark].append(float(row.at))
