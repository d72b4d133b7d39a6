"""An official in the chat is told what her own body answered elsewhere: by mail, or in a system of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.inbox import steps_of
from handlers.rights import acts_here
from handlers.views import body_name, category_name, quoted, status_name
from storage import tickets, updates
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat


async def told_office(chat: Chat) -> None:
    """The body's own step, with its words and photos, and how the ticket stands since."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]))
    entry = await updates.step(chat.work, ticket.code, int(chat.args["seq"])) if ticket else None
    if ticket is None or entry is None or not await acts_here(chat):
        return
    await chat.say(
        "told-office",
        code=show_code(ticket.code),
        category=category_name(chat, ticket),
        body=body_name(chat, entry.body),
        status=status_name(chat, entry.status or ticket.status),
        said=quoted(chat, entry.words),
        media=entry.media,
        options=await steps_of(chat, ticket),
        columns=2,
        ticket=ticket.code,
    )
