"""Mapbox's search (https://docs.mapbox.com/api/search/geocoding-v5/)."""

from __future__ import annotations

from typing import Any

from geopy.geocoders import MapBox

from routing.candidates import Candidate, Kind
from routing.geocoders.provider import Provider, Region, Setup

_KINDS: dict[str, Kind] = {"poi": "place", "address": "street"}


def _make(setup: Setup) -> MapBox:
    return MapBox(setup.key, **setup.server())


def _arguments(region: Region) -> dict[str, Any]:
    return {
        "bbox": region.corners,
        "proximity": region.middle,
        "country": region.country.lower(),
        "language": region.language,
    }


def _read(raw: dict[str, Any]) -> Candidate | None:
    lon, lat = raw["geometry"]["coordinates"]
    kinds = raw.get("place_type") or ["place"]
    kind = "house" if raw.get("address") else _KINDS.get(kinds[0], "area")
    # "Avenida Corrientes 1234, Buenos Aires, C1043, Argentina": the first two tell it apart.
    words = ", ".join(str(raw["place_name"]).split(", ")[:2])
    return Candidate(float(lat), float(lon), words, kind, float(raw.get("relevance", 1.0)))


# 1,000 requests a minute.
MAPBOX = Provider(_make, _arguments, _read, pace=0.06, key=True)
