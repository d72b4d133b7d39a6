"""What an official's inbox shows: the most pressing first, one filter at a time, found by words; cheap for many."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from bot.messages import Outbound, Place
from storage import inboxes, supporters, tickets, updates
from storage.codes import show_code
from storage.grid import distance_m
from storage.inboxes import Filter
from storage.people import Person
from storage.schema import ticket
from storage.updates import Change
from storage.work import Work
from tests.handset import Phone
from tests.machine import ACCOUNT, DAY, HOUR, Machine

BODY, OTHER = "comuna-14", "comuna-1"
LAT, LON = -34.58, -58.42
METRE = 1 / 111_195.0


@pytest.fixture
async def machine(database_url: str) -> AsyncIterator[Machine]:
    async with Machine(database_url) as machine:
        yield machine


@pytest.fixture
async def luis(machine: Machine) -> Phone:
    ana, luis = machine.phone("ana"), machine.phone("luis")
    await ana.says("hola")
    await machine.appoint(luis, BODY)
    return luis


async def add(machine: Machine, **values: Any) -> str:
    """A ticket as its row; returns its code."""
    return (await add_all(machine, values))[0]


async def add_all(machine: Machine, *tickets_: dict[str, Any]) -> list[str]:
    """The same for many at once."""

    def do(work: Work, values: dict[str, Any]) -> str:
        place = values.pop("place", Place(lat=LAT, lon=LON, words="Thames 1234", source="pin"))
        usual = {"category": "bache", "body": BODY, "area": BODY, "words": "un pozo", "created_at": work.now}
        row: dict[str, Any] = {name: None if column.nullable else "" for name, column in ticket.c.items()}
        row |= {"code": work.new_code(), "status": "received", "language": "es", "update_seq": 1, "rung": 0}
        row |= {"words": "", "area": "", "priority": "", "duplicate_of": "", "updated_at": work.now}
        row |= usual | tickets.place_values(place) | values
        work.add(ticket, **row)
        return str(row["code"])

    return list(await machine.work(lambda work: [do(work, values) for values in tickets_]))


async def shown(machine: Machine, chosen: Filter = Filter(), person: int = 0, bodies: tuple[str, ...] = (BODY,)) -> Any:  # noqa: B008
    return await machine.work(lambda work: inboxes.waiting(work, bodies, person, chosen, 100))


async def codes(machine: Machine, chosen: Filter = Filter(), person: int = 0) -> list[str]:  # noqa: B008
    return [each.code for each in (await shown(machine, chosen, person)).tickets]


def labels(out: Outbound) -> list[str]:
    return [option.label for option in out.options]


async def test_the_most_pressing_come_first(machine: Machine, luis: Phone) -> None:
    now = machine.now
    later = await add(machine, answer_by=now + 5 * DAY, close_by=now + 9 * DAY)
    sooner_joined = await add(machine, answer_by=now + DAY)
    oldest = await add(machine, answer_by=now + DAY, created_at=now - 9 * DAY)
    sooner = await add(machine, answer_by=now + DAY)
    never = await add(machine)
    reopened = await add(machine, status="reopened", answer_by=now + 8 * DAY)
    overdue = await add(machine, status="planned", answer_by=now - 3 * DAY, answered_at=now, close_by=now - HOUR)
    answered = await add(machine, status="planned", answer_by=now - DAY, answered_at=now, close_by=now + 7 * DAY)
    asked = await add(machine, status="waiting_citizen", close_by=now - DAY, answered_at=now, created_at=now + 1)
    urgent = await add(machine, priority="urgent")
    await add(machine, status="resolved")
    await add(machine, held_at=now)
    await add(machine, body=OTHER)
    her = Person(id=1, address_id=1, account=ACCOUNT, external="ana", language="es", official=False)
    await machine.work(lambda work: supporters.join(work, sooner_joined, her))
    expected = [urgent, overdue, reopened, sooner_joined, oldest, sooner, later, answered, never, asked]
    assert await codes(machine) == expected
    found = await shown(machine)
    assert (found.total, found.new, found.overdue, found.joined[sooner_joined]) == (10, 6, 1, 1)


async def test_each_filter_shows_its_own(machine: Machine, luis: Phone) -> None:
    now = machine.now
    mine = await add(machine, status="acknowledged", taken_by=7)
    new = await add(machine, category="luz-apagada")
    late = await add(machine, status="planned", answered_at=now, close_by=now - 1, area="comuna-13")
    assert await codes(machine, Filter("mine"), 7) == [mine]
    assert await codes(machine, Filter("new")) == [new]
    assert await codes(machine, Filter("overdue")) == [late]
    assert await codes(machine, Filter("category", "luz-apagada")) == [new]
    assert await codes(machine, Filter("area", "comuna-13")) == [late]
    counts = await machine.work(lambda work: inboxes.count(work, [BODY], 7))
    assert (counts.all, counts.mine, counts.new, counts.overdue) == (3, 1, 1, 1)
    areas = await machine.work(lambda work: inboxes.groups(work, [BODY], "area"))
    assert areas == [(BODY, 2), ("comuna-13", 1)]


async def test_near_is_a_kilometre_as_measured(machine: Machine, luis: Phone) -> None:
    lots, placed = random.Random(5), {}
    for _ in range(60):
        lat, lon = LAT + lots.uniform(-0.02, 0.02), LON + lots.uniform(-0.02, 0.02)
        placed[await add(machine, place=Place(lat=lat, lon=lon, source="pin"))] = (lat, lon)
    await add(machine, place=Place(words="en algún lado"))
    measured = {code for code, place in placed.items() if distance_m(LAT, LON, *place) <= 1000}
    assert set(await codes(machine, Filter("near", lat=LAT, lon=LON))) == measured != set()


async def test_a_thousand_tickets_are_one_statement_and_one_short_page(machine: Machine, luis: Phone) -> None:
    await add_all(machine, *({"words": f"pozo {n}", "answer_by": machine.now + n} for n in range(1000)))
    said = machine.statements()
    (page,) = await luis.says("/bandeja")
    lists = [sql for sql in said if "ticket.words" in sql]
    assert len(lists) == 1
    assert "LIMIT" in lists[0]
    assert page.text.startswith("Pendientes: 1000 (🆕 1000 nuevos)")
    assert len(page.options) == 10
    assert labels(page)[-2:] == ["Más", "Filtrar"]
    (second,) = await luis.taps("Más")
    assert second.text.startswith("Pendientes: 1000 (9-16)")
    assert not {each.tap for each in second.options[:8]} & {each.tap for each in page.options[:8]}
    said.clear()
    (menu,) = await luis.taps("Filtrar")
    assert sum("sum(" in sql and "ticket" in sql for sql in said) == 1
    assert labels(menu)[:2] == ["Todos (1000)", "Nuevos (1000)"]


async def test_a_filter_is_kept_from_page_to_page_and_named_in_the_head(machine: Machine, luis: Phone) -> None:
    for n in range(12):
        await add(machine, category="luz-apagada", words=str(n))
    await add(machine)
    await luis.says("/bandeja")
    await luis.taps("Filtrar")
    await luis.taps("Por tema")
    (page,) = await luis.taps("(12)")
    name = machine.pack.category("luz-apagada")
    assert name
    assert page.text.startswith(f"Pendientes, {name.name('es')}: 12 ")
    (second,) = await luis.taps("Más")
    assert second.text.startswith(f"Pendientes, {name.name('es')}: 12 (9-12)")
    assert len(second.options) == 5


@pytest.mark.parametrize(
    ("typed", "more"),
    [
        ("/bandeja", "/bandeja 2"),
        ("/bandeja nuevos", "/bandeja 2 nuevo"),
        ("/bandeja tema luz", "/bandeja 2 tema Luz de calle apagada"),
        ("/bandeja cerca -34.58,-58.42", "/bandeja 2 cerca -34.58000,-58.42000"),
    ],
)
async def test_who_types_her_commands_is_told_the_one_that_shows_more_of_the_same(
    machine: Machine, luis: Phone, typed: str, more: str
) -> None:
    sms = machine.phone("+5491155550000", account="sms:+5491144440000")
    await sms.says("ayuda")
    await machine.appoint(sms, BODY)
    await add_all(machine, *({"category": "luz-apagada", "words": str(n)} for n in range(6)))
    await add(machine, status="planned", category="bache", place=Place(lat=-34.7, lon=-58.5, words="", source="pin"))
    (page,) = await sms.says(typed)
    assert page.text.splitlines()[-1] == f"Más: {more}"
    (second,) = await sms.says(more)
    assert "(5-" in second.text
    assert second.text.partition(":")[0] == page.text.partition(":")[0]


async def test_what_is_near_is_asked_for_with_a_pin_and_kept(machine: Machine, luis: Phone) -> None:
    near = await add(machine)
    await add(machine, place=Place(lat=LAT + 3000 * METRE, lon=LON, source="pin"))
    await luis.says("/bandeja")
    await luis.taps("Filtrar")
    (asked,) = await luis.taps("Cerca de mí")
    assert asked.wants == "place"
    (unclear,) = await luis.says("por la plaza grande")
    assert "No ubico ese lugar" in unclear.text
    (page,) = await luis.sends(place=Place(lat=LAT + 500 * METRE, lon=LON, source="pin"))
    assert page.text.startswith("Pendientes, cerca de mí: 1")
    assert page.options[0].tap == f"/view {near}"
    (again,) = await luis.says("/bandeja cerca")
    assert again.wants == "place"


async def test_opening_a_ticket_ends_the_question_for_a_filter(machine: Machine, luis: Phone) -> None:
    await add(machine)
    await add(machine)
    await luis.says("/bandeja")
    await luis.taps("Filtrar")
    said = await luis.taps("-")
    assert len(said) == 1


async def test_a_filter_may_be_typed(machine: Machine, luis: Phone) -> None:
    await add(machine)
    await add(machine)
    await add(machine, status="planned", answered_at=machine.now, close_by=machine.now - 3 * DAY)
    heads = {
        "/bandeja vencidos": "Pendientes, vencidos: 1",
        "/bandeja nuevos": "Pendientes, nuevos: 2",
        "/bandeja los mios": "Pendientes, los míos: no hay ninguno.",
        "/bandeja tema bache": "Pendientes, Bache",
        "/bandeja 99": "Pendientes: no hay ninguno.",
        "/bandeja todo": "Pendientes: 3",
    }
    for typed, head in heads.items():
        (said,) = await luis.says(typed)
        assert said.text.startswith(head), said.text


async def test_what_presses_is_marked(machine: Machine, luis: Phone) -> None:
    now = machine.now
    await add(machine, priority="urgent")
    await add(machine, status="planned", answered_at=now, close_by=now - 2 * DAY)
    await add(machine, answer_by=now + DAY)
    await add(machine, answer_by=now + 5 * DAY)
    (said,) = await luis.says("/bandeja")
    first, second, third, fourth = [line for line in said.text.splitlines() if "Bache" in line]
    assert first.startswith("🔴 ")
    assert second.endswith("vencido hace 1 día hábil")
    assert third.endswith("vence mañana")
    assert fourth.endswith("Recibido")


HURT = "Un bache enorme, se cayó una moto y hay una persona herida -34.5900, -58.4350"


async def test_an_emergency_in_her_words_comes_first_marked_and_is_due_as_what_is_urgent(
    machine: Machine, luis: Phone
) -> None:
    ana, bea = machine.phone("ana"), machine.phone("bea")
    await ana.says("Hay un pozo enorme en la bajada -34.5800, -58.4200")
    await ana.says("dale")
    machine.now += HOUR
    await bea.says(HURT)
    await bea.says("dale")
    (card,) = [each for each in await luis.news() if "persona herida" in each.text]
    assert "🔴 prioridad urgente" in card.text
    old, new = await machine.rows(select(ticket).order_by(ticket.c.created_at))
    lines = [line for line in (await luis.says("/bandeja"))[-1].text.splitlines() if "Bache" in line]
    assert [line.partition(" 🕳️")[0] for line in lines] == [f"🔴 {show_code(new.code)}", show_code(old.code)]
    urgent = machine.pack.timetable.due(machine.now, new.category, new.body, "urgent")
    assert (new.answer_by, new.close_by) == urgent


async def test_the_system_notes_inside_that_it_made_a_report_urgent_and_no_citizen_reads_it(
    machine: Machine, luis: Phone
) -> None:
    bea = machine.phone("bea")
    await bea.says(HURT)
    await bea.says("dale")
    code = str(await machine.one(select(ticket.c.code)))
    history = await machine.work(lambda work: updates.history(work, code, public_only=False))
    assert [(each.actor, each.action, each.reason, each.public) for each in history[1:]] == [
        ("system", "priority", "urgent", False)
    ]
    hers = [*await bea.everything(), *await bea.says(f"/estado {code}")]
    assert not any("rioridad" in each.text for each in hers)
    assert "rioridad" in (await luis.says(f"/ver {code}"))[-1].text


async def test_an_emergency_in_her_words_is_heard_of_at_night_and_a_pothole_in_the_morning(
    machine: Machine, luis: Phone
) -> None:
    calendar, bea = machine.pack.timetable.calendar, machine.phone("bea")
    machine.now = calendar.at(calendar.day(machine.now), 23 * 60 + 30)
    for words, heard in ((HURT, True), ("Hay un pozo enorme en la bajada -34.5750, -58.4230", False)):
        await bea.says(words)
        await bea.says("dale")
        assert any(each.text.startswith("🆕") for each in await luis.news()) == heard


async def test_who_is_no_official_sees_and_finds_nothing(machine: Machine, luis: Phone) -> None:
    await add(machine)
    ana = machine.phone("ana")
    for typed in ("/bandeja", "/bandeja nuevos", "/buscar pozo"):
        said = await ana.says(typed)
        assert any("quienes atienden reclamos" in out.text for out in said)
        assert not [each for out in said for each in out.options if each.tap.startswith("/view")]


# Search


async def test_words_are_found_whatever_their_accents(machine: Machine, luis: Phone) -> None:
    code = await add(machine, words="Se rompió el CORAZÓN del hidrante, roto; un ñandú")
    await add(machine, words="otra cosa", place=Place(lat=LAT, lon=LON, words="Gurruchaga 12", source="pin"))
    for typed in ("thames", "THAMES 1234", "corazón", "corazon", "CORAZÓN roto", "hidr", "Ñandú"):
        (found,) = await luis.says(f"/buscar {typed}")
        assert [each.tap for each in found.options] == [f"/view {code}"], found.text


async def test_nothing_but_words_is_searched(machine: Machine, luis: Phone) -> None:
    await add(machine)
    for typed in ("pin", "source", "58", "words", "100%", "lat", "thames_1234"):
        (found,) = await luis.says(f"/buscar {typed}")
        assert found.text.startswith("No encontré"), found.text


async def test_a_search_stays_with_the_own_bodies_and_names_closed_ones_last(machine: Machine, luis: Phone) -> None:
    await add(machine, body=OTHER, words="hidrante")
    await add(machine, held_at=machine.now, words="hidrante")
    closed = await add(machine, status="resolved", words="hidrante", created_at=machine.now + 1)
    opened = await add(machine, words="hidrante")
    (found,) = await luis.says("/buscar hidrante")
    assert [each.tap for each in found.options] == [f"/view {opened}", f"/view {closed}"]


async def test_a_category_a_code_and_a_part_of_one_are_found(machine: Machine, luis: Phone) -> None:
    code = await add(machine)
    (found,) = await luis.says("/buscar bache")
    assert found.options[0].tap == f"/view {code}"
    (found,) = await luis.says(f"/buscar {code[:4]}")
    assert found.options[0].tap == f"/view {code}"
    (card, *_) = await luis.says(f"/buscar {code}")
    assert card.ticket == code


async def test_a_search_has_pages_and_is_one_statement(machine: Machine, luis: Phone) -> None:
    await add_all(machine, *({"words": f"hidrante {n}"} for n in range(20)))
    said = machine.statements()
    (first,) = await luis.says("/buscar hidrante")
    assert sum("replace(" in sql for sql in said) == 1
    assert "20" in first.text
    (second,) = await luis.taps("Más")
    (third,) = await luis.taps("Más")
    seen = [option.tap for page in (first, second, third) for option in page.options if "/view" in option.tap]
    assert len(seen) == len(set(seen)) == 20


async def test_a_moved_ticket_leaves_the_filter(machine: Machine, luis: Phone) -> None:
    code = await add(machine)
    assert await codes(machine, Filter("new")) == [code]

    async def move(work: Work) -> None:
        found = await tickets.by_code(work, code)
        assert found
        await tickets.append(work, found, Change(actor="official", status="acknowledged", body=BODY))

    await machine.work(move)
    assert await codes(machine, Filter("new")) == []
