"""One way to write each place down: informal addresses and corners however they are spelt, and where they are."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routing import Pack
from routing.records import InformalPlace, Street
from routing.settling import ORDER
from routing.words import rules
from tests.machine import demo_pack

BLOCK = (-34.6745, -58.4630)


@cache
def pack() -> Pack:
    """The demo with two streets that are drawn, a settlement with one block, and others by name."""
    records = demo_pack().records
    streets = (
        Street(names=("Barros Pazos",), areas=("comuna-8",), line=((-34.68, -58.46, 3000), (-34.67, -58.47, 4000))),
        Street(names=("Pola",), areas=("comuna-8",), line=((-34.67, -58.46, 0), (-34.68, -58.47, 5000)), within=80.0),
        Street(names=("Fonrouge",), areas=("comuna-8",)),
    )
    places = (
        InformalPlace(names=("Villa 20",), area="villa-20", blocks={"12": BLOCK}),
        InformalPlace(names=("Barrio Piedrabuena", "Piedra Buena"), shown="Barrio Piedrabuena", area="comuna-8"),
        InformalPlace(names=("Club Yupanqui",), area="comuna-8", landmark=True, lat=-34.68, lon=-58.47),
    )
    return Pack(replace(records, mapped=(*streets, *records.mapped), places=(*places, *records.places)))


HOUSE = "Villa 20, manzana 12, casa 4"
SPELT = [
    ("Villa 20, manzana 12, casa 4", HOUSE),
    ("villa 20 mza 12 cs 4", HOUSE),
    ("V.20 Mz.12 - C.4", HOUSE),
    ("barrio 20 manzana12 casa n° 4", HOUSE),
    ("vila 20 mansana 12 caza 4", HOUSE),
    ("M12 C4 Villa 20", HOUSE),
    ("mz 12 c 4, villa20", HOUSE),
    ("casa 4 de la manzana 12 en la villa 20", HOUSE),
    ("VILLA 20 MANZANA 12 CASA 4", HOUSE),
    ("manz. 12 casa 04 - v 20", HOUSE),
    ("Villa 20, manzana 12, casa 4, pasillo", f"{HOUSE}, pasillo"),
    ("villa 20 mza 12 cs 4 pasillo", f"{HOUSE}, pasillo"),
    ("mz 12 c 4, pasillo, vila 20", f"{HOUSE}, pasillo"),
    ("villa 20 pas. 7 mza 12 casa 4", f"{HOUSE}, pasillo 7"),
    ("torre 5 piso 3 dto b, Piedra Buena", "Barrio Piedrabuena, torre 5, piso 3, departamento B"),
    ("piedrabuena edif 12B", "Barrio Piedrabuena, edificio 12B"),
    ("barrio piedrabuena edif 12B", "Barrio Piedrabuena, edificio 12B"),
    ("barrio piedrabuema edif 12B", "Barrio Piedrabuena, edificio 12B"),
]
CORNER = "Barros Pazos y Pola"
CORNERS = [
    "Pola y Barros Pazos",
    "barros pasos y pola",
    "en la esquina de Pola con Barrospazos",
    "POLA ESQ BARROS PASOS",
    "Pola / Barros Pazos",
    "pola casi barros pazos",
    "Barros Pazos esquina Pola",
    "pola e/ barros pazos y fonrouge",
]
AS_SAID = [
    "villa 20 frente al comedor, manzana 12",
    "frente a la casa 3 de la villa 20",
    "a la vuelta de la escuela",
    "me mudé a la casa 3 veces",
    "son 12 c 4 personas",
]


@pytest.mark.parametrize(("said", "written"), SPELT)
def test_every_spelling_of_a_house_in_a_settlement_is_written_alike(said: str, written: str) -> None:
    assert pack().places.settle_words(said, "es") == written


@pytest.mark.parametrize("said", CORNERS[:-1])
def test_every_spelling_of_a_corner_is_written_alike(said: str) -> None:
    assert pack().places.settle_words(said, "es") == CORNER


def test_a_street_between_two_others_is_written_in_one_order() -> None:
    for said in (CORNERS[-1], "Pola entre FONROUGE y Barros Pazos"):
        assert pack().places.settle_words(said, "es") == "Pola entre Barros Pazos y Fonrouge"


@pytest.mark.parametrize("said", AS_SAID)
def test_what_says_more_than_its_parts_is_kept_as_said(said: str) -> None:
    assert pack().places.settle_words(said, "es").casefold() == said.casefold()


@pytest.mark.parametrize(("said", "written"), SPELT[:13])
def test_what_was_written_down_is_written_so_again(said: str, written: str) -> None:
    assert pack().places.settle_words(written, "es") == written
    assert pack().places.show_place(written, "es") == written


def test_other_languages_write_it_down_in_the_packs_own() -> None:
    assert pack().places.settle_words("Villa 20, quadra 12, casa 4, viela 7", "pt") == f"{HOUSE}, pasillo 7"
    assert pack().places.settle_words("house 4, block 12, Villa 20", "en") == HOUSE


def test_the_settlement_tells_its_area() -> None:
    meant = pack().places.areas_meant("vila 20 mansana 12 caza 4", "es")
    assert [area.id for area in meant] == ["villa-20"]


POINTS = [
    ("Pola y Barros Pazos", (-34.675, -58.465), "crossing", 80.0),
    ("Barros Pazos 3250", (-34.6775, -58.4625), "house", 30.0),
    ("barros pazos al 3500, Lugano", (-34.675, -58.465), "house", 30.0),
    ("frente al club yupanqui", (-34.68, -58.47), "place", 100.0),
    ("M12 C4 villa 20", BLOCK, "house", 60.0),
]


@pytest.mark.parametrize(("said", "point", "kind", "within"), POINTS)
def test_what_the_pack_has_drawn_is_found_without_asking_anybody(
    said: str, point: tuple[float, float], kind: str, within: float
) -> None:
    [found] = pack().places.points(said, "es")
    assert (found.lat, found.lon) == pytest.approx(point, abs=1e-4)
    assert (found.kind, found.accuracy, found.provider) == (kind, within, "pack")
    assert found.words == pack().places.settle_words(said, "es")


@pytest.mark.parametrize(
    "said",
    [
        "Barros Pazos 9000",
        "Fonrouge y Pola",
        "Villa 20, manzana 13",
        "Barros Pazos 3250, Palermo",
        "a la vuelta de casa",
        "Pola entre Fonrouge y Barros Pazos",
    ],
)
def test_what_is_not_drawn_has_no_point(said: str) -> None:
    assert pack().places.points(said, "es") == ()


def test_every_word_for_a_part_has_its_kind_and_every_kind_its_name() -> None:
    for language in ("es", "pt", "en"):
        spoken = rules(language)
        assert set(spoken.kinds) == spoken.parts | spoken.inner
        assert {*spoken.kinds.values(), *spoken.letters.values()} <= set(ORDER)
        assert set(spoken.called) == {*ORDER, "and", "between", "at"}


@given(st.text(st.sampled_from("villa20mzcs 4,.-C12MB °º/\n") | st.characters(), max_size=50))
def test_no_words_are_an_exception(said: str) -> None:
    for language in ("es", "pt", "en"):
        pack().places.settle_words(said, language)
        pack().places.points(said, language)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("frente al hospital fernandex", "frente al Hospital Fernández"),
        ("plaza itaila", "Plaza Italia"),
        ("el obelixco", "el Obelisco"),
        ("a la vuelta de la escuela", "a la vuelta de la escuela"),
        ("Plaza Italia", "Plaza Italia"),
    ],
)
def test_a_landmark_with_a_slip_in_it_is_the_landmark(said: str, meant: str) -> None:
    assert pack().places.landmark_meant(said, "es") == meant


def test_what_is_served_has_a_box_and_so_has_who_serves_nothing_yet() -> None:
    south, west, north, east = pack().bounds()
    assert (south, west, north, east) == pytest.approx((-34.7068, -58.5332, -34.525, -58.334), abs=1e-4)
    records = demo_pack().records
    nobody = Pack(replace(records, bodies=tuple(replace(body, areas=()) for body in records.bodies)))
    south, west, north, east = nobody.bounds()
    assert south < records.info.lat < north
    assert west < records.info.lon < east
