"""Telling others: a notice is put into their own conversation, in their language, after this transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage import officials, tickets

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket

# Longer than a provider repeats what it was not told we have.
FORGET_AFTER = 3600.0


async def tell_officials(chat: Chat, body: str, code: str, seq: int) -> None:
    """Tell the body's officials of an update by a citizen; the first one is the new ticket itself."""
    for address_id in await officials.addresses_of(chat.work, body):
        if address_id != chat.person.address_id:
            _tell(chat, address_id, "told-official", code, seq)


async def tell_watchers(chat: Chat, ticket: Ticket) -> None:
    """Tell everyone who reported or joined of the ticket's last update."""
    for address_id in await tickets.watchers(chat.work, ticket):
        _tell(chat, address_id, "told-citizen", ticket.code, ticket.update_seq)


def _tell(chat: Chat, address_id: int, name: str, code: str, seq: int) -> None:
    chat.work.post(
        account="local",
        lane=f"notice:{address_id}:{code}",
        seq=seq,
        kind="notice",
        payload={"name": name, "data": {"code": code, "seq": seq}},
        effect_key=f"notice:{name}:{code}:{seq}:{address_id}",
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
