"""A draft is told in any order, waits for hours and days, is reminded of once and forgotten after a week."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from bot.conversation import Chat
from bot.place_questions import Where
from bot.questions import Words
from routing.pack import Pack
from storage.schema import outbox, ticket, update
from tests.machine import CONGRESS, DAY, HOUR, Machine, demo_pack, only, texts
from tests.walking import BODY, DETAILS, PLACE, PREVIEW, WELCOME, walk

REMINDER = "Te quedó un reclamo sin mandar"


# The pocket


@pytest.mark.parametrize("order", ["pin, photo, words", "photo, words, pin", "words, pin, photo", "photo, pin, words"])
async def test_a_report_may_be_told_in_any_order(sqlite_url: str, order: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        ways: dict[str, dict[str, Any]] = {
            "pin": {"place": CONGRESS},
            "words": {"text": "hay un bache enorme en la esquina"},
        }
        for part in order.split(", "):
            await (ana.photo() if part == "photo" else ana.sends(**ways[part]))
        assert PREVIEW in ana.last.text
        assert "bache enorme" in ana.last.text
        assert "1 foto" in ana.last.text


async def test_one_message_may_hold_everything(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.photo("good", "hola, hay un bache enorme -34.6098, -58.3925")
        assert PREVIEW in ana.last.text
        assert "💬 hay un bache enorme" in ana.last.text


async def test_a_greeting_is_no_description_and_a_failed_answer_neither(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        for said in ("hola buenas tardes", "no", "qué sé yo", "bache"):
            await ana.says(said)
        await ana.sends(place=CONGRESS)
        assert DETAILS in ana.last.text


async def test_a_hello_in_the_middle_of_a_draft_is_no_answer(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        (said,) = await ana.says("hola")
        assert PLACE in said.text


async def test_a_photo_with_the_word_that_sends_is_part_of_what_is_sent(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 4)
        await ana.photo("good", "dale")
        assert await machine.count(ticket) == 1
        files = await machine.rows(update.select())
        assert len(files) == 1
        luis = machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = (await machine.rows(ticket.select()))[0].code
        assert len((await luis.says(f"/ver {code}"))[0].media) == 1


async def test_a_pin_sent_later_corrects_the_place(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        await ana.says("Santa Fe y Callao, Recoleta")
        await ana.says("es enorme")
        await ana.sends(place=CONGRESS)
        assert "Comuna 3" in ana.last.text


# Time


async def test_a_draft_is_reminded_of_once_after_an_hour(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        await machine.wait(HOUR - 1)
        assert await ana.news() == []
        await machine.restart()
        await machine.wait(2)
        (reminder,) = await ana.news()
        assert REMINDER in reminder.text
        assert PLACE in reminder.text
        await machine.wait(5 * DAY)
        assert await ana.news() == []


async def test_every_word_puts_the_reminder_off(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        for _ in range(30):
            await machine.wait(0.9 * HOUR)
            assert REMINDER not in str(texts(await ana.says("ayuda")))
        await machine.wait(HOUR)
        assert REMINDER in texts(await ana.news())[0]
        assert await machine.count(outbox, outbox.c.kind == "timer", outbox.c.done_at.is_(None)) == 1


async def test_a_draft_survives_a_municipality_that_drops_what_it_offered(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, eva, leo = machine.phone("ana"), machine.phone("eva"), machine.phone("leo")
        await ana.says("hola")
        await eva.says("bache")
        await leo.says("hola")
        await leo.taps("Calles")
        records = demo_pack().records
        gone = {"calles", "bache", "tapa-faltante", "calles-otro"}
        left = tuple(each for each in records.categories if each.id not in gone)
        machine.pack = Pack(msgspec.structs.replace(records, categories=left))
        for phone in (ana, eva, leo):
            await phone.says("ayuda")
            assert WELCOME in phone.last.text, phone.who
            assert not [option for option in phone.last.options if "Calles" in option.label]


async def test_who_has_told_nothing_yet_is_not_reminded(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 1)
        await machine.wait(DAY)
        assert await ana.news() == []


async def test_a_draft_is_forgotten_after_seven_days_and_not_before(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 3)
        await machine.wait(7 * DAY - 10)
        assert len((await ana.state()).talks) == 1
        await machine.wait(20)
        assert (await ana.state()).talks == []
        assert WELCOME in (await ana.says("hola"))[-1].text
        await machine.wait(8 * DAY)
        assert (await ana.state()).talks == [], "the second draft ends as well"
        assert await machine.count(outbox, outbox.c.kind == "timer", outbox.c.done_at.is_(None)) == 0


async def timers(machine: Machine, *conditions: Any) -> int:
    return await machine.count(outbox, outbox.c.kind == "timer", *conditions)


async def test_a_report_that_is_sent_is_not_looked_at_again(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 4)
        assert await timers(machine) == 1
        await ana.says("dale")
        assert await machine.count(ticket) == 1
        assert await timers(machine) == 0
        await walk(ana, 2)
        await machine.wait(HOUR + 1)
        assert REMINDER in texts(await ana.news())[0]


async def test_a_question_that_is_no_draft_is_looked_at_once_in_a_week(database_url: str) -> None:
    async def conversation(chat: Chat) -> None:
        await chat.ask("name", Words("ask-code"))

    table = only(conversation)._replace(drafts=frozenset())
    async with Machine(database_url, table=table) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await machine.wait(DAY)
        await ana.says("Ana")
        await machine.wait(DAY)
        await ana.says("hola")
        await machine.wait(5 * DAY + HOUR)
        assert await timers(machine, outbox.c.done_at.is_not(None)) == 1
        assert len((await ana.state()).talks) == 1
        await machine.wait(2 * DAY)
        assert (await ana.state()).talks == []
        assert await timers(machine) == 2


async def test_a_draft_beside_an_old_question_is_reminded_of_in_time(database_url: str) -> None:
    async def asking(chat: Chat) -> None:
        await chat.ask("name", Words("ask-code"))

    async def drafting(chat: Chat) -> None:
        await chat.ask("what", Words("ask-details"))
        await chat.ask("where", Words("ask-code"))

    table = only(drafting, help=asking)
    async with Machine(database_url, table=table) as machine:
        ana = machine.phone("ana")
        await ana.says("ayuda")
        await machine.wait(DAY)
        await ana.says("/unknown")
        await ana.says("un pozo")
        await machine.wait(HOUR - 1)
        assert await ana.news() == []
        await machine.wait(2)
        assert REMINDER in texts(await ana.news())[0]


async def test_a_draft_goes_on_after_two_days(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 3)
        await machine.wait(2 * DAY)
        await ana.says("es enorme")
        assert PREVIEW in ana.last.text


async def test_what_waits_for_a_place_is_asked_before_a_reminder_of_nothing(sqlite_url: str) -> None:
    async def conversation(chat: Chat) -> None:
        await chat.ask("place", Where())

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await machine.wait(2 * HOUR)
        assert await ana.news() == []
