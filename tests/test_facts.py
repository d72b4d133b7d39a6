"""What an official reads of a ticket at a glance, and looks at when she asks: deadlines, hands, map and photos."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

from bot.messages import Place
from storage.people import Person
from storage.schema import address, official, ticket
from storage.supporters import join
from tests.handset import Phone
from tests.machine import ACCOUNT, DAY, HOUR, Machine
from tests.test_inbox import BODY, LAT, LON, add


@pytest.fixture
async def machine(sqlite_url: str) -> AsyncIterator[Machine]:
    async with Machine(sqlite_url) as machine:
        yield machine


@pytest.fixture
async def luis(machine: Machine) -> Phone:
    luis = machine.phone("luis")
    await machine.appoint(luis, BODY, name="Luis")
    return luis


async def told(phone: Phone, code: str) -> str:
    """The line of facts that she reads; "" for none."""
    (card,) = await phone.says(f"/ver {code}")
    lines = card.text.splitlines()
    status = next(at for at, line in enumerate(lines) if " · reclamo del " in line)
    return lines[status + 1] if len(lines) > status + 1 else ""


# It is a Saturday's noon; nobody works on it.
@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (HOUR, "vence hoy"),
        (DAY, "vence mañana"),
        (6 * DAY, "vence el viernes 27/11"),
        (-HOUR, "vencido hoy"),
        (-DAY, "vencido desde el viernes 20/11"),
        (-2 * DAY, "vencido hace 1 día hábil"),
        (-4 * DAY, "vencido hace 3 días hábiles"),
    ],
)
async def test_what_is_due_is_said_in_words_and_lateness_in_working_days(
    ahead: float, words: str, machine: Machine, luis: Phone
) -> None:
    code = await add(machine, answer_by=machine.now + ahead)
    assert await told(luis, code) == f"⏰ respuesta: {words}"


async def test_once_answered_the_end_is_due(machine: Machine, luis: Phone) -> None:
    now = machine.now
    code = await add(machine, status="in_progress", answered_at=now, answer_by=now - DAY, close_by=now + DAY)
    assert await told(luis, code) == "⏰ cierre: vence mañana"


async def test_nothing_is_due_of_what_nobody_has_looked_at_or_what_is_over(machine: Machine, luis: Phone) -> None:
    late = {"answer_by": machine.now - DAY, "close_by": machine.now - DAY}
    for code in (await add(machine, held_at=machine.now, **late), await add(machine, status="resolved", **late)):
        assert "⏰" not in await told(luis, code)


async def test_a_card_names_who_has_it_the_promised_day_the_priority_and_how_many_joined(
    machine: Machine, luis: Phone
) -> None:
    bea = machine.phone("bea")
    await machine.appoint(bea, BODY, name="Bea")
    hers = await machine.one(select(official.c.person_id).where(official.c.name == "Bea"))
    code = await add(machine, status="planned", taken_by=hers, planned_for=machine.now + 6 * DAY, priority="urgent")
    mine = await machine.one(select(address.c.person_id).where(address.c.external == "luis"))
    who = Person(mine, 1, ACCOUNT, "luis", "es", official=True)
    await machine.work(lambda work: join(work, code, who))
    assert await told(luis, code) == "👤 Bea · 🗓 viernes 27/11 · 🔴 prioridad urgente · 👥 se sumó 1 persona"
    assert (await told(bea, code)).startswith("👤 a tu cargo · ")


async def test_a_place_in_words_has_no_map_and_its_words_are_said(machine: Machine, luis: Phone) -> None:
    code = await add(machine, place=Place(words="frente al club"))
    (card,) = await luis.says(f"/ver {code}")
    assert "Mapa" not in [option.label for option in card.options]
    (said,) = await luis.says(f"/mapa {code}")
    assert "frente al club" in said.text
    assert said.place is None


async def test_a_map_is_for_who_works_on_the_ticket(machine: Machine, luis: Phone) -> None:
    code = await add(machine)
    (shown,) = await luis.says(f"/mapa {code}")
    assert shown.place is not None
    assert (shown.place.lat, shown.place.lon) == (LAT, LON)
    await machine.work(lambda work: work.execute(update(ticket).values(body="comuna-1")))
    (refused,) = await luis.says(f"/mapa {code}")
    assert refused.place is None
