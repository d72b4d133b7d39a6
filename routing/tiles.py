"""An outline cut into tiles of few corners each, so that no look-up ever meets a border of seventy thousand.

A tile keeps the outline's own corners near it, unmoved, and leaves out those beyond it: inside its box, borders
included, it answers exactly as the whole outline does. Outside it is wrong, and may even cross itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

# GEOS tests this many corners in about a microsecond without preparing anything.
MOST_CORNERS = 256
# A comb of long teeth cannot be cut well: halves that have more corners together than this are borne so many times.
_WASTE, _PATIENCE = 1.5, 3
_SIDES = _LEFT, _RIGHT, _BELOW, _ABOVE = 1, 2, 4, 8
# A closed ring has its first corner twice.
_LEAST_RING = 4

# A tile is divided into so many columns and as many rows, of which is known whether they are in. Of those that a
# coarser division finds all in or all out nothing is asked again: a third of the time.
MASK, _COARSE = 32, 8
OUT, IN, DIVIDED = 0, 1, 2
# Degrees, far more than any rounding: a position is never taken for one of the next square.
_SPARE = 1e-9

Box = tuple[float, float, float, float]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Tile(NamedTuple):
    """A box (least lon, least lat, most lon, most lat) and the outline near it as WKB; `whole`: it is not cut."""

    box: Box
    outline: bytes
    whole: bool = False


class _Rings(NamedTuple):
    """All rings of an outline in one row: the corners, where each ring begins, and to which polygon it belongs.

    A polygon's shell comes before its holes.
    """

    corners: npt.NDArray[np.float64]
    starts: Numbers
    polygons: Numbers


def cut(outline: BaseGeometry) -> list[Tile]:
    """The tiles of a polygon or multipolygon; together their boxes cover it."""
    west, south, east, north = outline.bounds
    box = (west, south, east, north)
    if shapely.get_num_coordinates(outline) <= MOST_CORNERS:
        return [Tile(box, shapely.to_wkb(outline), whole=True)]
    parts, polygons = shapely.get_rings(shapely.get_parts(outline), return_index=True)
    corners, ring_of = shapely.get_coordinates(parts, return_index=True)
    starts = np.searchsorted(ring_of, np.arange(len(parts)))
    return list(_cut(_Rings(corners, starts, polygons), box, _PATIENCE))


def mask(tile: Tile) -> bytes:
    """For each square of a tile, row by row from the south-west: whether it is out, in, or divided by a border."""
    shape = shapely.from_wkb(tile.outline)
    if not shape.is_valid:
        return bytes([DIVIDED]) * MASK**2
    shapely.prepare(shape)
    coarse = _states(shape, tile.box, _COARSE, np.arange(_COARSE**2)).reshape(_COARSE, _COARSE)
    states = coarse.repeat(MASK // _COARSE, axis=0).repeat(MASK // _COARSE, axis=1).ravel()
    divided = np.flatnonzero(states == DIVIDED)
    states[divided] = _states(shape, tile.box, MASK, divided)
    return states.tobytes()


def _states(shape: BaseGeometry, box: Box, side: int, squares: Numbers) -> npt.NDArray[np.uint8]:
    """Whether these squares of a box divided into `side` columns and rows are out, in or divided."""
    west, south, east, north = box
    row, column = np.divmod(squares, side)
    wide, high = (east - west) / side, (north - south) / side
    low = np.maximum(west, west + column * wide - _SPARE), np.maximum(south, south + row * high - _SPARE)
    top = np.minimum(east, west + (column + 1) * wide + _SPARE), np.minimum(north, south + (row + 1) * high + _SPARE)
    boxes: Any = shapely.box(*low, *top)
    touched, held = shapely.intersects(shape, boxes), shapely.covers(shape, boxes)
    return np.where(held, IN, np.where(touched, DIVIDED, OUT)).astype(np.uint8)


def _cut(rings: _Rings, box: Box, patience: int) -> Iterator[Tile]:
    corners = len(rings.corners)
    halves = [(half, *_near(rings, half)) for half in _halves(box)] if corners > MOST_CORNERS else []
    patience -= sum(len(near.corners) for _, near, _ in halves) > corners * _WASTE
    if corners <= MOST_CORNERS or patience < 0:
        yield Tile(box, shapely.to_wkb(_shape(rings)))
        return
    for half, near, may_meet in halves:
        if may_meet:
            yield from _cut(near, half, patience)
        elif shapely.intersects_xy(_shape(near), (half[0] + half[2]) / 2, (half[1] + half[3]) / 2):
            yield Tile(half, shapely.to_wkb(shapely.box(*half)))


def _near(rings: _Rings, box: Box) -> tuple[_Rings, bool]:
    """The rings without the corners that say nothing of this box, and whether an edge of them may touch it."""
    sides = _sides(rings, box)
    ends = np.zeros(len(sides), dtype=bool)
    ends[rings.starts] = ends[rings.starts - 1] = True  # the last corner of all is that before the first, -1
    left = _telling_corners(sides, ends)
    counts = np.diff(np.searchsorted(left, np.append(rings.starts, len(sides))))
    telling = _telling(counts, rings.polygons)
    left = left[np.repeat(telling, counts)]
    starts = np.cumsum(counts[telling]) - counts[telling]
    return _Rings(rings.corners[left], starts, rings.polygons[telling]), _may_meet(sides[left], starts)


def _telling_corners(sides: Numbers, ends: Flags) -> Numbers:
    """Of each run of corners beyond one side of the box the first and the last: the others wind around nothing."""
    left = np.arange(len(sides))
    for side in _SIDES:
        beyond, end = (sides[left] & side) != 0, ends[left]
        kept = np.ones(len(left), dtype=bool)
        kept[1:-1] = end[1:-1] | ~(beyond[1:-1] & beyond[:-2] & beyond[2:])
        left = left[kept]
    return left


def _telling(counts: Numbers, polygons: Numbers) -> Flags:
    """The rings with corners left that can hold something; a hole goes with its shell."""
    telling = counts >= _LEAST_RING
    first = np.flatnonzero(np.diff(polygons, prepend=-1))
    shells: Flags = np.repeat(telling[first], np.diff(np.append(first, len(polygons))))
    return telling & shells


def _may_meet(sides: Numbers, starts: Numbers) -> bool:
    """False when no edge has corners that are not both beyond one side of the box."""
    edges = (sides[1:] & sides[:-1]) == 0
    edges[starts[1:] - 1] = False
    return bool(edges.any())


def _sides(rings: _Rings, box: Box) -> Numbers:
    """Beyond which sides of the box each corner lies; 0 inside and on its border."""
    lon, lat = rings.corners[:, 0], rings.corners[:, 1]
    across = (lon < box[0]) * _LEFT + (lon > box[2]) * _RIGHT
    found: Numbers = across + (lat < box[1]) * _BELOW + (lat > box[3]) * _ABOVE
    return found


def _halves(box: Box) -> tuple[Box, Box]:
    west, south, east, north = box
    if east - west > north - south:
        middle = (west + east) / 2
        return (west, south, middle, north), (middle, south, east, north)
    middle = (south + north) / 2
    return (west, south, east, middle), (west, middle, east, north)


def _shape(rings: _Rings) -> BaseGeometry:
    ring_of = np.repeat(np.arange(len(rings.starts)), np.diff(np.append(rings.starts, len(rings.corners))))
    _, polygon_of = np.unique(rings.polygons, return_inverse=True)
    lines: Any = shapely.linearrings(rings.corners, indices=ring_of)
    polygons: Any = shapely.polygons(lines, indices=polygon_of)
    shape: Any = shapely.multipolygons(polygons)
    return cast("BaseGeometry", shape)
