"""A ticket's card in an official's chat: one message, changed in place as the ticket changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.inbox import show_ticket
from handlers.rights import allowed
from handlers.views import body_name
from storage import cards, tickets
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat


async def told_card(chat: Chat) -> None:
    """Something happened to a ticket: the message that shows it here shows it as it is now."""
    code, seq = str(chat.args["code"]), int(chat.args["seq"])
    ticket = await tickets.by_code(chat.work, code, lock=False)
    key = await cards.key_of(chat.work, chat.person.address_id, code)
    # A later step brings a notice of its own.
    if ticket is None or not key or ticket.update_seq > seq:
        return
    if await allowed(chat, "view", ticket):
        return await show_ticket(chat, ticket, "ticket-view", card=key)
    await chat.say("not-your-body", code=show_code(code), body=body_name(chat, ticket.body), card=key, ticket=code)
