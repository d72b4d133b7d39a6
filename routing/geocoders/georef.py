"""Georef, Argentina's official normaliser of addresses (https://datosgobar.github.io/georef-ar-api), in geopy's style.

It knows streets, house numbers, crossings and "entre", and asks for no key.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location

from routing.candidates import Candidate, Kind
from routing.geocoders.provider import MOST_ASKED, Provider, Setup

# A box wider than this (degrees) holds several provinces, and its middle tells nothing of the others.
_WIDEST = 3.0


class GeorefArgentina(Geocoder):  # type: ignore[misc]  # geopy brings no types
    """Geocoder of the Argentine state; works with any of geopy's adapters.

    Documentation at https://datosgobar.github.io/georef-ar-api/addresses
    """

    geocode_path = "/direcciones"
    reverse_path = "/ubicacion"

    def __init__(
        self,
        *,
        domain: str = "apis.datos.gob.ar/georef/api",
        scheme: str | None = None,
        token: str = "",
        timeout: Any = DEFAULT_SENTINEL,
        proxies: Any = DEFAULT_SENTINEL,
        user_agent: str | None = None,
        ssl_context: Any = DEFAULT_SENTINEL,
        adapter_factory: Any = None,
    ) -> None:
        super().__init__(
            scheme=scheme,
            timeout=timeout,
            proxies=proxies,
            user_agent=user_agent,
            ssl_context=ssl_context,
            adapter_factory=adapter_factory,
        )
        self.api = f"{self.scheme}://{domain.strip('/')}"
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def geocode(
        self,
        query: str,
        *,
        exactly_one: bool = True,
        timeout: Any = DEFAULT_SENTINEL,
        limit: int | None = None,
        provincia: str = "",
        departamento: str = "",
    ) -> Any:
        """Points of an address; `provincia` and `departamento` (names or ids) narrow the search."""
        narrowed = {"provincia": provincia, "departamento": departamento}
        asked = {"direccion": query, "max": 1 if exactly_one else limit or MOST_ASKED}
        url = f"{self.api}{self.geocode_path}?{urlencode(asked | {k: v for k, v in narrowed.items() if v})}"
        return self._call_geocoder(url, partial(self._read_addresses, exactly_one=exactly_one), timeout=timeout)

    def reverse(self, query: Any, *, timeout: Any = DEFAULT_SENTINEL) -> Any:
        """The units of territory around a point (lat, lon)."""
        lat, lon = self._coerce_point_to_string(query).split(",")
        url = f"{self.api}{self.reverse_path}?{urlencode({'lat': lat, 'lon': lon})}"
        return self._call_geocoder(url, _read_units, timeout=timeout)

    def _read_addresses(self, page: dict[str, Any], exactly_one: bool = True) -> Any:
        # A street without a number has no point.
        found = [each for each in page["direcciones"] if (each.get("ubicacion") or {}).get("lat") is not None]
        if not found:
            return None
        places = [_location(each) for each in found]
        return places[0] if exactly_one else places


class _Narrowed:
    """Georef as the others are asked: the box becomes the province that its middle lies in, found out once."""

    def __init__(self, geocoder: GeorefArgentina) -> None:
        self.adapter = geocoder.adapter
        self._geocoder = geocoder
        self._provinces: dict[tuple[float, float], str] = {}

    async def geocode(self, query: str, *, corners: Sequence[tuple[float, float]], **how: Any) -> Any:
        return await self._geocoder.geocode(query, provincia=await self._province(corners, how["timeout"]), **how)

    async def _province(self, corners: Sequence[tuple[float, float]], within: Any) -> str:
        (south, west), (north, east) = corners
        if north - south > _WIDEST or east - west > _WIDEST:
            return ""
        middle = ((south + north) / 2, (west + east) / 2)
        if middle not in self._provinces:
            units = await self._geocoder.reverse(middle, timeout=within)
            self._provinces[middle] = str(((units.raw if units else {}).get("provincia") or {}).get("id") or "")
        return self._provinces[middle]


def _location(address: dict[str, Any]) -> Location:
    point = address["ubicacion"]
    return Location(address["nomenclatura"], (point["lat"], point["lon"]), address)


def _read_units(page: dict[str, Any]) -> Location | None:
    units = page["ubicacion"]
    names = [(units.get(level) or {}).get("nombre") for level in ("municipio", "departamento", "provincia")]
    told = ", ".join(dict.fromkeys(name for name in names if name))
    return Location(told, (units["lat"], units["lon"]), units) if told else None


def _make(setup: Setup) -> _Narrowed:
    return _Narrowed(GeorefArgentina(token=setup.key, **setup.server()))


def _read(raw: dict[str, Any]) -> Candidate | None:
    point, street = raw["ubicacion"], str((raw.get("calle") or {}).get("nombre") or "")
    house = (raw.get("altura") or {}).get("valor")
    crossed = [str((raw.get(f"calle_cruce_{n}") or {}).get("nombre") or "") for n in (1, 2)]
    corners = [name.title() for name in crossed if name]
    words = f"{street.title()} {house or ''}".strip() + (f" y {' y '.join(corners)}" if corners else "")
    quarter = (raw.get("departamento") or {}).get("nombre") or ""
    kind: Kind = "house" if house else "crossing" if corners else "street"
    return Candidate(
        float(point["lat"]), float(point["lon"]), ", ".join(part for part in (words, quarter) if part), kind
    )


# Its terms name no number; without a token it is meant for single questions.
GEOREF = Provider(_make, lambda region: {"limit": MOST_ASKED, "corners": region.corners}, _read, pace=0.5)
