"""Near a border nobody knows in which area a place is: then she is asked. Here is decided when, and between which."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from math import cos, radians
from typing import NamedTuple

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from routing.areas import Part
from routing.places import EARTH_RADIUS_M
from routing.records import Area
from routing.tiles import Box

# What a phone is off by under open sky, and boundaries by their drawing.
LEAST_M = 15.0
# Who is known no better than that is asked for the place again, not for one of fifty areas.
MOST_M = 5_000.0
# Lists on phones end at ten rows; one is for "I do not know".
MOST_OFFERED = 9
_DEGREE_M = radians(1) * EARTH_RADIUS_M
# Of a disc: what is left over where outlines only touch, by rounding.
_NOTHING = 1e-9
_DATE_LINE, _POLE, _TURN = 180.0, 90.0, 360.0
_ANGLES = np.linspace(0, 2 * np.pi, 65)
_CIRCLE = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])

# How narrow an area is; greater is narrower.
Rank = Callable[[Area], int]


class Look(NamedTuple):
    """What is around a position: the areas that hold it, most specific first; `between` is not empty when she must say.

    Then it has the areas that the position may be in, likeliest first: a border is nearer than the position is exact.
    `near` names a town ("Rosario, Santa Fe, Argentina") where no area is known, if one is near.
    """

    areas: tuple[Area, ...]
    between: tuple[Area, ...] = ()
    near: str = ""


def disc(lat: float, lon: float, accuracy_m: float | None) -> BaseGeometry:
    """Where a position may really be, in (lon, lat) degrees; in two parts where it lies on both sides of 180°."""
    radius = min(max(accuracy_m or 0.0, LEAST_M), MOST_M) / _DEGREE_M
    # At the poles every longitude is near.
    wide = radius / max(cos(radians(lat)), 1e-3)
    corners = _CIRCLE * np.array([wide, radius]) + np.array([lon, lat])
    if abs(lon) + wide <= _DATE_LINE and abs(lat) + radius <= _POLE:
        return Polygon(corners)
    turned = [Polygon(corners + np.array([turn, 0.0])) for turn in (-_TURN, 0.0, _TURN)]
    return shapely.union_all([shapely.clip_by_rect(each, -_DATE_LINE, -_POLE, _DATE_LINE, _POLE) for each in turned])


def boxes(where: BaseGeometry) -> list[Box]:
    """The boxes around the parts of a disc."""
    return [(one[0], one[1], one[2], one[3]) for one in shapely.bounds(shapely.get_parts(where)).tolist()]


def candidates(where: BaseGeometry, parts: Iterable[Part], rank: Rank) -> list[Area]:
    """The areas that somebody in a disc may most specifically be in, by their share of it.

    An area counts where no narrower one covers it: of a quarter and its town only the quarter, at the edge of a
    settlement the settlement and the quarter around it.
    """
    shares: dict[str, float] = {}
    areas: dict[str, Area] = {}
    left = where
    for _, level in groupby(sorted(parts, key=lambda part: -rank(part.area)), key=lambda part: rank(part.area)):
        shapes = []
        for area, shape in level:
            areas[area.id] = area
            shares[area.id] = shares.get(area.id, 0.0) + left.intersection(shape).area
            shapes.append(shape)
        left = left.difference(shapely.union_all(shapes))
        if left.area <= where.area * _NOTHING:
            break
    # By millionths, then by name: two sides of a pin right on the border come in the same order every time.
    likeliest = sorted(shares, key=lambda area_id: (-round(shares[area_id] / where.area, 6), area_id))
    return [areas[area_id] for area_id in likeliest if shares[area_id] > where.area * _NOTHING]


def inner_point(where: BaseGeometry, parts: Iterable[Part], area: Area) -> tuple[float, float] | None:
    """A position (lat, lon) in the disc and in `area`; None when they do not meet."""
    both = shapely.union_all([part.shape for part in parts if part.area.id == area.id]).intersection(where)
    point = both.representative_point() if both.area > 0 else None
    return None if point is None else (point.y, point.x)
