"""An official's words that name no ticket: whose answer they are is asked, the likeliest first."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from locales import catalog
from storage.schema import ticket
from storage.schema import update as ticket_update
from tests.machine import Machine
from tests.test_undoing import at_work, sent_in

WORDS = catalog("es")
ANSWER = "Mañana a la mañana pasa la cuadrilla"


async def test_what_moved_last_is_offered_first(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, "comuna-14")
        for place in ("-34.5800, -58.4200", "-34.5850, -58.4300"):
            machine.now += 100
            await ana.says(f"Hay un pozo enorme en la bajada {place}")
            await ana.says("dale")
        old, new = [row.code for row in await machine.rows(select(ticket.c.code).order_by(ticket.c.created_at))]
        asked = (await luis.says(ANSWER))[-1]
        assert [option.label for option in asked.options][:2] == [f"{each[:4]}-{each[4:]}" for each in (new, old)]
        await luis.taps(f"{old[:4]}-{old[4:]}")
        told = select(ticket_update.c.ticket, ticket_update.c.words).where(ticket_update.c.actor == "official")
        assert [tuple(row) for row in await machine.rows(told)] == [(old, ANSWER)]


async def test_what_is_in_her_hands_is_offered_before_what_moved_last(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await sent_in(machine)
        await luis.says(f"/tomar {code}")
        for where in ("-34.5750, -58.4230", "-34.5850, -58.4300", "-34.5700, -58.4330", "-34.5880, -58.4150"):
            machine.now += 100
            await ana.says(f"Hay un pozo enorme en la bajada {where}")
            await ana.says("dale")
        await luis.news()
        assert (await luis.says(ANSWER))[-1].options[0].label == shown(code)


async def test_who_does_something_else_instead_is_not_asked_again_and_nothing_is_sent(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, _ = await sent_in(machine)
        await luis.says(ANSWER)
        said = await luis.says("/numeros")
        assert not any(each.text.startswith("¿Para cuál") for each in [*said, *await luis.news()])
        assert await machine.count(ticket_update, ticket_update.c.actor == "official") == 0


async def test_without_a_ticket_the_inbox_is_shown(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis = machine.phone("luis")
        await machine.appoint(luis, "comuna-14")
        assert (await luis.says(ANSWER))[0].text == WORDS.text("inbox-empty")


async def told(machine: Machine) -> list[tuple[str, str]]:
    """(code, words) of what officials told citizens in words or files of their own."""
    given = (ticket_update.c.actor == "official") & (ticket_update.c.status == "")
    rows = select(ticket_update.c.ticket, ticket_update.c.words).where(given).order_by(ticket_update.c.seq)
    return [(row.ticket, row.words) for row in await machine.rows(rows)]


async def test_news_that_comes_while_she_is_asked_does_not_lose_her_words(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await at_work(machine)
        await luis.says(ANSWER)
        first = luis.button(shown(code)).tap
        await ana.says(f"/contestar {code} gracias por todo, che")
        news = await luis.news()
        assert "gracias por todo" in news[0].text
        assert ANSWER in news[-1].text
        sent = await luis.sends(tapped=first)
        assert sent[-1].text == WORDS.text("response-sent", code=shown(code))
        assert await told(machine) == [(code, ANSWER)]


async def test_a_code_that_was_not_offered_is_taken_as_well(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await at_work(machine)
        for where in ("-34.5750, -58.4230", "-34.5850, -58.4300", "-34.5700, -58.4330", "-34.5880, -58.4150"):
            machine.now += 100
            await ana.says(f"Hay un pozo enorme en la bajada {where}")
            await ana.says("dale")
        await luis.news()
        asked = (await luis.says(ANSWER))[-1]
        assert shown(code) not in [option.label for option in asked.options]
        await luis.says(shown(code))
        assert await told(machine) == [(code, ANSWER)]


@pytest.mark.parametrize("typed", ["RT2G-ZSA", "foreign"])
async def test_a_code_that_is_not_hers_is_asked_for_again_and_her_words_stay(sqlite_url: str, typed: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await at_work(machine)
        await luis.says(ANSWER)
        if typed == "foreign":
            typed = await elsewhere(machine)
        again = (await luis.says(typed))[-1]
        assert typed in again.text
        assert ANSWER in again.text
        await luis.taps(shown(code))
        assert await told(machine) == [(code, ANSWER)]


@pytest.mark.parametrize("caption", ["", "listo"])
async def test_a_photo_with_few_words_or_none_is_asked_about_and_sent_with_them(sqlite_url: str, caption: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await at_work(machine)
        asked = (await luis.photo("good1", caption))[-1]
        assert "1 foto" in asked.text
        await luis.taps(shown(code))
        assert await told(machine) == [(code, caption)]
        (news,) = await ana.news()
        assert len(news.media) == 1


async def test_a_second_photo_goes_with_the_first_while_she_is_asked(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await at_work(machine)
        await luis.photo("good1", ANSWER)
        assert "2 fotos" in (await luis.photo("good2"))[-1].text
        await luis.taps(shown(code))
        assert await told(machine) == [(code, ANSWER)]
        (news,) = await ana.news()
        assert len(news.media) == 2


async def elsewhere(machine: Machine) -> str:
    """The code, as it is shown, of a ticket that another body has."""
    bea = machine.phone("bea")
    await bea.says("Hay un pozo enorme en la bajada -34.6000, -58.3800")
    await bea.says("dale")
    return shown(str(await machine.one(select(ticket.c.code).where(ticket.c.body != "comuna-14"))))


def shown(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"
