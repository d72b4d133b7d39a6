"""Sending through Twilio: one message each whatever goes wrong, free words inside the window and templates outside."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from bot.channels.twilio_api import Api, Remote
from bot.messages import Outbound, Place
from bot.retry import Policy
from bot.twilio_sending import (
    TWILIO_SERVICE_PACE,
    TWILIO_SMS_PACE,
    TWILIO_WHATSAPP_PACE,
    cost,
    pace_of,
    says,
)
from storage import windows
from storage.work import Work
from tests.fakes.twilio import FakeTwilio
from tests.rows import change, read_address, statuses
from tests.twilio.line import PUBLIC, SMS, SOON, WHATSAPP, Line, line_to, with_template

ROSA = "+5491155550001"


async def test_an_sms_goes_out_with_our_own_id_in_its_callback_and_what_it_costs(line: Line) -> None:
    rosa = line.fake.phone(ROSA)
    number = await line.say(await line.address(ROSA), "Recibimos tu reporte. " * 10)
    async with line.sending():
        row = await line.is_in(number, "sent", "delivered")
    answer = await rosa.next()
    assert row.provider_id == line.fake.sent(ROSA)[0].sid
    assert row.segments == answer.segments == 2
    assert line.fake.created[0]["StatusCallback"] == f"{PUBLIC}/twilio/status?o={number}"


@pytest.mark.parametrize("trouble", ["lose", "garble", "gateway"])
@pytest.mark.parametrize("callbacks", [True, False])
async def test_a_message_whose_answer_is_lost_is_found_and_not_sent_again(
    line: Line, trouble: str, callbacks: bool
) -> None:
    line.fake.phone(ROSA)
    line.fake.receipts.dropped = set() if callbacks else {"all"}
    if trouble == "gateway":
        line.fake.trouble.fail(status=502, spoken=False)
    else:
        getattr(line.fake.trouble, trouble)()
    where = await line.address(ROSA)
    ids = [await line.say(where, text, seq=seq) for seq, text in enumerate(["Uno", "Dos", "Dos"])]
    async with line.sending():
        rows = [await line.is_in(number, "sent") for number in ids]
    await line.fake.settled()
    accepted = line.fake.sent(ROSA)
    assert [each.body for each in accepted] == ["Uno", "Dos", "Dos"]
    assert [row.provider_id for row in rows] == [each.sid for each in accepted]


async def test_a_message_that_never_reached_twilio_is_sent_again(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.trouble.drop()
    number = await line.say(await line.address(ROSA), "Hola")
    async with line.sending():
        row = await line.is_in(number, "sent")
    assert len(line.fake.sent(ROSA)) == 1
    assert row.doubts == 1


async def test_the_same_words_said_before_are_not_taken_for_those_in_doubt(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.receipts.dropped = {"all"}
    where = await line.address(ROSA)
    first = await line.say(where, "No te entendí")
    async with line.sending():
        await line.is_in(first, "sent")
        line.fake.trouble.drop()
        second = await line.say(where, "No te entendí", seq=2)
        row = await line.is_in(second, "sent")
    sids = [each.sid for each in line.fake.sent(ROSA)]
    assert len(sids) == 2
    assert row.provider_id == sids[1]


async def test_what_did_not_arrive_of_another_message_is_not_taken_for_the_one_in_doubt(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.carrier.undelivered(30001)
    address = await line.address(ROSA)
    async with line.sending():
        first = await line.say(address, "¿Donde es?")
        again = await line.until(first, lambda row: row.status == "pending" and row.due_at > time.time() + 60)
        assert again.provider_id == ""
        line.fake.receipts.dropped = {"all"}
        line.fake.trouble.lose()
        second = await line.say(address, "¿Donde es?", seq=2)
        row = await line.is_in(second, "sent")
    assert [each.sid for each in line.fake.sent(ROSA)][1:] == [row.provider_id]


async def test_a_sender_that_died_in_the_middle_leaves_nothing_doubled(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.receipts.dropped = {"all"}
    number = await line.say(await line.address(ROSA), "Hola")
    async with line.sending():
        await line.is_in(number, "sent")
    # As if it had been killed before it could write down the answer.
    await change(line.database, number, status="sending", done_at=None, provider_id="", segments=0)
    async with line.sending():
        row = await line.is_in(number, "sent")
    assert [each.sid for each in line.fake.sent(ROSA)] == [row.provider_id]


async def test_what_cannot_be_found_out_waits_and_is_not_sent(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.receipts.dropped = {"all"}
    line.fake.trouble.lose()
    line.fake.trouble.fail(3, status=502, spoken=False, method="GET")
    number = await line.say(await line.address(ROSA), "Hola")
    async with line.sending():
        row = await line.until(number, lambda row: row.error.startswith("not found out"))
        assert (row.status, row.doubts) == ("pending", 1)
        await change(line.database, number, due_at=0.0)
        line.wake()
        row = await line.until(number, lambda row: row.attempts >= 2)
        assert row.doubts == 1
    assert len(line.fake.sent(ROSA)) == 1


async def test_a_doubt_that_never_ends_is_left_for_the_operator(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.trouble.drop(20)
    number = await line.say(await line.address(ROSA), "Hola")
    async with line.sending(policy=Policy("reconcile", repeat_after=0.01)):
        row = await line.is_in(number, "unknown")
    assert row.doubts == 6
    assert line.fake.sent(ROSA) == []


async def test_words_on_whatsapp_go_free_inside_the_window(line: Line) -> None:
    rosa = line.fake.whatsapp(ROSA)
    rosa.says("hola")
    where = await line.address(ROSA, WHATSAPP, window_until=time.time() + 3600)
    number = await line.say(where, "Hola", WHATSAPP)
    async with line.sending(WHATSAPP):
        await line.is_in(number, "sent", "delivered")
    assert line.fake.created[0]["Body"] == "Hola"


@pytest.mark.parametrize("until", [None, -1.0])
async def test_outside_the_window_what_speaks_of_a_ticket_goes_as_a_template(
    database_url: str, fake: FakeTwilio, api: Api, until: float | None
) -> None:
    rosa = fake.whatsapp(ROSA)
    sid = fake.contents.template("Novedad de tu reporte {{1}}: {{2}} Gracias.")
    async with line_to(database_url, fake, api, with_template(sid)) as line:
        window = None if until is None else time.time() + until
        where = await line.address(ROSA, WHATSAPP, window_until=window)
        number = await line.say(where, "Ya está arreglado", WHATSAPP, ticket="K7Q42MX")
        async with line.sending(WHATSAPP):
            row = await line.is_in(number, "sent", "delivered")
    assert "Ya está arreglado" in (await rosa.next()).text
    assert fake.created[0]["ContentSid"] == sid
    assert row.segments == 1


async def test_a_template_whose_answer_was_lost_is_found(database_url: str, fake: FakeTwilio, api: Api) -> None:
    fake.whatsapp(ROSA)
    fake.receipts.dropped = {"all"}
    fake.trouble.lose()
    sid = fake.contents.template("Novedad de tu reporte {{1}}: {{2}} Gracias.")
    async with line_to(database_url, fake, api, with_template(sid)) as line:
        number = await line.say(await line.address(ROSA, WHATSAPP), "Listo", WHATSAPP, ticket="K7Q42MX")
        async with line.sending(WHATSAPP):
            row = await line.is_in(number, "sent")
    assert [each.sid for each in fake.sent(f"whatsapp:{ROSA}")] == [row.provider_id]


async def test_outside_the_window_anything_else_is_held_until_she_writes(line: Line) -> None:
    rosa = line.fake.whatsapp(ROSA)
    where = await line.address(ROSA, WHATSAPP, window_until=time.time() - 1)
    ids = [await line.say(where, text, WHATSAPP, seq=seq) for seq, text in enumerate(("Uno", "Dos"))]
    async with line.sending(WHATSAPP):
        for number in ids:
            row = await line.is_in(number, "held")
            assert row.error_class == "window"
        assert line.fake.created == []
        rosa.says("hola")
        async with line.database.write() as connection:
            work = Work(connection, time.time(), str, str)
            windows.note_window(work, where, time.time() + 86_400)
            await windows.open_windows(work)
        line.wake()
        for number in ids:
            await line.is_in(number, "sent", "delivered")
    assert [form["Body"] for form in line.fake.created] == ["Uno", "Dos"]


@pytest.mark.parametrize("lost", [1, 2])
async def test_of_a_message_in_two_parts_neither_goes_twice(line: Line, lost: int) -> None:
    line.fake.whatsapp(ROSA).says("hola")
    line.fake.receipts.dropped = {"all"}
    line.fake.trouble.lose(lost)
    pin = Place(lat=-34.6037, lon=-58.3816, words="Obelisco", source="pin")
    message = Outbound(text="Acá está tu reporte", place=pin, language="es")
    where = await line.address(ROSA, WHATSAPP, window_until=time.time() + 3600)
    number = await line.say(where, "", WHATSAPP, payload=msgspec.json.encode(message).decode())
    async with line.sending(WHATSAPP):
        row = await line.is_in(number, "sent")
    accepted = line.fake.sent(f"whatsapp:{ROSA}")
    assert len(accepted) == 2
    words = next(each for each in accepted if "Acá está" in each.body)
    assert (row.provider_id, row.segments) == (words.sid, 2)
    # One callback a message, for the part that speaks for the whole.
    assert ["StatusCallback" in form for form in line.fake.created].count(True) == 1


async def test_a_stop_that_only_twilio_knows_closes_the_address(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.trouble.refuse(21610)
    where = await line.address(ROSA)
    ids = [await line.say(where, "Hola", seq=seq) for seq in (1, 2)]
    async with line.sending():
        for number in ids:
            await line.is_in(number, "dropped")
    assert (await read_address(line.database, where)).opted_out_by == "provider"
    assert line.fake.sent(ROSA) == []


async def test_lanes_go_on_side_by_side_and_each_in_its_order_whatever_fails(line: Line) -> None:
    line.fake.trouble.throttle(2, retry_after=0)
    line.fake.trouble.lose(2)
    line.fake.trouble.fail(1)
    people = [f"+54911555500{number:02}" for number in range(4)]
    ids: list[int] = []
    for who in people:
        line.fake.phone(who)
        where = await line.address(who)
        ids += [await line.say(where, f"parte {seq}", seq=seq) for seq in range(5)]
    async with line.sending():
        for number in ids:
            await line.is_in(number, "sent")
    for who in people:
        assert [each.body for each in line.fake.sent(who)] == [f"parte {seq}" for seq in range(5)]
    assert await statuses(line.database) == ["sent"] * 20


async def test_two_processes_that_change_over_send_each_message_once(line: Line, database_url: str) -> None:
    line.fake.phone(ROSA)
    where = await line.address(ROSA)
    ids = [await line.say(where, f"parte {seq}", seq=seq) for seq in range(12)]
    for _ in range(3):
        async with line.sending(lease_seconds=0.5):
            await asyncio.sleep(0.05)
    async with line.sending(lease_seconds=0.5, policy=SOON):
        for number in ids:
            await line.is_in(number, "sent")
    assert [each.body for each in line.fake.sent(ROSA)] == [f"parte {seq}" for seq in range(12)]


async def test_a_payload_that_is_no_message_fails_at_once(line: Line) -> None:
    number = await line.say(await line.address(ROSA), "", payload="[]")
    async with line.sending():
        row = await line.is_in(number, "failed")
    assert row.error_class == "content"


def remote(body: str, media: int = 0, segments: int = 1) -> Remote:
    return Remote(sid="SM" + "0" * 32, status="sent", body=body, media=media, segments=segments)


def test_a_message_is_recognised_by_its_words_and_whether_it_shows_something() -> None:
    assert says(remote("Hola  vecina"), {"Body": "Hola vecina "})
    assert says(remote("Sent from your Twilio trial account - Hola"), {"Body": "Hola"})
    assert not says(remote("Hola vecina"), {"Body": "Hola"})
    assert not says(remote("Hola", media=1), {"Body": "Hola"})
    assert says(remote("", media=1), {"MediaUrl": "https://bot.test/m"})


def test_a_content_is_recognised_by_its_first_variable() -> None:
    form = {"ContentSid": "HX1", "ContentVariables": msgspec.json.encode({"1": "K7Q4-2MX", "2": "Listo"}).decode()}
    assert says(remote("Novedad de K7Q4-2MX: Listo. Gracias."), form)
    assert not says(remote("Novedad de 2222-222: Listo. Gracias."), form)


def test_a_service_that_does_not_know_yet_what_it_costs_is_believed_by_length() -> None:
    assert cost(remote("", segments=3), {"Body": "Hola"}) == 3
    assert cost(remote("", segments=0), {"Body": "a" * 161}) == 2
    assert cost(remote("", segments=0), {"ContentSid": "HX1"}) == 1


def test_every_account_has_the_pace_of_its_kind() -> None:
    assert pace_of(SMS) is TWILIO_SMS_PACE
    assert pace_of("sms:MG" + "7" * 32) is TWILIO_SERVICE_PACE
    assert pace_of(WHATSAPP) is TWILIO_WHATSAPP_PACE
