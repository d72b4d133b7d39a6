"""What nobody tells of a message is asked for until its end is known."""

from __future__ import annotations

import time

import pytest

from bot.asking import SILENT_AFTER, SILENT_UNTIL, Asking
from bot.retry import Policy
from storage import costs
from tests.rows import change, read, read_address
from tests.twilio.front import ROSA
from tests.twilio.line import SMS, WHATSAPP, Line
from tests.twilio.told import put_sent


def asking(line: Line) -> Asking:
    return Asking(line.database, line.api, line.receipts, [SMS, WHATSAPP])


async def test_what_stays_silent_is_asked_for(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.receipts.dropped = {"all"}
    number = await line.say(await line.address(ROSA), "Hola")
    async with line.sending():
        row = await line.is_in(number, "sent")
    await line.fake.settled()
    asks = asking(line)
    assert await asks.ask(row.done_at + SILENT_AFTER - 1) == 0
    assert await asks.ask(row.done_at + SILENT_AFTER + 1) == 1
    assert (await read(line.database, number)).receipt == "delivered"
    assert await asks.ask(row.done_at + SILENT_AFTER + 2) == 0


async def test_what_failed_in_silence_is_followed_like_what_was_told(line: Line) -> None:
    line.fake.phone(ROSA).failing = 30005
    line.fake.receipts.dropped = {"all"}
    where = await line.address(ROSA)
    number = await line.say(where, "Hola")
    async with line.sending():
        row = await line.is_in(number, "sent")
    await line.fake.settled()
    await asking(line).ask(row.done_at + SILENT_AFTER + 1)
    assert (await read(line.database, number)).status == "dropped"
    assert (await read_address(line.database, where)).blocked_at is not None


@pytest.mark.parametrize("important", [True, False])
async def test_what_was_sent_is_asked_for_until_its_end_is_known(line: Line, important: bool) -> None:
    line.fake.phone(ROSA).failing = 30005
    line.fake.receipts.dropped = {"all"}
    number = await line.say(await line.address(ROSA), "Hola", important=important)
    async with line.sending():
        row = await line.is_in(number, "sent")
    await line.fake.settled()
    await change(line.database, number, receipt="sent")
    await asking(line).ask(row.done_at + SILENT_AFTER + 1)
    assert (await read(line.database, number)).status == "dropped"


async def test_of_many_the_silent_ones_are_asked_for_first(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.asking.MOST_LOOKED_AT", 1)
    line.fake.phone(ROSA)
    now = time.time()

    async def taken(age: float, told: str) -> int:
        number = await line.say(await line.address(f"+54911{age:.0f}"), "Hola", lane=f"{age}", important=True)
        sid = (await line.api.create({"To": ROSA, "From": line.fake.sms_from, "Body": f"{age}"})).sid
        values = {"status": "sent", "provider_id": sid, "done_at": now - age, "segments": 1, "receipt": told}
        await change(line.database, number, **values)
        return number

    told, silent = await taken(120.0, "sent"), await taken(60.0, "")
    await line.fake.settled()
    assert await asking(line).ask(now + SILENT_AFTER) == 1
    assert [(await read(line.database, number)).receipt for number in (told, silent)] == ["sent", "delivered"]


async def test_what_twilio_does_not_know_is_asked_for_less_and_less(line: Line) -> None:
    number = await put_sent(line)
    row = await read(line.database, number)
    asks = asking(line)
    asked: list[int] = []
    for minute in range(0, int(SILENT_UNTIL / 60) + 60, 5):
        if await asks.ask(row.done_at + minute * 60) or len(line.fake.calls) > len(asked):
            asked.append(minute)
    assert 4 <= len(asked) <= 8
    assert asked[-1] * 60 <= SILENT_UNTIL


async def test_what_a_callback_found_is_counted_when_it_is_asked_for(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.receipts.early = True
    line.fake.trouble.lose()
    number = await line.say(await line.address(ROSA), "a" * 200)
    async with line.sending(policy=Policy("reconcile", repeat_after=60.0)):
        row = await line.is_in(number, "sent", "delivered")
    assert row.segments == 0
    for _ in range(2):
        await asking(line).ask(row.done_at + SILENT_AFTER + 1)
    assert (await read(line.database, number)).segments == 2
    async with line.database.read() as connection:
        assert [(each.messages, each.segments) for each in await costs.since(connection, "")] == [(1, 2)]


async def test_an_account_that_is_throttled_is_left_alone_for_a_round(line: Line) -> None:
    ids = [await put_sent(line)]
    row = await read(line.database, ids[0])
    line.fake.trouble.throttle(method="GET", path="Messages/")
    asks = asking(line)
    assert await asks.ask(row.done_at + SILENT_AFTER + 1) == 0
    assert len(line.fake.calls) == 1
