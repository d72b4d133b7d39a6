"""The wrong door: an official passes a ticket to the body that it is for, with the reason; circles are noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import Choice
from bot.questions import Item, Words
from handlers import notices
from handlers.changes import by_official
from handlers.codes import split_code
from handlers.lengths import fit_words
from handlers.reaching import why_untold
from handlers.rights import own_ticket
from handlers.targets import begin_anew
from handlers.views import body_name, day, shorten, status_name
from handlers.working import move
from locales import fold
from storage import deliveries, passing, updates
from storage.codes import show_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.conversation import Chat
    from handlers.notices import Told
    from routing.records import Body
    from storage.passing import Pass
    from storage.tickets import Ticket

NOBODY = "nobody"
# A list to choose from; every other body may be written.
MOST_OFFERED = 8
# The longest name of a body, in words.
MOST_NAME = 8
MOST_QUOTED = 80
MOST_REASON = 1000


async def pass_on(chat: Chat) -> None:
    """`/pasar CODE [body] [reason]`, by an official of the body that has it."""
    if (ticket := await own_ticket(chat, "pass")) is None:
        return None
    code = show_code(ticket.code)
    if not ticket.open and not (chat.did("given") or chat.did("moved")):
        return await chat.say("already-closed", code=code, status=status_name(chat, ticket.status))
    told = str(chat.args.get("to", "")) or split_code(str(chat.args.get("rest", "")))[1]
    named, reason = split_body(chat, told)
    body_id = named or await chat.ask("body", _whose(chat, ticket))
    if body_id == ticket.body:
        return await chat.say("pass-same", code=code, body=body_name(chat, ticket.body))
    asked = Words("ask-pass-reason", most=MOST_REASON, body=body_name(chat, body_id))
    if body_id == NOBODY:
        asked = Words("ask-reason", most=MOST_REASON, status=status_name(chat, "not_responsible"))
    reason = await fit_words(chat, ticket, reason, MOST_REASON) or await chat.ask("reason", asked)
    if body_id == NOBODY:
        return await _end(chat, ticket, reason)
    if returned := await _returns(chat, ticket, body_id):
        body_id = await _ask_way_out(chat, ticket, body_id, returned)
    if body_id == ticket.body:
        return await chat.say("pass-kept", code=code, body=body_name(chat, ticket.body))
    told, waits = await chat.do("given", lambda: _pass(chat, ticket, body_id, reason))
    why = why_untold(chat, told)
    key = "passed-waits" if waits else "passed-untold" if why else "passed"
    return await chat.say(key, code=code, body=body_name(chat, body_id), why=why, ticket=ticket.code)


async def _pass(chat: Chat, ticket: Ticket, body_id: str, reason: str) -> tuple[Told, bool]:
    """Who hears of it, and whether nobody receives for the new body yet."""
    after = await passing.pass_on(chat.work, ticket, body_id, by_official(chat, reason=reason))
    await begin_anew(chat.work, chat.pack, ticket.code, since=chat.now)
    body = chat.pack.body(body_id)
    new = [body] if body else []
    waits = await deliveries.hand_over(chat.work, chat.pack, ticket.code, ticket.category, new, after.update_seq)
    await notices.tell_officials(chat, body_id, ticket.code, after.update_seq)
    return await notices.tell_followers(chat.work, after), bool(waits)


async def _end(chat: Chat, ticket: Ticket, reason: str) -> None:
    """Nobody here is responsible: the ticket ends with the reason."""
    why = why_untold(chat, await chat.do("moved", lambda: move(chat, ticket, "not_responsible", reason)))
    await chat.say(
        "status-set-untold" if why else "status-set",
        code=show_code(ticket.code),
        why=why,
        status=status_name(chat, "not_responsible"),
        ticket=ticket.code,
    )


def _whose(chat: Chat, ticket: Ticket) -> Choice:
    here = chat.pack.serving(ticket.area) if ticket.area else chat.pack.records.bodies
    likely = [body for body in here if body.id != ticket.body][:MOST_OFFERED]
    rest = [body for body in chat.pack.records.bodies if body not in likely]
    offered = (*_items(chat, likely), Item(NOBODY, chat.text("pass-to-nobody"), "🚫"))
    return Choice(
        offered,
        "ask-pass",
        recognise=lambda text: split_body(chat, text)[0] or chat.pack.body_like(text),
        hidden=_items(chat, rest),
        code=show_code(ticket.code),
    )


def _items(chat: Chat, bodies: Iterable[Body]) -> tuple[Item, ...]:
    return tuple(Item(body.id, body.name(chat.language)) for body in bodies)


def split_body(chat: Chat, rest: str) -> tuple[str, str]:
    """(body's id, reason) of what follows a code: "comuna 13 es del otro lado"; ("", rest) when no body leads."""
    names = {fold(name): body.id for body in chat.pack.records.bodies for name in (*body.names.values(), body.id)}
    words = rest.split()
    for count in range(min(MOST_NAME, len(words)), 0, -1):
        if found := names.get(fold(" ".join(words[:count]))):
            return found, " ".join(words[count:]).lstrip("-:,. ")
    return "", rest


async def _returns(chat: Chat, ticket: Ticket, body_id: str) -> list[Pass]:
    """The passes by which this very body got rid of the ticket: it comes back to where it was."""
    gone = await _passes(chat, ticket)
    return [each for each in gone if each.giver == body_id]


async def _passes(chat: Chat, ticket: Ticket) -> list[Pass]:
    return passing.passes(await updates.history(chat.work, ticket.code, public_only=False))


async def _ask_way_out(chat: Chat, ticket: Ticket, body_id: str, returned: list[Pass]) -> str:
    """A ticket that goes in a circle: who gets it after all, as the official decides; the operator is told."""
    gone = await _passes(chat, ticket)
    fallback = _fallback(chat, ticket, gone, body_id)
    circled = any(each.taker in {earlier.giver for earlier in gone[:n]} for n, each in enumerate(gone))
    offered = [Item(ticket.body, chat.text("pass-keep"), "🛑")]
    if fallback:
        offered.insert(0, Item(fallback, chat.text("pass-to-fallback", body=body_name(chat, fallback)), "⚖️"))
    # Once round is a misunderstanding; twice round nobody decides but the fallback.
    if not (circled and fallback):
        offered.insert(0, Item(body_id, chat.text("pass-anyway"), "↪️"))
    last = returned[-1]
    question = Choice(
        tuple(offered),
        "ask-pass-loop",
        code=show_code(ticket.code),
        body=body_name(chat, body_id),
        day=day(chat, last.at),
        reason=shorten(last.reason, MOST_QUOTED),
    )
    chosen = str(await chat.ask("loop", question))
    bodies = [*dict.fromkeys(each.giver for each in gone), ticket.body]
    chat.work.note("ticket_in_a_circle", ticket=ticket.code, bodies=" ".join(bodies), to=chosen)
    return chosen


def _fallback(chat: Chat, ticket: Ticket, gone: list[Pass], body_id: str) -> str:
    """The body that answers where nobody else does, unless it is one of those who do not want it."""
    category = chat.pack.category(ticket.category)
    had = {ticket.body, body_id, *(each.giver for each in gone)}
    choices = (category.fallback if category else "", chat.pack.info.fallback)
    return next((each for each in choices if each and each not in had), "")
