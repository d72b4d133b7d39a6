"""One answer or one status for several tickets: confirmed once, told to each, and what changed meanwhile left out."""

from __future__ import annotations

from sqlalchemy import select, update

from storage.schema import official, ticket
from storage.schema import update as ticket_update
from tests.machine import Machine, Phone, texts


async def three_reported(machine: Machine) -> tuple[Phone, list[Phone], list[str]]:
    """A dispatcher of Comuna 14, and three citizens with a ticket each."""
    luis = machine.phone("luis")
    await machine.appoint(luis, "comuna-14")
    await machine.work(lambda work: work.execute(update(official).values(role="dispatcher")))
    citizens = [machine.phone(name) for name in ("ana", "eva", "leo")]
    for n, citizen in enumerate(citizens):
        await citizen.says("bache")
        await citizen.says(f"-34.58{n}0, -58.4{n}00")
        await citizen.says(f"Un pozo enorme, el número {n}")
        await citizen.says("sin foto")
        await citizen.says("dale")
    rows = await machine.rows(select(ticket.c.code).order_by(ticket.c.created_at, ticket.c.code))
    codes = [row.code for row in rows]
    await machine.work(lambda work: work.execute(update(ticket).values(body="comuna-14")))
    for citizen in citizens:
        await citizen.news()
    return luis, citizens, codes


async def test_one_answer_reaches_everybody_once_after_one_confirmation(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, citizens, codes = await three_reported(machine)
        await luis.says(f"/varios {' '.join(codes)}")
        await luis.taps("Responder")
        await luis.says("Pasamos el viernes")
        assert all([not await citizen.news() for citizen in citizens])
        await luis.says("sí")
        for citizen in citizens:
            assert sum("Pasamos el viernes" in said for said in texts(await citizen.news())) == 1


async def test_one_that_changed_meanwhile_is_left_out_and_named(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, codes = await three_reported(machine)
        bea = machine.phone("bea")
        await machine.appoint(bea, "comuna-14")
        await luis.says(f"/varios {' '.join(codes)}")
        await luis.taps("En obra")
        await luis.says("Empezamos hoy")
        await bea.says(f"/tomar {codes[1]}")
        said = texts(await luis.says("sí"))[-1]
        assert f"{codes[1][:4]}-{codes[1][4:]}" in said
        moved = await machine.rows(select(ticket_update.c.ticket).where(ticket_update.c.status == "in_progress"))
        assert {row.ticket for row in moved} == {codes[0], codes[2]}


async def test_a_no_changes_nothing_and_foreign_tickets_are_not_taken(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, codes = await three_reported(machine)
        foreign = update(ticket).where(ticket.c.code == codes[0]).values(body="comuna-2")
        await machine.work(lambda work: work.execute(foreign))
        assert "Ninguno" in (await luis.says(f"/varios {codes[0]}"))[-1].text
        await luis.says("/varios todos")
        await luis.taps("No se va a hacer")
        asked = await luis.says("no hay fondos")
        assert f"{codes[0][:4]}-{codes[0][4:]}" not in asked[-1].text
        await luis.says("no")
        assert await machine.count(ticket_update, ticket_update.c.actor == "official") == 0
