"""Whoever asks for silence gets it on every path; back again, she is offered what she missed and nothing is dumped."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from bot.messages import Inbound
from bot.opting import CARRIER_STARTS, CARRIER_STOPS
from storage import outbox as queue
from storage.schema import address, outbox, ticket
from storage.work import Work
from tests.handset import Phone
from tests.machine import DAY, HOUR, Machine, texts
from tests.test_officials import BODY, report

SMS = "sms:+5491150000000"
WHATSAPP = "whatsapp:+5491150000000"


async def door(machine: Machine, phone: Phone) -> Any:
    """Return (since when, by whom) her address is shut."""
    statement = select(address.c.opted_out_at, address.c.opted_out_by)
    mine = (address.c.account == phone.account, address.c.external == phone.who)
    return tuple((await machine.rows(statement.where(*mine)))[0])


async def arriving(machine: Machine, account: str) -> list[str]:
    """Send what an account has to send, one lane's row after another as the senders do; return what went."""
    went: list[str] = []
    while True:
        async with machine.database.write() as connection:
            claimed = await queue.claim(connection, account, 1, machine.now, 100)
            outcomes = [queue.Outcome(id=row.id, status="sent") for row in claimed.rows]
            await queue.settle(connection, outcomes, account, 1, machine.now)
        went += [row.payload for row in claimed.rows]
        if not claimed.rows and not claimed.more:
            return went


def post(work: Work, address_id: int, key: str, *, bulk: bool) -> None:
    """Queue a message of nobody's conversation."""
    work.post(
        account=SMS,
        lane=key,
        kind="message",
        payload={"text": "algo"},
        effect_key=key,
        address_id=address_id,
        bulk=bulk,
    )


async def tell(machine: Machine, phone: Phone, kind: str) -> list[str]:
    """Let the provider tell what she told it."""
    await machine.take(Inbound(account=phone.account, key=machine.key(), address=phone.who, kind=kind))  # type: ignore[arg-type]
    await machine.settle()
    return texts(await phone.news())


async def reported(machine: Machine, account: str = SMS) -> tuple[Phone, Phone, str]:
    """Return a citizen with a ticket, the official who answers for it, and its code."""
    ana, luis = machine.phone("+5491155550001", account=account), machine.phone("luis")
    await machine.appoint(luis, BODY)
    code = await report(machine, ana)
    await luis.news()
    return ana, luis, code


@pytest.mark.parametrize("account", [SMS, "stage:1", "whatsapp:+5491150000000"])
async def test_nothing_is_said_to_whoever_asked_for_silence(account: str, database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await reported(machine, account)
        assert ["no te escribo más" in text for text in texts(await ana.says("BAJA"))] == [True]
        assert (await door(machine, ana))[1] == "person"
        (said,) = await luis.says(f"/responder {code} Mañana vamos")
        assert "pidió no recibir mensajes" in said.text
        await machine.wait(2 * DAY)
        assert await ana.news() == []


async def test_what_was_queued_before_the_silence_is_dropped_and_only_the_goodbye_goes(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, _, _ = await reported(machine)
        await arriving(machine, SMS)
        machine.now += 60
        here = await machine.one(select(address.c.id).where(address.c.account == SMS))
        await machine.work(lambda work: post(work, here, "news", bulk=False))
        await machine.work(lambda work: post(work, here, "bulk", bulk=True))
        machine.now += 60
        await ana.says("baja")
        assert ["no te escribo más" in payload for payload in await arriving(machine, SMS)] == [True]
        dropped = select(outbox.c.effect_key).where(outbox.c.error_class == "opted-out")
        assert {row.effect_key for row in await machine.rows(dropped)} >= {"news", "bulk"}


async def test_no_reminder_of_a_draft_breaks_the_silence(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.says("hay un árbol caído")
        await ana.says("basta")
        await machine.wait(3 * HOUR)
        assert await ana.news() == []


async def test_an_official_who_asked_for_silence_is_told_of_no_ticket_and_the_others_are(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, eva = machine.phone("luis"), machine.phone("eva")
        await machine.appoint(luis, BODY)
        await machine.appoint(eva, BODY)
        await luis.says("baja")
        code = await report(machine, machine.phone("ana"))
        assert await luis.news() == []
        assert [code[:4] in text for text in texts(await eva.news())] == [True]


async def test_one_member_of_a_group_who_asks_for_silence_does_not_silence_the_group(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, crew = machine.phone("-100/7"), machine.phone("-100")
        await machine.appoint(luis, BODY)
        await luis.says("/baja")
        code = await report(machine, machine.phone("ana"))
        assert [code[:4] in text for text in texts(await crew.news())] == [True]


@pytest.mark.parametrize("word", sorted(CARRIER_STOPS))
async def test_a_word_that_the_carrier_acts_on_shuts_the_door_and_is_not_answered(word: str, sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("+5491155550001", account=SMS, language="en")
        await ana.says("hay un árbol caído")
        assert await ana.says(f" {word.upper()} ") == []
        assert await door(machine, ana) == (machine.now, "provider")


async def test_the_same_words_elsewhere_are_ours_to_answer(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana", language="en")
        assert ["won't write" in text for text in texts(await ana.says("STOP"))] == [True]
        assert (await door(machine, ana))[1] == "person"


async def test_within_a_longer_sentence_they_mean_what_they_say(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("+5491155550001", account=SMS, language="en")
        await ana.says("the stop sign fell down")
        assert await door(machine, ana) == (None, "")


async def test_what_the_provider_took_is_not_answered_and_silences_everything(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await reported(machine)
        assert await tell(machine, ana, "opted_out") == []
        assert (await door(machine, ana))[1] == "provider"
        (said,) = await luis.says(f"/tomar {code}")
        assert "pidió no recibir mensajes" in said.text
        assert await ana.news() == []


async def test_a_report_written_behind_a_shut_door_becomes_a_ticket_and_the_door_stays_shut(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("+5491155550001", account=SMS)
        await ana.says("hola")
        await arriving(machine, SMS)
        await tell(machine, ana, "opted_out")
        machine.now += 60
        code = await report(machine, ana)
        assert await machine.count(ticket, ticket.c.code == code) == 1
        assert (await door(machine, ana))[1] == "provider"
        assert await arriving(machine, SMS) == []


async def test_our_own_stop_does_not_open_what_the_provider_shut(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("+5491155550001", account=SMS)
        await tell(machine, ana, "opted_out")
        shut = await door(machine, ana)
        machine.now += 60
        await ana.says("baja")
        assert await door(machine, ana) == shut


async def test_start_at_the_provider_opens_the_door_and_offers_what_was_missed(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await reported(machine)
        await tell(machine, ana, "opted_out")
        machine.now += 60
        await luis.says(f"/estado {code} en obra")
        machine.now += 60
        (offer,) = await tell(machine, ana, "opted_in")
        assert f"novedades en {code[:4]}-{code[4:]}. ¿Te cuento?" in offer
        assert await door(machine, ana) == (None, "")
        (lines,) = texts(await ana.says("si"))
        assert "En obra" in lines


async def test_stop_and_start_at_the_provider_open_the_window_and_nothing_held_before_is_dumped(
    database_url: str,
) -> None:
    async with Machine(database_url) as machine:
        machine.window = DAY
        ana, luis, code = await reported(machine, WHATSAPP)
        await arriving(machine, WHATSAPP)
        await luis.says(f"/estado {code} en obra")
        await machine.settle()
        old = (outbox.c.account == WHATSAPP, outbox.c.status == "pending")
        await machine.work(
            lambda work: work.execute(update(outbox).where(*old).values(status="held", done_at=machine.now))
        )
        machine.now += 2 * DAY
        await tell(machine, ana, "opted_out")
        assert await arriving(machine, WHATSAPP) == []
        machine.now += 60
        await luis.says(f"/estado {code} resuelto lo tapamos")
        machine.now += 2 * DAY
        assert len(await tell(machine, ana, "opted_in")) == 1
        window = select(address.c.window_until).where(address.c.account == WHATSAPP, address.c.external == ana.who)
        assert await machine.one(window) == machine.now + DAY
        (offer,) = await arriving(machine, WHATSAPP)
        assert "novedades" in offer


async def test_start_at_the_provider_is_not_answered_when_nothing_was_missed(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, _, _ = await reported(machine)
        await tell(machine, ana, "opted_out")
        machine.now += 60
        assert await tell(machine, ana, "opted_in") == []


@pytest.mark.parametrize("word", sorted(CARRIER_STARTS))
async def test_a_start_that_comes_as_plain_words_opens_only_a_shut_door(word: str, sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("+5491155550001", account=SMS, language="en")
        assert len(await ana.says(word)) == 1
        await ana.says("STOP")
        assert await ana.says(word) == []
        assert await door(machine, ana) == (None, "")


@pytest.mark.parametrize("word", ["hola", "ALTA", "/start", "buenas tardes"])
async def test_a_mere_hello_brings_her_back_and_offers_what_was_missed(word: str, database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await reported(machine, "stage:1")
        await ana.says("baja")
        machine.now += 60
        await luis.says(f"/tomar {code}")
        await luis.says(f"/responder {code} Mañana vamos")
        (offer,) = await ana.says(word)
        assert offer.text.startswith("Volvés a recibir mis mensajes; con «baja» los paro.")
        assert [option.label for option in offer.options] == ["Sí", "No"]
        assert "Mañana vamos" not in str(await ana.everything())
        (lines,) = await ana.taps("Sí")
        assert "Visto" in lines.text


async def test_who_is_back_with_a_photo_is_told_so_at_once_and_heard_when_it_is_here(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("baja")
        machine.now += 60
        first, second = texts(await ana.photo(caption="hay un bache enorme en la esquina"))
        assert first == "Volvés a recibir mis mensajes; con «baja» los paro."
        assert "¿Dónde es?" in second


async def test_asking_for_silence_twice_is_answered_twice_and_does_not_open_the_door(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.says("baja")
        machine.now += 60
        (said,) = texts(await ana.says("baja"))
        assert "Volvés" not in said
        assert await door(machine, ana) == (machine.now, "person")


async def test_news_of_before_the_silence_and_her_own_words_are_not_news(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await reported(machine, "stage:1")
        await luis.says(f"/tomar {code}")
        machine.now += 60
        await ana.says("baja")
        machine.now += 60
        (said,) = await ana.says(f"contestar {code} sigue igual")
        assert "Mientras" not in said.text
