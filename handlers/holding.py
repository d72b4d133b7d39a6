"""Who of a team has a ticket, and what a colleague hears who would take it from her."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers import notices
from handlers.rights import allowed
from handlers.team import member_name
from locales import catalog
from storage import tickets
from storage.codes import show_code
from storage.team import members

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket


async def kept_by_another(chat: Chat, ticket: Ticket) -> bool:
    """True when a colleague has it from whom only who may assign takes it, and this official was told so.

    Who has left the team meanwhile keeps nothing.
    """
    if ticket.taken_by in (None, chat.person.id) or await allowed(chat, "assign", ticket):
        return False
    team = await members(chat.work, [ticket.body])
    if not any(ticket.taken_by in (each.person_id, *(hand for hand, _ in each.hands)) for each in team):
        return False
    who = await holder_name(chat, ticket)
    await chat.say("has-it-already", code=show_code(ticket.code), who=who, ticket=ticket.code)
    return True


async def tell_taken_over(chat: Chat, ticket: Ticket, seq: int, heir: int) -> None:
    """Tell who had `ticket`, as it was before step `seq` of its history, that it is the person `heir`'s now."""
    if ticket.taken_by in (None, chat.person.id, heir):
        return
    for each in await members(chat.work, [ticket.body]):
        if each.person_id == ticket.taken_by:
            notices.tell(chat.work, each.address_id, "told-taken-over", ticket.code, seq)


async def told_taken_over(chat: Chat) -> None:
    """A ticket that she had is a colleague's now; where that was undone, it is whose it was before."""
    ticket, undone = await tickets.by_code(chat.work, str(chat.args["code"]), lock=False), "undone" in chat.args
    if ticket is None or (ticket.taken_by in (None, chat.person.id) and not undone):
        return
    if ticket.taken_by in (None, chat.person.id):
        key = "told-yours-again" if ticket.taken_by else "told-unassigned"
        return await chat.say(key, code=show_code(ticket.code), ticket=ticket.code)
    who = await holder_name(chat, ticket)
    await chat.say("told-taken-over", code=show_code(ticket.code), who=who, ticket=ticket.code)


async def holder_name(chat: Chat, ticket: Ticket) -> str:
    """Who has a ticket, as the team calls her."""
    return await colleague_name(chat, ticket.body, ticket.taken_by or 0)


async def colleague_name(chat: Chat, body: str, person_id: int) -> str:
    """What somebody who acts for a body is called among its team."""
    team = await members(chat.work, [body])
    found = next((each for each in team if each.person_id == person_id), None)
    return member_name(chat, found) if found else nameless(chat.language, person_id)


def nameless(language: str, person_id: int) -> str:
    """What is said of somebody who acts in a team's group only, where nobody's name is known."""
    return catalog(language).text("member-of-group", n=person_id)
