"""Open tickets of the same kind near a place, and those that make an outage of a neighbourhood."""

from __future__ import annotations

from math import cos, radians
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import Float, bindparam, select

from storage import statuses, tickets
from storage.grid import cell_at, cells_around, distance_m
from storage.schema import ticket

if TYPE_CHECKING:
    from storage.tickets import Ticket
    from storage.work import Work

__all__ = ["Near", "cell_at", "incidents", "of_area", "open_tickets", "outage"]

# More open tickets of one kind within a walk are a plague, of which the nearest tell enough.
MOST_LOOKED_AT = 200
MOST_OF_AN_OUTAGE = 500

_OPEN = ticket.c.status.in_(statuses.OPEN)
# On a plane, which is good enough to tell near from far where a limit cuts.
_NORTH = ticket.c.lat - bindparam("lat", type_=Float)
_EAST = (ticket.c.lon - bindparam("lon", type_=Float)) * bindparam("narrow", type_=Float)
# Built once: to build one costs as much as to run it.
_NEAR = (
    select(ticket)
    .where(ticket.c.cell.in_(bindparam("cells", expanding=True)), ticket.c.category == bindparam("category"))
    .where(ticket.c.created_at >= bindparam("since"), _OPEN, ticket.c.held_at.is_(None))
    .order_by(_NORTH * _NORTH + _EAST * _EAST, ticket.c.code)
    .limit(MOST_LOOKED_AT)
)
_OF_AREA = (
    select(ticket)
    .where(ticket.c.area == bindparam("area"), ticket.c.category == bindparam("category"))
    .where(ticket.c.created_at >= bindparam("since"), _OPEN, ticket.c.held_at.is_(None))
)
_INCIDENTS = _OF_AREA.where(ticket.c.incident_at.is_not(None)).order_by(ticket.c.incident_at.desc(), ticket.c.code)
_NEWEST = _OF_AREA.order_by(ticket.c.created_at.desc(), ticket.c.code).limit(MOST_LOOKED_AT)
# In the order of their codes, so that no two transactions wait for each other.
_OUTAGE = (
    _OF_AREA.where(ticket.c.incident_at.is_(None))
    .order_by(ticket.c.code)
    .limit(MOST_OF_AN_OUTAGE)
    .with_for_update(key_share=True)
)


class Near(Struct, frozen=True):
    """A ticket and how far it is, in metres; inf where only the area is known to be the same."""

    ticket: Ticket
    distance_m: float


async def open_tickets(
    work: Work, *, lat: float, lon: float, category: str, radius_m: float, since: float
) -> list[Near]:
    """Open tickets of a category within `radius_m` metres of a position, opened since a time (Unix), nearest first."""
    cells = cells_around(lat, lon, radius_m)
    here = {"lat": lat, "lon": lon, "narrow": cos(radians(lat))}
    asked = {"cells": cells, "category": category, "since": since, **here}
    # Nothing but tickets opened by this very batch has to be written down before it is read.
    rows = await work.kept_rows(ticket, f"near:{category}:{since}:{radius_m}:{lat}:{lon}", lambda: _NEAR, asked)
    found = [Near(tickets.read_row(row), distance_m(lat, lon, row.lat, row.lon)) for row in rows]
    return sorted((each for each in found if each.distance_m <= radius_m), key=_nearest)


async def incidents(work: Work, *, area: str, category: str, since: float) -> list[Ticket]:
    """Open tickets of an area that stand for an outage, the newest first."""
    what = {"area": area, "category": category, "since": since}
    rows = await work.kept_rows(ticket, f"incidents:{area}:{category}:{since}", lambda: _INCIDENTS, what)
    return [tickets.read_row(row) for row in rows]


async def of_area(work: Work, *, area: str, category: str, since: float) -> list[Ticket]:
    """Open tickets of a category in an area, opened since a time (Unix): the newest of them, newest first."""
    what = {"area": area, "category": category, "since": since}
    rows = await work.kept_rows(ticket, f"of-area:{area}:{category}:{since}", lambda: _NEWEST, what)
    return [tickets.read_row(row) for row in rows]


async def outage(work: Work, *, like: Ticket, radius_m: float, since: float) -> list[Ticket]:
    """The open tickets, locked and oldest first, that tell of the same outage as `like`: itself is among them.

    The same category, body and area, opened since a time (Unix); within `radius_m` metres where both are located.
    """
    asked = {"area": like.area, "category": like.category, "since": since}
    found = [tickets.read_row(row) for row in await work.rows(_OUTAGE, asked)]
    same = [each for each in found if each.body == like.body and _apart(each, like) <= radius_m]
    return sorted(same, key=lambda each: (each.created_at, each.code))


def _apart(one: Ticket, other: Ticket) -> float:
    a, b = one.place, other.place
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return 0.0
    return distance_m(a.lat, a.lon, b.lat, b.lon)


def _nearest(each: Near) -> tuple[float, float]:
    return each.distance_m, -each.ticket.created_at
