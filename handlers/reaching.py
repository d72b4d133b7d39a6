"""Who can be told, and what is said where somebody cannot: by SMS to her who agreed, else to the officials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlers.followers import follows
from handlers.views import said_to, shorten, status_name, step_name
from storage import tickets, updates
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

# What somebody said, in an SMS: with the rest it stays within two segments of GSM-7 (306 characters).
MOST_QUOTED = 110
UNTOLD = {"stopped": "untold-stopped", "blocked": "untold-blocked", "erased": "untold-erased"}
# What she is asked while a ticket is like this.
ASKS = {"resolved": "by-sms-fixed", "waiting_citizen": "by-sms-answer"}
UNREACHED = {
    "blocked": "unreached-blocked",
    "stopped": "unreached-stopped",
    "window": "unreached-window",
    "failed": "unreached-failed",
    "unknown": "unreached-unknown",
    "unread": "unreached-unread",
}


def why_untold(chat: Chat, told: Any) -> str:
    """What an official is told at once when her step cannot be told to who reported (a `Told`); "" when it can."""
    if not isinstance(told, dict) or not (key := UNTOLD.get(told["reporter"])):
        return ""
    why = chat.text(key)
    return chat.text("untold-but-joined", why=why) if told["others"] else why


async def told_by_sms(chat: Chat) -> None:
    """A follow-up that could not reach her where she reported, in short, at the number she agreed to."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]), lock=False)
    if ticket is None:
        return
    seq = int(chat.args["seq"])
    entry = next((e for e in await updates.history(chat.work, ticket.code, public_only=True) if e.seq == seq), None)
    said = said_to(chat, ticket, entry) if entry else ""
    said = shorten(" ".join(said.split()), MOST_QUOTED)
    status = (entry.status if entry else "") or ("" if said else ticket.status)
    told = step_name(chat, entry) if entry else ""
    told = told or (status_name(chat, status) if status else "")
    parts = [*([told] if told else []), *([f'"{said}"'] if said else []), *(await _how_to_answer(chat, ticket))]
    await chat.say("news-by-sms", code=show_code(ticket.code), news=". ".join(parts), ticket=ticket.code)


async def _how_to_answer(chat: Chat, ticket: Ticket) -> list[str]:
    """How she answers from here what she is asked; a number that is not joined with her chat answers nothing."""
    key = ASKS.get(ticket.status)
    return [chat.text(key, code=show_code(ticket.code))] if key and await follows(chat, ticket) else []


async def told_unreached(chat: Chat) -> None:
    """An official learns that a follow-up did not reach who reported; never who she is."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]), lock=False)
    key = UNREACHED.get(str(chat.args.get("why", "")))
    if ticket is None or key is None:
        return
    await chat.say("told-unreached", code=show_code(ticket.code), why=chat.text(key), ticket=ticket.code)
