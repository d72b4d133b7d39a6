"""A phone number is proved by a code that only its owner reads; her chats are one person's then, until they part."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from bot.housekeeping import TYPED_NUMBERS
from bot.messages import Contact
from routing.phones import read_phone
from storage import phones
from storage.joinings import PROOF_LASTS
from storage.phones import CODE_VALID, MOST_A_DAY, MOST_AN_HOUR, MOST_TRIES
from storage.schema import (
    address,
    conversation,
    joining,
    media,
    official,
    outbox,
    person,
    phone_proof,
    supporter,
    ticket,
    ticket_media,
)
from tests.machine import CONGRESS, DAY, HOUR, NOON, Lots, Machine, Phone, lonely_pack, texts
from tests.test_fallback import Story

SMS = "sms:+5491150000000"
WHATSAPP = "whatsapp:+5491150000000"
TELEGRAM = "telegram:1"
NUMBER = "+5491155551234"
TYPED = "11 5555-1234"
BODY = "comuna-3"


@pytest.fixture
async def machine(sqlite_url: str) -> AsyncIterator[Machine]:
    async with sms_machine(sqlite_url) as machine:
        yield machine


def sms_machine(url: str, now: float = NOON, lots: Lots | None = None) -> Machine:
    """A machine that can send SMS, in the short words of the channel."""
    pack = lonely_pack()
    return Machine(url, sms=SMS, variant=lambda account: "sms" if account == SMS else "", now=now, lots=lots, pack=pack)


def telegram(machine: Machine, who: str = "77") -> Phone:
    return machine.phone(who, account=TELEGRAM)


def sms(machine: Machine, number: str = NUMBER) -> Phone:
    return machine.phone(number, account=SMS)


async def code_at(machine: Machine, number: str = NUMBER) -> str:
    """The newest code on that phone."""
    said = texts(await sms(machine, number).everything())
    codes = [found[1] for text in said if (found := re.match(r"(\d{6}) ", text))]
    return codes[-1]


async def prove(machine: Machine, phone: Phone, number: str = NUMBER, fallback: str = "no") -> list[str]:
    """Prove a number by typing it and the code that came to it."""
    await phone.says("teléfono")
    await phone.says(number)
    said = await phone.says(await code_at(machine, number))
    return texts([*said, *await phone.says(fallback)])


async def report(phone: Phone, words: str = "hay un bache enorme en la esquina") -> str:
    """Report something and return its code."""
    await phone.says(words)
    await finish(phone)
    return phone.last.ticket


async def finish(phone: Phone) -> None:
    """Say where it is, and send it where that is asked: by SMS one message is enough."""
    await phone.sends(place=CONGRESS)
    if any("Enviar" in option.label for option in phone.last.options):
        await phone.taps("Enviar")


async def reports(phone: Phone) -> str:
    """What she is shown as her reports."""
    return (await phone.says("mis reclamos"))[-1].text


async def owner(machine: Machine, phone: Phone) -> int:
    where = (address.c.account == phone.account, address.c.external == phone.who)
    return int(await machine.one(select(address.c.person_id).where(*where)))


async def address_row(machine: Machine, phone: Phone) -> Any:
    where = (address.c.account == phone.account, address.c.external == phone.who)
    return (await machine.rows(select(address).where(*where)))[0]


@pytest.mark.parametrize(
    "typed",
    ["11 5555-1234", "15 5555 1234", "15-5555-1234", "01115 5555-1234", "(011) 5555 1234", "+54 9 11 5555-1234",
     "5491155551234", "+54 11 5555 1234", "11.5555.1234", "0 11 15 5555 1234"],
)  # fmt: skip
def test_a_number_of_buenos_aires_is_read_however_it_is_dialled(typed: str) -> None:
    assert read_phone(typed, "AR") == NUMBER


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("0341 155-123456", "AR", "+5493415123456"),
        ("341 512 3456", "AR", "+5493415123456"),
        ("11 91234-5678", "BR", "+5511912345678"),
        ("+55 11 91234-5678", "AR", "+5511912345678"),
        ("+598 94 123 456", "AR", "+59894123456"),
    ],
)
def test_a_number_of_elsewhere_is_read_with_its_own_codes(typed: str, country: str, number: str) -> None:
    assert read_phone(typed, country) == number


NO_NUMBERS = ("", "911", "4555-1234", "hola", "K7Q4-2MX", "+1", "0" * 50, "Corrientes 1234", "12345678901234567")


@pytest.mark.parametrize("typed", NO_NUMBERS)
def test_what_is_no_mobile_number_is_none(typed: str) -> None:
    assert read_phone(typed, "AR") is None


async def test_a_code_by_sms_proves_a_number(database_url: str) -> None:
    async with sms_machine(database_url) as machine:
        ana = telegram(machine)
        (asked,) = await ana.says("teléfono")
        assert asked.wants == "contact"
        assert "11 5555-1234" in asked.text, "she is shown how to write it"
        (told,) = await ana.says(TYPED)
        assert "terminado en 1234" in told.text
        (asked,) = await ana.says(await code_at(machine))
        assert "es tuyo" in asked.text
        (kept,) = await ana.says("sí")
        assert "te aviso por SMS" in kept.text
        row = await address_row(machine, ana)
        assert (row.phone, row.verified_at) == (NUMBER, machine.now)
        fallback = select(person.c.fallback_address_id).where(person.c.id == await owner(machine, ana))
        assert await machine.one(fallback) == (await sms(machine).row()).address_id


@pytest.mark.parametrize("shape", ["{a}{b}", "{a} {b}", "{a}-{b}", "el código es {a}{b}.", "Es {a} {b}, gracias"])
async def test_a_code_is_understood_however_it_is_typed(machine: Machine, shape: str) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    await ana.says(TYPED)
    code = await code_at(machine)
    (asked,) = await ana.says(shape.format(a=code[:3], b=code[3:]))
    assert "es tuyo" in asked.text


async def test_what_is_no_code_costs_no_try(machine: Machine) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    await ana.says(TYPED)
    for words in ("no me llegó", "12345", "1234567", "??"):
        assert "6 números" in (await ana.says(words))[0].text
    assert await machine.one(select(phone_proof.c.tries)) == 0


async def test_another_code_is_sent_when_she_wants_one_and_only_that_one_counts(machine: Machine) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    await ana.says(TYPED)
    first = await code_at(machine)
    await ana.taps("Mandame otro")
    second = await code_at(machine)
    assert first != second
    assert "no es" in (await ana.says(first))[0].text
    assert "es tuyo" in (await ana.says(second))[0].text


async def test_where_no_sms_can_be_sent_a_typed_number_is_refused_plainly_and_a_shared_one_is_enough(
    sqlite_url: str,
) -> None:
    async with Machine(sqlite_url) as machine:
        ana = telegram(machine)
        await ana.says("teléfono")
        assert "acá no hay SMS" in (await ana.says(TYPED))[0].text
        await ana.says("teléfono")
        (proved,) = await ana.sends(contact=Contact(NUMBER[1:], own=True))
        assert "es tuyo" in proved.text
        assert (await address_row(machine, ana)).phone == NUMBER


async def test_the_contact_of_somebody_else_proves_nothing_and_gets_a_code(machine: Machine) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    (asked,) = await ana.sends(contact=Contact(NUMBER[1:], own=False))
    assert "6 números" in asked.text
    assert (await address_row(machine, ana)).phone == ""


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


async def test_a_number_is_known_of_an_sms_and_a_whatsapp_address_and_of_no_other(machine: Machine) -> None:
    by_whatsapp = [machine.phone(who, account=WHATSAPP) for who in (NUMBER, "AR.abc")]
    phones = [sms(machine), *by_whatsapp, telegram(machine, NUMBER)]
    for phone in phones:
        await phone.says("hola")
    rows = [await address_row(machine, phone) for phone in phones]
    assert [row.phone for row in rows] == [NUMBER, NUMBER, "", ""]
    assert len({row.person_id for row in rows}) == 4, "that alone joins nothing"


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


async def support(machine: Machine, code: str, phone: Phone) -> None:
    """Join a ticket."""
    row = await phone.row()
    values = {"ticket": code, "person_id": await owner(machine, phone), "address_id": row.address_id}
    await machine.work(lambda work: work.add(supporter, **values, joined_at=machine.now))


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
        await hers.says(f"/estado {code} resuelto")
        assert not [text for text in texts(await ana.news()) if "mentira" in text or "Resuelto" in text]
        assert "resuelto" in (await luis.says(f"/estado {code} resuelto"))[0].text.lower(), (
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


TALKS = {
    "pt": (
        "telefone",
        "Qual é o seu celular",
        "código de 6 números",
        "é seu",
        "sim",
        "aviso por SMS",
        "separar",
        "por conta própria",
    ),
    "en": ("my phone", "mobile number", "code of 6 digits", "is yours", "yes", "I'll text", "unlink", "on its own"),
}


@pytest.mark.parametrize("language", TALKS)
async def test_the_talk_goes_in_every_language(machine: Machine, language: str) -> None:
    words, asked, sent, proved, yes, agreed, parting, parted = TALKS[language]
    ana = machine.phone("77", account=TELEGRAM, language=language)
    assert asked in (await ana.says(words))[0].text
    assert sent in (await ana.says("+55 11 91234-5678"))[0].text
    assert proved in (await ana.says(await code_at(machine, "+5511912345678")))[0].text
    assert agreed in (await ana.says(yes))[0].text
    assert parted in (await ana.says(parting))[0].text


async def test_a_code_leaves_the_outbox_when_it_is_used_replaced_or_old(machine: Machine) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    await ana.says(TYPED)
    codes = [await code_at(machine)]
    await ana.taps("Mandame otro")
    codes.append(await code_at(machine))
    assert codes[0] not in str(await machine.dump())
    await machine.wait(CODE_VALID + 1)
    assert codes[1] not in str(await machine.dump())
    assert "venció" in (await ana.says(codes[1]))[0].text
    await machine.wait(HOUR)
    await prove(machine, ana)
    assert await machine.count(outbox, outbox.c.lane.startswith("code:"), outbox.c.payload != "") == 0


async def test_a_code_is_kept_only_as_a_hash_that_needs_our_key(machine: Machine) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    await ana.says(TYPED)
    code = await code_at(machine)
    rows = await machine.rows(select(phone_proof))
    assert code not in str(rows)
    assert len(rows[0].code_hash) == 64


async def test_a_code_that_was_not_sent_in_time_is_not_sent_at_all(machine: Machine) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    await ana.says(TYPED)
    await machine.wait(CODE_VALID + 1)
    assert await machine.one(select(outbox.c.status).where(outbox.c.account == SMS)) == "dropped"


async def test_codes_are_few_for_a_number_and_for_a_chat(machine: Machine) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    await ana.says(TYPED)
    for _ in range(MOST_AN_HOUR - 1):
        await ana.taps("Mandame otro")
    assert "más tarde" in (await ana.taps("Mandame otro"))[0].text
    await ana.says("teléfono")
    assert "más tarde" in (await ana.says("11 5555-9876"))[0].text, "another number does not help this chat"
    eva = telegram(machine, "99")
    await eva.says("teléfono")
    assert "más tarde" in (await eva.says(TYPED))[0].text, "another chat does not help this number"
    await machine.wait(HOUR + 1)
    await eva.says("teléfono")
    assert "6 números" in (await eva.says(TYPED))[0].text


async def test_a_number_gets_no_more_codes_in_a_day_than_anybody_needs(machine: Machine) -> None:
    sent = 0
    for number in range(40):
        phone = telegram(machine, f"t{number}")
        await phone.says("teléfono")
        sent += "6 números" in (await phone.says(TYPED))[0].text
        await machine.wait(HOUR / 2)
    assert sent == MOST_A_DAY


async def test_many_chats_that_ask_for_many_numbers_spend_no_fortune(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.phones.MOST_OF_ALL_AN_HOUR", 3)
    monkeypatch.setattr("storage.phones.MOST_OF_ALL_A_DAY", 5)
    sent = []
    for number in range(12):
        phone = telegram(machine, f"t{number}")
        await phone.says("teléfono")
        sent.append("6 números" in (await phone.says(f"11 5555-{1000 + number}"))[0].text)
        await machine.wait(HOUR / 5)
    assert sent == [True] * 3 + [False] * 2 + [True] * 2 + [False] * 5
    assert await machine.count(outbox, outbox.c.account == SMS) == 5
    await machine.wait(DAY)
    late = telegram(machine, "late")
    await late.says("teléfono")
    assert "6 números" in (await late.says(TYPED))[0].text


async def test_a_number_that_was_only_typed_is_forgotten_and_every_other_stays(database_url: str) -> None:
    async with sms_machine(database_url) as machine:
        ana, eva, zoe = telegram(machine), telegram(machine, "99"), telegram(machine, "55")
        wrote, stopped = sms(machine, "+5491155550001"), sms(machine, "+5491155550002")
        await wrote.says("hola")
        await stopped.sends(kind="opted_out")
        typed, agreed = "+5491155550003", "+5491155550004"
        await eva.says("teléfono")
        await eva.says(typed)
        await prove(machine, ana)
        await zoe.says("teléfono")
        await zoe.sends(contact=Contact(agreed[1:], own=True))
        await zoe.says("no")
        await zoe.says("sí")
        people = await machine.count(person)
        assert await machine.count(address, address.c.account == SMS) == 5
        await machine.wait(TYPED_NUMBERS - HOUR)
        for left in (5, 4):
            async with machine.database.write() as connection:
                while await phones.forget_old(connection, machine.now - TYPED_NUMBERS):
                    pass
            assert await machine.count(address, address.c.account == SMS) == left
            await machine.wait(2 * HOUR)
        assert await machine.count(address, address.c.external == typed) == 0
        assert await machine.count(phone_proof) == 0
        assert await machine.count(person) == people - 1
        assert await owner(machine, ana) == await owner(machine, sms(machine))


async def test_whoever_is_forgotten_gets_no_more_codes_for_it(machine: Machine) -> None:
    for number in range(MOST_AN_HOUR):
        phone = telegram(machine, f"t{number}")
        await phone.says("teléfono")
        await phone.says(TYPED)
        await phone.says("cancelar")
        await phone.says("borrar mis datos")
        await phone.says("sí")
    last = telegram(machine, "last")
    await last.says("teléfono")
    assert "más tarde" in (await last.says(TYPED))[0].text


async def test_a_wrong_code_may_be_mended_and_too_many_end_it(machine: Machine) -> None:
    ana = telegram(machine)
    await ana.says("teléfono")
    await ana.says(TYPED)
    code = await code_at(machine)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(MOST_TRIES - 1):
        assert "no es" in (await ana.says(wrong))[0].text
    assert "demasiados intentos" in (await ana.says(wrong))[0].text
    assert await owner(machine, ana) != await owner(machine, sms(machine))


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
