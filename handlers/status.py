"""How a ticket stands; and for an official of its body, changing that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.questions import Item
from handlers.codes import ask_ticket, split_code
from handlers.followers import follows
from handlers.inbox import show_ticket
from handlers.refile import STAYS
from handlers.rights import allowed, my_offices, own_ticket, refused
from handlers.views import body_name, category_name, history_lines, status_name, ticket_place
from handlers.working import set_status
from storage import updates
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

MOST_HISTORY = 6


async def status(chat: Chat) -> None:
    """`/estado CODE`: public, so anybody with the code may ask. `/estado CODE status [reason]`: its officials only."""
    if (ticket := await ask_ticket(chat, at_work=True)) is None:
        return None
    _, rest = split_code(str(chat.args.get("rest", "")))
    shows = bool(chat.pocket.media)
    if (rest or (shows and await allowed(chat, "status", ticket))) and await my_offices(chat):
        return None if await refused(chat, "status", ticket) else await set_status(chat, ticket, rest)
    if shows and await follows(chat, ticket):
        chat.become("addphoto", command="addphoto", rest=ticket.code)
    if await allowed(chat, "view", ticket):
        return await show_ticket(chat, ticket, "ticket-view")
    return await _tell(chat, ticket)


async def resolve(chat: Chat) -> None:
    """`/resolver CODE [what was done]`: the step that matters most, in a line; a citizen says so of hers with it."""
    if not await my_offices(chat):
        chat.become("fixed", **chat.args)
    if (ticket := await own_ticket(chat, "status")) is not None:
        _, said = split_code(str(chat.args.get("rest", "")))
        chat.become("status", command="status", rest=f"{ticket.code} resolved {said}".strip())


async def _tell(chat: Chat, ticket: Ticket) -> None:
    entries = await updates.history(chat.work, ticket.code, public_only=True)
    own = ticket.person_id == chat.person.id
    lines = history_lines(chat, ticket, entries, own=own)[-MOST_HISTORY:]
    await chat.say(
        "ticket-status",
        code=show_code(ticket.code),
        category=category_name(chat, ticket),
        where=ticket_place(chat, ticket),
        status=status_name(chat, ticket.status, own=own),
        body=body_name(chat, ticket.body),
        history="\n".join(lines),
        last=lines[-1] if lines else "",
        link=chat.link("follow", f"/t/{ticket.code}"),
        options=_own_shortcuts(chat, ticket),
        ticket=ticket.code,
    )


def _own_shortcuts(chat: Chat, ticket: Ticket) -> tuple[Item, ...]:
    if ticket.person_id != chat.person.id:
        return ()
    if ticket.status == "resolved":
        return (Item(f"/fixed {ticket.code}", chat.text("say-whether-fixed")),)
    if not ticket.open:
        return ()
    return (
        Item(f"/reply {ticket.code}", chat.text("add-something")),
        *([Item(f"/refile {ticket.code}", chat.text("refile"))] if ticket.status in STAYS and not chat.costs else []),
        Item(f"/withdraw {ticket.code}", chat.text("withdraw")),
    )
