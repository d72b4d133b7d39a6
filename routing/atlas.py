"""The compiled index of imported areas: one file beside the database, read in place, so that a start costs nothing.

    mark | outlines and tiles as WKB | tables of numbers | contents (JSON) | its length | mark

It is written anew and moved over the old one; whoever has the old one open reads on in it.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import shapely
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from routing.areas import Part
from routing.grid import Grid
from routing.records import Area
from routing.tiles import DIVIDED, IN, MASK, Box

MARK = b"baldosa areas 4\n"
LENGTH = struct.Struct("<Q")
_DATE_LINE = 180.0


class AtlasError(Exception):
    """A file that is no compiled index of this version."""


class Section(NamedTuple):
    """Where a table of numbers begins, and how many it has."""

    start: int
    length: int


class Contents(Struct, frozen=True):
    """What stands at the end of the file: the areas as (id, level, parent, name), and where their numbers are.

    `spans`: start and size of each area's outline. `sizes`: square degrees. `boxes`: four floats a tile. `tiles`: whose
    it is, start and size of its outline. `masks`: see `routing.tiles.mask`. `starts` and `filed`: see `routing.grid`.
    """

    edition: str
    areas: tuple[tuple[str, str, str, str], ...]
    grid: Grid
    spans: Section
    sizes: Section
    boxes: Section
    tiles: Section
    masks: Section
    starts: Section
    filed: Section


class Atlas:
    """The areas of a compiled file, or none; `edition` names what was compiled, `sizes` compare areas.

    `at` takes some ten microseconds, and memory only for what was ever looked at.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Open `path`; without one there are no areas. Raises OSError, AtlasError."""
        self._file = memoryview(_map(path)) if path else memoryview(b"")
        contents = _contents(self._file) if path else _NOTHING
        self.edition = contents.edition
        self.areas = tuple(
            Area(id=area_id, level=level, parent=parent, titles={"": name}, polygons=())
            for area_id, level, parent, name in contents.areas
        )
        self._numbers = {area.id: n for n, area in enumerate(self.areas)}
        self._grid = contents.grid
        self._spans = self._table("q", contents.spans)
        self.sizes = self._table("d", contents.sizes)
        sides = iter(self._table("d", contents.boxes).tolist())
        # As tuples: a look-up compares a dozen of them, which takes longer than all the rest otherwise.
        self._boxes: list[Box] = list(zip(sides, sides, sides, sides, strict=True))
        self._tiles = self._table("q", contents.tiles)
        self._masks = self._table("B", contents.masks)
        self._starts = self._table("i", contents.starts)
        self._filed = self._table("i", contents.filed)
        self._shapes = _Shapes(self._tile)

    def area(self, area_id: str) -> Area | None:
        """An area by its id."""
        number = self._numbers.get(area_id)
        return None if number is None else self.areas[number]

    def outline(self, area_id: str) -> BaseGeometry | None:
        """The whole outline of an area in (lon, lat) degrees."""
        number = self._numbers.get(area_id)
        return None if number is None else self._outline(number)

    def at(self, lat: float, lon: float) -> list[Area]:
        """The areas that hold a position (WGS84 degrees; borders belong to them), in no order."""
        found = self._at(lat, lon)
        if abs(lon) == _DATE_LINE:
            found |= self._at(lat, -lon)
        return [self.areas[n] for n in found]

    def _at(self, lat: float, lon: float) -> set[int]:
        square = self._grid.square(lon, lat)
        if square < 0:
            return set()
        found: set[int] = set()
        for n in self._filed[self._starts[square] : self._starts[square + 1]]:
            west, south, east, north = self._boxes[n]
            if west <= lon <= east and south <= lat <= north:
                column = min(int((lon - west) / (east - west) * MASK), MASK - 1)
                row = min(int((lat - south) / (north - south) * MASK), MASK - 1)
                state = self._masks[(n * MASK + row) * MASK + column]
                if state == IN or (state == DIVIDED and shapely.intersects_xy(self._shapes[n], lon, lat)):
                    found.add(self._tiles[3 * n])
        return found

    def parts(self, box: Box) -> list[Part]:
        """What lies of areas in a box (least lon, least lat, most lon, most lat); an area may come in several parts."""
        squares = self._grid.squares(box) if self.areas else []
        near = {n for at in squares for n in self._filed[self._starts[at] : self._starts[at + 1]]}
        parts = [Part(self.areas[self._tiles[3 * n]], self._clipped(n, box)) for n in near]
        return [part for part in parts if not part.shape.is_empty]

    def _clipped(self, tile: int, box: Box) -> BaseGeometry:
        """What of a tile lies in a box; beyond its own box a tile knows nothing."""
        own = self._boxes[tile]
        west, south = max(own[0], box[0]), max(own[1], box[1])
        east, north = min(own[2], box[2]), min(own[3], box[3])
        if west >= east or south >= north:
            return _NOWHERE
        # What crosses itself beyond its box is good for points, and for nothing else.
        shape = self._shapes[tile]
        shape = shape if shape.is_valid else self._outline(self._tiles[3 * tile])
        return shapely.clip_by_rect(shape, west, south, east, north)

    def _outline(self, number: int) -> BaseGeometry:
        return self._shape(self._spans[2 * number], self._spans[2 * number + 1])

    def _tile(self, number: int) -> BaseGeometry:
        start, size = self._tiles[3 * number + 1 : 3 * number + 3]
        return self._shape(start, size)

    def _shape(self, start: int, size: int) -> BaseGeometry:
        return shapely.from_wkb(bytes(self._file[start : start + size]))

    def _table(self, kind: Any, section: Section) -> memoryview[Any]:
        size = struct.calcsize(kind)
        return self._file[section.start : section.start + section.length * size].cast(kind)


class _Shapes(dict[int, BaseGeometry]):
    """What was ever looked at, by number."""

    def __init__(self, read: Callable[[int], BaseGeometry]) -> None:
        self._read = read

    def __missing__(self, number: int) -> BaseGeometry:
        shape = self[number] = self._read(number)
        return shape


_NOWHERE = shapely.Polygon()
_NONE = Section(0, 0)
_NOTHING = Contents("", (), Grid(), _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE)


def read_edition(path: Path) -> str:
    """The edition of a compiled file, "" when there is none or it is of another version."""
    try:
        return _contents(memoryview(_map(path))).edition
    except (OSError, AtlasError):
        return ""


def _map(path: Path) -> mmap.mmap | bytes:
    with path.open("rb") as file:
        # An empty file cannot be mapped.
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if os.fstat(file.fileno()).st_size else b""


def _contents(file: memoryview) -> Contents:
    tail = LENGTH.size + len(MARK)
    if len(file) < len(MARK) + tail or file[: len(MARK)] != MARK or file[-len(MARK) :] != MARK:
        raise AtlasError("this is no compiled index of areas, or one of another version")
    (length,) = LENGTH.unpack(file[-tail : -len(MARK)])
    return msgspec.json.decode(file[-tail - length : -tail], type=Contents)
