"""Leases: one owner at a time for what only one process may do, such as sending for a channel account.

A lease runs out when its owner stops renewing it. Its token grows with every grant and is never used again, so whoever
stalled and woke up late finds that the token in the database is no longer its own, and does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Float, Integer, String, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import lease

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def acquire(connection: AsyncConnection, name: str, owner: str, now: float, seconds: float) -> int | None:
    """Take the lease `name` for `seconds`; return its token, None while somebody else holds it."""
    values = {"name": name, "owner": owner, "token": 1, "until": now + seconds, "acquired_at": now}
    found = await connection.execute(ACQUIRE[connection.dialect.name], values)
    token: int | None = found.scalar_one_or_none()
    return token


async def renew(connection: AsyncConnection, name: str, token: int, now: float, seconds: float) -> bool:
    """Keep the lease for `seconds` more; false when somebody else got it.

    A lease that ran out unnoticed is kept too, as long as nobody took it.
    """
    values = {"held_name": name, "held_token": token, "new_until": now + seconds}
    return (await connection.execute(SET_UNTIL, values)).rowcount > 0


async def hold(connection: AsyncConnection, name: str, token: int) -> bool:
    """True when the lease is still ours; then nobody can take it before this transaction ends."""
    return (await connection.execute(HOLD, {"holding": name})).scalar_one_or_none() == token


async def release(connection: AsyncConnection, name: str, token: int) -> None:
    """Give the lease back, so that the next owner need not wait; the token stays, so that the next one is greater."""
    await connection.execute(SET_UNTIL, {"held_name": name, "held_token": token, "new_until": 0.0})


async def owners(connection: AsyncConnection) -> list[str]:
    """Who holds leases, or held them and did not give them back."""
    found = await connection.execute(select(lease.c.owner).where(lease.c.until > 0).distinct())
    return [row.owner for row in found]


async def release_all(connection: AsyncConnection, owner: str) -> None:
    """Give back what an owner held that will not come back."""
    await connection.execute(update(lease).where(lease.c.owner == owner).values(until=0.0))


def _acquire_statement(insertion: Any) -> Any:
    new = insertion.excluded
    return insertion.on_conflict_do_update(
        index_elements=["name"],
        set_={"owner": new.owner, "token": lease.c.token + 1, "until": new.until},
        where=or_(lease.c.until <= bindparam("acquired_at", type_=Float), lease.c.owner == new.owner),
    ).returning(lease.c.token)


ACQUIRE = {
    "sqlite": _acquire_statement(sqlite.insert(lease)),
    "postgresql": _acquire_statement(postgresql.insert(lease)),
}
MINE = (
    lease.c.name == bindparam("held_name", type_=String),
    lease.c.token == bindparam("held_token", type_=Integer),
)
SET_UNTIL = update(lease).where(*MINE).values(until=bindparam("new_until", type_=Float))
# To be part of another statement, which then does nothing unless the lease is ours.
HELD = select(lease.c.token).where(*MINE).with_for_update(read=True)
HOLD = select(lease.c.token).where(lease.c.name == bindparam("holding", type_=String)).with_for_update(read=True)
