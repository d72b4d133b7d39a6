"""An official takes her last step on a ticket back, within a minute: the history keeps both, what waits is not sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import bindparam, select
from sqlalchemy import update as change

from storage import deliveries, statuses, tickets, updates
from storage.deadlines import RUNNING
from storage.schema import outbox, ticket
from storage.schema import update as ticket_update
from storage.statuses import Forbidden, may_undo
from storage.taken_back import UNDONE
from storage.updates import Change

if TYPE_CHECKING:
    from storage.tickets import Ticket
    from storage.updates import Update
    from storage.work import Work

# Long enough to see what one has done, too short for anybody to rely on it: seconds.
WITHIN = 60.0
# What is not said yet, and what never will be.
WAITING, NEVER = ("pending", "held"), ("dropped", "failed")
# What may be taken back of the entries that no status tells.
ACTIONS = ("", "planned", "noted", "priority", "assigned")


class Kept(Struct, frozen=True):
    """What a ticket had before the step: the promised day, its priority, who worked on it, its targets."""

    planned_for: float | None
    priority: str
    taken_by: int | None
    answer_by: float | None
    close_by: float | None


# Built once: to build one of these costs as much as to run it. The ticket's own time is what an index finds.
LATELY = (
    select(ticket_update.c.ticket, ticket_update.c.action)
    .join(ticket, ticket.c.code == ticket_update.c.ticket)
    .where(ticket.c.updated_at >= bindparam("since"), ticket_update.c.at >= bindparam("since"))
    .where(ticket_update.c.person_id == bindparam("person"), ticket_update.c.actor == "official")
    .order_by(ticket_update.c.at.desc(), ticket_update.c.seq.desc())
)


async def last_code(work: Work, person_id: int) -> str | None:
    """The ticket of an official's last step that is not too old to be taken back, and was not yet."""
    last: dict[str, str] = {}
    for row in await work.rows(LATELY, {"since": work.now - WITHIN, "person": person_id}):
        last.setdefault(row.ticket, row.action)
    return next((code for code, action in last.items() if action != UNDONE), None)


def is_taking(history: Sequence[Update], entry: Update) -> bool:
    """True for "I have seen it and it is mine": what is only implied by words or a further step is none."""
    alone = [each for each in history if each.at == entry.at and each.person_id == entry.person_id] == [entry]
    return entry.actor == "official" and entry.status == "acknowledged" and alone and not (entry.words or entry.media)


def status_before(history: Sequence[Update], steps: Sequence[Update]) -> str:
    """The status that a ticket had before these entries."""
    return next((each.status for each in reversed(history) if each.seq < steps[0].seq and each.status), "received")


def takes_back(history: Sequence[Update], steps: Sequence[Update], status: str) -> bool:
    """True for steps that are taken back by undoing them."""
    return all(each.action in ACTIONS for each in steps) and may_undo(status_before(history, steps), status)


async def undo(work: Work, found: Ticket, entry: Change, steps: Sequence[Update], kept: Kept) -> Ticket:
    """Write that these steps are taken back, to the status of `entry` ("" for the same); the ticket as it is then.

    Raises Forbidden where no official's step leads from there to here, or somebody did something meanwhile.
    """
    before = entry.status or found.status
    if not may_undo(before, found.status):
        raise Forbidden(found.status, before, entry.actor)
    values: dict[str, Any] = {
        "status": before,
        "closed_at": found.closed_at if before in statuses.CLOSED else None,
        "watch_at": work.now if before in RUNNING else None,
        "planned_for": kept.planned_for,
        "priority": kept.priority,
        "taken_by": kept.taken_by,
        "answer_by": kept.answer_by,
        "close_by": kept.close_by,
        "updated_at": work.now,
        "update_seq": ticket.c.update_seq + 1,
    }
    # It was the first answer of a human, and is none any more.
    if found.answered_at is not None and found.answered_at >= steps[0].at:
        values |= {"answered_at": None, "answered_due": None}
    # Nothing has broken the silence, which goes on from where it was.
    if found.broken_at is not None and found.broken_at >= steps[0].at:
        values["broken_at"] = None
    here = (ticket.c.code == found.code, ticket.c.update_seq == steps[-1].seq)
    row = await work.first(change(ticket).where(*here).values(**values).returning(ticket))
    if row is None:
        raise Forbidden("something else meanwhile", before, entry.actor)
    updates.add_update(work, found.code, row.update_seq, entry)
    if entry.public:
        await deliveries.pass_on(work, found.code, row.update_seq)
    return tickets.read_row(row)


async def recall(work: Work, code: str, steps: Sequence[Update]) -> list[int]:
    """Drop what citizens were to hear of these steps and have not; the addresses of those who have heard."""
    told: set[int] = set()
    for each in steps:
        rows = await work.rows(_notices("told-citizen", code, each.seq))
        await _drop(work, [row.id for row in rows if row.status in WAITING])
        told |= {row.address_id for row in rows if row.address_id is not None and row.status not in (*WAITING, *NEVER)}
    said = await work.rows(_messages(code, told, steps[0].at))
    unsent = [row for row in said if row.status in WAITING and row.attempts == 0]
    await _drop(work, [row.id for row in unsent])
    # Of two steps she may have heard the first and not yet the second.
    heard = {row.address_id for row in said if row not in unsent and row.status not in NEVER}
    return sorted(told - ({row.address_id for row in unsent} - heard))


async def recall_hands(work: Work, code: str, steps: Sequence[Update]) -> list[int]:
    """Drop what officials were to hear of whose it is by these steps; the addresses of those who were told."""
    told: set[int] = set()
    for name in ("told-assigned", "told-taken-over"):
        for each in steps:
            rows = await work.rows(_notices(name, code, each.seq))
            await _drop(work, [row.id for row in rows if row.status in WAITING])
            told |= {row.address_id for row in rows if row.status not in (*WAITING, *NEVER)}
    return sorted(told - {None})


def _notices(name: str, code: str, seq: int) -> Any:
    o = outbox.c
    beginning = f"notice:{name}:{code}:{seq}:"
    mine = (o.kind == "notice", o.effect_key.startswith(beginning, autoescape=True))
    return select(o.id, o.status, o.address_id).where(*mine).with_for_update()


def _messages(code: str, told: Collection[int], since: float) -> Any:
    o = outbox.c
    mine = (o.kind == "message", o.ticket == code, o.created_at >= since)
    return select(o.id, o.address_id, o.status, o.attempts).where(*mine, o.address_id.in_(told)).with_for_update()


async def _drop(work: Work, ids: Sequence[int]) -> None:
    here = (outbox.c.id.in_(ids), outbox.c.status.in_(WAITING))
    if ids:
        await work.execute(change(outbox).where(*here).values(status="dropped", done_at=work.now, error_class=UNDONE))
