"""What far sides tell of the deliveries that they took, under their own ids: whom to ask, and what was heard before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from storage.deliveries import Delivery, select_deliveries
from storage.schema import delivery, remote_update, ticket

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work


async def find_remote(
    connection: AsyncConnection, method: str, remote_id: str, bodies: Sequence[str]
) -> Delivery | None:
    """The row that the far side calls `remote_id`, among those of these bodies."""
    d = delivery.c
    mine = (d.method == method, d.remote_id == remote_id, d.body.in_(bodies))
    row = (await connection.execute(select_deliveries().where(*mine).order_by(d.id.desc()).limit(1))).first()
    return None if row is None else Delivery(*row)


async def with_tokens(connection: AsyncConnection, bodies: Sequence[str], most: int) -> list[Delivery]:
    """What these bodies took for a token and have not given an id yet, the longest unasked first."""
    d = delivery.c
    waits = (d.status == "sent", d.token != "", d.remote_id == "", d.body.in_(bodies))
    found = await connection.execute(
        select_deliveries().where(*waits).order_by(func.coalesce(d.polled_at, 0.0), d.id).limit(most)
    )
    return [Delivery(*row) for row in found]


async def to_poll(
    connection: AsyncConnection, bodies: Sequence[str], statuses: Sequence[str], before: float, most: int
) -> list[Delivery]:
    """Accepted deliveries whose tickets are in one of `statuses` and were not asked about since `before`."""
    d = delivery.c
    asked = func.coalesce(d.polled_at, d.sent_at, 0.0)
    statement = (
        select_deliveries()
        .join(ticket, ticket.c.code == d.ticket)
        .where(d.status == "accepted", d.remote_id != "", d.body.in_(bodies), asked <= before)
        .where(ticket.c.status.in_(statuses))
        .order_by(asked, d.id)
        .limit(most)
    )
    return [Delivery(*row) for row in await connection.execute(statement)]


async def asked_until(connection: AsyncConnection, method: str, bodies: Sequence[str]) -> float | None:
    """Until when everything was asked for that was handed to these bodies; None when nothing was handed to them."""
    d = delivery.c
    mine = (d.method == method, d.status == "accepted", d.body.in_(bodies))
    asked = select(func.max(d.polled_at), func.min(d.sent_at)).where(*mine)
    row = (await connection.execute(asked)).one()
    until: float | None = row[0] if row[0] is not None else row[1]
    return until


async def note_asked(connection: AsyncConnection, method: str, bodies: Sequence[str], until: float) -> None:
    """Note until when these bodies' far side was asked for news."""
    d = delivery.c
    mine = (d.method == method, d.status == "accepted", d.body.in_(bodies))
    await connection.execute(update(delivery).where(*mine).values(polled_at=until))


async def remember_update(work: Work, source: str, update_id: str, code: str, at: float) -> bool:
    """Note that a far side's update was heard; False when it was heard before."""
    if await was_heard(work, source, update_id):
        return False
    await work.execute(remote_update.insert().values(source=source, update_id=update_id, ticket=code, at=at))
    return True


async def was_heard(work: Work, source: str, update_id: str) -> bool:
    """True when this update of a far side was heard before."""
    u = remote_update.c
    return await work.first(select(u.at).where(u.source == source, u.update_id == update_id)) is not None


async def last_heard(work: Work, source: str, code: str) -> float | None:
    """The time of the newest update that a far side told of a ticket, by the far side's clock."""
    u = remote_update.c
    # What we told the far side ourselves is remembered too, at no time.
    row = await work.first(select(func.max(u.at)).where(u.source == source, u.ticket == code, u.at > 0.0))
    newest: float | None = row[0] if row else None
    return newest
