"""An official takes her last step back: within a minute, as long as nothing happened since, and nothing is hidden."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.providers import Providers
from handlers.notices import tell
from locales import catalog
from storage import tickets, undoing, updates
from storage.schema import official, outbox, ticket
from storage.statuses import GRAPH, STATUSES, may_undo, way
from storage.taken_back import last_steps, taken_back
from storage.tickets import Ticket
from storage.updates import Update
from storage.work import Work
from tests.handset import Phone
from tests.machine import Machine, texts

WORDS = catalog("es")


async def sent_in(machine: Machine) -> tuple[Phone, Phone, str]:
    """A citizen, an official of Comuna 14, and the code of the ticket that she has just sent."""
    ana, luis = machine.phone("ana"), machine.phone("luis")
    await machine.appoint(luis, "comuna-14")
    await ana.says("Hay un pozo enorme en la bajada -34.5800, -58.4200")
    await ana.says("dale")
    return ana, luis, str(await machine.one(select(ticket.c.code)))


async def at_work(machine: Machine) -> tuple[Phone, Phone, str]:
    """A citizen, an official of Comuna 14, and the code of a ticket that is being worked on."""
    ana, luis, code = await sent_in(machine)
    await luis.says(f"/estado {code} en obra")
    machine.now += 300
    await ana.news()
    await luis.news()
    return ana, luis, code


async def read(machine: Machine, code: str) -> Ticket:
    found = await machine.work(lambda work: tickets.by_code(work, code))
    assert isinstance(found, Ticket)
    return found


async def entries(machine: Machine, code: str) -> list[Update]:
    found: list[Update] = await machine.work(lambda work: updates.history(work, code, public_only=False))
    return found


async def sent(machine: Machine) -> None:
    """Everything that was to be sent has been."""
    gone = update(outbox).where(outbox.c.kind == "message").values(status="sent", done_at=machine.now)
    await machine.work(lambda work: work.execute(gone))


async def test_a_step_is_taken_back_and_the_history_keeps_both(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await at_work(machine)
        await luis.says(f"/estado {code} rechazado es un terreno privado")
        await ana.news()
        await sent(machine)
        machine.now += 30
        (done,) = await luis.says("deshacer")
        assert WORDS.text("status-in_progress") in done.text
        assert (await read(machine, code)).status == "in_progress"
        last = await entries(machine, code)
        assert [(each.status, each.action) for each in last[-2:]] == [("declined", ""), ("in_progress", "undone")]
        assert texts(await ana.news()) == [
            WORDS.text(
                "told-undone",
                code=f"{code[:4]}-{code[4:]}",
                body="Comuna 14",
                status=WORDS.text("status-in_progress"),
            )
        ]


async def test_what_was_not_sent_yet_is_never_sent_and_needs_no_correction(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await at_work(machine)
        await machine.take(luis.message(f"/estado {code} rechazado es un terreno privado"))
        await machine.take(luis.message(f"/deshacer {code}"))
        await machine.settle()
        assert await ana.news() == []
        assert (await read(machine, code)).status == "in_progress"


async def test_after_a_minute_it_is_too_late(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await at_work(machine)
        await luis.says(f"/estado {code} rechazado es un terreno privado")
        machine.now += 61
        assert "más de un minuto" in (await luis.says(f"/deshacer {code}"))[0].text
        assert (await luis.says("/deshacer"))[0].text == WORDS.text("undo-nothing")
        assert (await read(machine, code)).status == "declined"


async def test_what_somebody_did_since_stands(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await at_work(machine)
        await luis.says(f"/responder {code} vamos mañana")
        await ana.says(f"/contestar {code} los espero")
        assert "pasó algo más" in (await luis.says(f"/deshacer {code}"))[-1].text
        assert (await entries(machine, code))[-1].action != "undone"


async def test_nobody_takes_back_a_colleagues_step_or_twice_her_own(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await at_work(machine)
        bea = machine.phone("bea")
        await machine.appoint(bea, "comuna-14")
        await luis.says(f"/planificar {code} viernes")
        assert "nada tuyo" in (await bea.says(f"/deshacer {code}"))[0].text
        await luis.says(f"/deshacer {code}")
        assert "nada tuyo" in (await luis.says(f"/deshacer {code}"))[0].text
        assert (await read(machine, code)).status == "in_progress"


async def test_a_ticket_is_as_it_was_before(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await at_work(machine)
        await luis.says(f"/planificar {code} viernes")
        before = await read(machine, code)
        for command in (f"/planificar {code} en 9 días", f"/asignar {code} yo", f"/estado {code} en obra"):
            machine.now += 100
            await luis.says(command)
            assert await read(machine, code) != before
            await luis.says(f"/deshacer {code}")
            after = await read(machine, code)
            assert (after.status, after.planned_for, after.taken_by, after.closed_at) == (
                *("planned", before.planned_for),
                *(before.taken_by, None),
            )


async def test_a_first_answer_that_was_taken_back_was_none(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await sent_in(machine)
        machine.now += 100
        await luis.says(f"/tomar {code}")
        await luis.says(f"/deshacer {code}")
        after = await read(machine, code)
        assert (after.status, after.taken_by, after.answered_at) == ("received", None, None)
        await luis.says(f"/tomar {code}")
        assert (await read(machine, code)).answered_at == machine.now


@pytest.mark.parametrize("command", ["/tomar {code}", "/asignar {code} luis"])
async def test_a_ticket_never_goes_back_to_who_has_left(sqlite_url: str, command: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, bea = (machine.phone(name) for name in ("ana", "luis", "bea"))
        await machine.appoint(luis, "comuna-14", name="luis")
        await machine.appoint(bea, "comuna-14", name="bea")
        await machine.work(lambda work: work.execute(update(official).values(role="dispatcher")))
        await ana.says("Hay un pozo enorme en la bajada -34.5800, -58.4200")
        await ana.says("dale")
        code = str(await machine.one(select(ticket.c.code)))
        await luis.says(command.format(code=code))
        machine.now += 100
        await bea.says(f"/asignar {code} yo")
        gone = delete(official).where(official.c.name == "luis")
        await machine.work(lambda work: work.execute(gone))
        (said,) = await bea.says(f"/deshacer {code}")
        assert said.text.startswith(WORDS.text("undone-for-all"))
        assert (await read(machine, code)).taken_by is None


async def test_the_public_page_says_what_was_undone_and_shows_none_of_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await at_work(machine)
        await luis.says(f"/responder {code} le escribo a otra persona")
        await luis.says(f"/deshacer {code}")
        machine.now += 10
        await luis.says(f"/estado {code} rechazado es un terreno privado")
        await luis.says(f"/deshacer {code}")

        def work(connection: AsyncConnection) -> Work:
            return Work(connection, machine.now, machine.lots.code, machine.lots.id)

        found = await Providers(machine.database, machine.pack, work, dict).ticket(code, "es")
        assert found
        shown = [(each.status, each.words, each.undone) for each in found.steps[-5:]]
        undone = WORDS.text("action-undone")
        assert shown == [
            ("En obra", "", False),
            ("", "", True),
            ("", undone, False),
            ("No se va a hacer", "", True),
            ("En obra", undone, False),
        ]


async def test_what_was_joined_is_parted_and_not_undone(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await at_work(machine)
        await luis.says(f"/pasar {code} comuna-2 es del otro lado")
        await luis.says(f"/deshacer {code}")
        assert (await entries(machine, code))[-1].action != "undone"


async def test_the_same_word_goes_back_in_the_middle_of_a_report(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        (first,) = await ana.says("bache")
        await ana.says("-34.5800, -58.4200")
        (again,) = await ana.says("deshacer")
        assert again.text == first.text


@pytest.mark.parametrize("old", STATUSES)
@pytest.mark.parametrize("new", STATUSES)
def test_only_what_an_official_can_have_done_is_undone(old: str, new: str) -> None:
    if old != new and may_undo(old, new):
        assert way(old, new) is not None
        assert new not in ("not_responsible", "duplicate", "confirmed", "reopened", "withdrawn", "received")
    if old != new and "official" not in GRAPH[old].get(new, ()) and way(old, new) is None:
        assert not may_undo(old, new)


async def test_taking_an_urgency_back_brings_the_targets_back(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await at_work(machine)
        await machine.work(lambda work: work.execute(update(official).values(role="dispatcher")))
        before = await read(machine, code)
        await luis.says(f"/prioridad {code} urgente")
        urgent = await read(machine, code)
        assert (urgent.close_by or 0) < (before.close_by or 0)
        assert urgent.answer_by == before.answer_by, "it is answered already"
        machine.now += 20
        await luis.says(f"/deshacer {code}")
        after = await read(machine, code)
        assert (after.priority, after.answer_by, after.close_by) == ("", before.answer_by, before.close_by)


async def test_who_heard_the_first_of_two_steps_hears_that_both_are_taken_back(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await at_work(machine)
        await luis.says(f"/estado {code} rechazado es un terreno privado")
        await ana.news()
        await sent(machine)
        history = await entries(machine, code)
        steps = last_steps(history, history[-1].person_id)
        later = replace(steps[-1], seq=steps[-1].seq + 1)

        async def recall(work: Work) -> list[int]:
            at = (await ana.row()).address_id
            tell(work, at, "told-citizen", code, later.seq)
            return await undoing.recall(work, code, [*steps, later])

        assert await machine.work(recall) == [(await ana.row()).address_id]


async def test_two_commands_that_are_taken_together_are_two_steps(database_url: str) -> None:
    async with Machine(database_url) as machine:
        _, luis, code = await at_work(machine)
        await machine.take(luis.message(f"/estado {code} rechazado vacío"), luis.message(f"/nota {code} falta asfalto"))
        await luis.says(f"/deshacer {code}")
        assert (await read(machine, code)).status == "declined"
        history = await entries(machine, code)
        assert [each.action for each in history[-3:]] == ["", "noted", "undone"]
        assert taken_back(history) == {history[-2].seq}


async def test_a_second_undo_reaches_the_step_before_on_another_ticket(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await sent_in(machine)
        await ana.says("Hay un pozo enorme en la bajada -34.5700, -58.4300")
        await ana.says("dale")
        other = next(row.code for row in await machine.rows(select(ticket.c.code)) if row.code != code)
        await machine.work(lambda work: work.execute(update(ticket).values(body="comuna-14")))
        for each in (code, other):
            await luis.says(f"/tomar {each}")
            machine.now += 5
        for left in ("received", "acknowledged"), ("received", "received"):
            await luis.says("/deshacer")
            assert tuple([(await read(machine, each)).status for each in (other, code)]) == left
        assert (await luis.says("/deshacer"))[0].text == WORDS.text("undo-nothing")


@pytest.mark.parametrize(("language", "line", "name"), [("es", "/asignar {}", "Ana Gil"), ("en", "/assign {}", "")])
async def test_a_ticket_goes_back_to_the_very_person_who_had_it(
    language: str, line: str, name: str, database_url: str
) -> None:
    async with Machine(database_url) as machine:
        _, luis, code = await sent_in(machine)
        who = machine.phone("eva", language=language)
        for phone, called in ((who, "Eva"), (machine.phone("x1"), name), (machine.phone("x2"), name)):
            await machine.appoint(phone, "comuna-14", name=called)
        await machine.work(lambda work: work.execute(update(official).values(role="dispatcher")))
        (asked,) = await who.says(line.format(code))
        await who.sends(tapped=asked.options[-1].tap)
        had = (await read(machine, code)).taken_by
        assert had
        machine.now += 120
        await luis.says(f"/asignar {code} yo")
        (said,) = await luis.says(f"/deshacer {code}")
        assert not said.text.startswith(WORDS.text("undone-for-all"))
        assert (await read(machine, code)).taken_by == had
