"""The sweep: what Twilio has and we never got is found, once."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from bot.channels.twilio_api import Api
from bot.housekeeping import INBOUND_WORDS
from bot.spool import Spool
from bot.sweep import LOOK_BACK, SWEEP_EVERY, YOUNGEST, Sweep
from storage.schema import address, inbox
from tests.fakes.twilio import SERVICE_SID, FakeTwilio
from tests.machine import Machine
from tests.twilio.front import ACCOUNTS, LUZ, ROSA, called
from tests.twilio.sweeping import heard, sweep_of


async def test_a_message_that_never_came_is_found_and_answered_once(
    database_url: str, fake: FakeTwilio, api: Api
) -> None:
    async with Machine(database_url, now=fake.now()) as machine:
        await machine.phone("+5491100000000", account=ACCOUNTS["sms"]).says("hola")
        sweep = sweep_of(machine, fake, api)
        rosa = machine.phone(ROSA, account=ACCOUNTS["sms"])
        fake.phone(ROSA).writes_nowhere("uno")
        fake.phone(ROSA).writes_nowhere("dos")
        fake.pass_time(YOUNGEST + 1)
        assert await sweep.sweep() == 2
        assert await sweep.sweep() == 0
        assert await heard(machine, ACCOUNTS["sms"]) == ["uno", "dos"]
        assert len(await rosa.news()) == 2
        body = json.loads((await machine.rows(select(inbox.c.body).order_by(inbox.c.id)))[-1].body)
        assert body["at"] == pytest.approx(fake.now() - YOUNGEST - 1, abs=2)


async def test_what_came_by_its_webhook_is_known_and_left_alone(
    fake: FakeTwilio, machine: Machine, sweep: Sweep, spool: Spool
) -> None:
    async with called(fake, machine.intake, spool):
        fake.phone(ROSA).says("por el webhook")
        fake.whatsapp(LUZ).says("por el webhook")
        await fake.settled()
    fake.phone(ROSA).writes_nowhere("perdido")
    fake.pass_time(YOUNGEST + 1)
    before = await machine.count(inbox)
    assert await sweep.sweep() == 1
    assert await machine.count(inbox) == before + 1


async def test_a_help_that_twilio_has_answered_is_not_answered_by_us_when_the_sweep_finds_it(
    database_url: str, fake: FakeTwilio, api: Api, spool: Spool
) -> None:
    fake.advanced_opt_out = True
    async with Machine(database_url, now=fake.now()) as machine, called(fake, machine.intake, spool):
        await machine.phone("+5491100000000", account=ACCOUNTS["sms"]).says("hola")
        fake.phone(ROSA).says("AYUDA")
        await fake.settled()
        fake.pass_time(YOUNGEST + 1)
        assert await sweep_of(machine, fake, api).sweep() == 0
        assert await machine.count(inbox, inbox.c.status == "ignored") == 1
        assert await machine.count(address, address.c.external == ROSA) == 0


async def test_a_webhook_that_comes_after_the_sweep_changes_nothing(
    fake: FakeTwilio, machine: Machine, sweep: Sweep, spool: Spool
) -> None:
    sid = fake.phone(ROSA).writes_nowhere("tarde")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 1
    before = await machine.dump()
    async with called(fake, machine.intake, spool):
        late = {"MessageSid": sid, "From": ROSA, "To": fake.sms_from, "Body": "tarde", "NumMedia": "0"}
        fake.bring("sms", late, ROSA)
        await fake.settled()
    assert await machine.dump() == before


async def test_a_young_message_is_left_to_its_webhook(fake: FakeTwilio, sweep: Sweep) -> None:
    fake.phone(ROSA).writes_nowhere("hola")
    fake.pass_time(YOUNGEST - 5)
    assert await sweep.sweep() == 0
    fake.pass_time(10)
    assert await sweep.sweep() == 1


async def test_what_is_older_than_we_keep_words_is_not_brought_up_again(
    fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    fake.phone(ROSA).writes_nowhere("hace mucho")
    fake.pass_time(INBOUND_WORDS + 60)
    assert await sweep.sweep() == 0


async def test_a_number_that_we_have_just_begun_to_answer_has_no_past(
    fake: FakeTwilio, machine: Machine, api: Api
) -> None:
    fake.phone(ROSA).writes_nowhere("antes")
    fake.pass_time(YOUNGEST + 1)
    sweep = sweep_of(machine, fake, api)
    assert await sweep.sweep() == 0
    fake.phone(ROSA).writes_nowhere("después")
    fake.pass_time(YOUNGEST + 1)
    machine.now = fake.now()
    assert await sweep.sweep() == 1
    # Neither for who begins anew.
    fake.pass_time(SWEEP_EVERY)
    assert await sweep_of(machine, fake, api).sweep() == 0
    assert [json.loads(row.body)["text"] for row in await machine.rows(select(inbox.c.body))] == ["después"]


async def test_an_absence_of_days_is_made_up_for(fake: FakeTwilio, machine: Machine, sweep: Sweep) -> None:
    fake.phone(ROSA).writes_nowhere("el lunes")
    fake.pass_time(LOOK_BACK + 86_400)
    fake.phone(ROSA).writes_nowhere("el jueves")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 2
    assert await heard(machine, ACCOUNTS["sms"]) == ["el lunes", "el jueves"]


async def test_a_hole_between_two_sweeps_is_found_though_later_messages_came(
    fake: FakeTwilio, machine: Machine, sweep: Sweep, spool: Spool
) -> None:
    await sweep.sweep()
    fake.pass_time(SWEEP_EVERY)
    fake.phone(ROSA).writes_nowhere("perdido")
    async with called(fake, machine.intake, spool):
        fake.phone(LUZ).says("recibido")
        await fake.settled()
    fake.pass_time(SWEEP_EVERY)
    assert await sweep.sweep() == 1


async def test_many_pages_are_read(fake: FakeTwilio, machine: Machine, sweep: Sweep) -> None:
    fake.most_page = 3
    for number in range(10):
        fake.phone(ROSA).writes_nowhere(f"{number}")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 10
    assert await heard(machine, ACCOUNTS["sms"]) == [str(number) for number in range(10)]


# Whose it is


async def test_what_we_sent_ourselves_is_nobodys_message(fake: FakeTwilio, api: Api, sweep: Sweep) -> None:
    fake.phone(ROSA)
    await api.create({"To": ROSA, "From": fake.sms_from, "Body": "hola"})
    await fake.settled()
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 0


async def test_a_messaging_service_gets_its_own_messages_and_no_other_numbers(
    fake: FakeTwilio, machine: Machine, api: Api
) -> None:
    account = f"sms:{SERVICE_SID}"
    await machine.phone("+5491100000000", account=account).says("hola")
    ours, others = fake.phone(ROSA).writes_nowhere("nuestro"), fake.phone(ROSA).writes_nowhere("de otro número")
    fake.messages.get(ours).service = SERVICE_SID
    assert others != ours
    fake.pass_time(YOUNGEST + 1)
    sweep = sweep_of(machine, fake, api, senders={"sms": (account, SERVICE_SID)})
    assert await sweep.sweep() == 1
    assert await heard(machine, account) == ["nuestro"]


async def test_who_cannot_be_answered_is_buried_and_not_found_again(
    fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    fake.phone("2255").writes_nowhere("Recargá ya")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 1
    assert await sweep.sweep() == 0
    assert await machine.count(inbox, inbox.c.status == "dead") == 1


async def test_an_erased_persons_messages_are_not_brought_back(
    database_url: str, fake: FakeTwilio, api: Api, spool: Spool
) -> None:
    async with Machine(database_url, now=fake.now()) as machine, called(fake, machine.intake, spool):
        rosa = fake.phone(ROSA)
        for words in ("bache", "BORRAR MIS DATOS", "SI"):
            rosa.says(words)
            await fake.settled()
        await machine.wait(3 * 86_400)
        assert await machine.count(address, address.c.external == ROSA) == 0
        fake.pass_time(YOUNGEST + 1)
        assert await sweep_of(machine, fake, api).sweep() == 0
        assert await machine.count(address, address.c.external == ROSA) == 0
        assert not [row for row in await machine.rows(select(inbox.c.body)) if ROSA in row.body]
