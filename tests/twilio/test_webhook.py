"""The webhook: who may call it, what it answers, and what becomes of what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from bot.channels.twilio_parse import Way
from bot.spool import Spool
from storage.schema import inbox
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_delivery import Overrides
from tests.machine import Machine
from tests.telegram.desk import Desk
from tests.twilio.front import ACCOUNTS, LUZ, PUBLIC, ROSA, TOKEN, called, post, served
from tests.twilio.hooks import HELLO, SID, answers
from web.twilio_signature import BODY_BYTES
from web.twilio_webhook import FALLBACK_PATHS, PATHS, Door, webhook_url

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


@pytest.mark.parametrize("path", [*PATHS.values(), *FALLBACK_PATHS.values()])
def test_the_registered_address_asks_for_what_twilio_allows_and_we_need(path: str) -> None:
    url = webhook_url(PUBLIC, path)
    assert url.startswith(f"{PUBLIC}{path}#")
    asked = Overrides.of(url)
    assert (asked.retries, asked.total) == (4, 15.0)
    assert all(asked.repeats(outcome) for outcome in ("5xx", "ct", "rt"))
    assert not asked.repeats("4xx")
