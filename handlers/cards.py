"""A ticket's card in an official's chat: one message, changed in place as the ticket changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.questions import Item
from handlers.inbox import show_ticket
from handlers.rights import allowed
from handlers.views import body_name
from storage import cards, tickets, undoing, updates
from storage.codes import show_code
from storage.taken_back import last_steps

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

# Of the history: what just happened, and what it answers.
MOST_ON_CARD = 3


async def told_card(chat: Chat) -> None:
    """Something happened to a ticket: the message that shows it here shows it as it is now."""
    code, seq = str(chat.args["code"]), int(chat.args["seq"])
    ticket = await tickets.by_code(chat.work, code, lock=False)
    key = await cards.key_of(chat.work, chat.person.address_id, code)
    # A later step brings a notice of its own.
    if ticket is None or not key or ticket.update_seq > seq:
        return
    if await allowed(chat, "view", ticket):
        more = await _undo(chat, ticket)
        return await show_ticket(chat, ticket, "ticket-card", card=key, most=MOST_ON_CARD, more=more)
    await chat.say("not-your-body", code=show_code(code), body=body_name(chat, ticket.body), card=key, ticket=code)


async def _undo(chat: Chat, ticket: Ticket) -> tuple[Item, ...]:
    """The button that takes the last step back, while that can be done, for whoever did it; for all in their group."""
    history = await updates.history(chat.work, ticket.code, public_only=False)
    last = history[-1]
    hers = chat.person.shared or last.person_id == chat.person.id
    if last.actor != "official" or last.person_id is None or not hers or chat.now - last.at > undoing.WITHIN:
        return ()
    steps = last_steps(history, last.person_id)
    if not steps or not undoing.takes_back(history, steps, ticket.status) or not await allowed(chat, "undo", ticket):
        return ()
    return (Item(f"/undo {ticket.code}", chat.text("undo"), "↩️"),)
