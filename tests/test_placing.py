"""Where it is: what is asked of geocoders and what is not, who is shown a map, and what waits for nobody."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from bot.answers import Said, Took, Unclear
from bot.messages import Place
from bot.place_questions import Pin, Where
from handlers.pointing import GIVE_UP
from locales import LANGUAGES, catalog
from routing import Pack
from routing.candidates import Candidate
from storage.schema import outbox, ticket
from tests.machine import DAY, Machine, demo_pack, texts
from tests.stagehand import ORDERS

ZELARRAYAN = Candidate(-34.6805, -58.4745, "Zelarrayán 650, Villa Lugano", "house", 1.0, "photon")
PALERMO = Place(lat=-34.58, lon=-58.42, source="pin")
SCHOOLS = [
    Candidate(-34.5873, -58.4095, "Escuela Normal, Arenales 3300", "place", 1.0, "photon"),
    Candidate(-34.6099, -58.4288, "Escuela Normal, Rivadavia 4500", "place", 1.0, "photon"),
]
MAP = "0" * 32
# Latitude and longitude of a point on the border between two comunas, at Córdoba and Gallo.
BORDER = (-34.5981, -58.4110)


class Geocoder:
    """The look-ups of a machine: what it is asked is remembered, and this is what it answers."""

    def __init__(self, *found: Candidate, away: bool = False) -> None:
        self.found = None if away else msgspec.to_builtins(found)
        self.asked: list[str] = []
        self.drawn: list[Any] = []

    def answers(self) -> dict[str, Any]:
        return {"geocode": self._geocode, "chart": self._chart}

    def _geocode(self, request: dict[str, Any]) -> Any:
        self.asked.append(request["words"])
        return self.found

    def _chart(self, request: dict[str, Any]) -> str:
        self.drawn.append(request["points"])
        return MAP


async def report(machine: Machine, where: str, **values: Any) -> Any:
    """A report up to the question behind the place; the phone."""
    phone = machine.phone("ana", **values)
    await phone.says("luz apagada")
    await phone.says(where)
    return phone


ASKED = [
    ("Zelarrayán al 650", ["Zelarrayán 650"]),
    ("en la calle zelarrayan n° 650, al lado de lo de Marta Gómez", ["calle zelarrayan 650"]),
    ("escuela normal", ["escuela normal"]),
    ("miralla 2100", ["miralla 2100"]),
    ("a la vuelta de mi casa", []),
    ("llamame al 11 4567 8901", []),
    ("Villa 20, manzana 12, casa 4", []),
    ("Thames 2300", []),
    ("cerca de donde trabaja mi prima, la que vive con Juan Pérez en el fondo", []),
]


@pytest.mark.parametrize(("said", "asked"), ASKED)
async def test_only_the_address_leaves_and_only_where_the_pack_does_not_know_it(
    sqlite_url: str, said: str, asked: list[str]
) -> None:
    geocoder = Geocoder(ZELARRAYAN)
    async with Machine(sqlite_url, answers=geocoder.answers()) as machine:
        await report(machine, said)
        assert geocoder.asked == asked


async def test_a_landmark_with_a_slip_has_its_point_without_asking(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        phone = await report(machine, "enfrente del obelixco")
        await phone.says("Toda la cuadra")
        assert "enfrente del Obelisco, Comuna 1" in phone.last.text.replace("Enfrente", "enfrente")
        await phone.says("dale")
        [row] = await machine.rows(ticket.select())
        assert (row.lat, row.lon) == (-34.6037, -58.3816)


async def test_nobody_is_asked_where_no_geocoder_is_set(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await report(machine, "Zelarrayán 650")
        rows = await machine.rows(outbox.select().where(outbox.c.account == "errands"))
        assert [row for row in rows if "geocode" in row.payload] == []


async def test_a_geocoder_that_never_answers_holds_nobody_up(sqlite_url: str) -> None:
    async with Machine(sqlite_url, services=frozenset({"geocode"})) as machine:
        phone = await report(machine, "Zelarrayán 650")
        assert await phone.news() == []
        assert "Un momento" in texts(await phone.says("¿hola?"))[0] or phone.last.text
        machine.now += GIVE_UP + 1
        said = await phone.says("¿seguís ahí?")
        assert "No encontré «Zelarrayán 650»" in said[-1].text
        assert "barrio" in (await phone.says("seguir"))[-1].text


async def test_an_answer_that_comes_too_late_changes_nothing(sqlite_url: str) -> None:
    geocoder = Geocoder(ZELARRAYAN)
    async with Machine(sqlite_url, services=frozenset({"geocode"})) as machine:
        phone = await report(machine, "Zelarrayán 650")
        machine.now += GIVE_UP + 1
        before = (await phone.says("hola?"))[-1].text
        machine.answers = machine.answers | geocoder.answers()
        row = (await machine.rows(ORDERS.where(outbox.c.account == "errands")))[-1]
        await machine.stagehand.run_errand(row)
        await machine.settle()
        assert await phone.news() == []
        assert "No encontré" in before


async def test_two_places_are_shown_on_a_map_in_the_order_of_the_choice(sqlite_url: str) -> None:
    geocoder = Geocoder(*SCHOOLS)
    async with Machine(sqlite_url, answers=geocoder.answers()) as machine:
        phone = await report(machine, "escuela normal")
        assert phone.last.media == (MAP,)
        assert geocoder.drawn == [[[each.lat, each.lon] for each in SCHOOLS]]
        await phone.says("2")
        await phone.says("Toda la cuadra")
        await phone.says("dale")
        [row] = await machine.rows(ticket.select())
        assert (row.lat, row.lon, row.area) == (SCHOOLS[1].lat, SCHOOLS[1].lon, "comuna-5")
        assert msgspec.json.decode(row.place, type=Place).words == "escuela normal"


@pytest.mark.parametrize("account", ["sms:+5411", "terminal:1"])
async def test_no_map_is_drawn_for_who_cannot_see_it(sqlite_url: str, account: str) -> None:
    geocoder = Geocoder(*SCHOOLS)
    async with Machine(sqlite_url, answers=geocoder.answers()) as machine:
        phone = await report(machine, "escuela normal", account=account)
        assert "escuela normal" in phone.last.text
        assert (phone.last.media, geocoder.drawn) == ((), [])


async def test_no_map_is_drawn_for_who_wants_little_data(sqlite_url: str) -> None:
    geocoder = Geocoder(*SCHOOLS)
    async with Machine(sqlite_url, answers=geocoder.answers()) as machine:
        phone = machine.phone("ana")
        await phone.says("pocos datos")
        await phone.says("luz apagada")
        await phone.says("escuela normal")
        assert len(phone.last.options) == 3
        assert (phone.last.media, geocoder.drawn) == ((), [])


async def test_a_map_that_cannot_be_drawn_is_only_left_out(sqlite_url: str) -> None:
    geocoder = Geocoder(*SCHOOLS)
    answers = geocoder.answers() | {"chart": lambda request: ""}
    async with Machine(sqlite_url, answers=answers) as machine:
        phone = await report(machine, "escuela normal")
        assert phone.last.media == ()
        assert len(phone.last.options) == 3


async def test_a_point_that_contradicts_what_was_said_is_not_taken(sqlite_url: str) -> None:
    geocoder = Geocoder(ZELARRAYAN)
    async with Machine(sqlite_url, answers=geocoder.answers()) as machine:
        phone = await report(machine, "Zelarrayán 650, Palermo")
        assert "No encontré «Zelarrayán 650, Palermo»" in phone.last.text


async def test_a_pin_that_is_worth_little_is_asked_about_far_from_the_border(sqlite_url: str) -> None:
    lat, lon = BORDER[0] + 0.002, BORDER[1]
    async with Machine(sqlite_url) as machine:
        phone = await report(machine, "hola")
        await phone.sends(place=Place(lat=lat, lon=lon, accuracy=10.0, source="pin"))
        assert "límite" not in phone.last.text
        other = machine.phone("bea")
        await other.says("luz apagada")
        await other.sends(place=Place(lat=lat, lon=lon, accuracy=400.0, source="pin"))
        assert "límite" in other.last.text
        await other.taps("Comuna 2")
        await other.says("Toda la cuadra")
        await other.says("dale")
        [row] = await machine.rows(ticket.select())
        assert row.area == "comuna-2"


async def test_a_point_in_another_country_is_named_and_asked_for_again(sqlite_url: str) -> None:
    pack = Pack(demo_pack().records)
    pack.use_towns(lambda lat, lon: "Montevideo, Uruguay")
    async with Machine(sqlite_url, pack=pack) as machine:
        phone = await report(machine, "-34.9011, -56.1645")
        assert "cerca de Montevideo, Uruguay" in phone.last.text
        assert "¿Dónde es?" in phone.last.text


async def test_a_phones_own_pin_is_never_turned_round(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        phone = await report(machine, "hola")
        await phone.sends(place=Place(lat=-58.42, lon=-34.58, source="pin"))
        assert "fuera" in phone.last.text


async def test_the_place_of_last_time_is_ones_own_and_not_an_old_one(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = await report(machine, "Thames 2300")
        await ana.says("Toda la cuadra")
        await ana.says("dale")
        bea = machine.phone("bea")
        await bea.says("hay un bache")
        assert [option.tap for option in bea.last.options] == ["@location"]
        await ana.says("hay un bache")
        assert len(ana.last.options) == 2
        await ana.says("/cancelar")
        machine.now += 91 * DAY
        await ana.says("hay un bache")
        assert [option.tap for option in ana.last.options] == ["@location"]
        assert "reciente" in texts(await ana.says("mismo lugar"))[0] or "de hace poco" in ana.last.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_here_and_the_same_place_are_understood_in_every_language(language: str) -> None:
    words, last = catalog(language), Place(words="Thames 2300")
    for text in words.here:
        assert Where().read(Said(text=text), words, ()) == Unclear("unclear-place-here")
    for text in (*words.same_place, words.text("same-place")):
        assert Where(last=last).read(Said(text=text), words, ()) == Took(last, frozenset({"text"}))
        assert Where().read(Said(text=text), words, ()) == Unclear("unclear-place-no-last")


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_cannot_send_a_pin_goes_on_with_one_word(language: str) -> None:
    words = catalog(language)
    for text in (words.text("go-on-so"), words.text("skip"), words.text("no"), "1", *words.unsure):
        assert Pin().read(Said(text=text), words, ()) == Took(None, frozenset({"text"}))
    for text in ("?", "hmm"):
        assert Pin().read(Said(text=text), words, ()) == Unclear("unclear-pin")
    assert Pin().read(Said(place=PALERMO), words, ()) == Took(PALERMO, frozenset({"place"}))
