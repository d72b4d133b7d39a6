"""Addresses that nothing is taken from, for a while or until somebody lifts it.

A block outlives who has herself forgotten: a keyed hash of her address is kept as long as it holds, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from storage.schema import address, block, shut_door, ticket

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, ScalarSelect
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

# Where no end was given; later than anything.
FOR_EVER = 1e12
# Where it is over.
LIFTED = 0.0
# Built once: to build one of these costs as much as to run it.
DOORS = select(shut_door)
REPORTER = select(ticket.c.address_id).where(ticket.c.code == bindparam("code"))
# So much of a hash names it to whoever lifts the block.
MARK = 12


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
    row = await work.first(REPORTER, {"code": code})
    return row.address_id if row else None


def mark_of(keyed_hash: Callable[[str], str], account: str, external: str) -> str:
    """What is kept of an address that is blocked and had itself forgotten."""
    return keyed_hash(f"shut-door:{account}:{external}")


async def outlive(work: Work, person_id: int, keyed_hash: Callable[[str], str]) -> int:
    """Keep the blocks in force of a person who is about to be forgotten, by hashes of her addresses; how many."""
    rows = await work.rows(
        select(address.c.account, address.c.external, block.c.reason, block.c.at, block.c.until)
        .join(block, block.c.address_id == address.c.id)
        .where(address.c.person_id == person_id, block.c.lifted_at.is_(None), _in_force(work.now))
        .order_by(block.c.id)
    )
    found = {mark_of(keyed_hash, row.account, row.external): row for row in rows}
    await work.execute(delete(shut_door).where(shut_door.c.mark.in_(list(found))))
    for mark, row in found.items():
        # What was written about her goes with her; that there is a block stays.
        await work.execute(insert(shut_door).values(mark=mark, reason="", at=row.at, until=row.until))
    return len(found)


async def meet_again(work: Work, address_id: int, mark: str) -> float | None:
    """Block an address that writes for the first time if it was blocked before it was forgotten; until when."""
    doors = await work.kept_rows(shut_door, "all", lambda: DOORS)
    row = next((each for each in doors if each.mark == mark), None)
    if row is None:
        return None
    await work.execute(delete(shut_door).where(shut_door.c.mark == mark))
    if row.until is not None and row.until <= work.now:
        return None
    await shut_out(work, address_id, row.reason, until=row.until)
    return float(row.until or FOR_EVER)


async def doors(connection: AsyncConnection, now: float) -> list[Block]:
    """The blocks of addresses that nobody knows any more; `account` is the beginning of the mark, to lift it by."""
    rows = await connection.execute(
        select(shut_door)
        .where(or_(shut_door.c.until.is_(None), shut_door.c.until > now))
        .order_by(shut_door.c.at.desc(), shut_door.c.mark)
    )
    return [Block(0, row.mark[:MARK], row.reason, row.at, row.until) for row in rows]


async def open_door(work: Work, mark: str) -> int:
    """Lift the block of an address that nobody knows any more, by the beginning of its mark; how many there were."""
    named = shut_door.c.mark.startswith(mark, autoescape=True)
    return await work.execute(delete(shut_door).where(named)) if len(mark) >= MARK else 0


async def forget_old(connection: AsyncConnection, now: float) -> int:
    """Forget the doors that are open again by themselves; how many."""
    return (await connection.execute(delete(shut_door).where(shut_door.c.until <= now))).rowcount


def _in_force(now: float) -> ColumnElement[bool]:
    return or_(block.c.until.is_(None), block.c.until > now)


async def _hers(work: Work, address_id: int) -> list[int]:
    person = select(address.c.person_id).where(address.c.id == address_id).scalar_subquery()
    rows = await work.rows(select(address.c.id).where(address.c.person_id == person).order_by(address.c.id))
    return [row.id for row in rows]
