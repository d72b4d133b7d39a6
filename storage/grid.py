"""The grid that tickets nearby are found by: squares of the globe, numbered. Pure."""

from __future__ import annotations

from math import asin, cos, floor, radians, sin, sqrt

# About 550 m from south to north; migration 0003 numbered the tickets that were there by the same.
DEGREES = 0.005
COLUMNS_AROUND = 72_000
# Mean radius of the earth (IUGG) and the length of a degree on a great circle of it, in metres.
EARTH = 6_371_008.8
METRES_PER_DEGREE = 111_195.0
# Nearer to a pole every square touches every other, and nobody reports a pothole.
LAST_LATITUDE = 89.0


def cell_at(lat: float | None, lon: float | None) -> int | None:
    """The number of the square that holds a position (WGS84 degrees); None for no position."""
    if lat is None or lon is None:
        return None
    return _row(lat) * COLUMNS_AROUND + floor((lon + 180) / DEGREES)


def cells_around(lat: float, lon: float, radius_m: float) -> list[int]:
    """The numbers of all squares that come within `radius_m` metres of a position; four to nine for 250 m in a city."""
    up = radius_m / METRES_PER_DEGREE
    # The circle is widest in degrees where it comes nearest to a pole.
    widest = min(max(abs(lat - up), abs(lat + up)), LAST_LATITUDE)
    beside = up / cos(radians(widest))
    rows = range(_row(max(lat - up, -90.0)), _row(min(lat + up, 90.0)) + 1)
    first, last = floor((lon - beside + 180) / DEGREES), floor((lon + beside + 180) / DEGREES)
    columns = range(first, min(last, first + COLUMNS_AROUND - 1) + 1)
    return sorted({row * COLUMNS_AROUND + column % COLUMNS_AROUND for row in rows for column in columns})


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two positions (WGS84 degrees) on a sphere: half a percent off at most."""
    south, north = radians(lat), radians(other_lat)
    aside = sin(radians(other_lon - lon) / 2) ** 2 * cos(south) * cos(north)
    return 2 * EARTH * asin(min(1.0, sqrt(sin((north - south) / 2) ** 2 + aside)))


def _row(lat: float) -> int:
    return floor((lat + 90) / DEGREES)
