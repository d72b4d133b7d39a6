"""Points that the pack itself knows: doors along a street's line, where two lines meet, places of the gazetteer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import cos, radians

from shapely.geometry import LineString
from shapely.ops import nearest_points

from routing.candidates import Candidate, Kind
from routing.records import InformalPlace, Street
from routing.settling import Site
from routing.spots import Spot

# A crossing whose two lines miss each other by more is none (metres).
_MEET = 250.0
_METRES_A_DEGREE = 111_195.0
PACK = "pack"


def address_points(site: Site, streets: tuple[Street, ...]) -> list[Candidate]:
    """Where an address may be, as far as its streets are drawn; without words."""
    if site.corners:
        crossings = [_crossing(streets[a], streets[b]) for a in site.main for ids in site.corners for b in ids]
        found = [each for each in crossings if each]
        if not site.between:
            return found
        return [_middle(found)] if len(found) == len(site.corners) else []
    if site.house is None:
        return []
    return [each for n in site.main if (each := _door(streets[n], site.house))]


def spot_points(spot: Spot, places: tuple[InformalPlace, ...]) -> list[Candidate]:
    """Where a place of the gazetteer is: its manzana where that is known, else its own point."""
    named = [piece.named for piece in spot.pieces if piece.named and piece.named.place >= 0]
    blocks = [piece.value for piece in spot.pieces if piece.kind == "block"]
    return list(_place_points((places[name.place] for name in named), blocks, alone=len(spot.pieces) == 1))


def _place_points(places: Iterable[InformalPlace], blocks: list[str], *, alone: bool) -> Iterator[Candidate]:
    for place in places:
        if known := next((place.blocks[block] for block in blocks if block in place.blocks), None):
            yield Candidate(*known, words="", kind="house", provider=PACK, accuracy=_block_m(place))
        elif place.lat is not None and place.lon is not None:
            # A settlement's middle is no house in it.
            kind: Kind = "place" if place.landmark and alone else "area"
            yield Candidate(place.lat, place.lon, words="", kind=kind, provider=PACK, accuracy=place.within)


def _block_m(place: InformalPlace) -> float:
    return min(place.within, 60.0)


def _door(street: Street, house: int) -> Candidate | None:
    """Between the two points whose numbers are around a house."""
    for (lat, lon, number), (next_lat, next_lon, next_number) in pairwise(street.line):
        if number <= house <= next_number:
            share = (house - number) / max(next_number - number, 1)
            at = lat + (next_lat - lat) * share, lon + (next_lon - lon) * share
            return Candidate(round(at[0], 6), round(at[1], 6), "", "house", 1.0, PACK, street.within)
    return None


def _crossing(a: Street, b: Street) -> Candidate | None:
    if len(a.line) < 2 or len(b.line) < 2:
        return None
    flat = cos(radians(a.line[0][0]))
    one, other = (LineString([(lon * flat, lat) for lat, lon, _ in street.line]) for street in (a, b))
    near, far = nearest_points(one, other)
    if near.distance(far) * _METRES_A_DEGREE > _MEET:
        return None
    lat, lon = (near.y + far.y) / 2, (near.x + far.x) / 2 / flat
    return Candidate(round(lat, 6), round(lon, 6), "", "crossing", 1.0, PACK, max(a.within, b.within))


def _middle(ends: list[Candidate]) -> Candidate:
    """The middle of the block between two streets."""
    lat, lon = ((ends[0].lat + ends[1].lat) / 2, (ends[0].lon + ends[1].lon) / 2)
    return Candidate(round(lat, 6), round(lon, 6), "", "crossing", 1.0, PACK, ends[0].accuracy)
