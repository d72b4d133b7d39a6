"""Until when a ticket is to be answered and closed, counted anew whenever somebody else has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage import deadlines, tickets, updates
from storage.deadlines import WAITS

if TYPE_CHECKING:
    from routing.pack import Pack
    from storage.tickets import Ticket
    from storage.work import Work


async def begin_anew(work: Work, pack: Pack, code: str) -> Ticket | None:
    """Count a ticket's targets from now on, for the body that has it; the ticket as it is then."""
    found = await tickets.by_code(work, code)
    if found is None:
        return None
    answer_by, close_by = pack.timetable.due(work.now, found.category, found.body, found.priority)
    await deadlines.set_targets(work, code, answer_by, close_by)
    return await tickets.by_code(work, code)


async def way_back(work: Work, found: Ticket) -> str:
    """The status to which a citizen's answer leads: back to work from a question or from the end that silence made."""
    if found.status == WAITS:
        return await updates.previous_status(work, found.code)
    if found.status != "declined":
        return ""
    history = await updates.history(work, found.code, public_only=False)
    ended = next((entry for entry in reversed(history) if entry.status), None)
    return "reopened" if ended and ended.actor == "system" else ""
