"""Chats that were joined part again, each with its own; who is forgotten or gave a number up leaves nothing with it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.messages import Contact
from storage.joinings import PROOF_LASTS
from storage.schema import address, conversation, joining, outbox, person, supporter, ticket
from tests.machine import DAY, HOUR, Machine, texts
from tests.numbers.proving import (
    BODY,
    NUMBER,
    TELEGRAM,
    WHATSAPP,
    address_row,
    owner,
    prove,
    report,
    reports,
    sms,
    sms_machine,
    support,
    telegram,
)


@pytest.mark.parametrize("who", ["ana", "hers"])
async def test_parting_gives_each_chat_its_own_again_and_tells_both(database_url: str, who: str) -> None:
    async with sms_machine(database_url) as machine:
        hers, ana = sms(machine), telegram(machine)
        codes = {"hers": await report(hers), "ana": await report(ana)}
        await prove(machine, ana, fallback="sí")
        later = await report(ana, "el semáforo está apagado")
        await hers.news()
        leaving, other = (ana, hers) if who == "ana" else (hers, ana)
        (said,) = await leaving.says("separar")
        assert "por su lado" in said.text
        assert any("no está unido" in text for text in texts(await other.news()))
        shown = await reports(hers)
        assert codes["hers"][:4] in shown
        assert codes["ana"][:4] not in shown
        assert later[:4] not in shown
        shown = await reports(ana)
        assert codes["hers"][:4] not in shown
        assert codes["ana"][:4] in shown
        assert await machine.count(joining, joining.c.undone_at.is_(None)) == 0
        assert await machine.count(person, person.c.fallback_address_id.is_not(None)) == 0
        assert (await address_row(machine, ana)).phone == ""
        assert (await address_row(machine, hers)).phone == NUMBER


@pytest.mark.parametrize("leaving", ["77", "AR.abc", NUMBER])
async def test_of_three_chats_one_leaves_and_two_stay(machine: Machine, leaving: str) -> None:
    chats = {"77": telegram(machine), "AR.abc": machine.phone("AR.abc", account=WHATSAPP), NUMBER: sms(machine)}
    codes = {who: await report(phone) for who, phone in chats.items()}
    await prove(machine, chats["77"])
    await prove(machine, chats["AR.abc"])
    await chats[leaving].says("separar")
    for who, phone in chats.items():
        await phone.news()
        shown = await reports(phone)
        expected = {who} if who == leaving else codes.keys() - {leaving}
        assert {each for each, code in codes.items() if code[:4] in shown} == expected, who
    proved = {who for who, phone in chats.items() if (await address_row(machine, phone)).phone}
    assert proved == ({NUMBER} if leaving == NUMBER else {"77", "AR.abc", NUMBER} - {leaving})


async def test_supports_go_with_the_chat_over_which_they_were_given(machine: Machine) -> None:
    hers, ana, eva = sms(machine), telegram(machine), telegram(machine, "99")
    code = await report(eva)
    await hers.says("ayuda")
    await prove(machine, ana)
    await support(machine, code, hers)
    await ana.says("separar")
    assert await machine.one(select(supporter.c.person_id)) == await owner(machine, hers)


async def test_what_parted_can_be_joined_again_and_parted_again(machine: Machine) -> None:
    hers, ana = sms(machine), telegram(machine)
    code = await report(hers)
    for _ in range(3):
        await prove(machine, ana)
        assert code[:4] in await reports(ana)
        await hers.says("separar")
        assert "Todavía no hiciste" in await reports(ana)
        await machine.wait(HOUR)


async def test_a_chat_that_is_joined_with_none_says_so(machine: Machine) -> None:
    assert "no está unido" in (await telegram(machine).says("separar"))[0].text


async def test_the_same_user_in_a_group_goes_along(machine: Machine) -> None:
    ana, there = telegram(machine), machine.phone("-100/77", account=TELEGRAM)
    await ana.says("ayuda")
    await there.says("/ayuda")
    await prove(machine, ana)
    assert await owner(machine, there) == await owner(machine, sms(machine)) == await owner(machine, ana)
    await ana.says("separar")
    assert await owner(machine, there) == await owner(machine, ana) != await owner(machine, sms(machine))


async def test_who_is_forgotten_is_forgotten_at_all_her_chats(database_url: str) -> None:
    async with sms_machine(database_url) as machine:
        hers, ana, luis = sms(machine), telegram(machine), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await report(hers)
        await hers.says(f"contestar {code} en la puerta de mi vecina Marta")
        await prove(machine, ana, fallback="sí")
        await machine.wait(60)
        await ana.says("borrar mis datos")
        await ana.says("sí")
        await machine.wait(2 * HOUR)
        told = outbox.delete().where(outbox.c.address_id == (await luis.row()).address_id)
        await machine.work(lambda work: work.execute(told))
        everything = str(await machine.dump())
        assert NUMBER not in everything
        assert "Marta" not in everything
        assert await machine.count(address) == 1, "only the official is left"


async def test_who_is_forgotten_and_writes_again_has_proved_nothing(machine: Machine) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    await ana.sends(contact=Contact(NUMBER, own=True))
    await ana.says("no")
    await ana.says("sí")
    await ana.says("borrar mis datos")
    await ana.says("sí")
    assert (await address_row(machine, ana)).phone == ""
    assert await machine.count(person, person.c.fallback_address_id.is_not(None)) == 0


async def test_a_number_that_changed_hands_brings_nothing_of_its_earlier_owner(database_url: str) -> None:
    async with sms_machine(database_url) as machine:
        hers, ana = sms(machine), telegram(machine)
        codes = [await report(hers), await report(ana)]
        await prove(machine, ana, fallback="sí")
        await ana.news()
        await machine.wait(PROOF_LASTS + DAY)
        eva = telegram(machine, "99")
        await prove(machine, eva)
        for phone in (eva, hers):
            assert "Todavía no hiciste" in await reports(phone)
        assert any("no está unido" in text for text in texts(await ana.news()))
        shown = await reports(ana)
        assert all(code[:4] in shown for code in codes)
        where = set(await machine.rows(select(ticket.c.address_id)))
        assert {row.address_id for row in where} == {(await ana.row()).address_id}, "news goes where she still is"
        fallback = select(person.c.fallback_address_id).where(person.c.id == await owner(machine, ana))
        assert await machine.one(fallback) is None


async def test_every_conversation_of_a_person_has_its_own_row_after_all_this(machine: Machine) -> None:
    hers, ana = sms(machine), telegram(machine)
    await prove(machine, ana)
    await hers.says("separar")
    assert await machine.count(conversation) == await machine.count(address) == 2
