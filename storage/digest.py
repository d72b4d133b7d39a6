"""What an official finds in the morning: how many tickets are new, overdue, due today, wait for an answer; and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import Float, and_, bindparam, case, func, select
from sqlalchemy import update as change

from storage.inboxes import DUE
from storage.officials import held_here
from storage.schema import official, ticket
from storage.schema import update as ticket_update
from storage.tickets import open_of

if TYPE_CHECKING:
    from sqlalchemy import Select

    from storage.people import Person
    from storage.work import Work

USUAL_HOUR = 8
# What is kept for somebody who wants none.
NEVER = -1


class Day(Struct, frozen=True):
    """How many open tickets are new, overdue, due today, and wait for an answer to what the citizen said last."""

    new: int
    overdue: int
    today: int
    waiting: int

    @property
    def empty(self) -> bool:
        """True when there is nothing to be told."""
        return not (self.new or self.overdue or self.today or self.waiting)


class Reader(Struct, frozen=True):
    """Where a digest goes, and for which of its bodies a manager reads there."""

    address_id: int
    managed: tuple[str, ...]


def _count(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _counted() -> Select[Any]:
    t, u = ticket.c, ticket_update.c
    bodies: Any = bindparam("bodies", expanding=True)
    now, ends = bindparam("now", type_=Float), bindparam("ends", type_=Float)
    # The last entry is hers, and it is more than the report itself.
    hers = and_(u.ticket == t.code, u.seq == t.update_seq, u.actor == "citizen", u.seq > 1)
    counted = (
        _count(t.created_at >= bindparam("since")).label("new"),
        _count(now > DUE).label("overdue"),
        _count(and_(now <= DUE, ends > DUE)).label("today"),
        _count(u.seq.is_not(None)).label("waiting"),
    )
    where = and_(*open_of(bodies), t.status != "waiting_citizen")
    return select(*counted).select_from(ticket).outerjoin(ticket_update, hers).where(where)


# Built once: to build one of these costs as much as to run it.
COUNTED = _counted()
READERS = (
    select(official.c.address_id, official.c.body, official.c.role, official.c.proved_at)
    .where(func.coalesce(official.c.digest_hour, USUAL_HOUR).between(bindparam("earliest"), bindparam("latest")))
    .where(official.c.since < bindparam("before"))
    .order_by(official.c.address_id, official.c.body)
)


async def measure(work: Work, bodies: Sequence[str], since: float, ends: float) -> Day:
    """The day of these bodies: what came after `since`, and what is due before the day `ends`."""
    values = {"bodies": list(bodies), "since": since, "now": work.now, "ends": ends}
    row = await work.first(COUNTED, values)
    return Day(0, 0, 0, 0) if row is None else Day(*(int(each or 0) for each in row))


async def readers(work: Work, earliest: int, latest: int, before: float) -> list[Reader]:
    """The addresses of officials, appointed `before` today, whose hour lies between two, both included."""
    rows = await work.rows(READERS, {"earliest": earliest, "latest": latest, "before": before})
    managed: dict[int, list[str]] = {}
    for row in rows:
        # Until she has proved that it is she, a manager reads what an agent reads.
        manages = row.role == "manager" and row.proved_at is not None
        managed.setdefault(row.address_id, []).extend([row.body] if manages else [])
    return [Reader(address_id, tuple(bodies)) for address_id, bodies in managed.items()]


async def hour_of(work: Work, person: Person) -> int:
    """At which hour the digest comes here, NEVER for none."""
    row = await work.first(select(official.c.digest_hour).where(held_here(person)).order_by(official.c.id))
    return USUAL_HOUR if row is None or row.digest_hour is None else int(row.digest_hour)


async def set_hour(work: Work, person: Person, hour: int) -> None:
    """Have the digest come here at an hour of the municipality's own time, or NEVER."""
    await work.execute(change(official).where(held_here(person)).values(digest_hour=hour))
