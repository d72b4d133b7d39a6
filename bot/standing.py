"""Which open tickets lie in areas that change: told to the operator, who may pass them on."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING

import numpy as np
import shapely

from storage.codes import show_code

if TYPE_CHECKING:
    from bot.messages import Boundary
    from storage.areas import Standing


class StandingTickets:
    """Open tickets by latitude; each area that is left or entered marks those inside."""

    def __init__(self, tickets: Iterable[Standing] = ()) -> None:
        rows = sorted(tickets, key=lambda row: row.lat)
        self._codes = [row.code for row in rows]
        self._lats = np.array([row.lat for row in rows], dtype=np.float64)
        self._lons = np.array([row.lon for row in rows], dtype=np.float64)
        self._left: dict[int, dict[str, str]] = {}
        self._entered: dict[int, dict[str, str]] = {}

    @classmethod
    async def read(cls, pages: AsyncIterable[list[Standing]]) -> StandingTickets:
        """All of them, from the database."""
        return cls([row async for page in pages for row in page])

    def leave(self, area: Boundary) -> None:
        """The area is no more where it was."""
        for n in self._inside(area):
            self._left.setdefault(n, {})[area.id] = area.name

    def enter(self, area: Boundary) -> None:
        """The area is here now."""
        for n in self._inside(area):
            self._entered.setdefault(n, {})[area.id] = area.name

    def touched(self) -> list[str]:
        """One line for each ticket that lies in other areas than before, in the order of their codes."""
        lines = []
        for n in self._left.keys() | self._entered.keys():
            left, entered = self._left.get(n, {}), self._entered.get(n, {})
            out = [f"no longer in {left[area]} ({area})" for area in sorted(left.keys() - entered.keys())]
            into = [f"now in {entered[area]} ({area})" for area in sorted(entered.keys() - left.keys())]
            if out or into:
                lines.append(f"{show_code(self._codes[n])}: {', '.join([*out, *into])}")
        return sorted(lines)

    def _inside(self, area: Boundary) -> list[int]:
        if not self._codes:
            return []
        outline = shapely.from_wkb(area.outline)
        west, south, east, north = outline.bounds
        first, last = np.searchsorted(self._lats, [south, np.nextafter(north, np.inf)])
        near = first + np.flatnonzero((self._lons[first:last] >= west) & (self._lons[first:last] <= east))
        shapely.prepare(outline)
        found: list[int] = near[shapely.intersects_xy(outline, self._lons[near], self._lats[near])].tolist()
        return found
