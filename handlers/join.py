"""Joining the report of somebody else, and leaving it: who joins hears of every public update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers import notices
from handlers.codes import ask_ticket
from handlers.inbox import show_ticket
from handlers.rights import acts_here
from handlers.views import category_name, joined_line, status_name, ticket_place
from storage import merging, supporters, tickets
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket


async def join(chat: Chat) -> None:
    """ "Me sumo K7Q4-2MX": it happens to her too."""
    if (named := await ask_ticket(chat)) is None:
        return None
    ticket = await merging.lead(chat.work, named)
    code = show_code(ticket.code)
    if ticket.person_id == chat.person.id:
        return await chat.say("join-own", code=code)
    if ticket.held_at is not None:
        return await chat.say("code-unknown", code=code)
    if await tickets.supports(chat.work, ticket.code, chat.person.id):
        return await chat.say("join-already", code=code, joined=await joined_line(chat, ticket.code))
    if not ticket.open:
        return await chat.say("already-closed", code=code, status=status_name(chat, ticket.status))
    await chat.do("join", lambda: join_ticket(chat, ticket))
    return await say_joined(chat, ticket)


async def join_ticket(chat: Chat, ticket: Ticket) -> None:
    """The effect of joining; the officials hear of it when it has become a crowd."""
    supporters.join(chat.work, ticket.code, chat.person)
    await notices.tell_of_crowd(chat, ticket)


async def say_joined(chat: Chat, ticket: Ticket) -> None:
    """Confirm it: which one, how many they are now, how to leave."""
    await chat.say(
        "joined",
        code=show_code(ticket.code),
        category=category_name(chat, ticket),
        where=ticket_place(chat, ticket),
        joined=await joined_line(chat, ticket.code),
        link=chat.link("follow", f"/t/{ticket.code}"),
        ticket=ticket.code,
    )


async def leave(chat: Chat) -> None:
    """ "Ya no sigo K7Q4-2MX"; without a code the joined one that was last spoken of."""
    named = bool(chat.args.get("code") or chat.args.get("rest"))
    spoken = "" if named else await chat.recall("spoken-of", lambda: supporters.last_spoken_of(chat.work, chat.person))
    if not named and not spoken and not await supporters.codes_of(chat.work, chat.person.id, 1):
        return await chat.say("in-none")
    found = await tickets.by_code(chat.work, spoken) if spoken else await ask_ticket(chat)
    if found is None:
        return None
    ticket = await merging.lead(chat.work, found)
    code = show_code(ticket.code)
    if ticket.person_id == chat.person.id:
        return await chat.say("leave-own", code=code)
    if not await tickets.supports(chat.work, ticket.code, chat.person.id):
        return await chat.say("not-in", code=code)
    await chat.do("leave", lambda: supporters.leave(chat.work, ticket.code, chat.person.id))
    return await chat.say("left", code=code)


async def told_crowd(chat: Chat) -> None:
    """An official learns that many have joined one of her tickets."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]))
    if ticket is not None and await acts_here(chat):
        await show_ticket(chat, ticket, "told-crowd")
