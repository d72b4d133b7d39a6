"""The areas of a pack, from its GeoJSON files: read, closed, valid, on the right level, inside their parents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from routing.areas import outline
from routing.faults import Fault
from routing.records import Area, Polygon
from routing.shapes import AreaTable, check_texts, read_table
from routing.sources import GeoSource


class Outlines:
    """The areas of `folder`/*.geojson; `faults` tells what is wrong with those that are missing here."""

    def __init__(self, folder: Path, languages: tuple[str, ...], levels: tuple[str, ...]) -> None:
        self.languages = languages
        self.levels = levels
        self.areas: dict[str, Area] = {}
        self.written: set[str] = set()  # the ids of faulty ones too
        self._found: dict[str, tuple[GeoSource, int]] = {}
        self._sources = [GeoSource(path) for path in sorted(folder.glob("*.geojson"))]
        self._missing = [Fault(folder.as_posix(), 0, "there is no area here", "Add a *.geojson file")]
        for source in self._sources:
            for n, feature in enumerate(source.data or ()):
                self._read(source, n, feature)
        self._check_parents()

    @property
    def faults(self) -> list[Fault]:
        """Everything that is wrong with the files."""
        return [fault for source in self._sources for fault in source.faults] if self._sources else self._missing

    def _read(self, source: GeoSource, n: int, feature: Any) -> None:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        steps = ("feature", n)
        called = properties.get("id") if isinstance(properties, dict) else None
        title = f"area '{called}'" if called else f"feature number {n + 1}"
        self.written.add(str(called))
        table = read_table(source, properties, AreaTable, steps, title, open_ended=True)
        polygons = _polygons(feature.get("geometry")) if isinstance(feature, dict) else None
        if polygons is None:
            problem = f"{title} has no readable Polygon or MultiPolygon"
            source.fault(source.line(*steps, "geometry"), problem, "Give it closed rings of [longitude, latitude]")
        if table is None or polygons is None:
            return
        titles = table.name if isinstance(table.name, dict) else dict.fromkeys(self.languages, table.name)
        check_texts(source, titles, self.languages, (*steps, "name"), title)
        area = Area(
            id=table.id, level=table.level, titles=titles, parent=table.parent, names=table.names, polygons=polygons
        )
        self._check(source, n, area, title)

    def _check(self, source: GeoSource, n: int, area: Area, title: str) -> None:
        if self.levels and area.level not in self.levels:
            problem = f"{title} is of level '{area.level}', which pack.toml does not list"
            source.fault(source.line("feature", n, "level"), problem, f"Use one of {', '.join(self.levels)}")
        if area.id in self.areas:
            problem = f"the id '{area.id}' is used by two areas"
            source.fault(source.line("feature", n, "id"), problem, "Give every area its own id")
        reason = _reason(area)
        if reason:
            source.fault(
                source.line("feature", n, "coordinates"), f"the outline of {title} {reason}", "Draw it again there"
            )
        else:
            self.areas[area.id] = area
            self._found[area.id] = (source, n)

    def _check_parents(self) -> None:
        shapes = {area.id: outline(area) for area in self.areas.values()}
        depth = {level: n for n, level in enumerate(self.levels)}
        for area in self.areas.values():
            source, n = self._found[area.id]
            problem, mend = _parent_fault(area, self.areas, depth, shapes)
            if problem and (area.parent in self.areas or area.parent not in self.written):
                source.fault(source.line("feature", n, "parent"), f"area '{area.id}' {problem}", mend)


def _parent_fault(
    area: Area, areas: dict[str, Area], depth: dict[str, int], shapes: dict[str, BaseGeometry]
) -> tuple[str, str]:
    """What is wrong with an area's parent and how to mend it; two empty texts when nothing is."""
    if not area.parent:
        return "", ""
    parent = areas.get(area.parent)
    if parent is None:
        return f"has the parent '{area.parent}', which is no area", "Add that area or correct the name"
    if depth.get(parent.level, 0) >= depth.get(area.level, 1):
        return f"is not of a narrower level than its parent '{parent.id}'", "Correct the level of one of them"
    if not shapely.intersects(shapes[parent.id], shapes[area.id].representative_point()):
        return f"lies outside of its parent '{parent.id}'", "Correct the parent, or latitude and longitude are swapped"
    return "", ""


def _polygons(geometry: Any) -> tuple[Polygon, ...] | None:
    """The rings of a GeoJSON geometry; None when they cannot be read as closed rings of positions."""
    if not isinstance(geometry, dict) or geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        return None
    coordinates: Any = geometry.get("coordinates")
    try:
        polygons = tuple(
            tuple(tuple((float(point[0]), float(point[1])) for point in ring) for ring in rings)
            for rings in (coordinates if geometry["type"] == "MultiPolygon" else [coordinates])
        )
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    closed = all(len(ring) >= 4 and ring[0] == ring[-1] for rings in polygons for ring in rings)
    return polygons if closed and polygons and all(polygons) else None


def _reason(area: Area) -> str:
    """Why an outline cannot be used; "" when it can."""
    points = [point for rings in area.polygons for ring in rings for point in ring]
    if any(not (-180 <= lon <= 180 and -90 <= lat <= 90) for lon, lat in points):
        return "leaves the globe"
    shape = outline(area)
    return "" if shape.is_valid else f"crosses itself ({explain_validity(shape)})"
