"""A group with topics: what is written in one is answered there, and an office lives where it was made."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from bot.channels.telegram import TelegramChannel
from bot.messages import Inbound, Option
from bot.pacing import chat_of
from storage.schema import address, official, outbox, ticket
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_people import FakeGroup, FakeUser
from tests.machine import CONGRESS, Machine
from tests.telegram.desk import failure, last_update, send

BODY = "comuna-3"


@pytest.fixture
async def luis(fake: FakeTelegram) -> FakeUser:
    return fake.user(7, started=True)


@pytest.fixture
async def crew(fake: FakeTelegram, luis: FakeUser) -> FakeGroup:
    return fake.group("Cuadrilla", luis, supergroup=True)


def heard(fake: FakeTelegram, channel: TelegramChannel) -> Inbound:
    """The newest update as it is understood."""
    said = channel.open(last_update(fake)).said
    assert said is not None
    return said


async def test_what_is_written_in_a_topic_comes_from_there(
    fake: FakeTelegram, channel: TelegramChannel, luis: FakeUser, crew: FakeGroup
) -> None:
    topic = crew.opens_topic("Baches", luis.person)
    luis.says("/bandeja", to=crew, topic=topic)
    assert heard(fake, channel).address == f"{crew.id}:{topic}/7"
    luis.says("/bandeja", to=crew)
    assert heard(fake, channel).address == f"{crew.id}/7"


async def test_what_is_sent_to_a_topic_stands_in_it(channel: TelegramChannel, luis: FakeUser, crew: FakeGroup) -> None:
    topic = crew.opens_topic("Baches", luis.person)
    for addressed, stands in ((f"{crew.id}:{topic}", topic), (f"{crew.id}:{topic}/7", topic), (str(crew.id), 0)):
        await send(channel, addressed)
        assert (await crew.next()).topic == stands


@pytest.mark.parametrize("media", [("a",), ("film",), ("voice",), ("note",), ("a", "b")])
async def test_files_and_albums_stand_in_it_too(
    media: tuple[str, ...], channel: TelegramChannel, luis: FakeUser, crew: FakeGroup
) -> None:
    topic = crew.opens_topic("Baches", luis.person)
    await send(channel, f"{crew.id}:{topic}", media=media)
    assert (await crew.next()).topic == topic


async def test_a_pin_stands_in_it_too(channel: TelegramChannel, luis: FakeUser, crew: FakeGroup) -> None:
    topic = crew.opens_topic("Baches", luis.person)
    await send(channel, f"{crew.id}:{topic}", place=CONGRESS)
    assert (await crew.next()).topic == topic


async def test_a_button_and_an_answer_in_a_topic_come_from_there(
    fake: FakeTelegram, channel: TelegramChannel, luis: FakeUser, crew: FakeGroup
) -> None:
    topic = crew.opens_topic("Baches", luis.person)
    sent = await send(channel, f"{crew.id}:{topic}", options=(Option("/take K7Q42MX", "Tomar"),))
    shown = await crew.next()
    luis.taps("Tomar", to=crew)
    tapped = heard(fake, channel)
    assert (tapped.address, tapped.reply_to) == (f"{crew.id}:{topic}/7", sent)
    luis.replies(shown, "vamos mañana")
    answered = heard(fake, channel)
    assert (answered.address, answered.reply_to) == (f"{crew.id}:{topic}/7", sent)


async def test_chatter_in_a_topic_that_the_bot_opened_is_no_answer_to_it(
    fake: FakeTelegram, channel: TelegramChannel, luis: FakeUser, crew: FakeGroup
) -> None:
    crew.privacy = False
    topic = crew.opens_topic("Baches", fake.bot_card)
    luis.says("¿quién trae facturas?", to=crew, topic=topic)
    assert channel.open(last_update(fake)).said is None


async def test_a_topic_that_is_gone_is_told_as_gone(
    channel: TelegramChannel, luis: FakeUser, crew: FakeGroup, fake: FakeTelegram
) -> None:
    error = await failure(channel, f"{crew.id}:99")
    assert error.kind == "gone"
    fake.faults.clear()


def test_all_topics_of_a_group_share_its_pace() -> None:
    assert {chat_of(each) for each in ("-100", "-100/7", "-100:45", "-100:45/7")} == {"-100"}


async def report(machine: Machine) -> str:
    """Report something that lies in the body's area; its code."""
    ana = machine.phone("ana")
    await ana.says("hay un bache enorme en la esquina")
    await ana.sends(place=CONGRESS)
    await ana.taps("Enviar")
    code: str = await machine.one(select(ticket.c.code))
    return code


async def test_an_office_made_in_a_topic_hears_there_and_acts_in_all_of_the_group(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await machine.appoint(machine.phone("-100:45/luis"), BODY)
        code = await report(machine)
        assert [out.ticket for out in await machine.phone("-100:45").news()] == [code]
        assert await machine.phone("-100").news() == []
        for other in ("-100:46/eva", "-100/eva"):
            (said,) = await machine.phone(other).says("/bandeja")
            assert code[:4] in said.text
        assert "a tu cargo" in (await machine.phone("-100:46/eva").says(f"/tomar {code}"))[-1].text
        assert "para quienes atienden" in (await machine.phone("-1001/eva").says("/bandeja"))[0].text


async def test_a_group_that_puts_the_bot_out_is_no_office_in_any_topic(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis = machine.phone("-100:45/luis")
        await machine.appoint(luis, BODY)
        await machine.take(machine.phone("-100").message(kind="left"))
        assert await machine.count(official) == 0
        assert "para quienes atienden" in (await luis.says("/bandeja"))[0].text
        assert await machine.count(address, address.c.external == "-100:45") == 1


async def test_an_answer_comes_back_to_the_topic_that_the_office_has(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await machine.appoint(machine.phone("-100:45/luis"), BODY)
        code = await report(machine)
        await machine.phone("-100:45").news()
        await machine.phone("-100:46/eva").says(f"/responder {code} ¿de qué lado?")
        ana = machine.phone("ana")
        await ana.news()
        await ana.says("del lado del bar")
        assert "del lado del bar" in (await machine.phone("-100:45").everything())[-1].text


async def test_a_card_in_a_topic_changes_there_and_who_taps_hears_it_in_passing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await machine.appoint(machine.phone("-100:45/luis", account="telegram:1"), BODY)
        code = await report(machine)
        await machine.phone("-100:45", account="telegram:1").news()
        sent = update(outbox).where(outbox.c.ticket == code, outbox.c.account == "telegram:1")
        await machine.work(lambda work: work.execute(sent.values(provider_id="77", status="sent", done_at=work.now)))
        bea = machine.phone("-100:45/bea", account="telegram:1")
        assert await bea.sends(tapped=f"/take {code}", reply_to="77") == []
        ((where, words),) = machine.passing
        assert (where, "a tu cargo" in words.text) == ("-100:45/bea", True)
        card = (await machine.phone("-100:45", account="telegram:1").everything())[-1]
        assert (card.silent, "Visto" in card.text, card.options[-1].tap) == (True, True, f"/undo {code}")


async def test_a_tap_on_what_is_no_card_is_answered_with_a_message(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis = machine.phone("luis", account="telegram:1")
        await machine.appoint(luis, BODY)
        code = await report(machine)
        await luis.news()
        said = (await luis.sends(tapped=f"/take {code}", reply_to="5"))[0]
        assert ("a tu cargo" in said.text, machine.passing) == (True, [])
