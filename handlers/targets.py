"""Until when a ticket is to be answered and closed, counted anew whenever somebody else has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routing.silence import first_look, look_after_word
from storage import deadlines, tickets, updates
from storage.deadlines import WAITS
from storage.inboxes import waits_for_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.pack import Pack
    from storage.tickets import Ticket
    from storage.updates import Update
    from storage.work import Work


def first_targets(pack: Pack, category: str, body: str, now: float, priority: str) -> tuple[tuple[float, float], float]:
    """The targets of a ticket that is opened now, and when to look at it first."""
    times = pack.timetable
    targets, urgent = times.due(now, category, body, priority), times.is_urgent(category, priority)
    return targets, first_look(now, targets[0], now, times.calendar, urgent=urgent)


async def begin_anew(work: Work, pack: Pack, code: str, *, since: float | None = None) -> Ticket | None:
    """Count a ticket's targets from now on, for the body that has it; the ticket as it is then.

    `since` is when it came to where it is, None where that is not known.
    """
    found = await tickets.by_code(work, code)
    return None if found is None else await begin(work, pack, found, since=since)


async def begin(work: Work, pack: Pack, found: Ticket, *, since: float | None = None) -> Ticket:
    """The same for a ticket that was read or written in this transaction, and is locked."""
    times, opened = pack.timetable, found.created_at
    answer_by, close_by = times.due(work.now, found.category, found.body, found.priority)
    urgent = times.is_urgent(found.category, found.priority)
    watch_at = first_look(opened if since is None else since, answer_by, work.now, times.calendar, urgent=urgent)
    await deadlines.set_targets(work, found.code, answer_by, close_by, watch_at)
    return msgspec.structs.replace(found, answer_by=answer_by, close_by=close_by, rung=0, watch_at=watch_at)


def look_after(pack: Pack, found: Ticket, status: str, now: float) -> float:
    """When to look at a ticket after an official's public word that led to a status, or to none ("")."""
    times = pack.timetable
    return look_after_word(
        status or found.status,
        found.created_at,
        now if found.close_by is None else found.close_by,
        now,
        times.calendar,
        times.terms,
        urgent=times.is_urgent(found.category, found.priority),
        led=bool(status),
    )


async def reweigh(work: Work, pack: Pack, found: Ticket, priority: str) -> None:
    """Move a ticket's targets where its new priority crosses the line of what is urgent; its silence goes on.

    What becomes urgent is due as if it had come now, and no later than before; what is urgent no longer as it was.
    """
    urgent = pack.timetable.is_urgent(found.category, priority)
    if urgent == pack.timetable.is_urgent(found.category, found.priority) or found.close_by is None:
        return
    if urgent:
        answer_by, close_by = pack.timetable.due(work.now, found.category, found.body, priority)
        answer_by, close_by = min(answer_by, found.answer_by or answer_by), min(close_by, found.close_by)
    else:
        history = await updates.history(work, found.code, public_only=False)
        answer_by, close_by = targets_of(pack, found, history, priority)
    kept = answer_by if waits_for_answer(found) else found.answer_by
    await deadlines.move_targets(work, found.code, kept, close_by)


def targets_of(pack: Pack, found: Ticket, history: Sequence[Update], priority: str) -> tuple[float, float]:
    """The targets at a priority, counted from when its time with this body began; `history` is all, oldest first."""
    since = deadlines.silence_of(found, history).since
    answer_by, close_by = pack.timetable.due(since, found.category, found.body, priority)
    return answer_by, close_by + deadlines.paused(history, since)


async def way_back(work: Work, found: Ticket) -> str:
    """The status to which a citizen's answer leads: back to work from a question or from the end that silence made."""
    if found.status == WAITS:
        return await updates.previous_status(work, found.code)
    if found.status != "declined":
        return ""
    history = await updates.history(work, found.code, public_only=False)
    ended = next((entry for entry in reversed(history) if entry.status), None)
    return "reopened" if ended and ended.actor == "system" else ""
