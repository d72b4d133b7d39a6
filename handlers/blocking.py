"""Who misuses the channel is kept out for a while, or until somebody lifts it; she is told so, and when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import Choice
from bot.questions import Item, Words
from handlers import notices
from handlers.changes import by_official
from handlers.codes import split_code
from handlers.lengths import fit_words
from handlers.rights import own_ticket
from handlers.views import day
from storage import blocks, officials, tickets
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

MOST_REASON = 300
DAY = 86400.0
# How long somebody may be kept out; 0 is until it is lifted.
LENGTHS = (1, 7, 30, 0)


async def block(chat: Chat) -> None:
    """`/bloquear CODE [1, 7, 30] [why]`: nothing more is taken from who reported this, for so many days."""
    if (ticket := await own_ticket(chat, "block")) is None:
        return None
    code = show_code(ticket.code)
    if ticket.address_id is None or ticket.person_id is None or ticket.person_id == chat.person.id:
        return await chat.say("block-nobody", code=code)
    if await officials.acts_anywhere(chat.work, ticket.person_id):
        # A block shuts all her addresses, and would take her work from her: her own manager can dismiss her.
        return await chat.say("block-nobody", code=code)
    days, why = _read(split_code(str(chat.args.get("rest", "")))[1])
    why = await fit_words(chat, ticket, why, MOST_REASON)
    if not why:
        why = await chat.ask("why", Words("ask-block-why", most=MOST_REASON, code=code))
    if days is None:
        offered = tuple(Item(str(each), _length(chat, each)) for each in LENGTHS)
        days = int(await chat.ask("days", Choice(offered, "ask-block-days", columns=2, code=code)))
    await chat.do("blocking", lambda: _block(chat, ticket, why, days))
    options = (Item(f"/unblock {ticket.code}", chat.text("lift")),)
    return await chat.say("blocked", code=code, length=_length(chat, days), options=options, ticket=ticket.code)


async def unblock(chat: Chat) -> None:
    """`/desbloquear CODE`: who reported this may write again."""
    if (ticket := await own_ticket(chat, "unblock")) is None:
        return None
    lifted = await chat.do("lifting", lambda: _lift(chat, ticket))
    return await chat.say("unblocked" if lifted else "unblock-nobody", code=show_code(ticket.code))


async def told_blocked(chat: Chat) -> None:
    """Who is blocked is told once, and until when; and once that it is over."""
    until = float(chat.args["until"])
    if until == blocks.LIFTED:
        return await chat.say("told-unblocked")
    # What she was being asked is asked no more: nobody would hear the answer.
    chat.forget_everything_else()
    if until >= blocks.FOR_EVER:
        return await chat.say("told-blocked-for-good")
    return await chat.say("told-blocked", until=day(chat, until))


def _read(rest: str) -> tuple[int | None, str]:
    """(days, why) of "7 solo insultos"; None where the words do not begin with a length that is offered."""
    first, _, why = rest.partition(" ")
    return (int(first), why.strip()) if first in map(str, LENGTHS) else (None, rest)


def _length(chat: Chat, days: int) -> str:
    return chat.words.plural("for-days", days) if days else chat.text("until-lifted")


async def _block(chat: Chat, ticket: Ticket, why: str, days: int) -> None:
    until = chat.now + days * DAY if days else None
    if ticket.address_id is not None:
        await blocks.shut_out(chat.work, ticket.address_id, why, made_by=chat.person.id, until=until)
        _tell(chat, ticket.address_id, ticket.code, until or blocks.FOR_EVER)
    await tickets.append(
        chat.work, ticket, by_official(chat, action="blocked", body=ticket.body, reason=why, public=False)
    )


async def _lift(chat: Chat, ticket: Ticket) -> int:
    if ticket.address_id is None or not (lifted := await blocks.lift(chat.work, ticket.address_id)):
        return 0
    _tell(chat, ticket.address_id, ticket.code, blocks.LIFTED)
    await tickets.append(chat.work, ticket, by_official(chat, action="unblocked", body=ticket.body, public=False))
    return lifted


def _tell(chat: Chat, address_id: int, code: str, until: float) -> None:
    key = f"told-blocked:{address_id}:{chat.work.cause}"
    notices.tell(chat.work, address_id, "told-blocked", code, 0, key=key, until=str(until))
