"""Areas drawn by hand, an atlas of them, and who is found at a point."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from bot.messages import Boundary
from routing.atlas import Atlas
from routing.binding import Binder
from routing.records import Area


def boundary(area_id: str, outline: BaseGeometry, level: str = "municipality", parent: str = "") -> Boundary:
    wkb = shapely.to_wkb(outline)
    return Boundary(area_id, "XX", level, parent, f"Name of {area_id}", "{}", "", wkb)


def atlas(path: Path, *rows: Boundary) -> Atlas:
    with Binder(path) as binder:
        binder.add(rows)
        binder.finish("first")
    return Atlas(path)


def ids(areas: Iterable[Area]) -> list[str]:
    return [area.id for area in areas]


def ragged(corners: int, seed: int, hole: bool = False, depth: float = 0.5) -> BaseGeometry:
    """An outline of so many corners around (0, 0), as a coast is or, with much `depth`, as a star is."""
    lots = random.Random(seed)
    angles = sorted(lots.uniform(0, 2 * math.pi) for _ in range(corners))
    shell = [(math.cos(a) * r, math.sin(a) * r) for a in angles for r in (lots.uniform(1 - depth, 1.0),)]
    holes = [[(x * 0.4, y * 0.4) for x, y in shell]] if hole else []
    return shapely.make_valid(shapely.Polygon(shell, holes))
