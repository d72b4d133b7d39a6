"""Two tickets about one problem: one becomes a duplicate of the other, and whoever followed it follows that one.

What followed the merged one is left where it was, so that parting them again loses nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, func, or_, select, update

from storage import tickets
from storage.codes import show_code
from storage.schema import supporter, ticket
from storage.schema import update as ticket_update

if TYPE_CHECKING:
    from sqlalchemy import CompoundSelect

    from storage.tickets import Ticket
    from storage.updates import Change
    from storage.work import Work

# A chain of merged tickets is as long as the patience of those who merge.
MOST_LINKS = 20


async def merge(work: Work, merged: Ticket, into: Ticket, entry: Change) -> Ticket:
    """Make `merged` a duplicate of `into`; the first as it is now. Raises Forbidden for one that is closed already.

    `entry` says so in its history, and by whom; its reason is the other's code. Its reporter and its supporters become
    supporters of the other.
    """
    said = msgspec.structs.replace(entry, status="duplicate", reason=show_code(into.code))
    after = await tickets.append(work, merged, said)
    await work.execute(update(ticket).where(ticket.c.code == merged.code).values(duplicate_of=into.code))
    await _carry_over(work, merged, into)
    return after


async def split(work: Work, merged: Ticket, entry: Change) -> Ticket:
    """Undo that: the ticket stands for itself again; as it is now. Raises Forbidden for one that was not merged.

    Who was carried over follows only this one again; who joined the other by herself goes on following that.
    """
    carried_at = await _merged_at(work, merged.code)
    said = msgspec.structs.replace(entry, status="reopened", reason=show_code(merged.duplicate_of))
    after = await tickets.append(work, merged, said)
    await work.execute(update(ticket).where(ticket.c.code == merged.code).values(duplicate_of=""))
    s, other = supporter.c, supporter.alias()
    its_own = s.person_id.in_(select(other.c.person_id).where(other.c.ticket == merged.code))
    carried = or_(its_own, s.person_id == merged.person_id)
    there = (s.ticket == merged.duplicate_of, s.joined_at == carried_at)
    stays = s.person_id.in_(_following_others(merged))
    await work.execute(delete(supporter).where(*there, carried, ~stays))
    return after


def _following_others(merged: Ticket) -> CompoundSelect[tuple[int]]:
    """Who follows another ticket that was merged into the same one, and so that one still."""
    t, s = ticket.alias(), supporter.alias()
    among = (t.c.duplicate_of == merged.duplicate_of, t.c.code != merged.code)
    joined = select(s.c.person_id).join(t, t.c.code == s.c.ticket).where(*among)
    return joined.union(select(t.c.person_id).where(*among, t.c.person_id.is_not(None)))


async def lead(work: Work, found: Ticket) -> Ticket:
    """The ticket that stands for this one: where the merges lead, itself when it was not merged; locked."""
    for _ in range(MOST_LINKS):
        if not found.duplicate_of or (further := await tickets.by_code(work, found.duplicate_of)) is None:
            break
        found = further
    return found


async def stand_for_all(work: Work, found: Ticket) -> None:
    """Make a ticket stand for an outage that many reported."""
    await work.execute(update(ticket).where(ticket.c.code == found.code).values(incident_at=work.now))


async def _carry_over(work: Work, merged: Ticket, into: Ticket) -> None:
    s = supporter.c
    rows = await work.rows(select(s.person_id, s.address_id).where(s.ticket == merged.code).order_by(s.person_id))
    following = {row.person_id: row.address_id for row in rows}
    if merged.person_id is not None:
        following.setdefault(merged.person_id, merged.address_id)
    there = await work.rows(select(s.person_id).where(s.ticket == into.code, s.person_id.in_(list(following))))
    known = {into.person_id, *(row.person_id for row in there)}
    for person_id, address_id in following.items():
        if person_id not in known:
            work.add(supporter, ticket=into.code, person_id=person_id, address_id=address_id, joined_at=work.now)


async def _merged_at(work: Work, code: str) -> float:
    u = ticket_update.c
    row = await work.first(select(func.max(u.at).label("at")).where(u.ticket == code, u.status == "duplicate"))
    return 0.0 if row is None or row.at is None else float(row.at)
