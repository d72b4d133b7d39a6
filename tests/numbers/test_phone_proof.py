"""A phone number is proved by a code that only its owner reads, or by her own contact."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.messages import Contact
from routing.phones import read_phone
from storage.phones import MOST_TRIES
from storage.schema import person, phone_proof
from tests.machine import Machine
from tests.numbers.proving import (
    NUMBER,
    TELEGRAM,
    TYPED,
    WHATSAPP,
    address_row,
    code_at,
    owner,
    sms,
    sms_machine,
    telegram,
)


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


async def test_a_number_is_known_of_an_sms_and_a_whatsapp_address_and_of_no_other(machine: Machine) -> None:
    by_whatsapp = [machine.phone(who, account=WHATSAPP) for who in (NUMBER, "AR.abc")]
    phones = [sms(machine), *by_whatsapp, telegram(machine, NUMBER)]
    for phone in phones:
        await phone.says("hola")
    rows = [await address_row(machine, phone) for phone in phones]
    assert [row.phone for row in rows] == [NUMBER, NUMBER, "", ""]
    assert len({row.person_id for row in rows}) == 4, "that alone joins nothing"


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
