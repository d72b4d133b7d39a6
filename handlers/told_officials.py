"""What an official is told: a new ticket, an answer, "it is not fixed"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.inbox import show_ticket, steps_of
from handlers.rights import acts_here, allowed
from handlers.views import body_name, category_name, joined_line, quoted, why_withdrawn
from storage import evidence, tickets, updates
from storage.codes import show_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation import Chat
    from storage.tickets import Ticket
    from storage.updates import Update


async def told_official(chat: Chat) -> None:
    """A citizen did something: a new ticket, an answer, "it is not fixed"."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]))
    seq = int(chat.args["seq"])
    if ticket is None or not await acts_here(chat):
        return None
    if seq == 1:
        return await show_ticket(chat, ticket, "told-held-ticket" if ticket.held_at else "told-new-ticket")
    history = await updates.history(chat.work, ticket.code, public_only=False)
    entry = next((each for each in history if each.seq == seq), None)
    if entry is None:
        return None
    if entry.status == "received" or (entry.actor == "citizen" and entry.body):
        return await _tell_arrival(chat, ticket, entry)
    if entry.action == "doubted":
        return await _tell_doubt(chat, ticket)
    told = "told-answer-files" if entry.media and not entry.words else "told-answer"
    if told == "told-answer-files" and await evidence.is_voice(chat.work, entry.media):
        told = "told-answer-voice"
    if entry.status in ("reopened", "confirmed", "withdrawn"):
        late = entry.status == "reopened" and _ended(history, entry) == "declined"
        told = "told-answered-late" if late else f"told-{entry.status}"
    if entry.person_id != ticket.person_id and (joined := await joined_line(chat, ticket.code)):
        chat.remark("told-by-supporter", joined=joined)
    return await chat.say(
        told,
        code=show_code(ticket.code),
        category=category_name(chat, ticket),
        said=quoted(chat, entry.words or why_withdrawn(chat, entry)),
        media=entry.media,
        options=await steps_of(chat, ticket),
        columns=2,
        ticket=ticket.code,
    )


async def _tell_doubt(chat: Chat, ticket: Ticket) -> None:
    """One who joined says that it is not fixed: not enough to reopen it, but worth a look."""
    options, code = await steps_of(chat, ticket), show_code(ticket.code)
    category = category_name(chat, ticket)
    return await chat.say("told-doubted", code=code, category=category, options=options, columns=2, ticket=ticket.code)


async def _tell_arrival(chat: Chat, ticket: Ticket, entry: Update) -> None:
    """It was passed to this body, or who reported it set it right: then it may have left as well."""
    if entry.actor == "system":
        given = await updates.step(chat.work, ticket.code, entry.seq - 1)
        giver, said = (body_name(chat, given.body), quoted(chat, given.reason)) if given else ("", "")
        return await show_ticket(chat, ticket, "told-passed-ticket", giver=giver, said=said)
    said = entry.words
    if await allowed(chat, "view", ticket):
        return await show_ticket(chat, ticket, "told-refiled-ticket", said=said)
    code, body = show_code(ticket.code), body_name(chat, ticket.body)
    return await chat.say("told-refiled-away", code=code, body=body, said=said, ticket=ticket.code)


def _ended(history: Sequence[Update], entry: Update) -> str:
    """The status that a ticket had before this entry gave it another."""
    return next((each.status for each in reversed(history[: history.index(entry)]) if each.status), "")
