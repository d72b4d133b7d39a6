"""What is around a position: the pack's own areas and the imported ones, together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import isfinite
from statistics import median

from shapely.geometry.base import BaseGeometry

from routing.areas import AreaIndex, Part, outline, rank_levels
from routing.atlas import Atlas
from routing.borders import MOST_OFFERED, Look, boxes, candidates, disc, inner_point
from routing.records import Area
from routing.tiles import Box

# The name of the town nearest to (lat, lon), with what it belongs to; "" when none is near or nobody knows.
NearestTown = Callable[[float, float], str]


class Surroundings:
    """Everything that is known of where areas are; `use` changes the imported ones at any time.

    Where an id is in both, the pack's own area counts.
    """

    def __init__(self, areas: Sequence[Area], levels: Sequence[str]) -> None:
        self._levels = levels
        self._own = {area.id: area for area in areas}
        self._index = AreaIndex(areas, levels)
        self._town: NearestTown = lambda lat, lon: ""
        # A conversation runs again from its top with every message, over the same place.
        self.look = lru_cache(maxsize=1024)(self._look)
        self.bounds = lru_cache(maxsize=4096)(self._bounds)
        self.use(Atlas())

    def use(self, atlas: Atlas) -> None:
        """From now on these are the imported areas."""
        self.atlas = atlas
        pairs = [*zip(self._index.areas, self._index.sizes, strict=True), *zip(atlas.areas, atlas.sizes, strict=True)]
        sizes: defaultdict[str, list[float]] = defaultdict(list)
        for area, size in pairs:
            sizes[area.level].append(size)
        self._depth = rank_levels(self._levels, {level: median(sizes[level]) for level in sizes})
        # Reversed, so that where both have an id the pack's own is what remains.
        self._order = {area.id: (-self._depth[area.level], size) for area, size in reversed(pairs)}
        self.look.cache_clear()
        self.bounds.cache_clear()

    def use_towns(self, nearest: NearestTown) -> None:
        """From now on this tells what is near where no area is."""
        self._town = nearest
        self.look.cache_clear()

    def area(self, area_id: str) -> Area | None:
        """An area by its id."""
        return self._own.get(area_id) or self.atlas.area(area_id)

    def _bounds(self, area_id: str) -> Box | None:
        """The box around an area (least lon, least lat, most lon, most lat), None for one that nobody knows."""
        own = self._own.get(area_id)
        shape = outline(own) if own else self.atlas.outline(area_id)
        return None if shape is None else shape.bounds

    def depth(self, area: Area) -> int:
        """How narrow an area's level is among all levels here; greater is narrower."""
        return self._depth.get(area.level, -1)

    def at(self, lat: float, lon: float) -> tuple[Area, ...]:
        """The areas that hold a position (WGS84 degrees), most specific first; of one level the smaller first."""
        if not (isfinite(lat) and isfinite(lon)):
            return ()
        own = self._index.at(lat, lon)
        imported = [area for area in self.atlas.at(lat, lon) if area.id not in self._own]
        return tuple(sorted((*own, *imported), key=lambda area: self._order[area.id])) if imported else own

    def inside(self, area: Area, lat: float, lon: float, accuracy_m: float | None = None) -> tuple[Area, ...]:
        """What is around a position that is known to be in `area`: it, then what is wider, most specific first."""
        where = disc(lat, lon, accuracy_m)
        found = self.at(*(inner_point(where, self._parts(where), area) or (lat, lon)))
        return (area, *(each for each in found if self.depth(each) < self.depth(area)))

    def parts(self, box: Box) -> list[Part]:
        """What of each area lies in a box (least lon, least lat, most lon, most lat), to draw it."""
        imported = [part for part in self.atlas.parts(box) if part.area.id not in self._own]
        return [*self._index.parts(box), *imported]

    def _look(self, lat: float, lon: float, accuracy_m: float | None = None) -> Look:
        if not (isfinite(lat) and isfinite(lon)):
            return Look((), (), "")
        where = disc(lat, lon, accuracy_m)
        likely = candidates(where, self._parts(where), self.depth)
        areas = self.at(lat, lon)
        if likely and not areas:
            # On a quay, a bridge or a sandbank: what is within reach is meant.
            areas = self.inside(likely[0], lat, lon, accuracy_m)
        between = tuple(likely[:MOST_OFFERED]) if len(likely) > 1 else ()
        return Look(areas, between, "" if areas else self._town(lat, lon))

    def _parts(self, where: BaseGeometry) -> list[Part]:
        parts = []
        for box in boxes(where):
            parts += self.parts(box)
        return parts
