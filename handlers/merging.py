"""An official makes one ticket of two that tell of the same problem, or parts them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from bot.questions import Item
from handlers import notices
from handlers.changes import by_official
from handlers.codes import WhichTicket, ask_ticket, code_within, split_code
from handlers.notices import Told
from handlers.reaching import why_untold
from handlers.rights import bodies_for, refused
from handlers.views import body_name, joined_line, status_name
from locales import catalog
from storage import merging, nearby, tickets
from storage.codes import read_code, show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket
    from storage.updates import Change

DAY = 86400.0
MOST_OFFERED = 6
# Where a category wants no twins looked for, an official may still have two of them.
NEAR_M, NEAR_DAYS = 250, 90


async def merge(chat: Chat) -> None:
    """`/unir CODE OTHER`: the first is the same problem as the other, and whoever followed it follows that one."""
    if await refused(chat, "merge"):
        return None
    if (ticket := await ask_ticket(chat, at_work=True)) is None or (into := await _ask_other(chat, ticket)) is None:
        return None
    if await refused(chat, "merge", ticket) or await refused(chat, "merge", into):
        return None
    if not chat.did("merging") and (refusal := _why_not(ticket, into)):
        return await chat.say(refusal[0], code=show_code(refusal[1].code), **_about(chat, refusal[1]))
    why = why_untold(chat, await chat.do("merging", lambda: _merge(chat, ticket, into)))
    joined = await joined_line(chat, into.code)
    return await chat.say(
        "merged-untold" if why else "merged",
        code=show_code(ticket.code),
        into=show_code(into.code),
        joined=f" ({joined})" if joined else "",
        why=why,
        options=(Item(f"/view {into.code}", show_code(into.code)), Item(f"/split {ticket.code}", chat.text("split"))),
        columns=2,
        ticket=into.code,
    )


async def split(chat: Chat) -> None:
    """`/dividir CODE`: it was not the same problem after all."""
    if await refused(chat, "split") or (ticket := await ask_ticket(chat, at_work=True)) is None:
        return None
    if not ticket.duplicate_of and not chat.did("parting"):
        return await chat.say("split-not-merged", code=show_code(ticket.code))
    into = await chat.recall("from", lambda: ticket.duplicate_of)
    other = await tickets.by_code(chat.work, into)
    for each in (ticket, other):
        if each and await refused(chat, "split", each):
            return None
    why = why_untold(chat, await chat.do("parting", lambda: _split(chat, ticket, other)))
    return await chat.say(
        "parted-untold" if why else "parted",
        code=show_code(ticket.code),
        into=show_code(into),
        why=why,
        options=(Item(f"/view {ticket.code}", show_code(ticket.code)),),
        ticket=ticket.code,
    )


async def _ask_other(chat: Chat, ticket: Ticket) -> Ticket | None:
    """The ticket that it is to be merged into: named behind the first, or asked for among those nearby."""
    typed = code_within(split_code(str(chat.args.get("rest", "")))[1])
    if not typed:
        offered = await chat.recall("alike", lambda: _alike(chat, ticket))
        typed = await chat.ask("other", WhichTicket("ask-merge-into", offered, code=show_code(ticket.code)))
    code = read_code(typed) or code_within(typed)
    if code is None:
        await chat.say("code-wrong", typed=typed[:20])
        return None
    if (found := await tickets.by_code(chat.work, code)) is None:
        await chat.say("code-unknown", code=show_code(code))
    return found


async def _alike(chat: Chat, ticket: Ticket) -> list[str]:
    place, category = ticket.place, chat.pack.category(ticket.category)
    if place.lat is None or place.lon is None:
        return []
    metres = (category.nearby_m if category else 0) or NEAR_M
    since = chat.now - NEAR_DAYS * DAY
    found = await nearby.open_tickets(
        chat.work, lat=place.lat, lon=place.lon, category=ticket.category, radius_m=metres, since=since
    )
    held = await bodies_for(chat, "merge")
    codes = [each.ticket.code for each in found if each.ticket.body in held and each.ticket.code != ticket.code]
    return codes[:MOST_OFFERED]


def _why_not(ticket: Ticket, into: Ticket) -> tuple[str, Ticket] | None:
    """(message key, the ticket at fault) where these two cannot be merged."""
    if ticket.code == into.code:
        return "merge-itself", ticket
    return next((("already-closed", each) for each in (ticket, into) if not each.open), None)


def _about(chat: Chat, ticket: Ticket) -> dict[str, Any]:
    return {"body": body_name(chat, ticket.body), "status": status_name(chat, ticket.status)}


async def _merge(chat: Chat, ticket: Ticket, into: Ticket) -> Told:
    after = await merging.merge(chat.work, ticket, into, _by(chat, ticket))
    lead = await _note(chat, into, "history-merged", ticket)
    await notices.tell_of_crowd(chat, lead)
    return await notices.tell_followers(chat.work, after)


async def _split(chat: Chat, ticket: Ticket, other: Ticket | None) -> Told:
    after = await merging.split(chat.work, ticket, _by(chat, ticket))
    if other is not None:
        await _note(chat, other, "history-parted", ticket)
    return await notices.tell_followers(chat.work, after)


async def _note(chat: Chat, ticket: Ticket, key: str, about: Ticket) -> Ticket:
    """Say it in the other's history as well, which everybody reads in the municipality's first language."""
    words = catalog(chat.pack.info.language).text(key, code=show_code(about.code))
    return await tickets.append(chat.work, ticket, msgspec.structs.replace(_by(chat, ticket), words=words))


def _by(chat: Chat, ticket: Ticket) -> Change:
    return by_official(chat, body=ticket.body)
