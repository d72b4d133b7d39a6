"""Those who follow a ticket: who reported it and who joined, and what they do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers import notices
from handlers.changes import by_citizen
from handlers.targets import begin
from storage import tickets

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket


async def follows(chat: Chat, ticket: Ticket) -> bool:
    """True when this person reported or joined the ticket."""
    return ticket.person_id == chat.person.id or await tickets.supports(chat.work, ticket.code, chat.person.id)


async def append(chat: Chat, ticket: Ticket, **entry: object) -> Ticket:
    """Append what she did, and tell those in whose hands the ticket is; the ticket as it is now.

    Another status everybody else hears of who follows it, and a reopening all the officials, the same hands first.
    """
    change = by_citizen(chat, **entry)
    after = await tickets.append(chat.work, ticket, change)
    if change.status == "reopened":
        after = await begin(chat.work, chat.pack, after, since=chat.now)
    await notices.tell_hands(chat, after, after.update_seq, others=change.status == "reopened")
    if change.status in ("confirmed", "reopened", "withdrawn"):
        await notices.tell_others(chat, after)
    return after
