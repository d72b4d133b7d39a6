"""A report that was begun at one chat goes on at another of the same person, at one place at a time."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from storage.schema import media, ticket, ticket_media
from tests.machine import CONGRESS, Machine
from tests.numbers.proving import SMS, TYPED, WHATSAPP, code_at, finish, owner, prove, sms, sms_machine, telegram


@pytest.mark.parametrize("words", ["hola", "seguir"])
@pytest.mark.parametrize("here", ["sms", "telegram"])
async def test_a_report_begun_in_one_chat_goes_on_in_the_other(database_url: str, here: str, words: str) -> None:
    async with sms_machine(database_url) as machine:
        hers, ana = sms(machine), telegram(machine)
        await prove(machine, ana)
        begun, other = (ana, hers) if here == "sms" else (hers, ana)
        await begun.says("hay un bache enorme en la esquina de Corrientes")
        await other.news()
        (asked,) = await other.says(words)
        assert "Bache" in asked.text
        assert ("Telegram" if here == "sms" else "SMS") in asked.text
        (goes_on,) = await other.says("sí")
        assert "Seguimos" in goes_on.text
        await finish(other)
        assert await machine.one(select(ticket.c.words)) == "hay un bache enorme en la esquina de Corrientes"
        assert (await begun.state()).talks == []
        await begun.says("hola")
        anew = (await begun.state()).talks[0].memory.values()
        assert not [memory for memory in anew if memory.kind == "answer"], "it begins anew where it was begun"


async def test_a_report_is_offered_once_unless_she_asks_for_it(machine: Machine) -> None:
    hers, ana = sms(machine), telegram(machine)
    await prove(machine, ana)
    await ana.says("hay un bache enorme en la esquina")
    await hers.says("hola")
    await hers.says("no")
    await hers.says("cancelar")
    assert "a medio hacer" not in (await hers.says("hola"))[0].text
    await hers.says("cancelar")
    assert "a medio hacer" in (await hers.says("seguir"))[0].text


async def test_who_tells_something_new_is_not_asked_for_the_old(machine: Machine) -> None:
    hers, ana = sms(machine), telegram(machine)
    await prove(machine, ana)
    await ana.says("hay un bache enorme en la esquina")
    assert "a medio hacer" not in (await hers.says("el semáforo de la plaza está apagado"))[0].text


async def test_a_report_that_was_sent_meanwhile_is_not_sent_again(machine: Machine) -> None:
    hers, ana = sms(machine), telegram(machine)
    await prove(machine, ana)
    await ana.says("hay un bache enorme en la esquina")
    await hers.says("hola")
    await finish(ana)
    assert "ya no está" in (await hers.says("sí"))[0].text
    assert await machine.count(ticket) == 1


async def test_a_picture_of_a_report_that_moved_is_still_there(machine: Machine) -> None:
    hers, ana = sms(machine), telegram(machine)
    await prove(machine, ana)
    await ana.photo("good", "hay un bache enorme en la esquina")
    await hers.says("seguir")
    await hers.says("sí")
    await finish(hers)
    assert await machine.count(media, media.c.status == "kept") == 1
    assert await machine.count(ticket_media) == 1


async def test_a_report_moves_within_one_commit_that_both_chats_share(database_url: str) -> None:
    async with sms_machine(database_url) as machine:
        hers, ana = sms(machine), telegram(machine)
        await prove(machine, ana)
        await ana.says("hay un bache enorme en la esquina")
        await hers.says("hola")
        await machine.take(ana.message("ayuda"), hers.message("sí"), ana.message("hola"))
        assert machine.batches[-1] == 3
        await machine.settle()
        assert [talk.name for talk in (await hers.state()).talks] == ["report"]
        offered = [talk.name for talk in (await ana.state()).talks]
        assert offered == ["elsewhere"], "it is here no more, and offered back"


async def test_two_processes_move_one_report_to_one_place(postgres_url: str) -> None:
    async with sms_machine(postgres_url) as machine:
        hers, ana, there = sms(machine), telegram(machine), machine.phone("AR.abc", account=WHATSAPP)
        await prove(machine, ana)
        await prove(machine, there)
        await ana.says("hay un bache enorme en la esquina")
        await hers.says("seguir")
        await there.says("seguir")
        async with sms_machine(postgres_url, now=machine.now, lots=machine.lots) as second:
            both = machine.take(hers.message("sí")), second.take(there.message("sí", key="second"))
            await asyncio.gather(*both, machine.take(ana.message("ayuda", key="third")))
        drafts = [talk for phone in (hers, ana, there) for talk in (await phone.state()).talks
                  if talk.name == "report" and "category" in talk.memory]  # fmt: skip
        assert len(drafts) == 1


async def test_joining_while_the_phone_reports_leaves_no_report_behind(postgres_url: str) -> None:
    async with Machine(postgres_url, sms=SMS) as machine:
        hers, ana = sms(machine), telegram(machine)
        await hers.says("hay un bache enorme")
        await hers.sends(place=CONGRESS)
        await ana.says("teléfono")
        await ana.says(TYPED)
        code = await code_at(machine)
        async with Machine(postgres_url, sms=SMS, now=machine.now, lots=machine.lots) as second:
            send = hers.message(tapped=hers.button("Enviar").tap, key="sent")
            await asyncio.gather(second.take(send), machine.take(ana.message(code)))
        assert await machine.one(select(ticket.c.person_id)) == await owner(machine, ana)
