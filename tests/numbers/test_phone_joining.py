"""Who proved a number is one person at all her chats, and what lies at each of them is hers."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.messages import Contact
from storage.schema import joining, official, person, supporter
from tests.machine import Machine, texts
from tests.numbers.proving import (
    BODY,
    NUMBER,
    TELEGRAM,
    TYPED,
    WHATSAPP,
    address_row,
    code_at,
    owner,
    prove,
    report,
    reports,
    sms,
    sms_machine,
    support,
    telegram,
)
from tests.unreached import Story


async def test_an_own_contact_proves_the_number_and_joins_nothing(machine: Machine) -> None:
    other, ana = sms(machine), telegram(machine)
    await report(other)
    await ana.says("teléfono")
    (asked,) = await ana.sends(contact=Contact(NUMBER[1:], own=True))
    assert "¿Unimos" in asked.text
    await ana.says("no")
    await ana.says("no")
    assert (await address_row(machine, ana)).phone == NUMBER
    assert await owner(machine, ana) != await owner(machine, other)
    assert "Todavía no hiciste" in await reports(ana)


async def test_the_question_whether_to_join_is_the_same_whether_anybody_has_the_number_or_not(machine: Machine) -> None:
    await report(sms(machine))
    asked = []
    for who, number in (("77", NUMBER), ("78", "+5491166661234")):
        phone = telegram(machine, who)
        await phone.says("teléfono")
        asked.append(texts(await phone.sends(contact=Contact(number, own=True))))
    assert asked[0] == asked[1]


async def test_proving_the_number_makes_one_person_of_a_chat_and_the_phone(database_url: str) -> None:
    async with sms_machine(database_url) as machine:
        hers, ana = sms(machine), telegram(machine)
        by_sms = await report(hers)
        by_chat = await report(ana)
        await prove(machine, ana)
        assert await owner(machine, ana) == await owner(machine, hers)
        for phone in (ana, hers):
            shown = await reports(phone)
            assert all(f"{code[:4]}-{code[4:]}" in shown for code in (by_sms, by_chat))
        rows = await machine.rows(select(joining))
        assert [(row.address_id, row.undone_at) for row in rows] == [((await hers.row()).address_id, None)]


async def test_the_phone_is_told_that_it_was_joined_and_how_to_part(machine: Machine) -> None:
    hers, ana = sms(machine), telegram(machine)
    await hers.says("ayuda")
    await prove(machine, ana)
    told = texts(await hers.news())
    assert "Tu número quedó vinculado a un chat de Telegram. Si no fuiste vos, respondé SEPARAR." in told


async def test_whatsapp_proves_its_number_as_any_other_chat_does(machine: Machine) -> None:
    hers, there = sms(machine), machine.phone(NUMBER, account=WHATSAPP)
    code = await report(hers)
    assert "Todavía no hiciste" in await reports(there)
    await prove(machine, there)
    assert f"{code[:4]}-{code[4:]}" in await reports(there)


async def test_three_chats_of_one_number_are_one_person(machine: Machine) -> None:
    ana, there, hers = telegram(machine), machine.phone("AR.abc", account=WHATSAPP), sms(machine)
    codes = [await report(phone) for phone in (ana, there, hers)]
    await prove(machine, ana)
    await prove(machine, there)
    assert len({await owner(machine, phone) for phone in (ana, there, hers)}) == 1
    for phone in (ana, there, hers):
        shown = await reports(phone)
        assert all(f"{code[:4]}-{code[4:]}" in shown for code in codes)


async def test_news_goes_to_the_chat_that_reported_and_is_answered_from_any(machine: Machine) -> None:
    hers, ana, luis = sms(machine), telegram(machine), machine.phone("luis")
    await machine.appoint(luis, BODY)
    code = await report(hers)
    await prove(machine, ana)
    await hers.news()
    await luis.says(f"/responder {code} ¿de qué lado?")
    assert any("de qué lado" in text for text in texts(await hers.news()))
    assert await ana.news() == []
    await ana.says(f"contestar {code} del lado de la plaza")
    assert any("del lado de la plaza" in text for text in texts(await luis.news()))


async def test_who_reported_in_one_chat_and_joined_in_the_other_is_told_once(machine: Machine) -> None:
    hers, ana, luis = sms(machine), telegram(machine), machine.phone("luis")
    await machine.appoint(luis, BODY)
    code = await report(hers)
    await ana.says("ayuda")
    await support(machine, code, ana)
    await prove(machine, ana)
    await luis.says(f"/responder {code} vamos mañana")
    assert any("vamos mañana" in text for text in texts(await hers.news()))
    assert await ana.news() == []


async def test_a_support_of_both_is_one_support(machine: Machine) -> None:
    hers, ana, eva = sms(machine), telegram(machine), telegram(machine, "99")
    code = await report(eva)
    for phone in (hers, ana):
        await phone.says("ayuda")
        await support(machine, code, phone)
    await prove(machine, ana)
    assert await machine.count(supporter) == 1


async def test_low_data_and_an_agreed_fallback_outlive_joining(machine: Machine) -> None:
    hers, ana = sms(machine), telegram(machine)
    await hers.says("ayuda")
    await prove(machine, ana, fallback="sí")
    there = machine.phone("AR.abc", account=WHATSAPP)
    await there.says("teléfono")
    await there.says(TYPED)
    await there.says(await code_at(machine))
    fallback = select(person.c.fallback_address_id).where(person.c.id == await owner(machine, there))
    assert await machine.one(fallback) == (await hers.row()).address_id


async def test_an_office_does_not_travel_to_the_chats_that_are_joined(database_url: str) -> None:
    async with sms_machine(database_url) as machine:
        luis, hers, ana = telegram(machine, "luis"), sms(machine), machine.phone("ana")
        await machine.appoint(luis, BODY)
        code = await report(ana)
        await luis.says(f"/tomar {code}")
        await prove(machine, luis)
        await hers.news()
        assert await owner(machine, luis) == await owner(machine, hers)
        for words in (f"/ver {code}", f"/tomar {code}", "/bandeja"):
            assert "para quienes atienden" in (await hers.says(words))[0].text, words
        await hers.says(f"/responder {code} mentira")
        await hers.says(f"/estado {code} resuelto lo tapamos")
        assert not [text for text in texts(await ana.news()) if "mentira" in text or "Resuelto" in text]
        assert "resuelto" in (await luis.says(f"/estado {code} resuelto lo tapamos"))[0].text.lower(), (
            "where it was given it holds"
        )
        assert not (await machine.rows(select(official).where(official.c.address_id == (await hers.row()).address_id)))


async def test_an_office_that_was_joined_from_the_phone_stays_with_its_chat_too(machine: Machine) -> None:
    hers, luis = sms(machine), telegram(machine, "luis")
    await machine.appoint(hers, BODY)
    await luis.says("ayuda")
    await prove(machine, luis)
    await hers.news()
    assert "para quienes atienden" in (await luis.says("/bandeja"))[0].text
    assert "nada pendiente" in (await hers.says("/bandeja"))[0].text
    await luis.says("separar")
    await hers.news()
    assert "nada pendiente" in (await hers.says("/bandeja"))[0].text


@pytest.mark.parametrize("joined", [True, False])
async def test_what_is_lost_here_goes_to_the_number_that_she_proved_and_agreed_to(
    database_url: str, joined: bool
) -> None:
    async with sms_machine(database_url) as machine:
        told = Story(machine, TELEGRAM, "es")
        await told.begin()
        if joined:
            await prove(machine, told.ana, fallback="sí")
        else:
            await told.ana.says("teléfono")
            await told.ana.sends(contact=Contact(NUMBER[1:], own=True))
            await told.ana.says("no")
            await told.ana.says("sí")
        hers = sms(machine)
        await hers.news()
        await told.ends(status="dropped", error_class="gone")
        assert await told.look() == 1
        assert [told.shown in text for text in texts(await hers.news())] == [True]
