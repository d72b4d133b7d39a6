"""A question of an official waits for its answer, whatever else is told in between."""

from __future__ import annotations

from storage import tickets
from storage.schema import outbox, ticket
from storage.statuses import Actor
from storage.updates import Change
from storage.work import Work
from tests.handset import Phone
from tests.machine import CONGRESS, DAY, Machine, lonely_pack, texts
from tests.walking import BODY, DETAILS, PLACE, walk


async def ticket_of(machine: Machine, ana: Phone, luis: Phone) -> str:
    await machine.appoint(luis, BODY)
    await walk(ana, 4)
    await ana.taps("Enviar")
    await luis.news()
    return ana.last.ticket


async def move_on(machine: Machine, code: str, status: str, actor: Actor = "official") -> None:
    """A step that she has not been told of yet."""

    async def do(work: Work) -> None:
        found = await tickets.by_code(work, code)
        assert found
        await tickets.append(work, found, Change(actor=actor, body=BODY, status=status))

    await machine.work(do)


async def test_a_question_of_an_official_waits_for_its_answer_for_days(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        code = await ticket_of(machine, ana, luis)
        await machine.wait(30 * DAY)
        await luis.says(f"/responder {code} ¿de qué lado?")
        await machine.wait(4 * DAY)
        assert "de qué lado" in texts(await ana.news())[0]
        await ana.says("del lado del bar")
        # An official hears of it when the office is open again.
        await machine.wait(4 * DAY)
        assert any("del lado del bar" in text for text in texts(await luis.news()))


async def test_news_of_a_second_ticket_do_not_end_the_question_of_the_first(sqlite_url: str) -> None:
    async with Machine(sqlite_url, pack=lonely_pack()) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        first = await ticket_of(machine, ana, luis)
        second = await ticket_of(machine, ana, luis)
        await luis.says(f"/estado {first} resuelto lo tapamos")
        await luis.says(f"/estado {second} en obra")
        assert "¿Quedó arreglado?" in (await ana.news())[-1].text
        await ana.says("sí")
        assert await machine.count(ticket, ticket.c.code == first, ticket.c.status == "confirmed") == 1


async def test_news_in_the_middle_of_a_draft_are_told_and_the_question_repeated(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        code = await ticket_of(machine, ana, luis)
        await walk(ana, 2)
        await luis.says(f"/estado {code} resuelto lo tapamos")
        said = texts(await ana.news())
        assert "está resuelto" in said[0] or "Resuelto" in said[0]
        assert PLACE in said[-1]
        await ana.sends(place=CONGRESS)
        assert DETAILS in ana.last.text, "her answer went to the draft"


async def test_a_reply_to_a_message_about_a_ticket_is_an_answer_however_short(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        code = await ticket_of(machine, ana, luis)
        sent = outbox.update().where(outbox.c.ticket == code).values(provider_id="p-1")
        await machine.work(lambda work: work.execute(sent))
        await luis.says("ya vamos", reply_to="p-1")
        assert "ya vamos" in texts(await ana.news())[-1]


async def test_an_answer_to_a_question_that_is_over_is_passed_on_even_so(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        code = await ticket_of(machine, ana, luis)
        await luis.says(f"/responder {code} ¿a qué altura?")
        assert "a qué altura" in texts(await ana.news())[0]
        await move_on(machine, code, "in_progress")
        said = await ana.says("frente al 1234")
        assert code[:4] in texts(said)[-1]
        assert any("frente al 1234" in text for text in texts(await luis.news()))


async def test_whatever_is_said_to_a_talk_that_is_over_gets_a_reply(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        code = await ticket_of(machine, ana, luis)
        await luis.says(f"/estado {code} resuelto lo tapamos")
        assert "¿Quedó arreglado?" in (await ana.news())[-1].text
        await move_on(machine, code, "reopened", "citizen")
        assert await ana.says("sigue todo igual que antes")
