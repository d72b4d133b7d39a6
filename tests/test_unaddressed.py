"""An official's words that name no ticket: whose answer they are is asked, the likeliest first."""

from __future__ import annotations

from sqlalchemy import select

from locales import catalog
from storage.schema import ticket
from storage.schema import update as ticket_update
from tests.machine import Machine
from tests.test_undoing import sent_in

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
