"""When a ticket is due, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routing.dates import show_day
from storage.inboxes import due_of, waits_for_answer

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

# Days: what is due later is nobody's haste.
SOON = 1


def due_line(chat: Chat, ticket: Ticket) -> str:
    """When a ticket is due ("vence mañana", "vencido hace 2 días hábiles") by the pack's calendar; "" for nothing."""
    due = due_of(ticket)
    if due is None:
        return ""
    calendar = chat.pack.timetable.calendar
    day, today = calendar.day(due), calendar.day(chat.now)
    shown = show_day(day, chat.language, today)
    if due >= chat.now:
        near = {0: "due-today", SOON: "due-tomorrow"}.get((day - today).days)
        return chat.text(near) if near else chat.text("due-on", day=shown)
    if day == today:
        return chat.text("overdue-today")
    worked = calendar.worked_days(day, today)
    return chat.words.plural("overdue-days", worked) if worked else chat.text("overdue-since", day=shown)


def due_of_what(chat: Chat, ticket: Ticket) -> str:
    """The same with what is due: the first answer, or the end. What nobody has looked at yet is not due."""
    if ticket.held_at is not None:
        return ""
    # Where every word is paid for, what does not press is not said.
    due = hurry(chat, ticket) if chat.costs else due_line(chat, ticket)
    if not due:
        return ""
    return chat.text("card-due-answer", due=due) if waits_for_answer(ticket) else chat.text("card-due-end", due=due)


def hurry(chat: Chat, ticket: Ticket) -> str:
    """When a ticket is due that is overdue or soon will be; "" for the rest."""
    due = due_of(ticket)
    if due is None:
        return ""
    calendar = chat.pack.timetable.calendar
    return due_line(chat, ticket) if (calendar.day(due) - calendar.day(chat.now)).days <= SOON else ""
