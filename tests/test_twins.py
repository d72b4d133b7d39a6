"""One problem, one ticket: who reports what is there already is asked whether it is this one."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import select

from bot.messages import Outbound, Place
from storage.schema import outbox, supporter, ticket, ticket_media
from storage.schema import update as ticket_update
from tests.handset import Phone
from tests.machine import CONGRESS, DAY, Machine
from tests.neighbours import BODY, STORY, away, pack_with, reports, tells

# Is it this one?


async def test_the_same_problem_nearby_is_shown_with_its_distance_age_words_and_photo(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await ana.photo(caption=STORY)
        await ana.sends(place=CONGRESS)
        await ana.taps("Enviar")
        await machine.wait(2 * DAY)
        asked = await tells(eva, away(40))
        assert "a 40 m" in asked.text
        assert "hace 2 días" in asked.text
        assert f"«{STORY}»" in asked.text
        photos = await machine.rows(select(ticket_media.c.media_id))
        assert asked.media == tuple(row.media_id for row in photos)
        assert [option.label for option in asked.options] == ["Me sumo", "Es otro"]
        assert await machine.count(ticket) == 1


async def test_who_joins_opens_no_ticket_and_hears_of_every_step(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, eva = machine.phone("luis"), machine.phone("ana"), machine.phone("eva")
        await machine.appoint(luis, BODY)
        code = await reports(ana)
        await tells(eva)
        await eva.taps("Me sumo")
        assert "¡Te sumaste" in eva.last.text
        assert await machine.count(ticket) == 1
        # An answer that is remembered as something else than the button's is no old button.
        assert len(await eva.taps("Seguir sin esto")) == 1
        await luis.says(f"/estado {code} en obra")
        assert "En obra" in (await eva.news())[-1].text
        assert (await eva.state()).talks == []


async def test_another_problem_beside_it_becomes_a_ticket_of_its_own(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await reports(ana)
        await tells(eva)
        assert "Así lo va a ver" in (await eva.says("no"))[-1].text
        await eva.taps("Enviar")
        assert await machine.count(ticket) == 2
        assert await machine.count(supporter) == 0


async def test_what_is_far_of_another_kind_old_or_closed_is_not_asked_about(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana = machine.phone("luis"), machine.phone("ana")
        await machine.appoint(luis, BODY)
        code = await reports(ana)
        eva, leo, mia, zoe = (machine.phone(name) for name in ("eva", "leo", "mia", "zoe"))
        assert "Así lo va a ver" in (await tells(eva, away(-300))).text
        assert "Así lo va a ver" in (await tells(leo, story="hay una luminaria apagada acá")).text
        await machine.wait(31 * DAY)
        assert "Así lo va a ver" in (await tells(mia)).text
        await luis.says(f"/estado {code} rechazado es de otro")
        await machine.wait(-30 * DAY)
        assert "Así lo va a ver" in (await tells(zoe)).text


@pytest.mark.parametrize(("changes", "asks"), [({"nearby_m": 0}, False), ({"nearby_m": 400}, True)])
async def test_how_near_is_near_stands_in_the_pack(sqlite_url: str, changes: dict[str, int], asks: bool) -> None:
    async with Machine(sqlite_url, pack=pack_with(**changes)) as machine:
        await reports(machine.phone("ana"))
        asked = await tells(machine.phone("eva"), away(-300 if asks else 0))
        assert ("¿Es este?" in asked.text) is asks


async def test_of_several_each_may_be_chosen(database_url: str) -> None:
    async with Machine(database_url) as machine:
        near, far = await reports(machine.phone("ana"), away(5)), await reports(machine.phone("leo"), away(120))
        eva = machine.phone("eva")
        asked = await tells(eva)
        assert "1. en ese lugar" in asked.text
        assert "2. a 120 m" in asked.text
        await eva.taps("Me sumo al 2")
        assert [row.ticket for row in await machine.rows(select(supporter.c.ticket))] == [far]
        assert near != far


async def test_a_place_that_is_changed_at_the_preview_is_looked_around_anew(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await reports(machine.phone("ana"))
        await reports(machine.phone("leo"), away(-1000))
        eva = machine.phone("eva")
        await tells(eva)
        await eva.taps("Es otro")
        await eva.taps("Cambiar el lugar")
        assert "¿Es este?" in (await eva.sends(place=away(-1000)))[-1].text
        await eva.taps("Es otro")
        assert "Así lo va a ver" in eva.last.text


async def test_a_pin_sent_at_the_preview_is_looked_around_too(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await reports(machine.phone("ana"), away(-1000))
        eva = machine.phone("eva")
        await tells(eva)
        assert "¿Es este?" in (await eva.sends(place=away(-1000)))[-1].text


async def test_words_that_are_no_answer_are_kept_and_the_question_stands(database_url: str) -> None:
    async with Machine(database_url) as machine:
        code = await reports(machine.phone("ana"))
        eva = machine.phone("eva")
        await tells(eva)
        assert "¿Es este?" in (await eva.says("ya se cayeron dos motos ahí"))[-1].text
        await eva.says("sí")
        entries = await machine.rows(select(ticket_update.c.words).where(ticket_update.c.ticket == code))
        assert "dos motos" in str([row.words for row in entries])


async def test_a_twin_that_was_closed_meanwhile_leaves_the_report_as_it_was(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        code = await reports(ana)
        await tells(eva)
        await ana.says(f"/retirar {code}")
        await ana.says("sí")
        said = (await eva.says("sí"))[-1].text
        assert "se cerró mientras tanto" in said
        assert "Así lo va a ver" in said
        await eva.taps("Enviar")
        assert await machine.count(ticket) == 2


@pytest.mark.parametrize(
    ("accuracy", "words", "told"),
    [(5.0, "", "en ese lugar,"), (300.0, "frente a la escuela", "cerca de ahí (frente a la escuela)")],
)
async def test_of_a_place_that_is_only_roughly_known_no_metres_are_told(
    sqlite_url: str, accuracy: float, words: str, told: str
) -> None:
    async with Machine(sqlite_url) as machine:
        palermo = Place(lat=-34.5800, lon=-58.4200, source="pin")
        await reports(machine.phone("ana"), msgspec.structs.replace(palermo, accuracy=accuracy, words=words))
        assert told in (await tells(machine.phone("eva"), palermo)).text


# What it costs


async def test_reports_that_find_nothing_nearby_cost_one_look_each_and_write_together(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        statements = machine.statements()
        costs = []
        for count in (10, 20):
            phones = [machine.phone(f"{count}-{n}") for n in range(count)]
            await machine.take(*(phone.message(STORY) for phone in phones))
            statements.clear()
            await machine.take(*(phone.message(place=away(n)) for n, phone in enumerate(phones)))
            looks = [sql for sql in statements if "ticket.cell IN" in sql]
            costs.append(len(statements) - len(looks))
            assert len(looks) == count
        assert costs[1] <= costs[0] + 1
        assert await machine.count(outbox, outbox.c.kind == "message") == 60


async def in_words(phone: Phone, where: str) -> Outbound:
    """Tell what, and where in words that no map knows, up to the next question."""
    await phone.says(STORY)
    await phone.says(where)
    return phone.last


@pytest.mark.parametrize("again", ["FALSA 123, palermo", "Falsa 123 - Palermo"])
async def test_the_same_address_in_words_without_a_point_is_offered(database_url: str, again: str) -> None:
    async with Machine(database_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await in_words(ana, "Falsa 123, Palermo")
        await ana.taps("Enviar")
        asked = await in_words(eva, again)
        assert "¿Es este?" in asked.text
        assert "Falsa 123" in asked.text
        await eva.taps("Me sumo")
        assert await machine.count(supporter) == 1


@pytest.mark.parametrize("other", ["Falsa 125, Palermo", "Falsa 123, Villa Lugano", "frente a la plaza, Palermo"])
async def test_another_number_or_another_area_in_words_is_not_offered(sqlite_url: str, other: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await in_words(ana, "Falsa 123, Palermo")
        await ana.taps("Enviar")
        asked = await in_words(eva, other)
        assert "¿Es este?" not in asked.text
