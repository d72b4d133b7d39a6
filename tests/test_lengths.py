"""Words that are too long are asked for again, with by how much: nothing is cut behind anybody's back."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from locales import catalog
from storage.schema import ticket
from storage.schema import update as ticket_update
from tests.machine import Machine
from tests.test_care import citizen, reported
from tests.test_rights import hired
from tests.test_undoing import at_work

WORDS = catalog("es")


@pytest.mark.parametrize(
    ("command", "most"),
    [
        ("/nota {code} ", 1000),
        ("/responder {code} ", 1500),
        ("/estado {code} en obra ", 1000),
        ("/estado {code} rechazado ", 1000),
        ("/resolver {code} ", 1000),
        ("/planificar {code} viernes ", 1000),
        ("/pasar {code} comuna-2 ", 1000),
        ("/ocultar {code} ", 300),
        ("/enmendar {code} ", 1500),
        ("/bloquear {code} 7 ", 300),
    ],
)
async def test_an_official_who_says_too_much_says_it_again_and_it_is_done(
    command: str, most: int, sqlite_url: str
) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        (asked,) = await luis.says(command.format(code=code) + "x" * (most + 7))
        assert asked.text == WORDS.text("ask-shorter", over=7, letters=most, code=f"{code[:4]}-{code[4:]}")
        assert await machine.count(ticket_update, ticket_update.c.actor == "official") == 0
        short = "y" * most
        await luis.says(short)
        theirs = select(ticket_update.c.reason, ticket_update.c.words).where(ticket_update.c.actor == "official")
        assert short in [said for row in await machine.rows(theirs) for said in row]


async def test_what_fits_exactly_is_taken_at_once(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await at_work(machine)
        await luis.says(f"/nota {code} {'x' * 1000}")
        assert luis.last.text == WORDS.text("noted-inside", code=f"{code[:4]}-{code[4:]}")


async def test_a_citizens_long_answer_is_not_cut_either(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, _, code = await at_work(machine)
        (asked,) = await ana.says(f"/contestar {code} {'x' * 1502}")
        assert asked.text == WORDS.text("ask-shorter", over=2, letters=1500, code=f"{code[:4]}-{code[4:]}")
        await ana.says("es más profundo que ayer")
        last = select(ticket_update.c.words).order_by(ticket_update.c.seq.desc())
        assert await machine.one(last.limit(1)) == "es más profundo que ayer"


async def test_who_tells_a_long_story_reads_that_its_end_is_left_out(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        said = await ana.says(f"Hay un pozo enorme en la bajada -34.5800, -58.4200 {'bla ' * 500}")
        assert said[-1].text.startswith(WORDS.text("words-cut", most=1500))
        await ana.says("dale")
        assert await machine.one(select(func.length(ticket.c.words))) <= 1500


async def test_who_says_it_again_in_short_reads_nothing_of_an_end_left_out(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.says(f"Hay un pozo enorme en la bajada -34.5800, -58.4200 {'bla ' * 500}")
        await ana.taps("Cambiar el texto")
        said = (await ana.says("un pozo hondo"))[-1].text
        assert "un pozo hondo" in said
        assert WORDS.text("words-cut", most=1500) not in said


async def test_who_goes_on_at_length_reads_that_the_end_is_left_out(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await at_work(machine)
        await luis.says(f"/estado {code} resuelto lo tapamos")
        await ana.news()
        await ana.says("no")
        await ana.says("falta la mitad de la cuadra")
        (said,) = await ana.says("sigue igual que antes " * 100)
        assert said.text.startswith(WORDS.text("words-cut", most=1500))
        (again,) = await ana.says("quedó peor que antes")
        assert again.text == WORDS.text("answer-passed-on", code=f"{code[:4]}-{code[4:]}", body="Comuna 14")


async def test_what_is_added_under_a_photo_is_not_cut_in_silence_either(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.says(f"Hay un pozo enorme en la bajada -34.5800, -58.4200 {'bla ' * 250}")
        said = await ana.photo("good1", "ble " * 250)
        assert WORDS.text("words-cut", most=1500) in said[-1].text
