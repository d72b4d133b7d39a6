"""Nominatim, OpenStreetMap's own search (https://nominatim.org/release-docs/latest/api/Search/)."""

from __future__ import annotations

from typing import Any

from geopy.geocoders import Nominatim

from routing.candidates import Candidate, Kind
from routing.geocoders.provider import MOST_ASKED, Provider, Region


def _arguments(region: Region) -> dict[str, Any]:
    return {
        "limit": MOST_ASKED,
        "addressdetails": True,
        "viewbox": region.corners,
        "bounded": True,
        "country_codes": region.country.lower(),
        "language": region.language,
    }


def _read(raw: dict[str, Any]) -> Candidate | None:
    parts = raw.get("address") or {}
    road = parts.get("road") or parts.get("pedestrian") or ""
    street = " ".join(part for part in (road, parts.get("house_number")) if part)
    quarter = parts.get("suburb") or parts.get("city_district") or parts.get("neighbourhood") or ""
    name = raw.get("name") or ""
    told = [part for part in dict.fromkeys((name if name != road else "", street, quarter)) if part]
    words = ", ".join(told) or str(raw["display_name"])
    return Candidate(float(raw["lat"]), float(raw["lon"]), words, _kind(raw, parts))


def _kind(raw: dict[str, Any], parts: dict[str, Any]) -> Kind:
    if parts.get("house_number"):
        return "house"
    if raw.get("class") == "highway":
        # A bus stop or a crossing with lights is a point, the road itself is none.
        return "place" if raw.get("osm_type") == "node" else "street"
    return "area" if raw.get("class") in ("boundary", "place", "landuse") else "place"


# The usage policy: one request a second at most, an identifying User-Agent, results kept.
# https://operations.osmfoundation.org/policies/nominatim/
NOMINATIM = Provider(lambda setup: Nominatim(**setup.server()), _arguments, _read, pace=1.0)
