"""Who may do what to a ticket: the bodies a person acts for here, and those that have a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.codes import ask_ticket
from handlers.views import body_name
from storage import officials, passing
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.officials import Office
    from storage.tickets import Ticket


async def my_offices(chat: Chat) -> list[Office]:
    """The bodies this person acts for here."""
    return await officials.offices(chat.work, chat.person)


async def acts_for(chat: Chat, body: str) -> bool:
    """True when this person may act for the body."""
    return body in [office.body for office in await my_offices(chat)]


async def has_part(chat: Chat, ticket: Ticket) -> bool:
    """True when this person may act for the body that leads, or for one that stands beside it."""
    held = {office.body for office in await my_offices(chat)}
    return ticket.body in held or bool(held and held & set(await passing.beside(chat.work, ticket.code)))


async def own_ticket(chat: Chat, *, beside: bool = False) -> Ticket | None:
    """The ticket a command names, if it is one of the official's own bodies; else the refusal is said.

    `beside` allows one too that another body leads and hers only has as well.
    """
    if not await my_offices(chat):
        await chat.say("not-official")
        return None
    ticket = await ask_ticket(chat)
    if ticket is None:
        return None
    if not await (has_part(chat, ticket) if beside else acts_for(chat, ticket.body)):
        await chat.say("not-your-body", code=show_code(ticket.code), body=body_name(chat, ticket.body))
        return None
    return ticket
