"""Point in polygon: which areas a position lies in."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely import STRtree
from shapely.geometry import Point
from shapely.geometry import Polygon as Shape
from shapely.geometry.base import BaseGeometry

from routing.records import Area


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
        shapely.prepare(self._outlines)
        self._tree = STRtree(self._outlines)

    def at(self, lat: float, lon: float) -> tuple[Area, ...]:
        """The areas that hold a position (WGS84 degrees; borders belong to them), most specific first."""
        point = Point(lon, lat)
        near = sorted(self._tree.query(point).tolist())
        return tuple(self.areas[n] for n in near if self._outlines[n].intersects(point))
