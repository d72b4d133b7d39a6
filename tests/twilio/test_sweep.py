"""The sweep: what Twilio has and we never got is found, once, and what its list does not tell is asked for again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from bot.channels.twilio_api import Api
from bot.channels.twilio_parse import Way
from bot.housekeeping import INBOUND_WORDS
from bot.registration import UNKNOWN, Registration, pasted_urls
from bot.spool import Spool
from bot.sweep import LOOK_BACK, SETTLE_SECONDS, SWEEP_EVERY, TURN_SECONDS, YOUNGEST, Sweep
from storage.schema import address, inbox, media
from tests.fakes.twilio import SERVICE_SID, FakeTwilio
from tests.machine import Machine
from tests.telegram.desk import until
from tests.twilio.front import ACCOUNTS, PUBLIC, called
from web.twilio_webhook import FALLBACK_PATHS, PATHS, webhook_url

ROSA, LUZ = "+5491155550001", "+5491155550002"
JPEG = b"\xff\xd8\xff\xe0 a picture"


async def nothing() -> None:
    """Nothing waits on disk."""


@pytest.fixture
async def machine(sqlite_url: str, fake: FakeTwilio) -> AsyncIterator[Machine]:
    async with Machine(sqlite_url, now=fake.now()) as machine:
        yield machine


def sweep_of(machine: Machine, fake: FakeTwilio, api: Api, **changed: Any) -> Sweep:
    senders: dict[Way, tuple[str, str]] = {
        "sms": (ACCOUNTS["sms"], fake.sms_from),
        "whatsapp": (ACCOUNTS["whatsapp"], f"whatsapp:{fake.whatsapp_from}"),
    }
    usual: dict[str, Any] = {"owner": "me", "senders": senders, "flush": nothing, "clock": fake.now}
    return Sweep(api, machine.intake, machine.database, **usual | changed)


@pytest.fixture
async def sweep(machine: Machine, fake: FakeTwilio, api: Api) -> Sweep:
    """A sweep of two numbers that have been written to before."""
    for way in ACCOUNTS:
        await machine.phone("+5491100000000", account=ACCOUNTS[way]).says("hola")
    return sweep_of(machine, fake, api)


async def heard(machine: Machine, account: str) -> list[str]:
    rows = await machine.rows(select(inbox.c.body).where(inbox.c.account == account).order_by(inbox.c.id))
    return [json.loads(row.body).get("text", "") for row in rows][1:]


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


@pytest.fixture
def spool(tmp_path: Any) -> Spool:
    spool = Spool(tmp_path / "spool")
    spool.open()
    return spool


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


# What the list does not tell


async def test_a_pin_that_was_lost_is_asked_for_again_with_the_question_that_waits(
    fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    luz = machine.phone(LUZ, account=ACCOUNTS["whatsapp"])
    (asked,) = await luz.says("bache")
    fake.whatsapp(LUZ).writes_nowhere("")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 1
    (again,) = await luz.news()
    assert again.text.startswith("No me llegó bien tu último mensaje.")
    assert again.text.endswith(asked.text.splitlines()[-1])
    assert again.options == asked.options


async def test_a_lost_pin_out_of_nowhere_is_answered_too_and_in_her_language(
    fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    luz = machine.phone(LUZ, account=ACCOUNTS["whatsapp"])
    await luz.says("oi")
    await luz.says("/idioma português")
    await luz.says("/cancelar")
    await luz.news()
    fake.whatsapp(LUZ).writes_nowhere("")
    fake.pass_time(YOUNGEST + 1)
    await sweep.sweep()
    assert "não chegou direito" in (await luz.news())[0].text


async def test_who_wants_no_messages_is_not_asked(fake: FakeTwilio, machine: Machine, sweep: Sweep) -> None:
    luz = machine.phone(LUZ, account=ACCOUNTS["whatsapp"])
    await luz.sends(kind="opted_out", text="STOP")
    await luz.news()
    fake.whatsapp(LUZ).writes_nowhere("")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 1
    assert await luz.news() == []


async def test_a_button_is_told_by_its_label(fake: FakeTwilio, machine: Machine, sweep: Sweep) -> None:
    fake.whatsapp(LUZ).writes_nowhere("Mandar")
    fake.pass_time(YOUNGEST + 1)
    await sweep.sweep()
    assert await heard(machine, ACCOUNTS["whatsapp"]) == ["Mandar"]


async def test_a_lost_photo_comes_with_its_file(fake: FakeTwilio, api: Api, machine: Machine, sweep: Sweep) -> None:
    fake.whatsapp(LUZ).sends_photo(JPEG, "la vereda")
    await fake.settled()
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 1
    (row,) = await machine.rows(select(media.c.ref, media.c.kind))
    assert row.kind == "photo"
    assert await api.media(row.ref, 1000) == JPEG
    assert await heard(machine, ACCOUNTS["whatsapp"]) == ["la vereda"]


async def test_a_message_whose_files_twilio_does_not_tell_holds_up_no_other_and_is_asked_for_again(
    fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    luz = machine.phone(LUZ, account=ACCOUNTS["whatsapp"])
    fake.whatsapp(LUZ).sends_photo(JPEG)
    await fake.settled()
    fake.whatsapp(ROSA).writes_nowhere("después")
    fake.trouble.refuse(20404, "not found", status=404, calls=9, method="GET", path="/Media.json")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 2
    assert (await luz.news())[0].text.startswith("No me llegó bien tu último mensaje.")
    assert await heard(machine, ACCOUNTS["whatsapp"]) == ["", "después"]
    assert await sweep.sweep() == 0


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


# Whose turn it is


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns that follow each other at once."""
    for name in ("SETTLE_SECONDS", "SWEEP_EVERY", "RETRY_SECONDS"):
        monkeypatch.setattr(f"bot.sweep.{name}", 0.01)


async def stopped(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def hears_hola(machine: Machine) -> None:
    async with asyncio.timeout(5):
        while await heard(machine, ACCOUNTS["sms"]) != ["hola"]:  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.01)


async def test_one_process_sweeps_and_the_next_takes_over(
    quick: None, fake: FakeTwilio, machine: Machine, sweep: Sweep, api: Api
) -> None:
    other = Api(fake.account_sid, fake.auth_token, fake.url)
    first = asyncio.create_task(sweep.run())
    await until(lambda: len(fake.calls) > 2)
    stands_by = sweep_of(machine, fake, other, owner="somebody else")
    second = asyncio.create_task(stands_by.run())
    await asyncio.sleep(0.1)
    assert not stands_by.turn.ours
    await stopped(first)
    # Given back, so nobody waits for the lease to run out.
    await until(lambda: stands_by.turn.ours)
    fake.phone(ROSA).writes_nowhere("hola")
    fake.pass_time(YOUNGEST + 1)
    await hears_hola(machine)
    await stopped(second)
    await other.close()


async def test_what_waits_on_disk_goes_first(fake: FakeTwilio, machine: Machine, api: Api, sweep: Sweep) -> None:
    sid = fake.whatsapp(LUZ).writes_nowhere("")

    async def flush() -> None:
        await machine.phone(LUZ, account=ACCOUNTS["whatsapp"]).says("era una ubicación", key=sid)

    fake.pass_time(YOUNGEST + 1)
    assert await sweep_of(machine, fake, api, flush=flush).sweep() == 0
    assert await heard(machine, ACCOUNTS["whatsapp"]) == ["era una ubicación"]


async def test_twilio_in_trouble_ends_no_sweeping(
    quick: None, fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    fake.trouble.fail(2)
    sweeping = asyncio.create_task(sweep.run())
    fake.phone(ROSA).writes_nowhere("hola")
    fake.pass_time(YOUNGEST + 1)
    await hears_hola(machine)
    await stopped(sweeping)


async def test_no_fault_of_any_kind_ends_the_sweeping(
    quick: None, fake: FakeTwilio, machine: Machine, api: Api, sweep: Sweep
) -> None:
    faults = [ValueError("a number that is none"), KeyError("sid")]

    async def flush() -> None:
        if faults:
            raise faults.pop()

    sweeping = asyncio.create_task(sweep_of(machine, fake, api, flush=flush).run())
    fake.phone(ROSA).writes_nowhere("hola")
    fake.pass_time(YOUNGEST + 1)
    await hears_hola(machine)
    await stopped(sweeping)


def test_a_turn_outlives_the_pause_between_two_turns() -> None:
    assert TURN_SECONDS > SWEEP_EVERY + SETTLE_SECONDS + 60


# Telling Twilio where to bring messages


async def test_the_sms_number_is_told_our_addresses_once(fake: FakeTwilio, api: Api) -> None:
    for _ in range(2):
        registration = Registration(api, fake.sms_from, PUBLIC)
        await registration.run()
        assert registration.state == "ok"
    (number,) = await api.numbers(fake.sms_from)
    assert number.sms_url == webhook_url(PUBLIC, PATHS["sms"])
    assert number.fallback_url == webhook_url(PUBLIC, FALLBACK_PATHS["sms"])
    assert [call.method for call in fake.calls if "IncomingPhoneNumbers/" in call.path] == ["POST"]


async def test_what_is_wrong_with_the_registration_is_told_and_tried_again(
    fake: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.registration.REFUSED_SECONDS", 0.01)
    wrong = Api(fake.account_sid, "another token", fake.url)
    refused, nobodys = Registration(wrong, fake.sms_from, PUBLIC), Registration(wrong, "+5491199999999", PUBLIC)
    running = asyncio.create_task(refused.run())
    await until(lambda: "BALDOSA_TWILIO_AUTH_TOKEN" in refused.state)
    await stopped(running)
    await wrong.close()
    assert "another token" not in refused.state
    right = Api(fake.account_sid, fake.auth_token, fake.url)
    nobodys = Registration(right, "+5491199999999", PUBLIC)
    running = asyncio.create_task(nobodys.run())
    await until(lambda: nobodys.state == UNKNOWN)
    await stopped(running)
    await right.close()


def test_what_is_pasted_by_hand_stands_beside_its_name() -> None:
    lines = pasted_urls(PUBLIC, ["whatsapp"])
    assert [url for _, url in lines] == [
        webhook_url(PUBLIC, PATHS["whatsapp"]),
        webhook_url(PUBLIC, FALLBACK_PATHS["whatsapp"]),
    ]
    assert all(name.startswith("WhatsApp: ") for name, _ in lines)
    assert len(pasted_urls(PUBLIC, ["sms", "whatsapp"])) == 4
