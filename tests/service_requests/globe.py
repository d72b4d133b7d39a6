"""Distances and outlines by the shortest way there is, to hold the machine's own against."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from math import atan2, cos, radians, sin, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import shapely

EARTH_M = 6_371_008.8


def metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """The great circle between two positions (WGS84 degrees)."""
    one, two = _vector(lat, lon), _vector(other_lat, other_lon)
    cross = (one[1] * two[2] - one[2] * two[1], one[2] * two[0] - one[0] * two[2], one[0] * two[1] - one[1] * two[0])
    dot = sum(a * b for a, b in zip(one, two, strict=True))
    return EARTH_M * atan2(sqrt(sum(each * each for each in cross)), dot)


def _vector(lat: float, lon: float) -> tuple[float, float, float]:
    north, east = radians(lat), radians(lon)
    return cos(north) * cos(east), cos(north) * sin(east), sin(north)


class Outline(NamedTuple):
    """One feature of a GeoJSON file: its properties, and its outline in (lon, lat) degrees."""

    about: dict[str, Any]
    shape: Any


class Map:
    """The outlines of GeoJSON files, those of later files narrower than those of earlier ones."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.outlines = [outline for path in paths for outline in _read(path)]
        self._tree = shapely.STRtree([outline.shape for outline in self.outlines])

    def at(self, lat: float, lon: float) -> dict[str, Any] | None:
        """The properties of the narrowest outline that holds a position, None where there is none."""
        found = self._tree.query(shapely.Point(lon, lat), predicate="intersects").tolist()
        return self.outlines[max(found)].about if found else None

    def near(self, lat: float, lon: float, metres_: float) -> set[str]:
        """The ids of the outlines within so many metres of a position."""
        degrees = metres_ / 111_195.0
        # Some more than the distance beside, as degrees of longitude are shorter.
        reach = shapely.Point(lon, lat).buffer(degrees / cos(radians(lat)))
        found = self._tree.query(reach, predicate="intersects").tolist()
        return {str(self.outlines[n].about["id"]) for n in found}

    def touching(self, area_id: str) -> list[dict[str, Any]]:
        """The properties of an outline and of its neighbours, itself first."""
        own = next(outline for outline in self.outlines if outline.about["id"] == area_id)
        beside = self._tree.query(own.shape.buffer(0.002), predicate="intersects").tolist()
        others = [self.outlines[n].about for n in beside if self.outlines[n].about["id"] != area_id]
        return [own.about, *sorted(others, key=lambda about: str(about["id"]))]


def _read(path: Path) -> list[Outline]:
    raw = path.read_bytes()
    features = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)["features"]
    return [Outline(each["properties"], shapely.geometry.shape(each["geometry"])) for each in features]
