"""The grid that tickets nearby are found by: squares of the globe, numbered."""

from __future__ import annotations

from math import floor

# About 550 m from south to north; migration 0003 numbered the tickets that were there by the same.
DEGREES = 0.005
COLUMNS_AROUND = 72_000


def cell_at(lat: float | None, lon: float | None) -> int | None:
    """The number of the square that holds a position (WGS84 degrees); None for no position."""
    if lat is None or lon is None:
        return None
    return floor((lat + 90) / DEGREES) * COLUMNS_AROUND + floor((lon + 180) / DEGREES)
