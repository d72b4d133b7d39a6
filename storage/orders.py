"""What is done by being taken in: a claimed row of the outbox that ends with the commit that its message is part of."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import Float, Integer, bindparam, literal_column, update

from storage.schema import outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


class Order(Struct):
    """A row claimed under `token`; `done` once what it orders is committed, and that with it."""

    row: int
    token: int
    done: bool = False


async def fulfil(connection: AsyncConnection, orders: Collection[Order], now: float) -> None:
    """Write down that these are done. A row that somebody else has taken over meanwhile is left to him."""
    if orders:
        await connection.execute(FULFIL, [{"row": order.row, "token": order.token, "now": now} for order in orders])


FULFIL = (
    update(outbox)
    .where(
        outbox.c.id == bindparam("row", type_=Integer),
        outbox.c.status == literal_column("'sending'"),
        outbox.c.claim_token == bindparam("token", type_=Integer),
    )
    .values(status="sent", done_at=bindparam("now", type_=Float), error_class="", error="")
)
