"""Addresses that nothing is taken from, for a while or until somebody lifts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import func, or_, select, update

from storage.schema import address, block, ticket

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, ScalarSelect
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

# Where no end was given; later than anything.
FOR_EVER = 1e12
# Where it is over.
LIFTED = 0.0


class Block(Struct, frozen=True):
    """One block in force; `until` None: until somebody lifts it."""

    address_id: int
    account: str
    reason: str
    at: float
    until: float | None


def until_of(address_id: object) -> ScalarSelect[float | None]:
    """Until when the address of an outer query is blocked, as part of that query; NULL where it is not."""
    until = func.coalesce(block.c.until, FOR_EVER)
    return (
        select(func.max(until)).where(block.c.address_id == address_id, block.c.lifted_at.is_(None)).scalar_subquery()
    )


async def shut_out(
    work: Work, address_id: int, reason: str, *, made_by: int | None = None, until: float | None = None
) -> list[int]:
    """Take nothing more from this person, at any of her addresses; which these are."""
    hers = await _hers(work, address_id)
    work.people_changed = True
    for each in hers:
        values = {"reason": reason[:300], "made_by": made_by, "at": work.now, "until": until, "lifted_at": None}
        work.add(block, address_id=each, **values)
    return hers


async def lift(work: Work, address_id: int) -> int:
    """Take from this person again; how many blocks that ended."""
    hers = await _hers(work, address_id)
    work.people_changed = True
    ended = update(block).where(block.c.address_id.in_(hers), block.c.lifted_at.is_(None), _in_force(work.now))
    return await work.execute(ended.values(lifted_at=work.now))


async def in_force(connection: AsyncConnection, now: float) -> list[Block]:
    """Every block that holds now, the newest first."""
    rows = await connection.execute(
        select(block, address.c.account)
        .join(address, address.c.id == block.c.address_id)
        .where(block.c.lifted_at.is_(None), _in_force(now))
        .order_by(block.c.at.desc(), block.c.id.desc())
    )
    return [Block(row.address_id, row.account, row.reason, row.at, row.until) for row in rows]


async def reporter_of(work: Work, code: str) -> int | None:
    """The address that a ticket was reported from; None for one that nobody knows any more."""
    row = await work.first(select(ticket.c.address_id).where(ticket.c.code == code))
    return row.address_id if row else None


def _in_force(now: float) -> ColumnElement[bool]:
    return or_(block.c.until.is_(None), block.c.until > now)


async def _hers(work: Work, address_id: int) -> list[int]:
    person = select(address.c.person_id).where(address.c.id == address_id).scalar_subquery()
    rows = await work.rows(select(address.c.id).where(address.c.person_id == person).order_by(address.c.id))
    return [row.id for row in rows]
