"""The clock of a conversation: a row of the outbox that comes back when its talks are to be looked at again.

An address has few of them in a lane of its own, and the one that rings first is the one that counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, literal_column

from storage.schema import outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


def lane_of(address_id: int) -> str:
    """The lane of an address's clock."""
    return f"draft:{address_id}"


async def take_back(connection: AsyncConnection, address_ids: Iterable[int], kept: list[str]) -> None:
    """Take back what would ring at these addresses, but for what rings just now and the `kept`, by effect keys."""
    await connection.execute(TAKE_BACK, {"lanes": [lane_of(each) for each in address_ids], "kept": kept})


# Literal, because a partial index serves only a query that spells its condition.
TAKE_BACK = delete(outbox).where(
    outbox.c.account == "local",
    outbox.c.lane.in_(bindparam("lanes", expanding=True)),
    outbox.c.done_at.is_(None),
    outbox.c.status == literal_column("'pending'"),
    outbox.c.effect_key.not_in(bindparam("kept", expanding=True)),
)
