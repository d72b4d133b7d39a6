"""What an official looks at: a ticket, and one button for each sensible next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.messages import CARD
from bot.questions import Item
from handlers.facts import facts
from handlers.rights import allowed, own_ticket
from handlers.views import (
    body_name,
    category_name,
    day,
    history_lines,
    joined_line,
    status_name,
    ticket_place,
)
from storage import cards, updates
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

MOST_HISTORY = 8
MOST_BY_SMS = 2
# The sensible next steps from a status, as buttons: (target, icon).
NEXT: dict[str, tuple[tuple[str, str], ...]] = {
    "acknowledged": (("in_progress", "🚧"), ("resolved", "✅"), ("planned", "🗓")),
    "planned": (("in_progress", "🚧"), ("resolved", "✅")),
    "in_progress": (("resolved", "✅"),),
    "reopened": (("in_progress", "🚧"), ("resolved", "✅")),
}


async def view(chat: Chat) -> None:
    """Everything an official may know of a ticket: never who reported it."""
    if (ticket := await own_ticket(chat, "view")) is not None:
        await show_ticket(chat, ticket, "ticket-view")


async def show_ticket(
    chat: Chat,
    ticket: Ticket,
    key: str,
    *,
    card: str = "",
    most: int = MOST_HISTORY,
    more: tuple[Item, ...] = (),
    **values: Any,
) -> None:
    """Say a ticket with its photos, its place and the next steps, under the message `key`; in place of a `card`.

    At most so many entries of its history are told; `more` are buttons behind the others.
    """
    entries = await updates.history(chat.work, ticket.code, public_only=False)
    joined = await joined_line(chat, ticket.code)
    files = await updates.media_of(chat.work, ticket.code)
    edits = chat.person.account.partition(":")[0] in cards.EDITING
    await chat.say(
        key,
        code=show_code(ticket.code),
        category=category_name(chat, ticket),
        where=ticket_place(chat, ticket, inside=True),
        words=ticket.words,
        status=status_name(chat, ticket.status),
        body=body_name(chat, ticket.body),
        since=day(chat, ticket.created_at),
        joined=f" · {joined}" if joined else "",
        facts=await facts(chat, ticket),
        history="\n".join(history_lines(chat, ticket, entries, own=False, inside=True)[1:][-most:]),
        media=files,
        place=ticket.place if ticket.place.located else None,
        options=(*await steps_of(chat, ticket), *to_look_at(chat, ticket, len(files)), *more),
        columns=2,
        ticket=ticket.code,
        card=card or (CARD if edits else ""),
        **values,
    )


def to_look_at(chat: Chat, ticket: Ticket, files: int) -> tuple[Item, ...]:
    """The buttons for its map and its files; where every word is paid for they are asked for by their commands."""
    if chat.costs:
        return ()
    map_of = [Item(f"/map {ticket.code}", chat.text("map"), "🗺")] if ticket.place.located else []
    photos = [Item(f"/photos {ticket.code}", chat.text("photos-of", n=files), "📷")] if files else []
    return (*map_of, *photos)


async def steps_of(chat: Chat, ticket: Ticket) -> tuple[Item, ...]:
    """The buttons for the sensible next steps of this very official: who only stands beside answers, no more."""
    if ticket.held_at is not None:
        return await held_steps(chat, ticket)
    if not ticket.open or await allowed(chat, "status", ticket):
        return steps(chat, ticket)
    return (Item(f"/respond {ticket.code}", chat.text("answer"), "💬"),)


async def held_steps(chat: Chat, ticket: Ticket) -> tuple[Item, ...]:
    """The buttons for a report that nobody has looked at yet, or that was none."""
    code = ticket.code
    if not ticket.open:
        return (Item(f"/block {code}", chat.text("block"), "🚫"),) if await allowed(chat, "block", ticket) else ()
    if not await allowed(chat, "free", ticket):
        return ()
    return Item(f"/free {code}", chat.text("free"), "✅"), Item(f"/reject {code}", chat.text("reject"), "🗑")


def steps(chat: Chat, ticket: Ticket) -> tuple[Item, ...]:
    """The buttons for a ticket's sensible next steps."""
    code = ticket.code
    if not ticket.open:
        return (Item(f"/split {code}", chat.text("split")),) if ticket.duplicate_of else ()
    reply = Item(f"/respond {code}", chat.text("answer"), "💬")
    if ticket.status == "received":
        take, give = Item(f"/take {code}", chat.text("take"), "✋"), Item(f"/pass {code}", chat.text("pass"), "↪️")
        if ticket.taken_by == chat.person.id and not chat.person.shared:
            take = Item(f"/status {code} acknowledged", status_name(chat, "acknowledged"), "👀")
        return (take, reply) if chat.costs else (take, reply, give)
    # Where every word is paid for, a step that is seldom taken is not written out.
    moves = NEXT.get(ticket.status, ())[: MOST_BY_SMS if chat.costs else None]
    return (*(Item(f"/status {code} {to}", status_name(chat, to), icon) for to, icon in moves), reply)
