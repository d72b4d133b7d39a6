"""Joining the report of somebody else, and leaving it: who joins hears of every public update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.codes import ask_ticket
from handlers.views import category_name, joined_line, status_name, ticket_place
from storage import supporters, tickets
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat


async def join(chat: Chat) -> None:
    """ "Me sumo K7Q4-2MX": it happens to her too."""
    if (ticket := await ask_ticket(chat)) is None:
        return None
    code = show_code(ticket.code)
    if ticket.person_id == chat.person.id:
        return await chat.say("join-own", code=code)
    if await tickets.supports(chat.work, ticket.code, chat.person.id):
        return await chat.say("join-already", code=code, joined=await joined_line(chat, ticket.code))
    if not ticket.open:
        return await chat.say("already-closed", code=code, status=status_name(chat, ticket.status))
    await chat.do("join", lambda: supporters.join(chat.work, ticket.code, chat.person))
    return await chat.say(
        "joined",
        code=code,
        category=category_name(chat, ticket),
        where=ticket_place(chat, ticket),
        joined=await joined_line(chat, ticket.code),
        link=chat.link("follow", f"/t/{ticket.code}"),
        ticket=ticket.code,
    )


async def leave(chat: Chat) -> None:
    """ "Ya no sigo K7Q4-2MX"."""
    if (ticket := await ask_ticket(chat)) is None:
        return None
    code = show_code(ticket.code)
    if ticket.person_id == chat.person.id:
        return await chat.say("leave-own", code=code)
    if not await tickets.supports(chat.work, ticket.code, chat.person.id):
        return await chat.say("not-in", code=code)
    await chat.do("leave", lambda: supporters.leave(chat.work, ticket.code, chat.person.id))
    return await chat.say("left", code=code)
