"""The citizen takes a ticket back, and says in the same tap why, if she likes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.choices import Choice
from bot.questions import Item
from handlers.codes import ask_ticket
from handlers.followers import append
from handlers.views import WHY, joined_line, status_name
from locales import fold
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket


async def withdraw(chat: Chat) -> None:
    """`/retirar CODE`: asked first, with what may be the reason."""
    return await _withdraw(chat, "")


async def solved(chat: Chat) -> None:
    """ "Se arregló solo K7Q4-2MX"."""
    return await _withdraw(chat, "solved")


async def unneeded(chat: Chat) -> None:
    """ "Ya no hace falta K7Q4-2MX"."""
    return await _withdraw(chat, "unneeded")


async def _withdraw(chat: Chat, why: str) -> None:
    if (ticket := await ask_ticket(chat)) is None:
        return None
    code = show_code(ticket.code)
    if ticket.person_id != chat.person.id:
        return await chat.say("not-yours", code=code)
    if not ticket.open and not chat.did("closed"):
        return await chat.say("already-closed", code=code, status=status_name(chat, ticket.status))
    # A plain yes gives no reason, which nobody has to have.
    yes = (Item("yes", chat.text("yes")),)
    items = (*(yes if why else _reasons(chat)), Item("no", chat.text("no")))
    joined = await chat.recall("joined", lambda: joined_line(chat, ticket.code))
    text = "ask-withdraw-joined" if joined else "ask-withdraw"
    question = Choice(items, text, hidden=yes, recognise=partial(_read, chat), code=code, joined=joined)
    sure = await chat.ask("sure", question)
    if sure == "no":
        return await chat.say("stays", code=code)
    reason = why or ("" if sure == "yes" else sure)
    await chat.do("closed", lambda: _close(chat, ticket, reason))
    return await chat.say("withdrawn", code=code)


def _reasons(chat: Chat) -> tuple[Item, ...]:
    return tuple(Item(value, chat.text(key)) for value, key in WHY.items())


def _read(chat: Chat, text: str) -> str | None:
    folded = fold(text)
    if folded in chat.words.no:
        return "no"
    return "yes" if folded in chat.words.yes else None


async def _close(chat: Chat, ticket: Ticket, why: str) -> int:
    return (await append(chat, ticket, status="withdrawn", action=why)).update_seq
