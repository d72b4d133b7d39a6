"""Photon, a search for what is typed, on OpenStreetMap's data (https://github.com/komoot/photon)."""

from __future__ import annotations

from typing import Any

from geopy.geocoders import Photon

from routing.candidates import Candidate, Kind
from routing.geocoders.provider import MOST_ASKED, Provider, Region

# What komoot's server has names in; for any other language it refuses to answer.
_LANGUAGES = ("en", "de", "fr")
_KINDS: dict[str, Kind] = {"house": "place", "street": "street"}


def _arguments(region: Region) -> dict[str, Any]:
    language = {"language": region.language} if region.language in _LANGUAGES else {}
    return {"limit": MOST_ASKED, "bbox": region.corners, "location_bias": region.middle, **language}


def _read(raw: dict[str, Any]) -> Candidate | None:
    told = raw["properties"]
    lon, lat = raw["geometry"]["coordinates"]
    house = told.get("housenumber")
    street = " ".join(part for part in (told.get("street"), house) if part)
    quarter = told.get("district") or told.get("city") or ""
    words = ", ".join(part for part in dict.fromkeys((told.get("name"), street, quarter)) if part)
    kind = "house" if house else _KINDS.get(str(told.get("type")), "area")
    return Candidate(float(lat), float(lon), words, kind)


# Its terms ask for fair use of the public server and name no number.
PHOTON = Provider(lambda setup: Photon(**setup.server()), _arguments, _read, pace=1.0)
