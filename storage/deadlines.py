"""A ticket's clock: its targets, when it is looked at next, and what its history tells of its silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from msgspec import Struct
from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy import update as change

from storage import taken_back
from storage.schema import ticket
from storage.schema import update as ticket_update
from storage.taken_back import what_stands

if TYPE_CHECKING:
    from sqlalchemy import Row

    from storage.tickets import Ticket
    from storage.updates import Change
    from storage.work import Work

# An official was reminded, a citizen was; the silence went a step up.
REMINDED, ASKED_AGAIN, ESCALATED = "reminded", "asked-again", "escalated"
WAITS = "waiting_citizen"
# Where a ticket begins anew for the body that has it.
BEGINNINGS = ("received", "reopened")
# The clock runs in these; it stands still in those that are closed for good.
RUNNING = ("received", "acknowledged", "planned", "in_progress", WAITS, "reopened", "resolved")


# Built once: to build one of these costs as much as to run it.
DUE = (
    select(ticket)
    .where(ticket.c.watch_at <= bindparam("now"))
    .order_by(ticket.c.watch_at, ticket.c.code)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
DUE_AMONG = DUE.where(ticket.c.code.in_(bindparam("codes", expanding=True)))
ENTRIES = (
    select(*ticket_update.c["ticket", "seq", "at", "actor", "person_id", "status", "action", "public"])
    .where(ticket_update.c.ticket.in_(bindparam("codes", expanding=True)))
    .order_by(ticket_update.c.ticket, ticket_update.c.seq)
)
_THIS = ticket.c.code == bindparam("b_code")
BEGIN = (
    change(ticket)
    .where(_THIS)
    .values(answer_by=bindparam("b_answer"), close_by=bindparam("b_close"), watch_at=bindparam("b_watch"))
    .values(rung=0, broken_at=None)
)
MOVE = (
    change(ticket)
    .where(_THIS)
    .values(answer_by=bindparam("b_answer"), close_by=bindparam("b_close"), watch_at=bindparam("b_now"))
)
NOTE = (
    change(ticket)
    .where(_THIS)
    .values(watch_at=bindparam("b_watch"), rung=bindparam("b_rung"), broken_at=bindparam("b_broken"))
)
LEAVE = change(ticket).where(_THIS).values(watch_at=bindparam("b_watch"))
SPOKEN = (
    select(ticket_update.c.ticket)
    .where(ticket_update.c.ticket.in_(bindparam("codes", expanding=True)), ticket_update.c.actor == "official")
    .where(ticket_update.c.public, ticket_update.c.at > bindparam("since"))
    .distinct()
)
ASKED_AT = select(func.max(ticket_update.c.at).label("at")).where(
    ticket_update.c.ticket == bindparam("code"), ticket_update.c.status == WAITS
)


class Entry(taken_back.Entry, Protocol):
    """What of an entry of a history tells of silence."""

    @property
    def status(self) -> str: ...
    @property
    def public(self) -> bool: ...


class Look(NamedTuple):
    """How far a ticket's silence went, and when the clock looks at it next (None: when something has happened).

    `broken_at` is when somebody spoke after that, in time; None for not yet.
    """

    code: str
    watch_at: float | None
    rung: int
    broken_at: float | None = None


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


async def due(work: Work, most: int, among: Sequence[str] | None = None) -> Sequence[Row[Any]]:
    """The rows of the tickets that the clock is to look at, those first that have waited longest; locked."""
    values: dict[str, Any] = {"now": work.now, "most": most}
    if among is None:
        return await work.rows(DUE, values)
    return await work.rows(DUE_AMONG, values | {"codes": list(among)})


async def entries_of(work: Work, codes: Sequence[str]) -> dict[str, list[Entry]]:
    """What happened to each of these tickets, all of it, oldest first: enough to tell its silence from."""
    entries: dict[str, list[Any]] = {code: [] for code in codes}
    for row in await work.rows(ENTRIES, {"codes": list(codes)}) if codes else ():
        entries[row.ticket].append(row)
    return entries


async def set_targets(work: Work, code: str, answer_by: float, close_by: float, watch_at: float) -> None:
    """Let a ticket's time begin anew; the clock looks at it at that moment."""
    await work.execute(BEGIN, {"b_code": code, "b_answer": answer_by, "b_close": close_by, "b_watch": watch_at})


async def move_targets(work: Work, code: str, answer_by: float | None, close_by: float) -> None:
    """Set a ticket's targets, whose silence goes on; the clock looks at it at once."""
    await work.execute(MOVE, {"b_code": code, "b_answer": answer_by, "b_close": close_by, "b_now": work.now})


async def leave_alone(work: Work, code: str, until: float) -> None:
    """Have the clock look at a ticket no earlier."""
    await work.execute(LEAVE, {"b_code": code, "b_watch": until})


async def note_looks(work: Work, looks: Sequence[Look]) -> None:
    """Write down what came of looking at these tickets."""
    if looks:
        names = ("b_code", "b_watch", "b_rung", "b_broken")
        await work.execute(NOTE, [dict(zip(names, each, strict=True)) for each in looks])


async def moved_by(work: Work, found: Ticket, entry: Change) -> dict[str, Any]:
    """What an entry changes of its ticket's clock: a new status or an official's public word has it looked at again.

    That is at once where the entry does not say when.
    """
    speaks = entry.actor == "official" and entry.public
    if not (entry.status or speaks):
        return {}
    status = entry.status or found.status
    values: dict[str, Any] = {"watch_at": (entry.look_at or work.now) if status in RUNNING else None}
    if entry.status in BEGINNINGS:
        # Counted anew for whoever has it now, by who moved it there or else by the clock's first look.
        return values | {"answer_by": None, "close_by": None, "rung": 0, "broken_at": None}
    # Silence that is broken in time begins from nothing; how far it went is kept, as the word may be taken back.
    if speaks and found.rung and found.broken_at is None and (found.close_by is None or work.now < found.close_by):
        values["broken_at"] = work.now
    if found.status == WAITS and entry.status in RUNNING and (asked_at := await _asked_at(work, found.code)):
        values["close_by"] = ticket.c.close_by + (work.now - asked_at)
    return values


def silence_of(found: Ticket, history: Sequence[Entry]) -> Silence:
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
    rows = await work.rows(SPOKEN, {"codes": list(codes), "since": at}) if codes else ()
    return {row.ticket for row in rows}


def paused(history: Sequence[Entry], since: float) -> float:
    """For how long a ticket has waited for its citizen since then, in seconds, as often as that is over."""
    seconds, asked_at = 0.0, None
    for entry in what_stands(history):
        if entry.status == WAITS:
            asked_at = entry.at
        elif entry.status and asked_at is not None:
            seconds += entry.at - asked_at if asked_at >= since and entry.status in RUNNING else 0.0
            asked_at = None
    return seconds


def _asks(found: Ticket, entry: Entry) -> bool:
    """True for what the citizen has to answer: the question that a ticket waits for, and each word with it."""
    if found.status == WAITS:
        return entry.actor == "official" and entry.public
    return found.status == "resolved" and entry.status == "resolved"


def _last(moments: Any) -> float | None:
    return max(moments, default=None)


async def _asked_at(work: Work, code: str) -> float | None:
    row = await work.first(ASKED_AT, {"code": code})
    return None if row is None or row.at is None else float(row.at)
