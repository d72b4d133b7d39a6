"""Who writes: known by every address, spoken to as they wish, and forgotten when they ask for it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.messages import Inbound
from storage.schema import address, conversation, inbox, media, official, outbox, person, ticket, update
from tests.handset import Phone
from tests.machine import CONGRESS, DAY, HOUR, Machine, lonely_pack, texts

BODY = "comuna-3"
HERS = ("5491155551234", "secreto", "mi vecina Marta", "tu-foto")


async def report(phone: Phone) -> str:
    """Report something and return its code."""
    await phone.says("hay un bache enorme en la esquina")
    await phone.sends(place=CONGRESS)
    await phone.taps("Enviar")
    return phone.last.ticket


async def holders(machine: Machine, *words: str) -> list[str]:
    """Name the columns of the database in which one of these words stands."""
    found = set()
    for table, rows in (await machine.dump()).items():
        found |= {table for row in rows if any(word in str(value) for value in row for word in words)}
    return sorted(found)


async def test_who_writes_for_the_first_time_is_written_down_once(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await machine.take(ana.message("hola"), eva.message("hola"), ana.message("bache"))
        await ana.says("ayuda")
        for table in (person, address, conversation):
            assert await machine.count(table) == 2


async def test_the_language_that_the_channel_claims_is_spoken_until_another_is_wished(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana", language="pt-BR")
        assert "sou a Baldosa" in (await ana.says("oi"))[0].text
        await ana.says("/language english")
        assert "Where is it?" in (await ana.says("pothole"))[0].text
        await machine.restart()
        assert "cancel" in (await ana.says("help"))[0].text.lower()


async def test_a_claimed_language_of_any_shape_does_no_harm(database_url: str) -> None:
    async with Machine(database_url) as machine:
        for claimed in ("zh-Hans-CN-x-private-use-tags", "xx", "", "\0", "ES_ar"):
            said = await machine.phone(f"speaks {claimed!r}", language=claimed).says("hola")
            assert "Soy Baldosa" in said[0].text, claimed


async def test_what_one_message_changes_the_next_one_of_the_same_commit_knows(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("cancelar")
        await machine.take(ana.message("/language english"), ana.message("help"))
        assert machine.batches[-1] == 2
        assert "cancel" in texts(await ana.news())[-1].lower()


async def test_who_wants_no_more_messages_gets_none_and_is_asked_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await report(ana)
        await ana.says("otro reclamo")
        assert len(texts(await ana.says("baja"))) == 1, "the draft's question is not repeated"
        await luis.says(f"/responder {code} vamos mañana")
        await machine.wait(2 * HOUR)
        assert await ana.news() == []
        assert await machine.one(select(address.c.opted_out_at).where(address.c.external == "ana")) is not None


async def test_who_comes_back_after_opting_out_is_heard_and_told_again(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await report(ana)
        await ana.says("baja")
        await machine.wait(DAY)
        assert len(await ana.says("hola")) == 1
        assert await machine.one(select(address.c.opted_out_at).where(address.c.external == "ana")) is None
        await luis.says(f"/responder {code} vamos mañana")
        assert "vamos mañana" in (await ana.news())[0].text


async def test_opting_out_and_a_notice_in_the_same_commit_leave_silence(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await report(ana)
        notice = Inbound(
            account=ana.account,
            key="notice",
            address="ana",
            kind="notice",
            name="told-citizen",
            data={"code": code, "seq": 1},
        )
        await machine.take(ana.message("baja"), notice)
        assert len(await ana.news()) == 1


@pytest.mark.parametrize(("kind", "is_shut"), [("blocked", True), ("unblocked", False)])
async def test_a_shut_door_is_noted_and_opened_again(sqlite_url: str, kind: str, is_shut: bool) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await machine.take(ana.message(kind="blocked"), ana.message(kind=kind))
        blocked = await machine.one(select(address.c.blocked_at).where(address.c.external == "ana"))
        assert (blocked is not None) is is_shut


async def test_somebody_in_a_group_is_who_she_is_in_private(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await machine.phone("ana").says("hola")
        await machine.take(machine.phone("-100/ana").message("/ayuda"), machine.phone("-100/eva").message("/ayuda"))
        owners = {row.external: row.person_id for row in await machine.rows(select(address))}
        assert owners["-100/ana"] == owners["ana"]
        assert owners["-100/eva"] != owners["ana"]


async def test_two_in_a_group_have_talks_of_their_own(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, eva = machine.phone("-100/ana"), machine.phone("-100/eva")
        await ana.says("/reclamo")
        await ana.says("bache")
        await eva.says("/reclamo")
        assert "De qué se trata" in eva.last.text
        assert "Dónde es" in ana.last.text


async def test_a_group_that_moves_takes_its_members_and_their_talks_along(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("-1_0/ana")
        await ana.says("/reclamo")
        bystander = machine.phone("-150/ana")
        await bystander.says("/reclamo")
        await machine.take(Inbound(account=ana.account, key="m", address="-1_0", kind="migrated", text="-200"))
        moved = machine.phone("-200/ana")
        assert "Dónde es" in (await moved.says("bache"))[-1].text
        assert "De qué se trata" in (await bystander.everything())[-1].text


async def tell_everything(machine: Machine, ana: Phone, luis: Phone) -> str:
    """Leave traces in every table: a ticket with a picture, an answer, a draft, an unsent message; return the code."""
    await ana.photo("tu-foto-1", "hay un bache enorme en la esquina")
    await ana.sends(place=CONGRESS)
    await ana.taps("Enviar")
    code = ana.last.ticket
    await luis.says(f"/responder {code} ¿de qué lado?")
    await ana.says("del lado de mi vecina Marta")
    await ana.says("otro reclamo: falta la tapa de luz, es un secreto")
    await ana.photo("never-tu-foto-2")
    return code


async def test_whoever_asks_to_be_forgotten_is_forgotten_to_the_last_key(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis = machine.phone(HERS[0]), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await tell_everything(machine, ana, luis)
        # Browsers' keys name the address.
        await ana.says("/borrarmisdatos", key=f"{HERS[0]}:17")
        await machine.wait(20)
        (goodbye,) = await ana.says("sí")
        assert "te olvidé" in goodbye.text
        await luis.says(f"/estado {code} resuelto lo tapamos")
        assert await ana.news() == [], "she hears no more of her tickets"
        await machine.wait(2 * HOUR)
        # What officials were told stays with them until it is old, see bot/housekeeping.py.
        told = outbox.delete().where(outbox.c.address_id == (await luis.row()).address_id)
        await machine.work(lambda work: work.execute(told))
        assert await holders(machine, *HERS) == []
        assert await machine.count(person) == await machine.count(address) == 1, "only the official is left"


async def test_the_tickets_of_the_forgotten_stay_as_public_facts(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis = machine.phone(HERS[0]), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await tell_everything(machine, ana, luis)
        await machine.wait(20)
        await ana.says("borrar mis datos")
        await ana.says("sí")
        (row,) = await machine.rows(select(ticket).where(ticket.c.code == code))
        assert (row.person_id, row.address_id, row.status) == (None, None, "acknowledged")
        assert "bache enorme" in row.words
        entries = await machine.rows(select(update).order_by(update.c.seq))
        assert [entry.actor for entry in entries] == ["citizen", "official", "citizen"]
        assert [entry.words for entry in entries] == ["", "¿de qué lado?", ""]
        assert await machine.count(media, media.c.status == "kept") == 1, "the picture on the ticket is public"
        assert await machine.count(media, media.c.lat.is_not(None)) == 0
        shown = await luis.says(f"/ver {code}")
        assert "bache enorme" in shown[-1].text


async def test_who_says_no_is_not_forgotten(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await report(ana)
        await ana.says("borrar mis datos")
        await ana.says("no")
        await machine.wait(2 * HOUR)
        assert await machine.count(ticket, ticket.c.person_id.is_not(None)) == 1
        assert await machine.count(inbox, inbox.c.body == "") == 0


async def test_who_writes_again_after_being_forgotten_begins_anew_and_is_kept(sqlite_url: str) -> None:
    async with Machine(sqlite_url, pack=lonely_pack()) as machine:
        ana = machine.phone("ana")
        await report(ana)
        await ana.says("borrar mis datos")
        await ana.says("sí")
        await machine.wait(60)
        assert "Todavía no hiciste" in (await ana.says("mis reclamos"))[0].text
        await ana.says("bache")
        await machine.wait(2 * HOUR)
        assert await machine.count(address) == 1
        assert "Contame" in (await ana.sends(place=CONGRESS))[-1].text


async def test_an_official_who_is_forgotten_acts_no_more(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await report(ana)
        await luis.says(f"/tomar {code}")
        await luis.says(f"/responder {code} vamos mañana")
        await luis.says("borrar mis datos")
        await luis.says("sí")
        assert await machine.count(official) == 0
        assert await machine.one(select(ticket.c.taken_by)) is None
        assert "para quienes atienden" in (await luis.says(f"/tomar {code}"))[0].text
        words = [row.words for row in await machine.rows(select(update).where(update.c.actor == "official"))]
        assert "vamos mañana" in words, "what the body said stays said"


async def test_all_addresses_of_the_forgotten_go(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, there = machine.phone("ana-77"), machine.phone("-100/ana-77")
        await ana.says("hola")
        await there.says("/reclamo")
        await ana.says("borrar mis datos")
        await ana.says("sí")
        await machine.wait(2 * HOUR)
        assert await holders(machine, "ana-77") == []


async def test_who_meets_the_bot_in_another_group_meanwhile_is_not_lost_there(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana-77")
        await ana.says("hola")
        await ana.says("borrar mis datos")
        await ana.says("sí")
        there = machine.phone("-100/ana-77")
        await there.says("/ayuda")
        await machine.wait(2 * HOUR)
        assert await there.says("/ayuda")
        assert [row.external for row in await machine.rows(select(address))] == ["-100/ana-77"]
        assert await machine.count(inbox, inbox.c.status == "dead") == 0
