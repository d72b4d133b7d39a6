"""A code that proves a number is short-lived, seen by nobody else, and sent no oftener than its owner can bear."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.housekeeping import TYPED_NUMBERS
from bot.messages import Contact
from storage import phones
from storage.phones import CODE_VALID, MOST_A_DAY, MOST_AN_HOUR
from storage.schema import address, outbox, person, phone_proof
from tests.machine import DAY, HOUR, Machine
from tests.numbers.proving import SMS, TYPED, code_at, owner, prove, sms, sms_machine, telegram


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
