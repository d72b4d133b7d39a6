"""The demo pack: valid, drawn as its note says, and sending each report to who answers for it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from routing import Pack, read_pack
from routing.areas import outline

FOLDER = Path(__file__).parents[2] / "packs" / "buenos-aires"
LANGUAGES = ("es", "pt", "en")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(FOLDER)


PLACES = {
    "Obelisco": (-34.6037, -58.3816, 1),
    "Plaza de Mayo": (-34.6083, -58.3712, 1),
    "Estación Retiro": (-34.5915, -58.3745, 1),
    "Estación Constitución": (-34.6276, -58.3810, 1),
    "Puente de la Mujer": (-34.6079, -58.3652, 1),
    "Cementerio de la Recoleta": (-34.5875, -58.3934, 2),
    "Facultad de Derecho": (-34.5832, -58.3918, 2),
    "Plaza Miserere": (-34.6098, -58.4063, 3),
    "Caminito": (-34.6392, -58.3628, 4),
    "La Bombonera": (-34.6356, -58.3649, 4),
    "Hospital Garrahan": (-34.6304, -58.3923, 4),
    "Cancha de Huracán": (-34.6431, -58.3961, 4),
    "San Juan y Boedo": (-34.6253, -58.4163, 5),
    "Primera Junta": (-34.6205, -58.4412, 6),
    "Parque Rivadavia": (-34.6180, -58.4336, 6),
    "Plaza Flores": (-34.6290, -58.4636, 7),
    "Parque Chacabuco": (-34.6352, -58.4395, 7),
    "Autódromo": (-34.6943, -58.4593, 8),
    "Villa Lugano": (-34.6790, -58.4720, 8),
    "Cancha de Vélez": (-34.6353, -58.5207, 9),
    "Parque Avellaneda": (-34.6460, -58.4785, 9),
    "Estación Floresta": (-34.6312, -58.4838, 10),
    "Plaza Arenales, Villa Devoto": (-34.5998, -58.5120, 11),
    "Cancha de Argentinos Juniors": (-34.6061, -58.4727, 11),
    "Estación Villa Urquiza": (-34.5731, -58.4874, 12),
    "Parque Saavedra": (-34.5505, -58.4805, 12),
    "Cancha de River": (-34.5453, -58.4498, 13),
    "Barrancas de Belgrano": (-34.5600, -58.4490, 13),
    "Cabildo y Juramento": (-34.5624, -58.4562, 13),
    "Plaza Italia": (-34.5812, -58.4212, 14),
    "Planetario": (-34.5697, -58.4117, 14),
    "MALBA": (-34.5771, -58.4034, 14),
    "Cementerio de la Chacarita": (-34.5905, -58.4600, 15),
    "Facultad de Agronomía": (-34.5945, -58.4830, 15),
    "Corrientes y Malabia": (-34.5991, -58.4392, 15),
}


@pytest.mark.parametrize("name", PLACES)
def test_well_known_places_lie_in_their_comuna(pack: Pack, name: str) -> None:
    lat, lon, comuna = PLACES[name]
    assert [area.id for area in pack.areas_at(lat, lon)] == [f"comuna-{comuna}", "ciudad"]


@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [
        ("Vicente López", -34.5260, -58.4750),
        ("Avellaneda", -34.6620, -58.3640),
        ("Colonia", -34.4700, -57.8400),
        ("San Justo", -34.6760, -58.5600),
        ("Madrid", 40.4168, -3.7038),
        ("latitude and longitude swapped", -58.3816, -34.6037),
        ("the middle of the sea", 0.0, 0.0),
    ],
)
def test_places_out_of_town_are_out_of_the_served_area(pack: Pack, name: str, lat: float, lon: float) -> None:
    assert pack.areas_at(lat, lon) == ()


@given(lat=st.floats(-34.72, -34.51), lon=st.floats(-58.55, -58.32))
def test_every_point_of_the_city_has_exactly_one_comuna(lat: float, lon: float) -> None:
    found = PACK.areas_at(lat, lon)
    point = Point(lon, lat)
    if not any(outline(area).boundary.distance(point) < 1e-9 for area in found):
        assert [area.level for area in found] in ([], ["comuna", "city"], ["settlement", "comuna", "city"])


def _note() -> tuple[dict[str, tuple[float, float]], dict[str, list[str]]]:
    text = (FOLDER / "areas" / "DRAWING.md").read_text("utf-8")
    rows = re.findall(r"^\| ([a-z-]+) \|[^|]+\| (-[\d.]+) \| (-[\d.]+) \|", text, re.MULTILINE)
    rings = re.findall(r"^- ([a-z0-9-]+): (.+)$", text, re.MULTILINE)
    return {name: (float(lon), float(lat)) for name, lat, lon in rows}, {name: ring.split(", ") for name, ring in rings}


def test_the_areas_are_drawn_as_their_note_says() -> None:
    corners, rings = _note()
    drawn = {area.id: Polygon(area.polygons[0][0]) for area in PACK.records.areas}
    assert drawn.keys() == rings.keys()
    for area, names in rings.items():
        assert 6 <= len(names) <= 30
        assert drawn[area].equals(Polygon([corners[name] for name in names])), area


def test_every_demo_area_says_that_it_is_one() -> None:
    for path in (FOLDER / "areas").glob("*.geojson"):
        features = json.loads(path.read_text("utf-8"))["features"]
        assert all(feature["properties"]["demo"] is True for feature in features)


def test_the_city_has_fifteen_comunas_with_forty_eight_quarters(pack: Pack) -> None:
    comunas = pack.area_choices()
    assert [area.id for area in comunas] == [f"comuna-{n}" for n in range(1, 16)]
    assert len({name for area in comunas for name in area.names}) == 48
    assert comunas[13].label("es") == "Comuna 14 (Palermo)"


# who answers


@pytest.mark.parametrize(
    ("category", "body"),
    [
        ("bache", "comuna-14"),
        ("vereda-rota", "comuna-14"),
        ("luz-apagada", "comuna-14"),
        ("poda", "comuna-14"),
        ("verde-otro", "comuna-14"),
        ("semaforo", "transito"),
        ("contenedor", "higiene-urbana"),
        ("sin-agua", "agua"),
        ("mosquitos", "ciudad"),
        ("ruidos", "ciudad"),
        ("otro", "ciudad"),
    ],
)
def test_place_and_category_decide_who_answers(pack: Pack, category: str, body: str) -> None:
    answering = pack.responsible(pack.areas_at(-34.5812, -58.4212), category)
    assert answering is not None
    assert answering.id == body


VILLA_20 = (-34.6730, -58.4640)


@pytest.mark.parametrize(
    ("category", "bodies"),
    [
        ("bache", ["barrios"]),
        ("vereda-rota", ["barrios"]),
        ("luz-apagada", ["barrios"]),
        ("sin-agua", ["agua", "barrios"]),
        ("cloaca", ["agua", "barrios"]),
        ("poda", ["comuna-8"]),
        ("contenedor", ["higiene-urbana"]),
        ("otro", ["ciudad"]),
        ("corte-de-luz", []),
    ],
)
def test_in_a_settlement_works_are_its_agencys_and_water_is_the_citys(
    pack: Pack, category: str, bodies: list[str]
) -> None:
    areas = pack.areas_at(*VILLA_20)
    assert [area.id for area in areas] == ["villa-20", "comuna-8", "ciudad"]
    assert [body.id for body in pack.decide(areas, category).bodies] == bodies


def test_everywhere_in_the_city_somebody_answers_for_all_but_the_power_at_home(pack: Pack) -> None:
    leaves = {category.id for category in pack.records.categories if category.leaf}
    for area in pack.records.areas:
        assert leaves - set(pack.offered((area,))) == {"corte-de-luz"}


@pytest.mark.parametrize(("category", "body"), [("bache", "ciudad"), ("semaforo", "transito"), ("otro", "ciudad")])
def test_without_a_known_place_the_fallback_answers(pack: Pack, category: str, body: str) -> None:
    answering = pack.responsible((), category)
    assert answering is not None
    assert answering.id == body


def test_nobody_answers_for_a_category_that_is_none(pack: Pack) -> None:
    assert pack.responsible((), "no-such-category") is None


def test_somebody_answers_for_every_leaf_in_every_comuna(pack: Pack) -> None:
    leaves = [each.id for each in pack.records.categories if each.leaf and not each.not_served]
    for comuna in pack.area_choices():
        for leaf in leaves:
            assert pack.responsible((comuna,), leaf) is not None


# what can be reported


def test_the_first_choice_and_every_second_one_fit_a_list_of_ten(pack: Pack) -> None:
    groups = pack.groups()
    assert len(groups) == 10
    assert groups[-1].id == "otro"
    assert groups[-1].leaf
    for group in groups[:-1]:
        leaves = pack.leaves(group.id)
        assert 3 <= len(leaves) <= 9
        assert leaves[-1].other
        assert all(leaf.leaf and leaf.parent == group.id for leaf in leaves)


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_short_enough_for_a_list_and_different_in_each(pack: Pack, language: str) -> None:
    for siblings in (pack.groups(), *(pack.leaves(group.id) for group in pack.groups())):
        names = [category.name(language) for category in siblings]
        # 24 characters are what a row of a WhatsApp list shows.
        assert [name for name in names if len(name) > 24] == []
        assert len(set(names)) == len(names)


def test_ids_are_short_enough_for_a_button(pack: Pack) -> None:
    assert max(len(category.id) for category in pack.records.categories) <= 24


def test_a_language_that_the_pack_lacks_gets_its_first_one(pack: Pack) -> None:
    bache = pack.category("bache")
    assert bache is not None
    assert bache.name("fr") == bache.name("es") == "Bache o hundimiento"
    assert bache.name("pt-BR") == "Buraco na rua"
    assert pack.name("fr") == "la Ciudad de Buenos Aires"


def test_danger_is_told_before_anything_else(pack: Pack) -> None:
    for category in ("tapa-faltante", "obra", "inundacion"):
        found = pack.category(category)
        assert found is not None
        assert all("103" in found.notice(language) for language in LANGUAGES)


@pytest.mark.parametrize(("said", "number"), [("hay olor a gas", "100"), ("un cable pelado en el piso", "103")])
def test_gas_fire_and_live_wires_are_a_call_first(pack: Pack, said: str, number: str) -> None:
    category = pack.recognition.recognise(said, "es")
    assert category is not None
    emergency = pack.decide((), category).emergency
    assert emergency is not None
    assert emergency.phone == number
    assert emergency.say.keys() == set(LANGUAGES)


def test_what_is_reported_most_comes_first_and_other_last(pack: Pack) -> None:
    first = [category.id for category in pack.popular({"semaforo": 3, "luz-apagada": 2, "bache": 2, "otro": 99})]
    assert first == [
        "transito",
        "calles",
        "alumbrado",
        "veredas",
        "verde",
        "limpieza",
        "agua",
        "salud",
        "convivencia",
        "otro",
    ]
    leaves = pack.popular({"tapa-faltante": 1, "calles-otro": 5}, pack.leaves("calles"))
    assert [leaf.id for leaf in leaves] == ["tapa-faltante", "bache", "calles-otro"]
    assert pack.popular({}) == pack.groups()


def test_a_pack_comes_back_from_the_database_as_it_was(pack: Pack) -> None:
    again = Pack.from_json(pack.to_json())
    assert again.records == pack.records
    assert again.areas_at(-34.6037, -58.3816) == pack.areas_at(-34.6037, -58.3816)
    assert again.recognition.recognise("hay un bache", "es") == "bache"


# areas by their name


@pytest.mark.parametrize(
    ("words", "comunas"),
    [
        ("Palermo", [14]),
        ("en palermo, cerca del botánico", [14]),
        ("PALERMO", [14]),
        ("barrio de Nuñez", [13]),
        ("nunez", [13]),
        ("comuna 14", [14]),
        ("Comuna N° 7", [7]),
        ("comuna 1", [1]),
        ("comuna 15", [15]),
        ("Villa Crespo", [15]),
        ("villa del parque", [11]),
        ("Parque Patricios", [4]),
        ("parque chas", [15]),
        ("San Telmo o por ahí", [1]),
        ("Microcentro", [1]),
        ("la 1-11-14", [7]),
        ("Villa 1-11-14", [7]),
        ("Palermo, CABA", [14]),
        ("Av. Rivadavia y Acoyte, Caballito", [6]),
        ("Belgrano, entre Cabildo y Vidal", [13]),
        ("entre Palermo y Villa Crespo", [14, 15]),
        ("palremo", [14]),
        ("cavallito", [6]),
        ("Av. Belgrano 1500", []),
        ("BELGRANO AV. 1299", []),
        ("Palermo av. Santa Fe 3200", [14]),
        ("Belgrano 1500", []),
        ("Belgrano y Jujuy", []),
        ("esquina Boedo", []),
        ("calle Almagro", []),
        ("Av. Corrientes 1234", []),
        ("frente a la plaza", []),
        ("", []),
    ],
)
def test_a_comuna_is_found_by_the_names_people_use(pack: Pack, words: str, comunas: list[int]) -> None:
    assert [area.id for area in pack.places.areas_named(words)] == [f"comuna-{n}" for n in comunas]


@pytest.mark.parametrize(
    ("words", "settlement"),
    [
        ("Villa 20, manzana 12, casa 4", "villa-20"),
        ("mz 5 casa 12, barrio 31", "barrio-31"),
        ("en la 31 bis", "barrio-31"),
        ("en la Villa 31, cerca de la terminal", "barrio-31"),
        ("villa 21-24", "villa-21-24"),
    ],
)
def test_a_settlement_is_found_by_its_name_and_is_narrower_than_its_comuna(
    pack: Pack, words: str, settlement: str
) -> None:
    (found,) = pack.places.areas_named(words)
    assert found.id == settlement
    assert pack.is_narrow(found)
    assert found not in pack.area_choices()


def test_the_city_alone_is_the_city(pack: Pack) -> None:
    assert [area.id for area in pack.places.areas_named("Capital Federal")] == ["ciudad"]


@given(st.text(max_size=200))
def test_no_words_are_too_odd_to_look_for_names(words: str) -> None:
    assert all(area.id for area in PACK.places.areas_named(words))
    assert all(PACK.category(leaf) is not None for leaf in PACK.recognition.suggest(words, "es"))
    recognised = PACK.recognition.recognise(words, "es")
    assert recognised is None or PACK.category(recognised) is not None


@pytest.mark.parametrize("piece", ["1 ", "34,", "a b c d ", "agujaro ", "villa ", "baldosa floja ", "no hay agua. "])
def test_a_heap_of_words_keeps_nobody_waiting(piece: str) -> None:
    begun = time.perf_counter()
    PACK.places.areas_named(piece * 2000)
    PACK.recognition.suggest(piece * 2000, "es")
    # It takes some 20 ms; a quadratic search took ten seconds.
    assert time.perf_counter() - begun < 2


# Hypothesis runs its examples in one test: a fixture would be the same object anyway.
PACK = read_pack(FOLDER)


def test_a_place_ends_before_what_separates_it_from_the_rest(pack: Pack) -> None:
    found = pack.places.address("una baldosa floja en Callao 377, Comuna 3, muy peligroso", "es")
    assert found is not None
    assert (found.words, found.settled) == ("Callao 377, Comuna 3", "Av. Callao 377, Comuna 3")
