"""Streets of the pack inside what people write: however they write, and never another street without a sign."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from routing import Pack, read_pack

PACK = read_pack(Path(__file__).parents[2] / "packs" / "buenos-aires")

# What was written, the place in it as it was typed, as it is shown, and the areas in which it may lie.
WRITTEN = [
    ("BACHE av corrientes 1234 casi callao, muy grande", "av corrientes 1234 casi callao",
     "Av. Corrientes 1234 casi Av. Callao", "1"),
    ("bache en av.corrientes1234", "av.corrientes1234", "Av. Corrientes 1234", "1"),
    ("BACHE EN CORRIENTES Y CALLAO", "CORRIENTES Y CALLAO", "Av. Corrientes y Av. Callao", "1 3"),
    ("pozo en rivadabia 6700 esq carabobo", "rivadabia 6700 esq carabobo", "Av. Rivadavia 6700 esq Av. Carabobo", "7"),
    ("semaforo roto en cordova y pueyredon", "cordova y pueyredon", "Av. Córdoba y Av. Pueyrredón", "2 3"),
    ("arbol en av la plata e/ directorio y cobo", "av la plata e/ directorio y cobo",
     "Av. La Plata e/ Av. Directorio y Av. Cobo", "7"),
    ("bache en pueyrredon al 1200", "pueyrredon al 1200", "Av. Pueyrredón al 1200", "2"),
    ("luz quemada honorio pueyrredon 500", "honorio pueyrredon 500", "Av. Honorio Pueyrredón 500", "6"),
    ("BACHE EN AV SAN JUAN 2500 ESQ PICHINCHA", "AV SAN JUAN 2500 ESQ PICHINCHA",
     "Av. San Juan 2500 esq Pichincha", "3"),
    ("basura en sta fe 3900", "sta fe 3900", "Av. Santa Fe 3900", "14"),
    ("correintes 2300 falta tapa", "correintes 2300", "Av. Corrientes 2300", "3"),
    ("rata en thames1650", "thames1650", "Thames 1650", "14"),
    ("av cabildo 2040 y no funciona nada", "av cabildo 2040", "Av. Cabildo 2040", "13"),
    ("psje zelarrayan 650 sin luz", "psje zelarrayan 650", "psje zelarrayan 650", ""),
    ("coronel rivadavia 300 bache", None, "", ""),
    ("caño roto en zelarrayan 650 hace dias", "zelarrayan 650", "zelarrayan 650", ""),
    ("villa 31 manzana 12 casa 45 cloaca", "villa 31 manzana 12 casa 45", "villa 31 manzana 12 casa 45",
     "barrio-31"),
    ("sin luz mza 4 cs 12 de la villa 20", "mza 4 cs 12 de la villa 20", "mza 4 cs 12 de la villa 20",
     "villa-20"),
    ("cable en bº 21-24 mza 5 pasillo 3", "bº 21-24 mza 5 pasillo 3", "bº 21-24 mza 5 pasillo 3",
     "villa-21-24"),
    ("NO HAY LUZ LUGANO 1 Y 2 TORRE 5 PISO 3 DTO B", "LUGANO 1 Y 2 TORRE 5 PISO 3 DTO B",
     "Lugano 1 y 2 torre 5 piso 3 dto B", "8"),
    ("bache frente al hospital fernandez", "frente al hospital fernandez", "frente al hospital fernandez", "14"),
    ("bache a la vuelta de plaza serrano", "a la vuelta de plaza serrano", "a la vuelta de plaza serrano", "14"),
    ("Belgrano 1500, hay un bache", "Belgrano 1500", "Belgrano 1500", "1"),
]  # fmt: skip
# A street's name that is only a word, a number that is no house, a quarter that is too wide.
NOWHERE = [
    "salta y explota la tapa",
    "por ahi paso y me tropiezo siempre",
    "hay un bache en palermo",
    "el poste da corriente 220 volts",
    "son como 300 casas sin luz",
    "mi casa esta inundada",
    "la villa 31 esta sin luz",
    "se cayo 3 veces del piso",
    "corrientes",
    "desde que en marzo 2024 rompieron todo",
    "en total 300 firmas juntamos",
    "en esta cuadra somos 120 vecinos",
]


@pytest.mark.parametrize(("text", "place", "shown", "comunas"), WRITTEN)
def test_a_place_is_understood_as_people_write_it(text: str, place: str | None, shown: str, comunas: str) -> None:
    found = PACK.places.address(text, "es")
    assert (found.words if found else None) == place
    if found:
        assert found.shown == shown
        assert {area.id for area in PACK.places.areas_meant(found.words, "es")} == {
            f"comuna-{each}" if each.isdigit() else each for each in comunas.split()
        }


@pytest.mark.parametrize("text", NOWHERE)
def test_what_only_sounds_like_a_place_is_none(text: str) -> None:
    assert PACK.places.address(text, "es") is None


def test_an_area_that_contradicts_the_house_number_is_asked_about() -> None:
    assert {area.id for area in PACK.places.areas_meant("Corrientes 1234, Palermo", "es")} == {"comuna-1", "comuna-14"}


def test_a_house_between_two_ranges_may_be_in_either_area() -> None:
    assert {area.id for area in PACK.places.areas_meant("Corrientes 3450", "es")} == {"comuna-3", "comuna-5"}


def test_a_pack_without_streets_still_reads_addresses() -> None:
    bare = Pack(replace(PACK.records, mapped=()))
    found = bare.places.address("bache en av corrientes 1234", "es")
    assert found
    assert (found.words, found.areas) == ("av corrientes 1234", ())


def test_a_place_is_shown_with_more_care_than_it_was_typed() -> None:
    assert PACK.places.show_place("av corrientes 1234", "es") == "Av. Corrientes 1234"
    assert PACK.places.show_place("FRENTE A LA ESCUELA", "es") == "Frente a la escuela"
    assert PACK.places.show_place("Honduras 4800, Palermo Soho", "es") == "Honduras 4800, Palermo Soho"


def test_the_longest_message_is_understood_in_no_time() -> None:
    text = "hola buen dia les escribo xq en la calle thamez y gurruchga casi rivadabia 12 mza 4 no anda nada " * 15
    began = time.process_time()
    for n in range(20):
        PACK.places.address(f"{n} {text}"[:1500], "es")
    assert (time.process_time() - began) / 20 < 0.02
