"""Geocoders on loopback: each answers in the form that its provider documents, or as a test tells it to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from routing.words import plain

# (lat, lon) of the corner of Corrientes and Callao, and of a door in Corrientes.
CORNER, DOOR = (-34.60440, -58.39250), (-34.60390, -58.38530)
FAR = (-31.42010, -64.18880)


class FakeGeocoder:
    """One server: `answer` makes the body for a request, `seen` are the requests, `trouble` replaces the answer."""

    def __init__(self, answer: Callable[[web.Request], Any]) -> None:
        self.answer = answer
        self.seen: list[web.Request] = []
        self.at: list[float] = []
        self.trouble: web.Response | None = None
        self.slow = 0.0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.seen.append(request)
        self.at.append(time.monotonic())
        await asyncio.sleep(self.slow)
        return self.trouble or web.json_response(self.answer(request))

    @property
    def query(self) -> dict[str, str]:
        """The last request's parameters."""
        return dict(self.seen[-1].query)


@asynccontextmanager
async def serving(answer: Callable[[web.Request], Any]) -> AsyncIterator[FakeGeocoder]:
    """A server on loopback for as long as it is needed."""
    fake = FakeGeocoder(answer)
    app = web.Application()
    app.router.add_get("/{path:.*}", fake.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        fake.url = f"http://127.0.0.1:{server.port}"
        yield fake


def nominatim(request: web.Request) -> Any:
    """https://nominatim.org/release-docs/latest/api/Search/ with format=json and addressdetails=1."""
    if "Corrientes" not in request.query["q"]:
        return []
    return [
        nominatim_place(DOOR, "place", "house", "node", house_number="1234", road="Avenida Corrientes",
                        suburb="San Nicolás", city="Buenos Aires"),
        nominatim_place(FAR, "highway", "residential", "way", road="Corrientes", city="Córdoba"),
    ]  # fmt: skip


def nominatim_place(point: tuple[float, float], kind: str, what: str, osm: str, **address: str) -> dict[str, Any]:
    """One result."""
    lat, lon = point
    return {
        "place_id": 1, "licence": "Data © OpenStreetMap contributors, ODbL 1.0.", "osm_type": osm, "osm_id": 2,
        "lat": str(lat), "lon": str(lon), "class": kind, "type": what, "place_rank": 30, "importance": 0.1,
        "addresstype": what, "name": "", "display_name": ", ".join(address.values()), "address": address,
        "boundingbox": [str(lat - 0.001), str(lat + 0.001), str(lon - 0.001), str(lon + 0.001)],
    }  # fmt: skip


def _house(point: tuple[float, float], street: str, number: str, district: str) -> dict[str, Any]:
    return {"point": point, "kind": "house", "street": street, "housenumber": number, "district": district}


def _school(point: tuple[float, float], street: str, number: str, district: str) -> dict[str, Any]:
    return {**_house(point, street, number, district), "kind": "school", "name": "Escuela Normal"}


KNOWN_TO_PHOTON = {
    "corrientes": [_house(DOOR, "Avenida Corrientes", "1234", "San Nicolás")],
    "zelarrayan 650": [_house((-34.68050, -58.47450), "Zelarrayán", "650", "Villa Lugano")],
    "miralla 2100": [_house((-34.66020, -58.49620), "Miralla", "2102", "Mataderos")],
    "normal": [
        _school((-34.58730, -58.40950), "Arenales", "3300", "Palermo"),
        _school((-34.60990, -58.42880), "Rivadavia", "4500", "Almagro"),
        _school((-34.60990, -58.42885), "Rivadavia", "4502", "Almagro"),
        _school(FAR, "Colón", "900", "Centro"),
    ],
}


def photon(request: web.Request) -> Any:
    """https://github.com/komoot/photon: a GeoJSON FeatureCollection."""
    said = set(plain(request.query["q"]).replace(",", " ").split())
    known = next((found for name, found in KNOWN_TO_PHOTON.items() if set(name.split()) <= said), [])
    return {"type": "FeatureCollection", "features": [photon_place(**each) for each in known]}


def photon_place(point: tuple[float, float], kind: str, **told: str) -> dict[str, Any]:
    """One feature."""
    found = {
        "osm_id": 2, "osm_type": "N", "osm_key": "place", "osm_value": kind, "type": "house", "city": "Buenos Aires",
        "country": "Argentina", "countrycode": "AR", "postcode": "C1043", **told,
    }  # fmt: skip
    lat, lon = point
    return {"type": "Feature", "properties": found, "geometry": {"type": "Point", "coordinates": [lon, lat]}}


def georef(request: web.Request) -> Any:
    """https://datosgobar.github.io/georef-ar-api/addresses and /ubicacion."""
    province = {"id": "02", "nombre": "Ciudad Autónoma de Buenos Aires"}
    if request.path == "/ubicacion":
        return {
            "parametros": {},
            "ubicacion": {
                "lat": float(request.query["lat"]), "lon": float(request.query["lon"]), "provincia": province,
                "departamento": {"id": "02042", "nombre": "Comuna 6"}, "municipio": {"id": None, "nombre": None},
            },
        }  # fmt: skip
    street, _, rest = request.query["direccion"].partition(" y ")
    nobody = {"categoria": None, "id": None, "nombre": None}
    crossing = {"categoria": "AV", "id": "0200701001695", "nombre": "AV CALLAO"} if rest else nobody
    lat, lon = CORNER if rest else DOOR
    found = {
        "altura": {"unidad": None, "valor": None if rest else 1234},
        "calle": {"categoria": "AV", "id": "0200701002595", "nombre": "AV CORRIENTES"},
        "calle_cruce_1": crossing, "calle_cruce_2": nobody, "departamento": {"id": "02007", "nombre": "Comuna 1"},
        "localidad_censal": {"id": "02000010", "nombre": "Ciudad Autónoma de Buenos Aires"}, "piso": None,
        "nomenclatura": "AV CORRIENTES 1234, Comuna 1, Ciudad Autónoma de Buenos Aires", "provincia": province,
        "ubicacion": {"lat": lat, "lon": lon},
    }  # fmt: skip
    without_point = {**found, "ubicacion": {"lat": None, "lon": None}}
    listed = [without_point, found] if "Corrientes" in street else []
    return {"cantidad": len(listed), "direcciones": listed, "inicio": 0, "parametros": {}, "total": len(listed)}


def google(request: web.Request) -> Any:
    """https://developers.google.com/maps/documentation/geocoding/requests-geocoding."""
    if "Corrientes" not in request.query["address"]:
        return {"results": [], "status": "ZERO_RESULTS"}
    crossing = " y " in request.query["address"]
    lat, lon = CORNER if crossing else DOOR
    found = {
        "address_components": [], "place_id": "ChIJ",
        "formatted_address": ("Av. Corrientes & Av. Callao" if crossing else "Av. Corrientes 1234")
        + ", C1043 Cdad. Autónoma de Buenos Aires, Argentina",
        "geometry": {"location": {"lat": lat, "lng": lon}, "location_type": "ROOFTOP", "viewport": {}},
        "types": ["intersection"] if crossing else ["street_address"],
    }  # fmt: skip
    return {"results": [found], "status": "OK"}


def opencage(request: web.Request) -> Any:
    """https://opencagedata.com/api#response."""
    lat, lon = DOOR
    found = {
        "components": {"_category": "building", "_type": "building", "country_code": "ar", "house_number": "1234",
                       "road": "Avenida Corrientes", "suburb": "San Nicolás", "city": "Buenos Aires"},
        "confidence": 10, "formatted": "Avenida Corrientes 1234, San Nicolás, C1043 Buenos Aires, Argentina",
        "geometry": {"lat": lat, "lng": lon},
    }  # fmt: skip
    results = [found] if "Corrientes" in request.query["q"] else []
    return {"results": results, "status": {"code": 200, "message": "OK"}, "total_results": len(results)}


def mapbox(request: web.Request) -> Any:
    """https://docs.mapbox.com/api/search/geocoding-v5/#geocoding-response-object."""
    lat, lon = DOOR
    found = {
        "id": "address.1", "type": "Feature", "place_type": ["address"], "relevance": 1, "text": "Avenida Corrientes",
        "address": "1234", "place_name": "Avenida Corrientes 1234, Buenos Aires, C1043, Argentina",
        "center": [lon, lat], "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": {}, "context": [],
    }  # fmt: skip
    return {"type": "FeatureCollection", "features": [found] if "Corrientes" in request.path else []}


ANSWERS: dict[str, Callable[[web.Request], Any]] = {
    "nominatim": nominatim,
    "photon": photon,
    "georef": georef,
    "google": google,
    "opencage": opencage,
    "mapbox": mapbox,
}
