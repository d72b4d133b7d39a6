"""When a ticket is due, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.inboxes import due_of

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

# Days: what is due later is nobody's haste.
SOON = 1


def due_line(chat: Chat, ticket: Ticket) -> str:
    """When a ticket is due ("vence mañana", "vencido hace 2 días"), in the pack's own days; "" where nothing is."""
    due = due_of(ticket)
    if due is None:
        return ""
    day = chat.pack.timetable.calendar.day(due)
    days = (day - chat.pack.timetable.calendar.day(chat.now)).days
    if due < chat.now:
        return chat.words.plural("overdue-days", -days) if days else chat.text("overdue-today")
    if days > SOON:
        return chat.text("due-on", day=f"{day:%d/%m}")
    return chat.text("due-tomorrow" if days else "due-today")


def hurry(chat: Chat, ticket: Ticket) -> str:
    """The same for what is overdue or soon will be; "" for the rest."""
    due = due_of(ticket)
    if due is None:
        return ""
    calendar = chat.pack.timetable.calendar
    return due_line(chat, ticket) if (calendar.day(due) - calendar.day(chat.now)).days <= SOON else ""
