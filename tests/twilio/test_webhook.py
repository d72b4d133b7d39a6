"""The webhook: who may call it, what it answers and when, and what becomes of messages that nobody could take."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

import storage.database as database_module
from bot.channels.twilio_parse import Way
from bot.spool import Spool
from storage.schema import inbox, outbox
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_delivery import Overrides
from tests.machine import Machine
from tests.telegram.desk import Desk, until
from tests.twilio.front import ACCOUNTS, PUBLIC, TOKEN, Outage, called, post, served
from web.twilio_signature import BODY_BYTES
from web.twilio_webhook import FALLBACK_PATHS, PATHS, Door, webhook_url

SID = "SM" + "0a" * 16
HELLO = {"MessageSid": SID, "From": "+5491155551234", "To": "+5491150000000", "Body": "¿hola + adiós?", "NumMedia": "0"}
ROSA, LUZ = "+5491155550001", "+5491155550002"


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool")
    spool.open()
    return spool


@pytest.fixture
async def url(desk: Desk, spool: Spool) -> AsyncIterator[str]:
    async with served(desk, spool) as (_, url):
        yield url


@pytest.fixture
async def door(fake: FakeTwilio, desk: Desk, spool: Spool) -> AsyncIterator[Door]:
    async with called(fake, desk, spool) as door:
        yield door


# Who calls


async def test_a_signed_message_is_taken_and_answered_with_nothing_to_say(url: str, desk: Desk) -> None:
    assert await post(url, PATHS["sms"], HELLO) == (200, "text/xml", "<Response/>")
    assert desk.texts == ["¿hola + adiós?"]
    assert desk.taken[0].account == ACCOUNTS["sms"]


@pytest.mark.parametrize("path", [*PATHS.values(), *FALLBACK_PATHS.values()])
@pytest.mark.parametrize(
    "forged",
    [
        {"shown": ""},
        {"shown": "nonsense"},
        {"shown": "ñandú".encode().decode("latin-1")},
        {"token": "another"},
        {"signed": "https://elsewhere.test/twilio/sms"},
        {"signed": f"{PUBLIC}/twilio/status"},
    ],
)
async def test_a_caller_without_twilios_signature_is_not_heard(
    url: str, desk: Desk, spool: Spool, path: str, forged: dict[str, str]
) -> None:
    assert (await post(url, path, HELLO, **forged))[0] == 403
    assert (desk.taken, desk.buried, spool.waits()) == ([], [], False)


@pytest.mark.parametrize("changed", [{"Body": "otra cosa"}, {"New": ""}, {"From": "+5491155559999"}])
async def test_every_parameter_is_under_the_signature(url: str, desk: Desk, changed: dict[str, str]) -> None:
    shown = RequestValidator(TOKEN).compute_signature(PUBLIC + PATHS["sms"], HELLO)
    assert (await post(url, PATHS["sms"], {**HELLO, **changed}, shown=shown))[0] == 403
    assert desk.taken == []


async def test_a_caller_without_a_signature_is_refused_before_its_body_is_read(url: str) -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield b"a="
        await asyncio.sleep(30)

    never_ending = aiohttp.ClientSession()
    async with asyncio.timeout(5), never_ending as session, session.post(url + PATHS["sms"], data=drip()) as answer:
        assert answer.status == 403


async def test_both_tokens_count_while_one_replaces_the_other(desk: Desk, spool: Spool) -> None:
    async with served(desk, spool, "new", "old", "") as (_, url):
        statuses = [(await post(url, PATHS["sms"], HELLO, token=token))[0] for token in ("new", "old", "older", "")]
    assert statuses == [200, 200, 403, 403]


async def test_without_a_token_nothing_is_twilios(desk: Desk, spool: Spool) -> None:
    async with served(desk, spool, "", "") as (_, url):
        assert (await post(url, PATHS["sms"], HELLO, token=""))[0] == 403


async def test_the_default_port_may_be_signed_or_not(url: str, desk: Desk) -> None:
    with_port = f"{PUBLIC}:443{PATHS['sms']}"
    assert (await post(url, PATHS["sms"], HELLO, signed=with_port))[0] == 200


async def test_the_query_is_under_the_signature_as_it_stands(url: str) -> None:
    path = f"{PATHS['sms']}?a=%C3%B1&b=1+2"
    assert (await post(url, path, HELLO))[0] == 200
    assert (await post(url, path, HELLO, signed=PUBLIC + PATHS["sms"]))[0] == 403


async def test_parameters_that_come_twice_or_empty_are_signed_too(url: str, desk: Desk) -> None:
    pairs = [*HELLO.items(), ("New", "b"), ("New", "a"), ("New", "a"), ("Empty", ""), ("Sign", "%2B&=+ \r\n")]
    assert (await post(url, PATHS["sms"], pairs))[0] == 200
    assert desk.taken[0].data == {"New": "b", "Sign": "%2B&=+ \r\n"}


async def test_a_refused_signature_is_told_to_the_operator_once_a_minute(url: str) -> None:
    with capture_logs() as logs:
        for _ in range(5):
            await post(url, PATHS["sms"], HELLO, shown="forged")
    assert [log["event"] for log in logs] == ["signature_refused"]
    assert "BALDOSA_PUBLIC_URL" in logs[0]["mend"]


# What comes


async def test_a_huge_body_is_refused(url: str, desk: Desk) -> None:
    assert (await post(url, PATHS["sms"], {**HELLO, "Body": "x" * BODY_BYTES}))[0] == 413
    assert desk.taken == []


async def test_a_body_of_endless_parameters_is_refused(url: str, desk: Desk) -> None:
    many = {f"a{number}": "" for number in range(2000)}
    assert (await post(url, PATHS["sms"], HELLO | many))[0] == 400
    assert desk.taken == []


@pytest.mark.parametrize(
    ("form", "key"),
    [({**HELLO, "From": "2255"}, SID), ({"Body": "a"}, "unparsed:"), ({"MessageSid": "x"}, "unparsed:")],
)
async def test_what_cannot_be_read_is_buried_and_answered_kindly(
    url: str, desk: Desk, form: dict[str, str], key: str
) -> None:
    for _ in range(2):
        assert await post(url, PATHS["sms"], form) == (200, "text/xml", "<Response/>")
    assert not desk.taken
    [(account, buried_as, raw, error), again] = desk.buried
    assert account == ACCOUNTS["sms"]
    assert buried_as.startswith(key)
    assert again[1] == buried_as
    assert b"=" in raw
    assert error


async def test_a_message_brought_to_the_other_ways_address_is_taken_for_what_it_is(url: str, desk: Desk) -> None:
    whatsapp = {**HELLO, "From": "whatsapp:+5491155551234", "To": "whatsapp:+5491150000001"}
    assert (await post(url, PATHS["sms"], whatsapp))[0] == 200
    assert (desk.taken[0].account, desk.taken[0].address) == (ACCOUNTS["whatsapp"], "+5491155551234")


async def test_a_way_that_is_switched_off_has_no_webhook(desk: Desk, spool: Spool) -> None:
    only_sms: dict[Way, str] = {"sms": ACCOUNTS["sms"]}
    async with served(desk, spool, accounts=only_sms) as (_, url):
        assert (await post(url, PATHS["whatsapp"], HELLO))[0] == 404
        # And what Twilio brings of it all the same is nobody's, and kept.
        await post(url, PATHS["sms"], {**HELLO, "From": "whatsapp:+5491155551234"})
    assert (desk.taken, len(desk.buried)) == ([], 1)


async def test_everything_a_person_can_do_arrives(fake: FakeTwilio, door: Door, desk: Desk) -> None:
    luz, ana = fake.whatsapp(LUZ), fake.whatsapp(user_id="AR.x1y2")
    luz.says("hola")
    luz.sends_location(-34.6, -58.4)
    luz.sends_location(-34.6, -58.4, label="Kiosco", street="Corrientes 1")
    luz.sends_photo(b"jpeg", "la vereda")
    luz.sends_voice(b"ogg")
    luz.sends_sticker()
    luz.shares_contact()
    await fake.settled()
    ana.says("sin número")
    await fake.settled()
    fake.phone(ROSA).says("BACHE AV CORRIENTES 1234")
    await fake.settled()
    got = desk.taken
    texts = [each.text for each in got if each.text and not each.place]
    assert texts == ["hola", "la vereda", "sin número", "BACHE AV CORRIENTES 1234"]
    assert [each.place.source for each in got if each.place] == ["pin", "venue"]
    assert [each.attachments[0].kind for each in got if each.attachments] == ["photo", "voice", "photo", "document"]
    assert {each.group for each in got if each.attachments} == {"burst"}
    assert {each.address for each in got} == {LUZ, "AR.x1y2", ROSA}
    assert not desk.buried


async def test_a_tap_carries_what_the_button_meant(fake: FakeTwilio, door: Door, desk: Desk) -> None:
    fake.bring("whatsapp", {**HELLO, "From": f"whatsapp:{LUZ}", "ButtonPayload": "q1.send.yes", "Body": "Sí"}, LUZ)
    await fake.settled()
    assert (desk.taken[0].tapped, desk.taken[0].text) == ("q1.send.yes", "Sí")


async def test_what_twilio_has_answered_is_told_and_a_help_is_not(fake: FakeTwilio, door: Door, desk: Desk) -> None:
    fake.advanced_opt_out = True
    rosa = fake.phone(ROSA)
    for word in ("BAJA", "AYUDA", "ALTA"):
        rosa.says(word)
    await fake.settled()
    assert [each.kind for each in desk.taken] == ["opted_out", "opted_in"]
    assert {delivery.status for delivery in fake.webhooks.deliveries} == {200}


# With the database


def answers(machine: Machine) -> Any:
    return machine.rows(select(outbox).where(outbox.c.kind == "message").order_by(outbox.c.id))


async def test_a_redelivered_webhook_changes_nothing(fake: FakeTwilio, database_url: str, spool: Spool) -> None:
    fake.webhooks.twice = True
    async with Machine(database_url) as machine, called(fake, machine.intake, spool):
        fake.phone(ROSA).says("hola")
        fake.whatsapp(user_id="AR.x1").says("hola")
        await fake.settled()
        assert len(fake.webhooks.deliveries) == 4
        assert await machine.count(inbox) == 2
        assert {row.account for row in await answers(machine)} == set(ACCOUNTS.values())
        assert len(await answers(machine)) == 2


async def test_unknown_parameters_are_kept_with_the_message(fake: FakeTwilio, sqlite_url: str, spool: Spool) -> None:
    async with Machine(sqlite_url) as machine, called(fake, machine.intake, spool):
        fake.whatsapp(LUZ, name="Luz Ejemplo").says("hola", SomethingNew="ñ")
        await fake.settled()
        body = await machine.one(select(inbox.c.body))
    assert json.loads(body)["data"]["SomethingNew"] == "ñ"
    assert "Ejemplo" not in body


async def test_a_burst_of_photos_is_one_answer(fake: FakeTwilio, sqlite_url: str, spool: Spool) -> None:
    async with Machine(sqlite_url) as machine, called(fake, machine.intake, spool):
        luz = fake.whatsapp(LUZ)
        luz.says("hola")
        await fake.settled()
        luz.sends_photos([b"1", b"2", b"3"], "bache en Corrientes y Callao")
        await fake.settled()
        await machine.wait(5)
        assert len(await answers(machine)) == 2


async def test_somebody_without_a_number_talks_like_anybody(fake: FakeTwilio, database_url: str, spool: Spool) -> None:
    async with Machine(database_url) as machine, called(fake, machine.intake, spool):
        ana = machine.phone("AR.x1y2", account=ACCOUNTS["whatsapp"])
        fake.whatsapp(user_id="AR.x1y2").says("hola")
        await fake.settled()
        assert [out.text for out in await ana.news()]


# The database away


@pytest.fixture
def outage(database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Outage:
    monkeypatch.setattr(database_module, "PRAGMAS", (*database_module.PRAGMAS, "PRAGMA busy_timeout=20"))
    return Outage(database_url, None if "sqlite" in database_url else request.getfixturevalue("postgres"))


async def test_what_comes_while_the_database_is_away_is_kept_on_disk_and_handled_in_order_later(
    fake: FakeTwilio, database_url: str, outage: Outage, spool: Spool
) -> None:
    async with Machine(database_url) as machine, called(fake, machine.intake, spool) as door:
        rosa, luz = fake.phone(ROSA), fake.whatsapp(LUZ)
        rosa.says("primero")
        await fake.settled()
        await outage.begin()
        sids = [rosa.says("segundo"), rosa.says("tercero")]
        luz.says("hola")
        await fake.settled(30)
        assert not fake.webhooks.lost
        # Five tries, as the registered address asks for, and then the fallback once.
        calls = [each for each in fake.webhooks.deliveries if each.params["MessageSid"] == sids[0]]
        assert [each.status for each in calls] == [503] * 5 + [200]
        assert PATHS["sms"] in calls[0].url
        assert FALLBACK_PATHS["sms"] in calls[-1].url
        assert spool.waits()
        await outage.end()
        # The next message brings along what waits, and does not overtake it.
        rosa.says("cuarto")
        await fake.settled(30)
        assert not spool.waits()
        bodies = await machine.rows(select(inbox.c.body).where(inbox.c.account == ACCOUNTS["sms"]).order_by(inbox.c.id))
        assert [json.loads(row.body)["text"] for row in bodies] == ["primero", "segundo", "tercero", "cuarto"]
        assert await machine.count(inbox) == 5
        await door.flush()
        assert await machine.count(inbox) == 5


async def test_what_waits_is_handled_without_anybody_writing(
    fake: FakeTwilio, door: Door, desk: Desk, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.twilio_webhook.LOOK_SECONDS", 0.01)
    desk.closed = True
    fake.phone(ROSA).says("hola")
    await fake.settled()
    flushing = asyncio.create_task(door.keep_flushing())
    await asyncio.sleep(0.05)
    desk.closed = False
    await until(lambda: not spool.waits())
    flushing.cancel()
    await asyncio.wait([flushing])
    assert desk.texts == ["hola"]


async def test_who_dies_between_the_commit_and_the_removal_does_nothing_twice(
    fake: FakeTwilio, database_url: str, outage: Outage, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    spool.open()
    async with Machine(database_url) as machine, called(fake, machine.intake, spool):
        await outage.begin()
        fake.phone(ROSA).says("hola")
        await fake.settled(30)
        await outage.end()
        (file,) = (tmp_path / "spool").iterdir()
        kept = file.read_bytes()
    async with Machine(database_url) as machine, served(machine.intake, spool) as (door, _):
        await door.flush()
        assert not spool.waits()
        # As if the process had ended before the file was gone.
        file.write_bytes(kept)
    async with Machine(database_url) as machine, served(machine.intake, spool) as (door, _):
        await door.flush()
        assert not spool.waits()
        assert await machine.count(inbox) == 1
        assert len(await answers(machine)) == 1


async def test_a_spooled_message_keeps_the_hour_at_which_it_came(
    fake: FakeTwilio, door: Door, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.closed = True
    before = time.time()
    fake.phone(ROSA).says("hola")
    await fake.settled()
    after = time.time()
    desk.closed = False
    monkeypatch.setattr(time, "time", lambda: after + 3600)
    await door.flush()
    assert before <= desk.taken[0].at <= after


async def test_a_commit_that_takes_too_long_is_not_waited_for(
    fake: FakeTwilio, door: Door, desk: Desk, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.twilio_webhook.PATIENCE", 0.05)
    monkeypatch.setattr("web.twilio_webhook.FALLBACK_PATIENCE", 0.05)
    desk.slow = 5.0
    fake.phone(ROSA).says("hola")
    await fake.settled()
    assert {each.status for each in fake.webhooks.deliveries} == {503, 200}
    assert spool.waits()
    desk.slow = 0.0
    await door.flush()
    assert desk.texts == ["hola"]


async def test_without_room_on_disk_twilio_is_told_the_truth(fake: FakeTwilio, desk: Desk, tmp_path: Path) -> None:
    desk.closed = True
    full = Spool(tmp_path / "spool", most_files=0)
    full.open()
    async with called(fake, desk, full):
        fake.phone(ROSA).says("hola")
        await fake.settled()
    assert len(fake.webhooks.lost) == 1
    assert {each.status for each in fake.webhooks.deliveries} == {503}


async def test_a_disk_that_fails_holds_up_nobody_while_the_database_is_there(
    fake: FakeTwilio, door: Door, desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "spool").rmdir()
    fake.phone(ROSA).says("hola")
    await fake.settled()
    assert desk.texts == ["hola"]
    assert [each.status for each in fake.webhooks.deliveries] == [200]


async def test_what_cannot_be_read_waits_on_disk_too_while_the_database_is_away(
    url: str, desk: Desk, spool: Spool
) -> None:
    desk.closed = True
    nobody = {**HELLO, "From": "2255"}
    assert (await post(url, PATHS["sms"], nobody))[0] == 503
    assert (await post(url, FALLBACK_PATHS["sms"], nobody))[0] == 200
    assert spool.waits()


@pytest.mark.parametrize("path", [*PATHS.values(), *FALLBACK_PATHS.values()])
def test_the_registered_address_asks_for_what_twilio_allows_and_we_need(path: str) -> None:
    url = webhook_url(PUBLIC, path)
    assert url.startswith(f"{PUBLIC}{path}#")
    asked = Overrides.of(url)
    assert (asked.retries, asked.total) == (4, 15.0)
    assert all(asked.repeats(outcome) for outcome in ("5xx", "ct", "rt"))
    assert not asked.repeats("4xx")
