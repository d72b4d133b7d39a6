"""A ticket's clock: its targets, when it is looked at next, and what its history tells of its silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy import update as change

from storage.schema import ticket
from storage.schema import update as ticket_update
from storage.taken_back import what_stands

if TYPE_CHECKING:
    from storage.tickets import Ticket
    from storage.updates import Change, Update
    from storage.work import Work

# An official was reminded, a citizen was; the silence went a step up.
REMINDED, ASKED_AGAIN, ESCALATED = "reminded", "asked-again", "escalated"
WAITS = "waiting_citizen"
# Where a ticket begins anew for the body that has it.
BEGINNINGS = ("received", "reopened")
# The clock runs in these; it stands still in those that are closed for good.
RUNNING = ("received", "acknowledged", "planned", "in_progress", WAITS, "reopened", "resolved")


class Silence(Struct, frozen=True):
    """What a history tells of silence; times are Unix seconds, None for what has not been.

    `since` is when the ticket came to where it is, `heard_at` when an official last said something public after that,
    `stepped_at` when its silence last went up, `told_at` when the citizen was last told so, `asked_at` since when she
    is waited for (a question, or "was it fixed?"), `asked_again_at` when she was reminded of it.
    """

    since: float
    heard_at: float | None = None
    stepped_at: float | None = None
    told_at: float | None = None
    asked_at: float | None = None
    asked_again_at: float | None = None


async def due(work: Work, most: int, among: Sequence[str] | None = None) -> list[str]:
    """The codes of the tickets that the clock is to look at, those first that have waited longest; locked."""
    these = [] if among is None else [ticket.c.code.in_(among)]
    waiting = (
        select(ticket.c.code)
        .where(ticket.c.watch_at <= work.now, *these)
        .order_by(ticket.c.watch_at, ticket.c.code)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return [row.code for row in await work.rows(waiting)]


async def set_targets(work: Work, code: str, answer_by: float, close_by: float) -> None:
    """Let a ticket's time begin anew; the clock looks at it at once to see when it is to look again."""
    values = {"answer_by": answer_by, "close_by": close_by, "rung": 0, "watch_at": work.now}
    await work.execute(change(ticket).where(ticket.c.code == code).values(**values))


async def move_targets(work: Work, code: str, answer_by: float | None, close_by: float) -> None:
    """Set a ticket's targets, whose silence goes on; the clock looks at it at once."""
    values = {"answer_by": answer_by, "close_by": close_by, "watch_at": work.now}
    await work.execute(change(ticket).where(ticket.c.code == code).values(**values))


async def leave_alone(work: Work, code: str, until: float) -> None:
    """Have the clock look at a ticket no earlier."""
    await work.execute(change(ticket).where(ticket.c.code == code).values(watch_at=until))


async def note_step(work: Work, code: str, watch_at: float | None, rung: int) -> None:
    """How far a ticket's silence went, and when the clock looks at it next (None: when something has happened)."""
    await work.execute(change(ticket).where(ticket.c.code == code).values(watch_at=watch_at, rung=rung))


async def moved_by(work: Work, found: Ticket, entry: Change) -> dict[str, Any]:
    """What an entry changes of its ticket's clock: a new status or an official's public word has it looked at again."""
    speaks = entry.actor == "official" and entry.public
    if not (entry.status or speaks):
        return {}
    status = entry.status or found.status
    values: dict[str, Any] = {"watch_at": work.now if status in RUNNING else None}
    if entry.status in BEGINNINGS:
        # Counted anew for whoever has it now, by who moved it there or else by the clock's first look.
        return values | {"answer_by": None, "close_by": None, "rung": 0}
    # Silence that is broken in time begins from nothing.
    if speaks and (found.close_by is None or work.now < found.close_by):
        values["rung"] = 0
    if found.status == WAITS and entry.status in RUNNING and (asked_at := await _asked_at(work, found.code)):
        values["close_by"] = ticket.c.close_by + (work.now - asked_at)
    return values


def silence_of(found: Ticket, history: Sequence[Update]) -> Silence:
    """What its whole history, oldest first, tells of a ticket's silence."""
    history = what_stands(history)
    begun = max((n for n, entry in enumerate(history) if entry.status in BEGINNINGS), default=0)
    here = history[begun:]
    asked_at = _last(entry.at for entry in here if _asks(found, entry))
    heard = [entry.at for entry in here[1:] if entry.actor == "official" and entry.public]
    steps = [entry for entry in here if entry.action == ESCALATED]
    again = [entry.at for entry in here if entry.action == ASKED_AGAIN]
    return Silence(
        since=history[begun].at if history else found.created_at,
        heard_at=_last(heard),
        stepped_at=_last(entry.at for entry in steps),
        told_at=_last(entry.at for entry in history if entry.action == ESCALATED and entry.public),
        asked_at=asked_at,
        asked_again_at=_last(at for at in again if asked_at is not None and at >= asked_at),
    )


async def heard_since(work: Work, codes: Sequence[str], at: float) -> set[str]:
    """Which of these tickets an official has said something public of after that moment (Unix seconds)."""
    u = ticket_update.c
    spoken = select(u.ticket).where(u.ticket.in_(codes), u.actor == "official", u.public, u.at > at).distinct()
    return {row.ticket for row in await work.rows(spoken)}


def paused(history: Sequence[Update], since: float) -> float:
    """For how long a ticket has waited for its citizen since then, in seconds, as often as that is over."""
    seconds, asked_at = 0.0, None
    for entry in what_stands(history):
        if entry.status == WAITS:
            asked_at = entry.at
        elif entry.status and asked_at is not None:
            seconds += entry.at - asked_at if asked_at >= since and entry.status in RUNNING else 0.0
            asked_at = None
    return seconds


def _asks(found: Ticket, entry: Update) -> bool:
    """True for what the citizen has to answer: the question that a ticket waits for, and each word with it."""
    if found.status == WAITS:
        return entry.actor == "official" and entry.public
    return found.status == "resolved" and entry.status == "resolved"


def _last(moments: Any) -> float | None:
    return max(moments, default=None)


async def _asked_at(work: Work, code: str) -> float | None:
    u = ticket_update.c
    row = await work.first(select(func.max(u.at).label("at")).where(u.ticket == code, u.status == WAITS))
    return None if row is None or row.at is None else float(row.at)
