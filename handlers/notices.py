"""Telling others: a notice is put into their own conversation, in their language, after this transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from storage import fallback, hands, officials, passing, supporters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.conversation import Chat
    from storage.tickets import Ticket
    from storage.work import Work

# Longer than a provider repeats what it was not told we have.
FORGET_AFTER = 3600.0


class Told(Struct, frozen=True):
    """Who hears of an update: `reporter` is "" when she does, else why she cannot; so many `others` joined and do."""

    reporter: Literal["", "stopped", "blocked", "erased"] = ""
    others: int = 0


async def tell_officials(chat: Chat, body: str, code: str, seq: int) -> None:
    """Tell the body's officials of an update by a citizen; the first one is the new ticket itself."""
    await tell_offices(chat, [body], code, seq)


async def tell_offices(chat: Chat, bodies: Iterable[str], code: str, seq: int, *, again: str = "") -> None:
    """Tell the officials of several bodies the same; who works for two of them hears it once.

    `again` names the occasion on which they may hear a second time of the same step.
    """
    for address_id in await _addresses(chat, bodies):
        if address_id != chat.person.address_id:
            key = f"notice:told-official:{code}:{again}:{address_id}" if again else ""
            tell(chat.work, address_id, "told-official", code, seq, key=key)


async def tell_incident(chat: Chat, ticket: Ticket) -> None:
    """Tell the officials of every body that has the ticket that it stands for an outage now."""
    for address_id in await _addresses(chat, await _having(chat, ticket)):
        tell(chat.work, address_id, "told-incident", ticket.code, ticket.update_seq)


async def tell_colleagues(work: Work, body: str, ticket: Ticket) -> None:
    """Tell the body's officials in the chat of the ticket's last update: the body's own, made elsewhere."""
    for address_id in await officials.addresses_of(work, body):
        tell(work, address_id, "told-office", ticket.code, ticket.update_seq)


async def tell_bodies(chat: Chat, ticket: Ticket, seq: int) -> None:
    """Tell the officials of every body that has the ticket: the one that leads and those beside it."""
    await tell_offices(chat, await _having(chat, ticket), ticket.code, seq)


async def tell_hands(chat: Chat, ticket: Ticket, seq: int, *, others: bool = False) -> None:
    """Tell the official of each body in whose hands the ticket is, with `others` the rest of the body after her.

    Where she is gone or silent, or nobody has touched it yet, the whole body hears of it.
    """
    told: dict[int, None] = {}
    for body in await _having(chat, ticket):
        every = [each for each in await officials.addresses_of(chat.work, body) if each != chat.person.address_id]
        last = await hands.of_body(chat.work, ticket, body)
        first = [last] if last in every else every
        rest = [each for each in every if each not in first] if others else []
        told.update(dict.fromkeys([*first, *rest]))
    for address_id in told:
        tell(chat.work, address_id, "told-official", ticket.code, seq)


async def _having(chat: Chat, ticket: Ticket) -> list[str]:
    """The body that leads a ticket, and those beside it; of one that is held the first alone knows."""
    if ticket.held_at is not None:
        return [ticket.body]
    return [ticket.body, *await passing.beside(chat.work, ticket.code)]


async def _addresses(chat: Chat, bodies: Iterable[str]) -> dict[int, None]:
    """Where the officials of these bodies hear of tickets, each once."""
    return {each: None for body in bodies for each in await officials.addresses_of(chat.work, body)}


async def tell_followers(work: Work, ticket: Ticket, **data: str) -> Told:
    """Tell everyone who reported or joined, and can be told, of the ticket's last update; `data` says what it was."""
    reach = await fallback.reach_of_followers(work, ticket)
    told = [address_id for address_id, state in reach.items() if state in ("open", "sms")]
    for address_id in told:
        tell_follower(work, ticket, address_id, **data)
    others = len([address_id for address_id in told if address_id != ticket.address_id])
    if ticket.address_id not in reach:
        return Told("erased", others)
    reporter = reach[ticket.address_id]
    return Told(reporter if reporter in ("stopped", "blocked") else "", others)


def tell_follower(work: Work, ticket: Ticket, address_id: int, **data: str) -> None:
    """Tell one of those who follow a ticket of its last update: who only joined hears after those who must."""
    joined = {} if address_id == ticket.address_id else {"joined": "yes"}
    tell(work, address_id, "told-citizen", ticket.code, ticket.update_seq, bulk=bool(joined), **joined, **data)


async def tell_supporters(chat: Chat, ticket: Ticket) -> None:
    """Tell everyone who joined, and can be told, of the ticket's last update: who reported it did it herself."""
    reach = await fallback.reach_of_followers(chat.work, ticket)
    for address_id, state in reach.items():
        if state in ("open", "sms") and address_id not in (ticket.address_id, chat.person.address_id):
            tell_follower(chat.work, ticket, address_id)


async def tell_others(chat: Chat, ticket: Ticket) -> None:
    """Tell everybody else who follows the ticket, and can be told, of its last update: one of them did it."""
    reach = await fallback.reach_of_followers(chat.work, ticket)
    hers = {chat.person.address_id} | ({ticket.address_id} if chat.person.id == ticket.person_id else set())
    for address_id, state in reach.items():
        if state in ("open", "sms") and address_id not in hers:
            tell_follower(chat.work, ticket, address_id)


async def tell_of_crowd(chat: Chat, ticket: Ticket) -> None:
    """Alert the body's officials, once, when as many have joined a ticket as the body wants to know of."""
    body = chat.pack.body(ticket.body)
    enough = body.alert_supporters if body else 0
    if enough <= 0 or await supporters.count(chat.work, ticket.code) < enough:
        return
    keys = f"crowd:{ticket.code}:{ticket.body}:"
    if await fallback.known_keys(chat.work, [f"{keys}0"]):
        return
    for number, address_id in enumerate(await officials.addresses_of(chat.work, ticket.body)):
        tell(chat.work, address_id, "told-crowd", ticket.code, ticket.update_seq, key=f"{keys}{number}")


def tell(
    work: Work, address_id: int, name: str, code: str, seq: int, *, key: str = "", bulk: bool = False, **data: str
) -> None:
    """Have the conversation `name` begin at an address; once for each step, or for each `key`.

    In quiet hours it begins when they are over, unless it is urgent or she wrote just now: see `storage.quiet`.
    """
    work.post(
        account="local",
        lane=f"notice:{address_id}:{code}",
        seq=seq,
        kind="notice",
        payload={"name": name, "data": {"code": code, "seq": seq, **data}},
        effect_key=key or f"notice:{name}:{code}:{seq}:{address_id}",
        address_id=address_id,
        bulk=bulk,
        waits=code,
    )


def tell_at_once(work: Work, address_id: int, name: str, key: str, **data: str) -> None:
    """Have a conversation about no ticket begin at an address, once for each `key`: now is when it was wished for."""
    work.post(
        account="local",
        lane=f"notice:{address_id}:",
        kind="notice",
        payload={"name": name, "data": dict(data)},
        effect_key=key,
        address_id=address_id,
    )


def forget_address_later(chat: Chat) -> None:
    """Let the goodbye arrive, and then forget where it went; a later message of hers prevents that."""
    address_id = chat.person.address_id
    chat.work.post(
        account="local",
        lane=f"forget:{address_id}",
        kind="timer",
        payload={"name": "forget", "data": {"at": chat.now}},
        effect_key=f"forget:{chat.work.cause}",
        address_id=address_id,
        due_at=chat.now + FORGET_AFTER,
    )
