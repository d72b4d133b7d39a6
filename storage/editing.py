"""Which message of ours another one takes the place of, by its provider's id: asked for all that is claimed at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from sqlalchemy import bindparam, select

from storage.schema import outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


class _Words(Struct):
    """What is read of a message here: see `bot.messages.Outbound`."""

    card: str = ""


async def find_edited(connection: AsyncConnection, payloads: Mapping[int, str]) -> dict[int, str]:
    """What each of these messages edits, "" for nothing that was sent; empty when none of them edits anything."""
    changing = {row: card for row, payload in payloads.items() if (card := _card_of(payload))}
    if not changing:
        return {}
    found = await connection.execute(SENT_AS, {"keys": list(changing.values())})
    sent_as = {row.effect_key: str(row.provider_id) for row in found}
    return {row: sent_as.get(changing.get(row, ""), "") for row in payloads}


def _card_of(payload: str) -> str:
    """The effect key of the message whose place this one takes; "" for none, or for words that nobody can read."""
    if '"card":' not in payload:
        return ""
    try:
        return msgspec.json.decode(payload, type=_Words).card
    except msgspec.MsgspecError:
        return ""


SENT_AS = select(outbox.c.effect_key, outbox.c.provider_id).where(
    outbox.c.effect_key.in_(bindparam("keys", expanding=True))
)
