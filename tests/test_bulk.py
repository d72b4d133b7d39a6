"""One answer or one status for several tickets: confirmed once, told to each, and what changed meanwhile left out."""

from __future__ import annotations

from importlib import import_module

import pytest
from sqlalchemy import select, update

from handlers.codes import codes_in
from storage.schema import official, ticket
from storage.schema import update as ticket_update
from tests.handset import Phone
from tests.machine import Machine, texts

# The name in the package is the conversation's.
BULK = import_module("handlers.bulk")


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


@pytest.mark.parametrize(
    ("typed", "codes", "wrong"),
    [
        ("K7Q4-2M5 RT2GZSA", ["K7Q42M5", "RT2GZSA"], []),
        ("k7q4 2m5, rt2g-zsa y RT2G ZSA", ["K7Q42M5", "RT2GZSA"], []),
        ("#K7Q4-2M5; RT2GZSA.", ["K7Q42M5", "RT2GZSA"], []),
        ("RT2 GZSA and K7Q42M5", ["RT2GZSA", "K7Q42M5"], []),
        ("RT2G-ZSB K7Q4 2M6", [], ["RT2G-ZSB", "K7Q4 2M6"]),
        ("todos los vencidos", [], []),
        ("", [], []),
    ],
)
def test_codes_are_read_as_people_list_them(typed: str, codes: list[str], wrong: list[str]) -> None:
    assert codes_in(typed) == (codes, wrong)


async def test_a_filter_of_the_inbox_selects(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, codes = await three_reported(machine)
        await luis.says(f"/tomar {codes[0]}")
        for typed, number in (("los nuevos", 2), ("míos", 1), ("todos", 3), ("tema bache", 3), ("zona palermo", 0)):
            said = (await luis.says(f"/varios {typed}"))[-1]
            assert (f"Elegidos: {number}." in said.text) == (number > 0), typed
            await luis.says("/cancelar")
        late = update(ticket).where(ticket.c.code == codes[1]).values(answer_by=machine.now - 1)
        await machine.work(lambda work: work.execute(late))
        await luis.says("/varios")
        assert [option.label for option in luis.last.options][:4] == [
            *("Todos (3)", "Los míos (1)", "Nuevos (2)", "Vencidos (1)")
        ]
        assert "Elegidos: 1." in (await luis.taps("Vencidos"))[-1].text


async def test_what_cannot_be_meant_is_named_before_anything_is_asked(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, codes = await three_reported(machine)
        foreign = update(ticket).where(ticket.c.code == codes[0]).values(body="comuna-2")
        await machine.work(lambda work: work.execute(foreign))
        said = (await luis.says(f"/varios {codes[0]} y {codes[1]}, {codes[2][:4]} {codes[2][4:]}"))[-1].text
        assert said.startswith(f"No los encuentro abiertos en tu área: {codes[0][:4]}-{codes[0][4:]}.")
        assert "Elegidos: 2." in said


async def test_more_than_the_most_is_said(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BULK, "MOST", 2)
    monkeypatch.setattr(BULK, "MOST_SHOWN", 1)
    async with Machine(sqlite_url) as machine:
        luis, citizens, codes = await three_reported(machine)
        for typed in ("todos", " ".join(codes)):
            assert (await luis.says(f"/varios {typed}"))[-1].text.startswith("Son 3: tomo los primeros 2.")
            await luis.taps("Responder")
            asked = (await luis.says("Pasamos el viernes"))[-1].text
            assert "y 1 más" in asked
            await luis.says("no")
        assert all([not await citizen.news() for citizen in citizens])


async def test_what_is_ready_is_filled_in_for_each_in_her_language(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, citizens, codes = await three_reported(machine)
        await citizens[0].says("/idioma portugués")
        await machine.work(
            lambda work: work.execute(update(ticket).where(ticket.c.code == codes[1]).values(language="en"))
        )
        await luis.says("/varios todos")
        await luis.taps("Resuelto")
        asked = (await luis.taps("Ya lo tapamos"))[-1].text
        assert "Tapamos el bache el …" in asked
        await luis.says("sí")
        said = await machine.rows(select(ticket_update.c.reason).where(ticket_update.c.status == "resolved"))
        assert sorted(row.reason.split()[0] for row in said) == ["Tapamos", "Tapamos", "We"]
        heard = [(await citizen.news())[-1].text for citizen in citizens]
        assert "Tapamos o buraco" in heard[0]
        assert "{" not in "".join(heard)


async def test_a_question_to_several_makes_each_wait(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, codes = await three_reported(machine)
        await luis.says(f"/varios {codes[0]} {codes[1]}")
        await luis.taps("Responder")
        await luis.taps("¿Una foto?")
        await luis.says("sí")
        rows = await machine.rows(select(ticket.c.status).order_by(ticket.c.status))
        assert [row.status for row in rows] == ["received", "waiting_citizen", "waiting_citizen"]
