"""`python -m bot route`: every step of who answers, for a category, for words, for all, and for places of no area."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.routes import explain
from routing.learning import Count, Learned
from tests.machine import demo_pack
from tests.whole import Whole

PALERMO, VILLA_20, BORDER = (-34.5812, -58.4212), (-34.6730, -58.4640), (-34.5996, -58.3930)


def told(place: tuple[float, float], words: str = "", learned: Learned | None = None) -> str:
    return "\n".join(explain(demo_pack(), *place, words, learned or Learned()))


def test_lighting_in_palermo_goes_to_comuna_14() -> None:
    said = told(PALERMO, "luz-apagada")
    assert "Comuna 14 (comuna-14), a comuna" in said
    assert said.endswith("So Comuna 14 (comuna-14) gets it.")


def test_water_goes_to_the_city_and_in_a_settlement_to_its_agency_as_well() -> None:
    assert told(PALERMO, "sin-agua").endswith("So City Water and Drains (agua, a utility) gets it.")
    assert told(VILLA_20, "sin-agua").endswith("Beside it: City Settlements Agency (barrios, an agency).")


def test_works_in_a_settlement_go_to_its_own_agency_because_its_area_is_the_narrowest() -> None:
    said = told(VILLA_20, "bache")
    assert "City Settlements Agency (barrios, an agency) counts before the others: its area is the narrowest." in said
    assert "rules.toml, line" in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("no anda la luz de la cuadra", "certainly means luz-apagada"),
        ("hay luz", "may mean luz-apagada"),
        ("xyzzy", "is no category and means none"),
        ("alumbrado", "alumbrado is a group: she is asked which of luz-apagada"),
        ("corte-de-luz", "She reads: Power at home comes from your supplier"),
        ("gas-o-fuego", "before anything else she is told to phone 100"),
    ],
)
def test_a_citizens_words_are_read_as_the_conversation_reads_them(words: str, line: str) -> None:
    assert line in told(PALERMO, words)


def test_what_was_learnt_of_a_word_is_told() -> None:
    learned = Learned([Count("es", "pileta", "inundacion", 9), Count("es", "pileta", "bache", 1)])
    said = told(PALERMO, "una pileta", learned)
    assert "“pileta” was said of inundacion 9 times of 10." in said
    assert "may mean inundacion" in said


def test_without_a_category_all_of_them_are_listed_with_who_answers() -> None:
    said = told(PALERMO)
    leaves = [category.id for category in demo_pack().records.categories if category.leaf]
    assert [line.split()[0] for line in said.splitlines()[-len(leaves) :]] == leaves
    assert "corte-de-luz      nobody: Power at home comes" in said
    assert "cables-sueltos    Comuna 14 (phone 103 first)" in said


def test_a_place_out_of_every_area_is_said_to_be_so_and_swapped_if_it_is() -> None:
    assert "No area is here" in told((-31.4, -64.2), "bache")
    assert "With latitude and longitude swapped it is in Comuna 14." in told((-58.42, -34.58))


def test_a_place_on_a_border_is_asked_for() -> None:
    assert "It is too near to a border to tell: she is asked whether it is in Comuna" in told(BORDER)


async def test_the_command_takes_a_latitude_of_the_south(tmp_path: Path) -> None:
    whole = Whole(tmp_path)
    said = await whole.run("route", "-34.5812", "-58.4212", "no", "anda", "la", "luz", "de", "la", "cuadra")
    assert said.endswith("So Comuna 14 (comuna-14) gets it.\n")
    assert "Córdoba" in await whole.run("route", "-31.40", "-64.18")
    assert "is no latitude" in await whole.run("route", "--", "-134", "-58", expect=1)
