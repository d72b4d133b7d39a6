"""Positions in every notation that people, spreadsheets and surveyors write, and slips that are mended."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import distance_m, read_place
from routing.grids import FALSE_NORTHING, from_utm
from routing.guards import mend_position
from tests.machine import demo_pack

OBELISCO = (-34.6037, -58.3816)
# (written, metres of slack where the notation is coarse)
WRITTEN = [
    ("34 grados 36 minutos 13,32 segundos sur, 58 grados 22 minutos 53,76 segundos oeste", 1),
    ("34 grados 36' 13.32\" de latitud sur y 58 grados 22' 53.76\" de longitud oeste", 1),
    ("latitud sur 34°36'13.32\", longitud oeste 58°22'53.76\"", 1),
    ("34 graus 36,222 minutos sul e 58 graus 22,896 minutos oeste", 1),
    ("34 degrees 36.222 minutes south, 58 degrees 22.896 minutes west", 1),
    ("Sur 34.6037 Oeste 58.3816", 1),
    ("-34.603.700, -58.381.600", 1),
    ("-34.603.700 -58.381.600", 1),
    ("-34603700, -58381600", 1),
    ("-346037000 -583816000", 1),
    ("POINT(-58.3816 -34.6037)", 1),
    ("POINT (-58.3816 -34.6037)", 1),
    ("x: -58.3816, y: -34.6037", 1),
    ("Y=-34.6037; X=-58.3816", 1),
    ("21H 373317 6170036", 2),
    ("UTM 21H 373317 6170036", 2),
    ("zona 21 H, 373317 E, 6170036 N", 2),
    ("21 S 373.317 mE 6.170.036 mN", 2),
    ("21S X=373317 Y=6170036", 2),
    ("huso 21 H 373317,4 6170036,2", 2),
    ("21HUB7331770036", 2),
    ("21H UB 73317 70036", 2),
    ("21HUB73317003", 15),
]
# Numbers that are no position.
NUMBERS = [
    "llamame al 11 4567-1234",
    "mi dni es 12345678 y el de ella 23456789",
    "1134567890 1145678901",
    "son 12 A 345678 1234567 pesos",
    "entre 34 y 58",
    "la x de la esquina",
    "expediente 2023-12345678-GCABA",
    "61H 373317 6170036",
    "21H 37331 617003",
]


@pytest.mark.parametrize(("text", "slack"), WRITTEN)
def test_every_notation_is_read(text: str, slack: float) -> None:
    found = read_place(text)
    assert found is not None
    assert found.place.lat is not None
    assert found.place.lon is not None
    assert distance_m((found.place.lat, found.place.lon), OBELISCO) <= slack
    assert found.place.source == "coordinates"


@pytest.mark.parametrize("text", NUMBERS)
def test_other_numbers_are_no_position(text: str) -> None:
    assert read_place(text) is None


def test_what_stands_beside_a_position_stays() -> None:
    found = read_place("poste caído 21H 373317 6170036 frente al club")
    assert found is not None
    assert found.rest == "poste caído frente al club"


def test_the_grid_agrees_with_points_that_are_known() -> None:
    """The Empire State Building, the middle of a zone on the equator, and Santiago's half of zone 19."""
    assert from_utm(18, 585628.0, 4511322.0, south=False) == pytest.approx((40.748396, -73.985705), abs=1e-6)
    assert from_utm(21, 500000.0, 0.0, south=False) == pytest.approx((0.0, -57.0), abs=1e-9)
    found = read_place("19S 346000 6297000")
    assert found is not None
    assert found.place.lat == pytest.approx(-33.455, abs=0.01), "the southern half, and no band of the north"


@given(st.floats(-79, 79), st.floats(-2.9, 2.9), st.integers(1, 60))
def test_the_grid_is_undone_by_what_makes_it(lat: float, beside: float, zone: int) -> None:
    lon = zone * 6 - 183 + beside
    east, north = _to_utm(lat, beside)
    found = from_utm(zone, east, north + (FALSE_NORTHING if lat < 0 else 0.0), south=lat < 0)
    assert distance_m((lat, lon), found) < 0.1


def _to_utm(lat: float, beside: float) -> tuple[float, float]:
    """Metres on the grid by Redfearn's series (as surveyors print it), which shares no term with ours."""
    a, f, k = 6_378_137.0, 1 / 298.257223563, 0.9996
    e2 = f * (2 - f)
    phi, lam = math.radians(lat), math.radians(beside)
    second = e2 / (1 - e2)
    nu = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    t, c, big = math.tan(phi) ** 2, second * math.cos(phi) ** 2, lam * math.cos(phi)
    arc = a * (
        (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256) * phi
        - (3 * e2 / 8 + 3 * e2**2 / 32 + 45 * e2**3 / 1024) * math.sin(2 * phi)
        + (15 * e2**2 / 256 + 45 * e2**3 / 1024) * math.sin(4 * phi)
        - (35 * e2**3 / 3072) * math.sin(6 * phi)
    )
    east = k * nu * (big + (1 - t + c) * big**3 / 6 + (5 - 18 * t + t**2 + 72 * c - 58 * second) * big**5 / 120)
    north = k * (
        arc
        + nu * math.tan(phi) * (big**2 / 2 + (5 - t + 9 * c + 4 * c**2) * big**4 / 24
                                + (61 - 58 * t + t**2 + 600 * c - 330 * second) * big**6 / 720)
    )  # fmt: skip
    return 500_000.0 + east, north


def served(lat: float, lon: float) -> bool:
    return bool(demo_pack().areas_at(lat, lon))


SLIPS = [
    ("-58.3816, -34.6037", "swapped"),
    ("34.6037, 58.3816", "signs"),
    ("34.6037, -58.3816", "signs"),
    ("-34.6037, 58.3816", "signs"),
    ("58.3816, 34.6037", "swapped-signs"),
    ("-58.3816, 34.6037", "swapped-signs"),
]


@pytest.mark.parametrize(("text", "slip"), SLIPS)
def test_a_position_outside_that_lies_inside_when_read_otherwise_is_mended(text: str, slip: str) -> None:
    found = read_place(text)
    assert found is not None
    assert found.place.lat is not None
    assert found.place.lon is not None
    mended = mend_position(found.place.lat, found.place.lon, served)
    assert mended is not None
    assert mended.slip == slip
    assert distance_m((mended.lat, mended.lon), OBELISCO) < 1


def test_a_position_inside_is_left_alone_and_one_far_away_too() -> None:
    assert mend_position(*OBELISCO, served) is None
    assert mend_position(-34.9011, -56.1645, served) is None
    assert mend_position(-95.0, 12.0, served) is None, "no reading of it is on the globe and served"


def test_the_longest_text_of_digits_is_read_in_no_time() -> None:
    for text in ("-34.603 " * 500, "34 36 " * 700, "21H " * 1000, "-3460370 " * 400, "sur 34 grados " * 300):
        began = time.process_time()
        read_place(text)
        assert time.process_time() - began < 0.2, text[:20]
