"""Who is told of a step that was taken back, and what an official reads of one that no undo sets right."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from locales import catalog
from routing.silence import ALARMED
from storage.codes import show_code
from storage.schema import address, official, outbox
from tests.clocked_city import ANSWER_BY, MONDAY, City, actions
from tests.machine import Machine
from tests.test_care import citizen, reported
from tests.test_rights import hired
from tests.test_undoing import at_work, sent, sent_in

WORDS = catalog("es")
DAY = 86400.0


async def test_who_joined_hears_of_an_undo_as_of_the_step_itself(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await at_work(machine)
        bea = machine.phone("bea")
        await bea.says(f"/sumo {code}")
        await luis.says(f"/estado {code} rechazado es un terreno privado")
        assert await bulk(machine, 0) == {"ana": False, "bea": True}
        await sent(machine)
        before = await machine.one(select(func.max(outbox.c.id)))
        await luis.says(f"/deshacer {code}")
        corrections = [(await each.news())[-1].text for each in (ana, bea)]
        assert [text.partition(" ")[0] for text in corrections] == ["Corrección", "Corrección"]
        assert await bulk(machine, before) == {"ana": False, "bea": True}


async def bulk(machine: Machine, after: int) -> dict[str, bool]:
    """Of those who follow: whether the last message since that row waits its turn, as what goes to many does."""
    what = select(address.c.external, outbox.c.bulk).join(address, address.c.id == outbox.c.address_id)
    since = (outbox.c.id > after, outbox.c.kind == "message", address.c.external.in_(["ana", "bea"]))
    rows = await machine.rows(what.where(*since).order_by(outbox.c.id))
    return {row.external: bool(row.bulk) for row in rows}


@pytest.mark.parametrize(
    ("command", "said", "way"),
    [
        ("/ocultar {code} nombra a otra persona", "undo-hidden", "/free {code}"),
        ("/enmendar {code} Hay un pozo", "undo-hidden", "/free {code}"),
        ("/bloquear {code} 7 insulta", "undo-blocked", "/unblock {code}"),
    ],
)
async def test_what_no_undo_sets_right_is_told_with_the_step_that_does(
    command: str, said: str, way: str, sqlite_url: str
) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        await luis.says(command.format(code=code))
        (told,) = await luis.says("/deshacer")
        assert told.text == WORDS.text(said, code=f"{code[:4]}-{code[4:]}")
        assert [option.tap for option in told.options] == [way.format(code=code)]


async def test_a_word_that_is_taken_back_breaks_no_silence_and_nobody_is_told_a_step_twice(database_url: str) -> None:
    async with City(database_url, now=MONDAY) as city:
        ana, luis = await city.citizen(), await city.staff("luis", "agent")
        await city.staff("mara", "agent")
        code = await city.open(ana)
        await city.live(ANSWER_BY + 5 * DAY)
        await city.set(code, close_by=city.now + 20 * DAY)
        climbed = await city.ticket(code)
        assert climbed.rung > ALARMED
        for phone in (ana, luis):
            await phone.news()
        await luis.says(f"/responder {code} vamos mañana")
        await city.look()
        await city.wait(20)
        await luis.says(f"/deshacer {code}")
        told = [await phone.news() for phone in (ana, luis)]
        await city.wait(20)
        await city.look()
        assert [await phone.news() for phone in (ana, luis)] == [[], []], told
        assert (await city.ticket(code)).rung == climbed.rung
        await luis.says(f"/responder {code} vamos mañana")
        await city.live(city.now + 15 * DAY)
        assert actions(await city.history(code))[-1] == "reminded", "a word that stands begins anew"


async def test_who_heard_that_a_ticket_is_hers_hears_that_it_is_not_and_who_had_it_that_it_is(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await sent_in(machine)
        bea, eva = machine.phone("bea"), machine.phone("eva")
        for phone, name in ((bea, "Bea"), (eva, "Eva")):
            await machine.appoint(phone, "comuna-14", name=name)
        await machine.work(lambda work: work.execute(update(official).values(role="dispatcher")))
        shown = show_code(code)
        await luis.says(f"/asignar {code} Bea")
        await bea.news()
        await luis.says("/deshacer")
        assert [out.text for out in await bea.news()] == [WORDS.text("told-unassigned", code=shown)]
        await luis.says(f"/asignar {code} Bea")
        machine.now += 120
        await luis.says(f"/asignar {code} Eva")
        for phone in (bea, eva):
            await phone.news()
        await luis.says("/deshacer")
        assert [out.text for out in await bea.news()] == [WORDS.text("told-yours-again", code=shown)]
        assert [out.text for out in await eva.news()] == [WORDS.text("told-taken-over", code=shown, who="Bea")]


async def test_who_was_not_told_yet_that_a_ticket_is_hers_hears_nothing_of_an_undo(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await sent_in(machine)
        bea = machine.phone("bea")
        await machine.appoint(bea, "comuna-14", name="Bea")
        await machine.work(lambda work: work.execute(update(official).values(role="dispatcher")))
        await bea.news()
        await machine.take(luis.message(f"/asignar {code} Bea"))
        await machine.take(luis.message(f"/deshacer {code}"))
        await machine.settle()
        assert await bea.news() == []
