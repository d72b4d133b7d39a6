"""Imported boundaries, how far each file's import came, and the tickets that lie in them.

Every change of `area` goes together with one of `area_import`, so that the small table tells the state
of the large one.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, insert, select
from sqlalchemy import update as change

from bot.messages import Boundary
from storage.schema import area, area_import, ticket
from storage.statuses import OPEN

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

PAGE = 500
TICKETS = 10_000
_COLUMNS = tuple(area.c[name] for name in Boundary.__struct_fields__)


class Import(NamedTuple):
    """A file that is or was imported: `done` of its features are in; `finished_at` is None while it goes on."""

    digest: str
    name: str
    done: int
    finished_at: float | None


class Standing(NamedTuple):
    """An open ticket and where it is (WGS84 degrees); `area` is the one it was opened in."""

    code: str
    area: str
    lat: float
    lon: float


class Count(NamedTuple):
    """How many areas of a level a country has."""

    country: str
    level: str
    areas: int
    loaded_at: float


async def edition(connection: AsyncConnection) -> str:
    """What names the present state of all areas: it changes when an import or a removal ends. "" before the first."""
    done = select(area_import.c.digest, area_import.c.done, area_import.c.finished_at).order_by(area_import.c.digest)
    rows = (await connection.execute(done.where(area_import.c.finished_at.is_not(None)))).all()
    return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest() if rows else ""


async def pages(connection: AsyncConnection) -> AsyncIterator[list[Boundary]]:
    """All areas in the order of their ids, some at a time."""
    last = ""
    while rows := await _page(connection, last):
        yield rows
        last = rows[-1].id


async def _page(connection: AsyncConnection, after: str) -> list[Boundary]:
    page = select(*_COLUMNS).where(area.c.id > after).order_by(area.c.id).limit(PAGE)
    return [Boundary(*row) for row in await connection.execute(page)]


async def read(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Boundary]:
    """The areas with these ids that are there, by id."""
    found = await connection.execute(select(*_COLUMNS).where(area.c.id.in_(list(ids))))
    return {row.id: Boundary(*row) for row in found}


async def digests(connection: AsyncConnection, ids: Collection[str]) -> dict[str, str]:
    """The digests of the areas with these ids that are there, by id."""
    found = await connection.execute(select(area.c.id, area.c.digest).where(area.c.id.in_(list(ids))))
    return {row.id: row.digest for row in found}


async def ids_of(connection: AsyncConnection, country: str, level: str) -> set[str]:
    """The ids of a country's areas of one level."""
    found = await connection.execute(select(area.c.id).where(area.c.country == country, area.c.level == level))
    return set(found.scalars())


async def save(connection: AsyncConnection, rows: Sequence[Boundary], now: float) -> None:
    """Keep these areas in place of those with their ids."""
    if rows:
        await connection.execute(delete(area).where(area.c.id.in_([row.id for row in rows])))
        values = [{name: getattr(row, name) for name in Boundary.__struct_fields__} for row in rows]
        await connection.execute(insert(area), [value | {"loaded_at": now} for value in values])


async def remove(connection: AsyncConnection, ids: Collection[str], now: float) -> int:
    """Forget these areas; how many there were."""
    gone = await connection.execute(delete(area).where(area.c.id.in_(list(ids))))
    if gone.rowcount:
        digest = hashlib.sha256(repr((sorted(ids), now)).encode()).hexdigest()
        values = {"digest": digest, "name": "(removed)", "done": gone.rowcount, "finished_at": now}
        await connection.execute(insert(area_import).values(values))
    return gone.rowcount


async def counts(connection: AsyncConnection) -> list[Count]:
    """The countries and levels there are."""
    columns = area.c.country, area.c.level
    found = select(*columns, func.count(), func.max(area.c.loaded_at)).group_by(*columns).order_by(*columns)
    return [Count(*row) for row in await connection.execute(found)]


async def find_import(connection: AsyncConnection, digest: str) -> Import | None:
    """How far the import of a file came."""
    row = (await connection.execute(select(area_import).where(area_import.c.digest == digest))).first()
    return None if row is None else Import(*row)


async def note_import(connection: AsyncConnection, now_at: Import) -> None:
    """Write down how far the import of a file came."""
    values = now_at._asdict()
    known = change(area_import).where(area_import.c.digest == now_at.digest).values(values)
    if not (await connection.execute(known)).rowcount:
        await connection.execute(insert(area_import).values(values))


async def open_tickets(connection: AsyncConnection) -> AsyncIterator[list[Standing]]:
    """The open tickets that have a position, some at a time."""
    located = (
        select(ticket.c.code, ticket.c.area, ticket.c.lat, ticket.c.lon)
        .where(ticket.c.status.in_(OPEN), ticket.c.lat.is_not(None), ticket.c.lon.is_not(None))
        .order_by(ticket.c.code)
        .limit(TICKETS)
    )
    last = ""
    while rows := [Standing(*row) for row in await connection.execute(located.where(ticket.c.code > last))]:
        yield rows
        last = rows[-1].code
