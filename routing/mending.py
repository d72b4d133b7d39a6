"""A GeoJSON geometry as a valid outline: rings closed, crossings undone, the date line cut, and all of it told."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon, affinity
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

_LEAST_RING = 4
# A tenth of a millimetre; digits beyond are the noise of a computation, and trouble to others.
_DECIMALS = 9
_DATE_LINE, _POLE, _TURN = 180.0, 90.0, 360.0

Corners = npt.NDArray[np.float64]


class Unusable(Exception):
    """Why a geometry is no outline, in a few words."""


class Mended(NamedTuple):
    """A valid polygon or multipolygon in (lon, lat) degrees between -180 and 180, and what had to be done for it."""

    outline: BaseGeometry
    repairs: tuple[str, ...]


def mend(geometry: Any) -> Mended:
    """The outline that a GeoJSON Polygon or MultiPolygon means; raises Unusable for anything else."""
    repairs: list[str] = []
    polygons = [_polygon(rings, repairs) for rings in _rings_of(geometry)]
    shapes = [shape for shape in polygons if shape is not None]
    if not shapes:
        raise Unusable("it has no ring of three corners")
    drawn = shapes[0] if len(shapes) == 1 else MultiPolygon(shapes)
    # GEOS divides by zero on purpose, and numpy would tell of it.
    with np.errstate(all="ignore"):
        outline = _within_the_globe(_valid(drawn, repairs), repairs)
    if outline.is_empty:
        raise Unusable("nothing is left of it")
    return Mended(outline, tuple(dict.fromkeys(repairs)))


def _rings_of(geometry: Any) -> list[Any]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection":
        return [rings for each in geometry.get("geometries") or () for rings in _rings_of(each)]
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon") or not isinstance(coordinates, list):
        raise Unusable(f"its geometry is {kind or 'missing'}, not Polygon or MultiPolygon")
    return coordinates if kind == "MultiPolygon" else [coordinates]


def _polygon(rings: Any, repairs: list[str]) -> Polygon | None:
    """None where the shell has no inside."""
    if not isinstance(rings, list) or not rings:
        repairs.append("a polygon without rings was left out")
        return None
    shell, *holes = [_ring(ring, repairs) for ring in rings]
    if shell is None:
        return None
    return Polygon(shell, [hole for hole in holes if hole is not None])


def _ring(ring: Any, repairs: list[str]) -> Corners | None:
    try:
        corners = np.array([(point[0], point[1]) for point in ring], dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError, LookupError) as error:
        raise Unusable("its coordinates are no pairs of numbers") from error
    if not np.isfinite(corners).all():
        corners = corners[np.isfinite(corners).all(axis=1)]
        repairs.append("corners that are no numbers were left out")
    if (np.abs(corners) > (_TURN + _DATE_LINE, _POLE)).any():
        raise Unusable("its corners are not longitude and latitude in degrees (perhaps they are swapped)")
    corners = np.round(corners, _DECIMALS)
    if len(corners) and (corners[0] != corners[-1]).any():
        corners = np.vstack([corners, corners[:1]])
        repairs.append("an open ring was closed")
    if len(corners) < _LEAST_RING:
        repairs.append("a ring of fewer than three corners was left out")
        return None
    return _unwound(corners, repairs)


def _unwound(corners: Corners, repairs: list[str]) -> Corners:
    """A ring that jumps from 180 to -180 goes on beyond 180 instead; one around a pole must jump."""
    lon, lat = corners.T
    if (np.abs(np.diff(lon)) <= _DATE_LINE).all() or (np.abs(lat) >= _POLE).any():
        return corners
    turned = np.unwrap(lon, period=_TURN)
    if turned[0] != turned[-1]:
        return corners
    repairs.append("it crosses the date line and was cut there")
    return np.column_stack([turned, lat])


def _valid(outline: BaseGeometry, repairs: list[str]) -> BaseGeometry:
    if outline.is_valid:
        return outline
    repairs.append(f"it was not valid ({explain_validity(outline)}) and was repaired")
    return _polygonal(shapely.make_valid(outline, method="structure", keep_collapsed=False))


def _within_the_globe(outline: BaseGeometry, repairs: list[str]) -> BaseGeometry:
    """What lies beyond 180 degrees is brought to the other side."""
    west, _, east, _ = outline.bounds
    if west < -_TURN - _DATE_LINE or east > _TURN + _DATE_LINE:
        raise Unusable("it goes around the globe more than once")
    if west >= -_DATE_LINE and east <= _DATE_LINE:
        return outline
    repairs.append("it crosses the date line and was cut there")
    parts = []
    for turn in (-_TURN, 0.0, _TURN):
        strip = shapely.box(turn - _DATE_LINE, -_POLE, turn + _DATE_LINE, _POLE)
        parts.append(affinity.translate(outline.intersection(strip), -turn))
    return _valid(_polygonal(shapely.union_all(parts)), repairs)


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a geometry, without the lines and points that repairing left."""
    polygons = [part for part in shapely.get_parts(shapely.get_parts(shape)) if isinstance(part, Polygon)]
    united = shapely.union_all([part for part in polygons if part.area > 0])
    # Two triangles back to back are one, which repairing overlooks.
    return united if united.is_valid else united.buffer(0)
