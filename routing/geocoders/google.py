"""Google's Geocoding API (https://developers.google.com/maps/documentation/geocoding)."""

from __future__ import annotations

from typing import Any

from geopy.geocoders import GoogleV3

from routing.candidates import Candidate, Kind
from routing.geocoders.provider import Provider, Region, Setup

_HOUSES = {"street_address", "premise", "subpremise"}
_PLACES = {"establishment", "point_of_interest", "park", "airport", "transit_station", "landmark"}
# `partial_match`: not the whole of what was asked for was found.
_PARTIAL = 0.8


def _make(setup: Setup) -> GoogleV3:
    return GoogleV3(setup.key, **setup.server())


def _arguments(region: Region) -> dict[str, Any]:
    # The box only makes an answer likelier, the country shuts the others out.
    return {"bounds": region.corners, "components": {"country": region.country}, "language": region.language}


def _read(raw: dict[str, Any]) -> Candidate | None:
    point = raw["geometry"]["location"]
    parts = str(raw["formatted_address"]).split(", ")
    words = ", ".join(parts[:2]) if len(parts) > 2 else ", ".join(parts)
    score = _PARTIAL if raw.get("partial_match") else 1.0
    return Candidate(float(point["lat"]), float(point["lng"]), words, _kind(set(raw.get("types", ()))), score)


def _kind(types: set[str]) -> Kind:
    if types & _HOUSES:
        return "house"
    if "intersection" in types:
        return "crossing"
    if "route" in types:
        return "street"
    return "place" if types & _PLACES else "area"


# 3,000 requests a minute and project.
GOOGLE = Provider(_make, _arguments, _read, pace=0.02, key=True)
