"""Officials order their work: who does it, how pressing it is, which day was promised, and what stays inside."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, select

from locales import catalog
from storage import tickets
from storage.schema import official, ticket
from storage.schema import update as ticket_update
from storage.tickets import Ticket
from storage.updates import Change
from tests.handset import Phone
from tests.machine import Machine, demo_pack, texts

CALENDAR = demo_pack().timetable.calendar
WORDS = catalog("es")


async def reported(machine: Machine) -> tuple[Phone, str]:
    """A citizen with a fresh ticket of Comuna 14."""
    ana = machine.phone("ana")
    await ana.says("Hay un pozo enorme en la bajada -34.5800, -58.4200")
    await ana.says("dale")
    return ana, str(await machine.one(select(ticket.c.code)))


async def two_officials(machine: Machine) -> tuple[Phone, Phone]:
    """Luis, who coordinates, and Bea."""
    luis, bea = machine.phone("luis"), machine.phone("bea")
    await machine.appoint(luis, "comuna-14", name="Luis Paz")
    await machine.work(lambda work: work.execute(official.update().values(role="dispatcher")))
    await machine.appoint(bea, "comuna-14", name="Bea Ruiz")
    return luis, bea


async def at_work(machine: Machine) -> tuple[Phone, Phone, Phone, str]:
    """Luis, who coordinates, Bea, and a citizen with a fresh ticket of theirs."""
    luis, bea = await two_officials(machine)
    return luis, bea, *(await reported(machine))


async def read(machine: Machine, code: str) -> Ticket:
    found = await machine.work(lambda work: tickets.by_code(work, code))
    assert isinstance(found, Ticket)
    return found


async def test_a_ticket_is_assigned_by_name_and_the_colleague_is_told_with_its_card(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, bea, _, code = await at_work(machine)
        await bea.news()
        done = (await luis.says(f"/asignar {code} bea"))[-1]
        assert "Bea Ruiz" in done.text
        (told,) = await bea.news()
        assert "Te asignaron" in told.text
        assert "pozo enorme" in told.text
        assert any(option.tap == f"/status {code} acknowledged" for option in told.options)
        bea_id = await machine.one(select(official.c.person_id).where(official.c.name == "Bea Ruiz"))
        assert (await read(machine, code)).taken_by == bea_id
        assigned = select(ticket_update.c.reason).where(ticket_update.c.action == "assigned")
        assert await machine.one(assigned) == "Bea Ruiz"


async def test_who_is_not_named_is_chosen_from_the_team(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, bea, _, code = await at_work(machine)
        await bea.news()
        await luis.says(f"/asignar {code} nadie así")
        await luis.taps("Bea Ruiz")
        assert "Te asignaron" in (await bea.news())[0].text


async def test_an_agent_gives_a_ticket_to_nobody_but_herself(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, bea, _, code = await at_work(machine)
        answer = (await bea.says(f"/asignar {code} luis"))[-1]
        assert answer.text == WORDS.text("needs-dispatcher")
        assert (await read(machine, code)).taken_by is None
        await bea.says(f"/asignar {code}")
        bea_id = await machine.one(select(official.c.person_id).where(official.c.name == "Bea Ruiz"))
        assert (await read(machine, code)).taken_by == bea_id


async def test_a_note_is_read_by_officials_alone(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, bea, ana, code = await at_work(machine)
        await luis.says(f"/nota {code} el vecino del 3º molesta")
        assert await ana.news() == []
        (seen,) = await ana.says(f"estado {code}")
        assert "molesta" not in seen.text
        assert "Nota interna: el vecino del 3º molesta" in "\n".join(texts(await bea.says(f"/ver {code}")))


async def test_what_becomes_urgent_is_due_sooner(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, _, code = await at_work(machine)
        await luis.says(f"/prioridad {code} urgente")
        found = await read(machine, code)
        assert found.priority == "urgent"
        assert found.answer_by == demo_pack().timetable.due(machine.now, found.category, found.body, "urgent")[0]
        await luis.says(f"/prioridad {code} normal")
        assert (await read(machine, code)).priority == ""


@pytest.mark.parametrize(
    ("kept", "shown"),
    [("urgent", "Urgente"), ("normal", "Normal"), ("Alta", "Alta"), ("High", "Alta"), ("Máxima", "Máxima")],
)
async def test_a_priority_is_kept_by_its_key_and_old_words_of_it_are_understood(
    kept: str, shown: str, sqlite_url: str
) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, _, code = await at_work(machine)
        await luis.says(f"/prioridad {code} urgente")
        acts = ticket_update.c.action == "priority"
        assert await machine.one(select(ticket_update.c.reason).where(acts)) == "urgent"
        found = await read(machine, code)
        entry = Change(actor="official", action="priority", reason=kept, public=False)
        await machine.work(lambda work: tickets.append(work, found, entry))
        assert f"Prioridad: {shown}\n" in "\n".join(texts(await luis.says(f"/ver {code}"))) + "\n"


async def test_what_is_urgent_no_longer_is_due_as_it_was(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, ana, code = await at_work(machine)
        before = await read(machine, code)
        machine.now += 1000
        await luis.says(f"/responder {code} ¿de qué lado?")
        await ana.news()
        machine.now += 500
        await ana.says("del lado del bar")
        asked = await read(machine, code)
        for priority in ("urgente", "normal"):
            await luis.says(f"/prioridad {code} {priority}")
            machine.now += 500
        after = await read(machine, code)
        assert after.answer_by == before.answer_by
        assert after.close_by == asked.close_by, "the time that she was waited for does not count"


async def test_a_promised_day_is_kept_until_the_end_of_its_work(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, ana, code = await at_work(machine)
        await luis.says(f"/planificar {code} en 3 días hábiles, va la cuadrilla")
        found = await read(machine, code)
        assert found.status == "planned"
        assert found.planned_for is not None
        day = CALENDAR.day(found.planned_for - 1)
        assert isinstance(day, date)
        assert found.planned_for == CALENDAR.shift(day).end
        assert CALENDAR.works_on(day)
        (told,) = await ana.news()
        assert f"{day.day}/{day.month}" in told.text
        assert "va la cuadrilla" in told.text
        assert day.isoformat() not in told.text


async def test_a_ticket_that_is_done_is_planned_no_more(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, _, code = await at_work(machine)
        await luis.says(f"/estado {code} rechazado es un terreno privado")
        await luis.says(f"/planificar {code} viernes")
        found = await read(machine, code)
        assert (found.status, found.planned_for) == ("declined", None)


async def test_a_day_said_with_the_status_is_a_promise(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, ana, code = await at_work(machine)
        await luis.says(f"/estado {code} planificado lunes, va la cuadrilla")
        found = await read(machine, code)
        assert found.planned_for is not None
        assert CALENDAR.day(found.planned_for - 1).weekday() == 0
        (told,) = await ana.news()
        assert "lunes" in told.text
        assert "va la cuadrilla" in told.text


async def test_planned_anew_without_a_day_it_has_none(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, _, code = await at_work(machine)
        await luis.says(f"/planificar {code} viernes")
        await luis.says(f"/estado {code} en obra")
        await luis.says(f"/estado {code} planificado falta material")
        found = await read(machine, code)
        assert (found.status, found.planned_for) == ("planned", None)


async def test_nobody_takes_a_colleagues_ticket_over_and_who_loses_one_is_told(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, bea, _, code = await at_work(machine)
        await luis.says(f"/asignar {code} yo")
        taken = (await read(machine, code)).taken_by
        assert "Luis Paz" in (await bea.says(f"/asignar {code} yo"))[-1].text
        assert (await read(machine, code)).taken_by == taken
        await bea.news()
        await luis.says(f"/asignar {code} bea")
        await bea.news()
        await luis.says(f"/asignar {code} yo")
        assert "ahora lo tiene Luis Paz" in "\n".join(texts(await bea.news()))


@pytest.mark.parametrize("command", ["/tomar {code}", "/estado {code} visto"])
async def test_what_was_given_to_a_colleague_is_taken_by_nobody_in_silence(sqlite_url: str, command: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, bea, _, code = await at_work(machine)
        eva = machine.phone("eva")
        await machine.appoint(eva, "comuna-14", name="Eva Sosa")
        await luis.says(f"/asignar {code} bea")
        taken = (await read(machine, code)).taken_by
        assert "lo tiene Bea Ruiz" in (await eva.says(command.format(code=code)))[-1].text
        found = await read(machine, code)
        assert (found.taken_by, found.status) == (taken, "received")
        await bea.news()
        # Who coordinates takes it all the same, and she hears of it.
        await luis.says(command.format(code=code))
        assert "ahora lo tiene Luis Paz" in "\n".join(texts(await bea.news()))


async def test_what_somebody_had_who_left_the_team_is_anybodys(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, bea, _, code = await at_work(machine)
        await luis.says(f"/asignar {code} yo")
        taken = (await read(machine, code)).taken_by
        await machine.work(lambda work: work.execute(delete(official).where(official.c.name == "Luis Paz")))
        assert "lo tiene" not in (await bea.says(f"/asignar {code} yo"))[-1].text
        assert (await read(machine, code)).taken_by not in (None, taken)
