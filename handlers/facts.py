"""What an official reads of a ticket at a glance: whose it is, until when, how pressing, for how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.dues import due_of_what
from handlers.views import joined_line
from routing.dates import show_day
from storage import cards

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

PROMISING = ("planned", "in_progress", "waiting_citizen")
# What is as usual is not said.
PRIORITIES = {"urgent": ("🔴", "priority-urgent"), "high": ("🟠", "priority-high"), "low": ("⚪", "priority-low")}


async def facts(chat: Chat, ticket: Ticket) -> str:
    """What is known of a ticket beside its words and status, in a line of its own; "" for nothing."""
    told = [
        await _taken_line(chat, ticket),
        due_of_what(chat, ticket),
        _planned_line(chat, ticket),
        _priority_line(chat, ticket),
        await _joined(chat, ticket),
    ]
    line = " · ".join(each for each in told if each)
    return f"\n{line}" if line else ""


async def _taken_line(chat: Chat, ticket: Ticket) -> str:
    if ticket.taken_by is None or not ticket.open:
        return ""
    if ticket.taken_by == chat.person.id and not chat.person.shared:
        return chat.text("card-mine")
    name = await cards.name_of(chat.work, ticket.taken_by, ticket.body)
    return chat.text("card-taken", who=name or chat.text("a-colleague"))


def _planned_line(chat: Chat, ticket: Ticket) -> str:
    # What was promised before it was resolved, or given to others, is no promise any more.
    if ticket.planned_for is None or ticket.status not in PROMISING:
        return ""
    calendar = chat.pack.timetable.calendar
    today, promised = calendar.day(chat.now), calendar.day(ticket.planned_for)
    key = "card-planned" if promised >= today else "card-planned-over"
    return chat.text(key, when=show_day(promised, chat.language, today))


def _priority_line(chat: Chat, ticket: Ticket) -> str:
    if ticket.priority not in PRIORITIES:
        return ""
    icon, key = PRIORITIES[ticket.priority]
    return chat.text("card-priority", icon=icon, priority=chat.text(key).lower())


async def _joined(chat: Chat, ticket: Ticket) -> str:
    joined = await joined_line(chat, ticket.code)
    return chat.text("card-joined", joined=joined) if joined else ""
