"""Passing a ticket on, and setting it right: what is kept, who is told, and what is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.messages import Place
from storage import passing, planning, statuses, tickets, updates
from storage.passing import Pass
from storage.schema import delivery, supporter, ticket, ticket_body, update
from storage.statuses import Forbidden, ReasonMissing
from storage.tickets import Ticket
from storage.updates import Change
from storage.work import Work
from tests.handset import Phone
from tests.machine import Machine, texts
from tests.working import working

PALERMO = Place(lat=-34.5812, lon=-58.4212, source="pin")
BELGRANO = Place(lat=-34.5600, lon=-58.4490, source="pin")
VILLA_20 = Place(lat=-34.6730, lon=-58.4640, source="pin")


@pytest.fixture
async def work(database_url: str) -> AsyncIterator[Work]:
    async with working(database_url, 1000.0) as work:
        yield work


def given(reason: str) -> Change:
    return Change(actor="official", person_id=7, address_id=8, reason=reason)


async def open_one(work: Work, body: str = "comuna-14", **values: Any) -> Ticket:
    usual: dict[str, Any] = {
        "person_id": 1,
        "address_id": 1,
        "category": "bache",
        "body": body,
        "area": "comuna-14",
        "place": PALERMO,
        "words": "enorme",
        "media_ids": [],
        "language": "es",
    }
    return await found(work, tickets.open_ticket(work, **usual | values))


async def found(work: Work, code: str) -> Ticket:
    ticket = await tickets.by_code(work, code)
    assert ticket
    return ticket


async def test_a_pass_is_two_steps_of_the_history_and_leaves_the_ticket_received(work: Work) -> None:
    one = await open_one(work)
    await planning.assign(work, one.code, 7)
    await tickets.append(work, one, Change(actor="official", person_id=7, status="acknowledged"))
    after = await passing.pass_on(work, await found(work, one.code), "comuna-13", given("del otro lado"))
    assert (after.body, after.status, after.taken_by, after.update_seq) == ("comuna-13", "received", None, 4)
    history = await updates.history(work, one.code, public_only=True)
    assert [(entry.status, entry.body, entry.actor, entry.reason) for entry in history[2:]] == [
        ("not_responsible", "comuna-14", "official", "del otro lado"),
        ("received", "comuna-13", "system", ""),
    ]
    assert passing.passes(history) == [Pass("comuna-14", "comuna-13", "del otro lado", 1000.0)]


@pytest.mark.parametrize("status", ["received", "acknowledged", "planned", "in_progress", "waiting_citizen"])
async def test_whatever_is_open_can_be_passed_on(work: Work, status: str) -> None:
    one = await open_one(work)
    for step in statuses.way("received", status) or ():
        await tickets.append(work, await found(work, one.code), Change(actor="official", status=step))
    after = await passing.pass_on(work, await found(work, one.code), "comuna-13", given("no es nuestro"))
    assert (after.body, after.status) == ("comuna-13", "received")


async def test_what_is_closed_is_passed_on_no_more(work: Work) -> None:
    one = await open_one(work)
    closed = await tickets.append(work, one, Change(actor="citizen", status="withdrawn"))
    with pytest.raises(Forbidden):
        await passing.pass_on(work, closed, "comuna-13", given("no es nuestro"))
    assert (await found(work, one.code)).body == "comuna-14"


async def test_nobody_passes_without_a_reason(work: Work) -> None:
    with pytest.raises(ReasonMissing):
        await passing.pass_on(work, await open_one(work), "comuna-13", given(" "))


async def test_an_end_with_a_reason_is_no_pass(work: Work) -> None:
    one = await open_one(work)
    await tickets.append(work, one, Change(actor="official", status="not_responsible", reason="es del tren"))
    assert passing.passes(await updates.history(work, one.code, public_only=False)) == []


async def test_who_stood_beside_leads_after_a_pass_and_stands_beside_no_more(work: Work) -> None:
    one = await open_one(work, "agua")
    passing.stand_beside(work, one.code, ["barrios", "ciudad"])
    await passing.pass_on(work, one, "barrios", given("la red es de ustedes"))
    assert await passing.beside(work, one.code) == ["ciudad"]


async def test_the_inbox_of_a_body_holds_what_it_only_stands_beside(work: Work) -> None:
    one = await open_one(work, "agua")
    passing.stand_beside(work, one.code, ["barrios"])
    other = await open_one(work, "barrios")
    mine = await tickets.of_bodies(work, ["barrios"], 10)
    assert {each.code for each in mine} == {one.code, other.code}
    both = await tickets.of_bodies(work, ["barrios", "agua"], 10)
    assert {each.code for each in both} == {one.code, other.code}
    assert len(both) == 2, "no ticket twice"
    assert await tickets.of_bodies(work, ["comuna-14"], 10) == []


async def test_a_corrected_place_is_where_it_is_searched_by(work: Work) -> None:
    one = await open_one(work)
    await passing.refile(work, one, category="vereda-rota", area="comuna-13", place=BELGRANO)
    after = await found(work, one.code)
    assert (after.category, after.area, after.place) == ("vereda-rota", "comuna-13", BELGRANO)
    row = await work.first(ticket.select().where(ticket.c.code == one.code))
    assert row is not None
    assert (row.lat, row.lon) == (BELGRANO.lat, BELGRANO.lon)
    assert row.cell == tickets.place_values(BELGRANO)["cell"]


# the whole machine


async def report(phone: Phone, words: str = "hay un bache enorme", place: Place = PALERMO) -> str:
    """Send a report; its code."""
    await phone.says(words)
    await phone.sends(place=place)
    said = await phone.says("dale")
    return said[-1].ticket


async def official(machine: Machine, who: str, *bodies: str) -> Phone:
    phone = machine.phone(who)
    await phone.says("ayuda")
    await machine.appoint(phone, *bodies)
    return phone


async def test_a_pass_is_delivered_to_the_new_body_and_told_to_who_joined(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, rosa = await official(machine, "luis", "comuna-14"), await official(machine, "rosa", "comuna-13")
        ana, bea = machine.phone("ana"), machine.phone("bea")
        code = await report(ana)
        await bea.says(f"me sumo {code}")
        for phone in (ana, bea, luis, rosa):
            await phone.news()
        await luis.says(f"pasar {code} comuna 13 es del otro lado")
        told = [texts(await phone.news()) for phone in (ana, bea, rosa)]
        assert all("Comuna 13" in text[0] and "es del otro lado" in text[0] for text in told)
        await luis.says(f"pasar {code} tránsito de la ciudad")
        assert "Comuna 13" in luis.last.text
        # Nobody works for the fallback here: it waits, and the operator's list shows it.
        await rosa.says(f"pasar {code} ciudad de buenos aires no es calle de nadie")
        rows = await machine.rows(delivery.select().where(delivery.c.ticket == code))
        assert [(row.body, row.status) for row in rows] == [("ciudad", "unclaimed")]


async def test_a_circle_is_in_the_operators_log(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, rosa = await official(machine, "luis", "comuna-14"), await official(machine, "rosa", "comuna-13")
        code = await report(machine.phone("ana"))
        await luis.says(f"pasar {code} comuna 13 es del otro lado")
        await rosa.says(f"pasar {code} comuna 14 es de este lado, vive Marta ahí")
        with capture_logs() as logs:
            await rosa.taps("Pasarlo igual")
        (line,) = [each for each in logs if each["event"] == "ticket_in_a_circle"]
        assert line == {
            "event": "ticket_in_a_circle",
            "log_level": "warning",
            "ticket": code,
            "bodies": "comuna-14 comuna-13",
            "to": "comuna-14",
        }
        (after,) = await machine.rows(ticket.select())
        assert after.body == "comuna-14"


async def test_who_has_passed_a_ticket_on_cannot_change_it_any_more(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis = await official(machine, "luis", "comuna-14")
        code = await report(machine.phone("ana"))
        await luis.says(f"pasar {code} comuna 13 es del otro lado")
        for said in (f"tomar {code}", f"pasar {code} comuna 1 x", f"responder {code} hola", f"estado {code} en obra"):
            await luis.says(said)
            assert "Comuna 13" in luis.last.text
        assert [row.status for row in await machine.rows(ticket.select())] == ["received"]


async def test_who_stands_beside_answers_and_decides_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        nora = await official(machine, "nora", "barrios")
        ana = machine.phone("ana")
        code = await report(ana, "no sale agua desde ayer", VILLA_20)
        assert [row.body for row in await machine.rows(ticket_body.select())] == ["barrios"]
        assert code in (await nora.news())[0].ticket
        await nora.says(f"responder {code} ¿desde cuándo?")
        assert "Barrios Populares" in (await ana.news())[0].text
        await nora.says(f"estado {code} en obra")
        assert "Agua y Desagües" in nora.last.text
        assert [row.status for row in await machine.rows(ticket.select())] == ["received"]
        await ana.says(f"contestar {code} desde ayer")
        await ana.says("desde ayer")
        assert any("desde ayer" in text for text in texts(await nora.news()))


async def test_somebody_else_corrects_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        code = await report(machine.phone("ana"))
        bea = machine.phone("bea")
        await bea.says(f"cambiar {code}")
        assert "no es un reclamo tuyo" in bea.last.text


async def test_correcting_to_what_it_is_changes_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        code = await report(ana)
        before = await machine.count(update)
        await ana.says(f"cambiar {code} tema")
        await ana.says("un bache")
        assert "ya estaba así" in ana.last.text
        assert await machine.count(update) == before


async def test_a_correction_within_one_body_keeps_who_took_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana = await official(machine, "luis", "comuna-14"), machine.phone("ana")
        code = await report(ana)
        await luis.says(f"tomar {code}")
        await ana.says(f"cambiar {code} tema")
        await ana.says("es una vereda rota")
        await ana.says("sí")
        (after,) = await machine.rows(ticket.select())
        assert (after.category, after.body, after.status) == ("vereda-rota", "comuna-14", "acknowledged")
        assert after.taken_by is not None
        assert any("Baldosa o vereda rota" in text for text in texts(await luis.news()))


async def test_a_correction_after_work_began_brings_everybody_along(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, bea = await official(machine, "luis", "comuna-14"), machine.phone("ana"), machine.phone("bea")
        code = await report(ana)
        await bea.says(f"me sumo {code}")
        await luis.says(f"estado {code} en obra")
        await ana.says(f"cambiar {code} tema")
        await ana.says("es un caño roto que pierde agua")
        await ana.says("sí")
        old, new = await machine.rows(ticket.select().order_by(ticket.c.created_at, ticket.c.status.desc()))
        assert {(old.code, old.status), (new.code, new.status)} >= {(code, "withdrawn")}
        fresh = new if old.code == code else old
        assert (fresh.category, fresh.body, fresh.words, fresh.status) == (
            "cano-roto", "agua", "hay un bache enorme", "received",
        )  # fmt: skip
        joined = await machine.rows(supporter.select().where(supporter.c.ticket == fresh.code))
        assert len(joined) == 1
