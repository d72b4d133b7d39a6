"""Leases: one owner at a time for what only one process may do, such as sending for a channel account.

A lease runs out when its owner stops renewing it. Its token grows with every grant and is never used again, so whoever
stalled and woke up late finds that the token in the database is no longer its own, and does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Integer, String, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import lease

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def acquire(connection: AsyncConnection, name: str, owner: str, now: float, seconds: float) -> int | None:
    """Take the lease `name` for `seconds`; return its token, None while somebody else holds it."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    free = or_(lease.c.until <= now, lease.c.owner == owner)
    statement = (
        insert(lease)
        .values(name=name, owner=owner, token=1, until=now + seconds)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": owner, "token": lease.c.token + 1, "until": now + seconds},
            where=free,
        )
        .returning(lease.c.token)
    )
    token: int | None = (await connection.execute(statement)).scalar_one_or_none()
    return token


async def renew(connection: AsyncConnection, name: str, token: int, now: float, seconds: float) -> bool:
    """Keep the lease for `seconds` more; false when somebody else got it.

    A lease that ran out unnoticed is kept too, as long as nobody took it.
    """
    mine = (lease.c.name == name) & (lease.c.token == token)
    result = await connection.execute(update(lease).where(mine).values(until=now + seconds))
    return result.rowcount > 0


async def hold(connection: AsyncConnection, name: str, token: int) -> bool:
    """True when the lease is still ours; then nobody can take it before this transaction ends."""
    return (await connection.execute(HOLD, {"holding": name})).scalar_one_or_none() == token


async def release(connection: AsyncConnection, name: str, token: int) -> None:
    """Give the lease back, so that the next owner need not wait; the token stays, so that the next one is greater."""
    mine = (lease.c.name == name) & (lease.c.token == token)
    await connection.execute(update(lease).where(mine).values(until=0.0))


async def owners(connection: AsyncConnection) -> list[str]:
    """Who holds leases, or held them and did not give them back."""
    found = await connection.execute(select(lease.c.owner).where(lease.c.until > 0).distinct())
    return [row.owner for row in found]


async def release_all(connection: AsyncConnection, owner: str) -> None:
    """Give back what an owner held that will not come back."""
    await connection.execute(update(lease).where(lease.c.owner == owner).values(until=0.0))


# To be part of another statement, which then does nothing unless the lease is ours.
HELD = (
    select(lease.c.token)
    .where(
        lease.c.name == bindparam("held_name", type_=String), lease.c.token == bindparam("held_token", type_=Integer)
    )
    .with_for_update(read=True)
)
HOLD = select(lease.c.token).where(lease.c.name == bindparam("holding", type_=String)).with_for_update(read=True)
