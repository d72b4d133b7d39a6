"""Point in polygon among the pack's own areas. The imported ones, which may be thousands, are in `routing.atlas`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import shapely
from shapely import STRtree
from shapely.geometry import Point
from shapely.geometry import Polygon as Shape
from shapely.geometry.base import BaseGeometry

from routing.records import Area
from routing.tiles import Box


class Part(NamedTuple):
    """An area and what of it lies in a box."""

    area: Area
    shape: BaseGeometry


def outline(area: Area) -> BaseGeometry:
    """The area as one shapely geometry in (lon, lat) degrees."""
    shapes = [Shape(rings[0], rings[1:]) for rings in area.polygons]
    return shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)


class AreaIndex:
    """All areas of a pack; `at` takes some microseconds."""

    def __init__(self, areas: Sequence[Area], levels: Sequence[str]) -> None:
        depth = {level: n for n, level in enumerate(levels)}
        # Most specific first once and for all: then found areas need only be sorted by their index.
        self.areas = tuple(sorted(areas, key=lambda area: -depth[area.level]))
        self._outlines = [outline(area) for area in self.areas]
        self.sizes: list[float] = [shape.area for shape in self._outlines]
        shapely.prepare(self._outlines)
        self._tree = STRtree(self._outlines)

    def at(self, lat: float, lon: float) -> tuple[Area, ...]:
        """The areas that hold a position (WGS84 degrees; borders belong to them), most specific first."""
        point = Point(lon, lat)
        near = sorted(self._tree.query(point).tolist())
        return tuple(self.areas[n] for n in near if self._outlines[n].intersects(point))

    def parts(self, box: Box) -> list[Part]:
        """The areas that touch a box (least lon, least lat, most lon, most lat), and what of them lies in it."""
        near = self._tree.query(shapely.box(*box)).tolist()
        parts = [Part(self.areas[n], shapely.clip_by_rect(self._outlines[n], *box)) for n in near]
        return [part for part in parts if not part.shape.is_empty]


def rank_levels(listed: Sequence[str], sizes: Mapping[str, float]) -> dict[str, int]:
    """How narrow each level is: greater is narrower.

    `listed` go from wide to narrow, as the pack says. A level that the pack does not know stands where the usual size
    of its areas (any unit, alike for all) puts it among them.
    """
    order = list(listed)
    for level in sorted(sizes.keys() - set(listed), key=lambda level: (-sizes[level], level)):
        narrower = (n for n, other in enumerate(order) if sizes.get(other, sizes[level]) < sizes[level])
        order.insert(next(narrower, len(order)), level)
    return {level: n for n, level in enumerate(order)}
