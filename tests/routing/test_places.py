"""How a person says where: every form that phones, maps and people are known to send."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from openlocationcode import openlocationcode

from routing import distance_m, read_place, tidy_words, unreadable_link, without_links

OBELISCO = (-34.6037, -58.3816)
NEAR = (-34.61, -58.44)


class Form(NamedTuple):
    """What was written, and what must be read from it; metres of slack where the notation itself is coarse."""

    text: str
    words: str = ""
    rest: str = ""
    source: str = "link"
    slack: float = 1.0


def numbers(text: str, rest: str = "", slack: float = 1.0) -> Form:
    return Form(text, rest=rest, source="coordinates", slack=slack)


def code(text: str, words: str = "", rest: str = "") -> Form:
    return Form(text, words, rest, "pluscode", 12.0)


NUMBERS = [
    numbers("-34.6037, -58.3816"),
    numbers("-34.6037,-58.3816"),
    numbers("-34.6037 -58.3816"),
    numbers("(-34.6037, -58.3816)"),
    numbers("-34.6037;-58.3816"),
    numbers("-34.6037 / -58.3816"),
    numbers("-34,6037 -58,3816"),
    numbers("-34,6037, -58,3816"),
    numbers("-34,6037;-58,3816"),
    numbers("−34.6037, −58.3816"),
    numbers("-34.6037°, -58.3816°"),
    numbers("-34.6037, -58.3816."),
    numbers("estoy en -34.6037, -58.3816 hay un bache", rest="estoy en hay un bache"),
    numbers("Bache\n-34.6037, -58.3816\nmuy grande", rest="Bache muy grande"),
    numbers("34.6037 S, 58.3816 W"),
    numbers("34.6037S 58.3816O"),
    numbers("34,6037° S; 58,3816° O"),
    numbers("S 34.6037 W 58.3816"),
    numbers("S34.6037° O58.3816°"),
    numbers("58.3816 W, 34.6037 S"),
    numbers("O 58.3816, S 34.6037"),
    numbers("34.6037 s y 58.3816 o"),
    numbers("lat: -34.6037, lon: -58.3816"),
    numbers("lat -34.6037 long -58.3816"),
    numbers("Latitud: -34.6037, Longitud: -58.3816"),
    numbers("latitude=-34.6037&longitude=-58.3816"),
    numbers("lng: -58.3816, lat: -34.6037"),
    numbers("longitud -58,3816 y latitud -34,6037"),
    numbers("34°36'13.32\"S 58°22'53.76\"W"),
    numbers("34° 36' 13,32\" S, 58° 22' 53,76\" O"),
    numbers("34°36′13.32″S 58°22′53.76″O"),
    numbers("34º36'13.32''S 58º22'53.76''O"),
    numbers("S 34°36'13.32\" W 58°22'53.76\""),
    numbers("-34°36'13.32\", -58°22'53.76\""),
    numbers("34°36.222'S 58°22.896'W"),
    numbers("34° 36,222' S 58° 22,896' O"),
    numbers("S 34 36 13.32 W 58 22 53.76"),
    numbers("34 36 13.32 S 58 22 53.76 W"),
    numbers("34:36:13.32S 58:22:53.76W"),
    numbers("34°36'S 58°23'W", slack=500),
]

GOOGLE = [
    Form("https://maps.google.com/?q=-34.6037,-58.3816"),
    Form("https://www.google.com/maps?q=-34.6037,-58.3816&z=17&hl=es"),
    Form("http://maps.google.com/maps?q=loc:-34.6037,-58.3816"),
    Form("https://maps.google.com/?q=-34.6037,-58.3816(Obelisco)", words="Obelisco"),
    Form("https://www.google.com/maps/@-34.6037,-58.3816,17z"),
    Form("https://www.google.com.ar/maps/@-34.6037,-58.3816,17.5z?entry=ttu"),
    Form(
        "https://www.google.com/maps/place/Obelisco/@-34.6100,-58.3900,17z/data=!3m1!4b1!4m6!3m5!1s0x4aa:0xc2!8m2"
        "!3d-34.6037!4d-58.3816!16zL20",
        words="Obelisco",
    ),
    Form("https://www.google.com/maps/place/Hospital+de+Ni%C3%B1os/@-34.6037,-58.3816,17z", words="Hospital de Niños"),
    Form("https://www.google.com/maps/place/34%C2%B036'13.3%22S+58%C2%B022'53.8%22W/@-34.61,-58.39,17z", slack=2),
    Form("https://www.google.com/maps/place/-34.6037,-58.3816"),
    Form("https://www.google.com/maps/search/-34.6037,+-58.3816?shorturl=1"),
    Form("https://www.google.com/maps/search/?api=1&query=-34.6037%2C-58.3816"),
    Form("https://www.google.com/maps/dir/?api=1&destination=-34.6037,-58.3816"),
    Form("https://www.google.com/maps/dir/-34.7000,-58.5000/-34.6037,-58.3816/@-34.65,-58.44,13z/data=!3m1"),
    Form("https://www.google.com/maps/dir//-34.6037,-58.3816"),
    Form("https://maps.google.com/maps?daddr=-34.6037,-58.3816&saddr=-34.7,-58.5"),
    Form("https://maps.google.com/maps?ll=-34.6037,-58.3816&z=16"),
    Form("https://www.google.com/maps/embed?pb=!1m18!1m12!1m3!1d3284.0!2d-58.3816!3d-34.6037!2m3!1f0"),
    Form("https://www.google.com/maps/@?api=1&map_action=pano&viewpoint=-34.6037,-58.3816"),
    Form("maps.google.com/?q=-34.6037,-58.3816"),
    Form(
        "https://consent.google.com/m?continue=https://maps.google.com/?q%3D-34.6037,-58.3816&gl=AR",
    ),
    Form("https://maps.app.goo.gl/?link=https://www.google.com/maps?q%3D-34.6037,-58.3816&apn=com.google"),
    Form(
        "Mirá este lugar: https://maps.google.com/?q=-34.6037,-58.3816, hay un bache.",
        rest="Mirá este lugar hay un bache.",
    ),
]

OTHER_MAPS = [
    Form("https://maps.apple.com/?ll=-34.6037,-58.3816&q=Mi%20ubicaci%C3%B3n", words="Mi ubicación"),
    Form("https://maps.apple.com/?q=-34.6037,-58.3816"),
    Form("http://maps.apple.com/?daddr=-34.6037,-58.3816&dirflg=d"),
    Form("https://maps.apple.com/?address=Av.%20Corrientes%201234&ll=-34.6037,-58.3816", words="Av. Corrientes 1234"),
    Form("https://maps.apple.com/place?coordinate=-34.6037,-58.3816&name=Obelisco", words="Obelisco"),
    Form("https://www.openstreetmap.org/?mlat=-34.6037&mlon=-58.3816#map=17/-34.61/-58.39"),
    Form("https://www.openstreetmap.org/#map=17/-34.6037/-58.3816"),
    Form("https://www.openstreetmap.org/#map=17/-34.6037/-58.3816&layers=N"),
    Form("https://osm.org/?mlat=-34.6037&mlon=-58.3816"),
    Form("https://www.openstreetmap.org/directions?route=-34.7,-58.5;-34.6037,-58.3816"),
    Form("https://waze.com/ul?ll=-34.6037%2C-58.3816&navigate=yes"),
    Form("https://www.waze.com/ul?ll=-34.6037,-58.3816&q=Obelisco", words="Obelisco"),
    Form("https://www.waze.com/live-map/directions?to=ll.-34.6037%2C-58.3816"),
    Form("https://www.waze.com/es/livemap/directions?latlng=-34.6037%2C-58.3816"),
    Form("https://www.bing.com/maps?cp=-34.6037~-58.3816&lvl=17"),
    Form("https://bing.com/maps/default.aspx?sp=point.-34.6037_-58.3816_Obelisco", words="Obelisco"),
    Form("https://yandex.com/maps/?ll=-58.39,-34.61&pt=-58.3816,-34.6037&z=17"),
    Form("https://share.here.com/l/-34.6037,-58.3816,Obelisco"),
    Form("https://osmand.net/map?pin=-34.6037,-58.3816#17/-34.61/-58.39"),
    Form("geo:-34.6037,-58.3816"),
    Form("geo:-34.6037,-58.3816?z=17"),
    Form("geo:0,0?q=-34.6037,-58.3816(Obelisco)", words="Obelisco"),
    Form("geo:0,0?q=-34.6037,-58.3816"),
    Form("geo:-34.6037,-58.3816?q=-34.6037,-58.3816(La+esquina)", words="La esquina"),
]

CODES = [
    code("48Q39JW9+G9"),
    code("48q39jw9+g9"),
    code("9JW9+G9 Buenos Aires", words="Buenos Aires"),
    code("9JW9+G9, C1043 Cdad. Autónoma de Buenos Aires", words="C1043 Cdad. Autónoma de Buenos Aires"),
    code("bache en 9JW9+G9", rest="bache en"),
    Form("https://plus.codes/48Q39JW9+G9", source="pluscode", slack=12),
    Form("https://www.google.com/maps/place/48Q39JW9%2BG9", source="pluscode", slack=12),
]


@pytest.mark.parametrize("form", [*NUMBERS, *GOOGLE, *OTHER_MAPS, *CODES], ids=lambda form: form.text[:70])
def test_a_place_is_read_in_the_form_in_which_it_comes(form: Form) -> None:
    found = read_place(form.text, near=NEAR)
    assert found is not None
    place = found.place
    assert place.lat is not None
    assert place.lon is not None
    assert distance_m((place.lat, place.lon), OBELISCO) <= form.slack
    assert (place.words, found.rest, place.source) == (form.words, form.rest, form.source)
    assert not unreadable_link(form.text) or form.source == "pluscode"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hola",
        "Av. Corrientes 1234",
        "entre 34 y 58",
        "Corrientes 3.500, 2do piso",
        "hace 34° de calor y 40° de térmica",
        "son 1.250,500 pesos",
        "0.000000, 0.000000",
        "geo:0,0",
        "-94.6037, -58.3816",
        "-34.6037, -258.3816",
        "34°66'13\"S 58°22'53\"W",
        "34.6037 S 58.3816 N",
        "de 10:30 a 12:45",
        "11-5555-1234",
        "2345+67",
        "9JW9-G9",
        "https://www.google.com/search?q=baches",
        "https://maps.google.com/?q=0,0",
        "0xB00",
        "2024-01-15 12.345",
        "+54 9 11 5555 1234",
    ],
)
def test_what_is_no_place_is_left_alone(text: str) -> None:
    assert read_place(text, near=NEAR) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://maps.app.goo.gl/AbCdEfGh12345",
        "Obelisco\nhttps://maps.app.goo.gl/AbCdEfGh12345?g_st=ic",
        "https://goo.gl/maps/AbCdEf",
        "goo.gl/maps/AbCdEf",
        "https://g.co/maps/abcde",
        "https://maps.apple/p/AbCdEf",
        "https://w3w.co/filled.count.soap",
        "https://www.waze.com/ul",
        "https://maps.google.com/",
    ],
)
def test_a_link_that_tells_nothing_is_known_as_such(text: str) -> None:
    assert read_place(text) is None
    assert unreadable_link(text)


@pytest.mark.parametrize("text", ["hola", "https://buenosaires.gob.ar", "-34.6037, -58.3816", "geo:-34.6037,-58.3816"])
def test_other_texts_are_no_unreadable_links(text: str) -> None:
    assert not unreadable_link(text)


def test_coordinates_beside_a_shortened_link_are_taken() -> None:
    found = read_place("https://maps.app.goo.gl/AbCdEf -34.6037, -58.3816")
    assert found is not None
    assert (found.place.lat, found.place.lon) == OBELISCO


def test_the_numbers_in_an_unknown_maps_link_are_taken() -> None:
    found = read_place("https://mapa.example/lugar?en=-34.6037,-58.3816")
    assert found is not None
    assert (found.place.lat, found.place.lon) == OBELISCO


def test_a_link_with_words_alone_gives_the_words() -> None:
    found = read_place("https://maps.google.com/?q=Av.+Corrientes+1234")
    assert found is not None
    assert not found.place.located
    assert found.place.words == "Av. Corrientes 1234"
    assert not unreadable_link("https://maps.google.com/?q=Av.+Corrientes+1234")


def test_of_two_links_the_one_with_a_position_counts() -> None:
    found = read_place("https://maps.app.goo.gl/AbCdEf https://maps.google.com/?q=-34.6037,-58.3816")
    assert found is not None
    assert found.place.located


def test_what_a_geo_address_claims_of_its_accuracy_is_kept() -> None:
    found = read_place("geo:-34.6037,-58.3816;u=35")
    assert found is not None
    assert found.place.accuracy == 35.0


def test_a_short_code_needs_something_to_count_from() -> None:
    assert read_place("9JW9+G9 Buenos Aires") is None


def test_words_beside_a_link_are_found_again() -> None:
    assert without_links("Obelisco\nhttps://maps.app.goo.gl/AbCdEf?g_st=ic ") == "Obelisco"
    assert without_links("sin enlaces") == "sin enlaces"


def test_words_are_tidied_to_one_line() -> None:
    assert tidy_words("  \u200bfrente a \n la plaza ,") == "frente a la plaza"


def test_distances_are_those_of_the_globe() -> None:
    # A degree of latitude on the mean sphere.
    assert distance_m((0, 0), (1, 0)) == pytest.approx(111_195, abs=1)
    assert distance_m(OBELISCO, OBELISCO) == 0
    assert distance_m((0, 179.9), (0, -179.9)) == pytest.approx(22_239, abs=1)


LATITUDES = st.floats(-89.9, 89.9).filter(lambda lat: abs(lat) > 0.001)
LONGITUDES = st.floats(-179.9, 179.9).filter(lambda lon: abs(lon) > 0.001)


def _letters(lat: float, lon: float) -> tuple[str, str]:
    return ("S" if lat < 0 else "N"), ("W" if lon < 0 else "E")


def _dms(value: float) -> str:
    seconds = abs(value) * 3600
    return f"{int(seconds // 3600)}°{int(seconds % 3600 // 60):02}'{min(seconds % 60, 59.99999):.5f}\""


def _dm(value: float) -> str:
    minutes = abs(value) * 60
    return f"{int(minutes // 60)}°{min(minutes % 60, 59.9999999):.7f}'"


def _geohash(lat: float, lon: float) -> str:
    return _interleaved(lat, lon, 12, 5, "0123456789bcdefghjkmnpqrstuvwxyz")


def _osm_code(lat: float, lon: float) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~"
    return _interleaved(lat, lon, 10, 6, letters)


def _interleaved(lat: float, lon: float, length: int, width: int, letters: str) -> str:
    """Longitude and latitude bits by turns: how geohashes and OpenStreetMap's short codes are made."""
    cells = 2 ** (length * width // 2)
    rows, columns = int((lat + 90) / 180 * cells), int((lon + 180) / 360 * cells)
    half = length * width // 2
    bits = "".join(x + y for x, y in zip(f"{columns:0{half}b}", f"{rows:0{half}b}", strict=True))
    return "".join(letters[int(bits[at : at + width], 2)] for at in range(0, len(bits), width))


NOTATIONS: dict[str, Callable[[float, float], str]] = {
    "decimal": lambda lat, lon: f"{lat:.6f}, {lon:.6f}",
    "comma": lambda lat, lon: f"{lat:.6f} {lon:.6f}".replace(".", ","),
    "comma both": lambda lat, lon: f"{lat:.6f}, {lon:.6f}".replace(".", ","),
    "letters after": lambda lat, lon: f"{abs(lat):.6f} {_letters(lat, lon)[0]}, {abs(lon):.6f} {_letters(lat, lon)[1]}",
    "letters before": lambda lat, lon: f"{_letters(lat, lon)[0]}{abs(lat):.6f} {_letters(lat, lon)[1]}{abs(lon):.6f}",
    "longitude first": lambda lat, lon: f"lon {lon:.6f} lat {lat:.6f}",
    "dms": lambda lat, lon: f"{_dms(lat)}{_letters(lat, lon)[0]} {_dms(lon)}{_letters(lat, lon)[1]}",
    "dm": lambda lat, lon: f"{_dm(lat)} {_letters(lat, lon)[0]} {_dm(lon)} {_letters(lat, lon)[1]}",
    "geo": lambda lat, lon: f"geo:{lat:.6f},{lon:.6f};u=10",
    "google q": lambda lat, lon: f"https://maps.google.com/?q={lat:.6f},{lon:.6f}",
    "google pin": lambda lat, lon: f"https://www.google.com/maps/place/X/@1.0,2.0,17z/data=!3d{lat:.6f}!4d{lon:.6f}",
    "google dms": lambda lat, lon: (
        "https://www.google.com/maps/place/"
        + quote_plus(f"{_dms(lat)}{_letters(lat, lon)[0]} {_dms(lon)}{_letters(lat, lon)[1]}")
    ),
    "apple": lambda lat, lon: f"https://maps.apple.com/?q={quote('Acá')}&ll={lat:.6f},{lon:.6f}",
    "osm": lambda lat, lon: f"https://www.openstreetmap.org/?mlat={lat:.6f}&mlon={lon:.6f}",
    "osm short": lambda lat, lon: f"https://osm.org/go/{_osm_code(lat, lon)}",
    "waze": lambda lat, lon: f"https://waze.com/ul?ll={lat:.6f}%2C{lon:.6f}",
    "waze short": lambda lat, lon: f"https://waze.com/ul/h{_geohash(lat, lon)}",
    "bing": lambda lat, lon: f"https://www.bing.com/maps?cp={lat:.6f}~{lon:.6f}",
    "yandex": lambda lat, lon: f"https://yandex.com/maps/?pt={lon:.6f},{lat:.6f}",
    "plus code": lambda lat, lon: openlocationcode.encode(lat, lon, 15),
}


@pytest.mark.parametrize("notation", NOTATIONS)
@given(lat=LATITUDES, lon=LONGITUDES)
def test_what_one_notation_writes_is_read_back(notation: str, lat: float, lon: float) -> None:
    written = NOTATIONS[notation](lat, lon)
    # A plus code of digits alone is taken for a sum or a telephone number.
    assume(notation != "plus code" or any(character.isalpha() for character in written))
    found = read_place(f"acá: {written}")
    assert found is not None
    assert found.place.lat == pytest.approx(lat, abs=1e-5)
    assert found.place.lon == pytest.approx(lon, abs=1e-5)
    assert found.rest == "acá"


@given(lat=st.floats(-80, 80), lon=st.floats(-170, 170), east=st.floats(-0.2, 0.2), north=st.floats(-0.2, 0.2))
def test_a_short_code_is_found_again_near_its_town(lat: float, lon: float, east: float, north: float) -> None:
    full = openlocationcode.encode(lat, lon)
    found = read_place(full[4:], near=(lat + north, lon + east))
    # Only digits are no code in a chat: they are a sum or a telephone number.
    if any(letter.isalpha() for letter in full[4:]):
        assert found is not None
        assert found.place.lat == pytest.approx(lat, abs=1e-3)


@given(st.text(max_size=300))
def test_no_text_is_too_odd_to_be_looked_at(text: str) -> None:
    found = read_place(text, near=NEAR)
    assert found is None or found.place.words or found.place.located
    assert isinstance(unreadable_link(text), bool)


@given(st.text(alphabet="0123456789.,-°'\" SWNOELlatongh:+", max_size=200))
def test_no_heap_of_digits_and_signs_takes_long_or_leaves_the_globe(text: str) -> None:
    found = read_place(text)
    if found and found.place.lat is not None and found.place.lon is not None:
        assert -90 <= found.place.lat <= 90
        assert -180 <= found.place.lon <= 180


@given(
    st.sampled_from(["https://www.google.com/maps/", "https://maps.apple.com/?", "https://osm.org/", "geo:"]),
    st.text(alphabet="!@/&?=#%3d4dqll.,-+0159:(", max_size=120),
)
def test_no_broken_link_is_too_odd_to_be_looked_at(start: str, end: str) -> None:
    read_place(start + end)
