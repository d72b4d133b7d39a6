"""A small picture of where a place is, drawn from what the pack knows: outlines, streets, landmarks. No network.

For a choice between points, or to say "is it here?" where a phone shows pictures. Importing this imports Pillow.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from math import cos, radians
from typing import TYPE_CHECKING, NamedTuple

import shapely
from PIL import Image, ImageDraw

from routing.areas import Part
from routing.lettering import font, measure, write
from routing.tiles import Box

if TYPE_CHECKING:
    from routing.pack import Pack

WIDTH, HEIGHT = 640, 420
# A picture shows no less than this from side to side, and the points stand so far from its edges (metres, share).
LEAST_SPAN_M, MARGIN = 1600.0, 0.22
METRES_A_DEGREE = 111_195.0
MOST_NAMED = 14

PAPER, LAND, EDGE = "#dfe7ea", "#f7f4ec", "#9a8fb0"
ROAD, ROAD_EDGE, INK, SOFT_INK = "#ffffff", "#c9c2b4", "#37403f", "#7a7f86"
PIN, PIN_INK, SCALE_INK = "#c62828", "#ffffff", "#555555"

Position = tuple[float, float]
Pixel = tuple[float, float]


class View(NamedTuple):
    """The part of the world that a picture shows: its middle in degrees, and pixels a degree each way."""

    lat: float
    lon: float
    x_scale: float
    y_scale: float

    def pixel(self, lat: float, lon: float) -> Pixel:
        """Where a position lies on the picture."""
        return WIDTH / 2 + (lon - self.lon) * self.x_scale, HEIGHT / 2 - (lat - self.lat) * self.y_scale

    def box(self, more: float = 1.0) -> Box:
        """What it shows, or so many times more of it: west, south, east, north."""
        half_lon, half_lat = more * WIDTH / 2 / self.x_scale, more * HEIGHT / 2 / self.y_scale
        return self.lon - half_lon, self.lat - half_lat, self.lon + half_lon, self.lat + half_lat

    @property
    def metres_a_pixel(self) -> float:
        """How much a pixel is."""
        return METRES_A_DEGREE / self.y_scale


def draw_map(pack: Pack, points: Sequence[Position], language: str) -> bytes:
    """A PNG with the points (lat, lon; one at least) as pins, numbered from 1 where there are several."""
    view = frame(points)
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    labels = _Labels(pen)
    for lat, lon in points:
        labels.keep_clear(view.pixel(lat, lon), 46)
    # A little beyond the edges, where the areas are cut off.
    parts = pack.parts(view.box(1.2))
    _draw_areas(pen, parts, view)
    _draw_streets(pen, pack, view, labels)
    _name_places(pack, view, labels)
    _name_areas(parts, view, labels, language)
    _draw_scale(pen, view)
    for n, (lat, lon) in reversed(list(enumerate(points, 1))):
        _draw_pin(pen, view.pixel(lat, lon), str(n) if len(points) > 1 else "")
    out = BytesIO()
    picture.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def frame(points: Sequence[Position]) -> View:
    """The view that holds all points, and some of what is around them."""
    lats, lons = [lat for lat, _ in points], [lon for _, lon in points]
    lat, lon = (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2
    flat = max(cos(radians(lat)), 0.05)
    wide = (max(lons) - min(lons)) * flat * METRES_A_DEGREE / (1 - 2 * MARGIN)
    high = (max(lats) - min(lats)) * METRES_A_DEGREE / (1 - 2 * MARGIN)
    span = max(LEAST_SPAN_M, wide, high * WIDTH / HEIGHT)
    y_scale = WIDTH / span * METRES_A_DEGREE
    return View(lat, lon, y_scale * flat, y_scale)


class _Labels:
    """Names on the picture, none over another."""

    def __init__(self, pen: ImageDraw.ImageDraw) -> None:
        self._pen = pen
        self._taken: list[tuple[float, float, float, float]] = [(0, HEIGHT - 26, 150, HEIGHT)]
        self._left = MOST_NAMED

    def keep_clear(self, at: Pixel, size: float) -> None:
        """Let no name stand where a pin does."""
        self._taken.append((at[0] - size / 2, at[1] - size, at[0] + size / 2, at[1] + 4))

    def put(self, at: Pixel, text: str, size: int, ink: str) -> bool:
        """Write a name with its middle here; False where there is no room for it."""
        left, top, right, bottom = measure(self._pen, at, text, size)
        inside = left > 2 and top > 2 and right < WIDTH - 2 and bottom < HEIGHT - 2
        box = (left - 3, top - 2, right + 3, bottom + 2)
        if not inside or not self._left or any(_overlap(box, other) for other in self._taken):
            return False
        self._taken.append(box)
        self._left -= 1
        write(self._pen, at, text, size, ink, LAND)
        return True


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _draw_areas(pen: ImageDraw.ImageDraw, parts: Sequence[Part], view: View) -> None:
    """Everything that is served as land, with the borders of every level."""
    rings = [ring for part in parts for ring in _rings(part, view)]
    for ring in rings:
        pen.polygon(ring, fill=LAND)
    for ring in rings:
        pen.line([*ring, ring[0]], fill=EDGE, width=2, joint="curve")


def _rings(part: Part, view: View) -> list[list[Pixel]]:
    """The outer rings of what of an area is near the picture, in pixels."""
    shapes = [shape for shape in shapely.get_parts(part.shape) if shape.geom_type == "Polygon"]
    return [[view.pixel(lat, lon) for lon, lat in shape.exterior.coords] for shape in shapes]


def _draw_streets(pen: ImageDraw.ImageDraw, pack: Pack, view: View, labels: _Labels) -> None:
    lines = [
        (street.names[0], [view.pixel(lat, lon) for lat, lon, _ in street.line])
        for street in pack.records.mapped
        if street.line
    ]
    shown = [(name, line) for name, line in lines if any(_on_picture(*leg) for leg in pairwise(line))]
    for width, ink in ((9, ROAD_EDGE), (7, ROAD)):
        for _, line in shown:
            pen.line(line, fill=ink, width=width, joint="curve")
    for name, line in shown:
        _name_line(line, name, labels)


def _name_line(line: Sequence[Pixel], name: str, labels: _Labels) -> None:
    """A street's name somewhere along it."""
    for one, other in pairwise(line):
        for share in (0.5, 0.25, 0.75, 0.1, 0.9):
            at = one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share
            if labels.put(at, name, 13, INK):
                return


def _on_picture(one: Pixel, other: Pixel) -> bool:
    """True where a leg may cross the picture: its own box meets it."""
    return _overlap(
        (min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1])),
        (0, 0, WIDTH, HEIGHT),
    )


def _name_places(pack: Pack, view: View, labels: _Labels) -> None:
    for place in pack.records.places:
        if place.lat is not None and place.lon is not None:
            labels.put(view.pixel(place.lat, place.lon), place.shown or place.names[0], 12, SOFT_INK)


def _name_areas(parts: Sequence[Part], view: View, labels: _Labels, language: str) -> None:
    """The narrower areas by name, in the middle of what is seen of them."""
    parents = {part.area.parent for part in parts}
    for part in parts:
        if part.area.id not in parents:
            seen = part.shape.intersection(shapely.box(*view.box()))
            at = seen.representative_point() if not seen.is_empty else None
            if at is not None:
                labels.put(view.pixel(at.y, at.x), part.area.name(language), 14, EDGE)


def _draw_pin(pen: ImageDraw.ImageDraw, at: Pixel, label: str) -> None:
    x, y = at
    pen.polygon([(x - 9, y - 20), (x + 9, y - 20), (x, y)], fill=PIN)
    pen.ellipse((x - 14, y - 44, x + 14, y - 16), fill=PIN, outline=PIN_INK, width=2)
    if label:
        write(pen, (x, y - 30), label, 17, PIN_INK)
    else:
        pen.ellipse((x - 5, y - 35, x + 5, y - 25), fill=PIN_INK)


def _draw_scale(pen: ImageDraw.ImageDraw, view: View) -> None:
    """How long a round number of metres is."""
    longest = 120 * view.metres_a_pixel
    metres = next(each for each in (50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 0) if each <= longest)
    if not metres:
        return
    end = 10 + metres / view.metres_a_pixel
    pen.line([(10, HEIGHT - 12), (end, HEIGHT - 12)], fill=SCALE_INK, width=3)
    told = f"{metres // 1000} km" if metres >= 1000 else f"{metres} m"
    pen.text((end + 6, HEIGHT - 12), told, font=font(12), anchor="lm", fill=SCALE_INK)
