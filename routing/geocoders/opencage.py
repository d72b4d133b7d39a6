"""OpenCage (https://opencagedata.com/api)."""

from __future__ import annotations

from typing import Any

from geopy.geocoders import OpenCage

from routing.candidates import Candidate, Kind
from routing.geocoders.provider import Provider, Region, Setup

_KINDS: dict[str, Kind] = {"house": "house", "building": "place", "road": "street", "intersection": "crossing"}
_AREAS = {"city", "county", "state", "country", "postcode", "neighbourhood", "suburb", "village", "body_of_water"}


def _make(setup: Setup) -> OpenCage:
    return OpenCage(setup.key, **setup.server())


def _arguments(region: Region) -> dict[str, Any]:
    return {
        "bounds": region.corners,
        "country": region.country.lower(),
        "language": region.language,
        "annotations": False,
    }


def _read(raw: dict[str, Any]) -> Candidate | None:
    point, parts = raw["geometry"], raw.get("components") or {}
    street = " ".join(str(part) for part in (parts.get("road"), parts.get("house_number")) if part)
    quarter = parts.get("suburb") or parts.get("city_district") or parts.get("city") or ""
    words = ", ".join(part for part in (street, quarter) if part) if street else str(raw["formatted"])
    told = str(parts.get("_type", ""))
    kind = "house" if parts.get("house_number") else _KINDS.get(told, "area" if told in _AREAS else "place")
    return Candidate(float(point["lat"]), float(point["lng"]), words, kind)


# A free trial may ask once a second.
OPENCAGE = Provider(_make, _arguments, _read, pace=1.0, key=True)
