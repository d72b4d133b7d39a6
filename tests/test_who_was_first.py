"""Two officials at one ticket: the second hears who was first and when, and nothing is overwritten."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import select

from storage import tickets
from storage.schema import official, ticket
from storage.schema import update as ticket_update
from storage.statuses import Forbidden
from storage.updates import Change
from tests.handset import Phone
from tests.machine import Machine, texts


async def two_at_work(machine: Machine) -> tuple[Phone, Phone, str]:
    """Luis and Bea of Comuna 14, and the code of a new ticket of theirs."""
    ana, luis, bea = (machine.phone(name) for name in ("ana", "luis", "bea"))
    await machine.appoint(luis, "comuna-14", name="Luis Paz")
    await machine.appoint(bea, "comuna-14", name="Bea Ruiz")
    await ana.says("Hay un pozo enorme en la bajada -34.5800, -58.4200")
    await ana.says("dale")
    await bea.news()
    await luis.news()
    return luis, bea, str(await machine.one(select(ticket.c.code)))


async def test_who_takes_a_ticket_second_hears_who_was_first_and_when(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, bea, code = await two_at_work(machine)
        both = [luis.message(f"/tomar {code}"), bea.message(f"/tomar {code}")]
        await asyncio.gather(*map(machine.take, both))
        await machine.settle()
        said = texts([*await luis.news(), *await bea.news()])
        assert sum("a tu cargo" in each for each in said) == 1
        (late,) = [each for each in said if "llegó antes" in each]
        assert "Luis Paz" in late or "Bea Ruiz" in late
        assert await machine.count(ticket_update, ticket_update.c.status == "acknowledged") == 1


async def test_a_decision_made_while_another_was_asked_for_words_stands(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, bea, code = await two_at_work(machine)
        await luis.says(f"/estado {code} rechazado")
        await bea.says(f"/estado {code} en obra")
        said = texts(await luis.says("es un terreno privado"))
        assert any("Bea Ruiz llegó antes" in each for each in said)
        assert await machine.one(select(ticket.c.status)) == "in_progress"
        assert await machine.count(ticket_update, ticket_update.c.status == "declined") == 0


@pytest.mark.parametrize("planned", [False, True])
async def test_a_day_promised_while_another_was_asked_for_one_stands(database_url: str, planned: bool) -> None:
    async with Machine(database_url) as machine:
        luis, bea, code = await two_at_work(machine)
        if planned:
            await luis.says(f"/planificar {code} viernes 20/3")
        await luis.says(f"/planificar {code}")
        await bea.says(f"/planificar {code} lunes 30/3")
        promised = await machine.one(select(ticket.c.planned_for))
        machine.now += 5
        said = texts(await luis.says("viernes 27/3"))
        assert any("Bea Ruiz llegó antes" in each for each in said)
        assert await machine.one(select(ticket.c.planned_for)) == promised


async def test_a_day_is_promised_though_the_citizen_answers_meanwhile(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, code = await two_at_work(machine)
        await luis.says(f"/responder {code} ¿Es en la vereda?")
        await luis.says(f"/planificar {code}")
        await machine.phone("ana").says(f"/contestar {code} sí, en la vereda")
        await luis.says("viernes 27/3")
        assert await machine.one(select(ticket.c.status)) == "planned"


async def test_of_two_transactions_at_once_one_writes_and_the_other_is_refused(database_url: str) -> None:
    async with Machine(database_url) as machine:
        _, _, code = await two_at_work(machine)
        old = await machine.work(lambda work: tickets.by_code(work, code, lock=False))

        async def declare(status: str) -> str:
            entry = Change(actor="official", body="comuna-14", status=status, reason="es un terreno privado")
            try:
                await machine.work(lambda work: tickets.append(work, old, entry))
            except Forbidden:
                return "refused"
            return status

        done = await asyncio.gather(declare("acknowledged"), declare("declined"))
        assert done.count("refused") == 1
        assert await machine.one(select(ticket.c.status)) in done
        assert await machine.count(ticket_update, ticket_update.c.actor == "official") == 1


async def test_a_resolution_takes_words_and_invites_a_photo(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, code = await two_at_work(machine)
        assert "¿Qué se hizo" in (await luis.says(f"/estado {code} resuelto"))[0].text
        assert await machine.one(select(ticket.c.status)) == "received"
        assert "foto" in (await luis.says("Lo tapamos con asfalto"))[0].text
        await luis.says("sin foto")
        assert await machine.one(select(ticket.c.status)) == "resolved"
        resolved = select(ticket_update.c.reason).where(ticket_update.c.status == "resolved")
        assert await machine.one(resolved) == "Lo tapamos con asfalto"


async def test_the_photo_of_a_resolution_goes_to_the_citizen_with_its_words(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, code = await two_at_work(machine)
        ana = machine.phone("ana")
        await ana.news()
        await luis.says(f"/estado {code} resuelto")
        await luis.photo("good", caption="Lo tapamos con asfalto")
        (told,) = [each for each in await ana.news() if "asfalto" in each.text]
        assert told.media


@pytest.mark.parametrize("words", ["", " porque sí"])
async def test_who_says_it_in_one_line_is_asked_only_for_what_is_missing(sqlite_url: str, words: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, code = await two_at_work(machine)
        (answer,) = await luis.says(f"/estado {code} rechazado{words}")
        assert ("motivo" in answer.text) == (not words)


async def test_a_colleague_without_a_name_is_called_the_same_by_who_was_first_and_by_who_has_it(
    sqlite_url: str,
) -> None:
    async with Machine(sqlite_url) as machine:
        luis, bea, code = await two_at_work(machine)
        await machine.work(lambda work: work.execute(official.update().values(name="")))
        await bea.says(f"/tomar {code}")
        (late,) = [each.text for each in await luis.says(f"/tomar {code}")]
        (had,) = [each.text for each in await luis.says(f"/asignar {code} yo")]
        name = re.search(r"integrante n\.º \d+", had)
        assert name
        assert f"{name[0]} llegó antes" in late
