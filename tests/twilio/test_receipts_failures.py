"""What follows when Twilio tells that a message did not arrive."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.receipts import AGAIN_AFTER, ONCE_AFTER, Again, Close, GiveUp, judge
from storage import backlog
from tests.rows import change, read, read_address
from tests.twilio.front import ROSA
from tests.twilio.line import WHATSAPP, Line
from tests.twilio.told import SID, put_sent


async def test_what_has_arrived_does_not_fail_any_more(line: Line) -> None:
    number = await put_sent(line)
    await line.tells(SID, "delivered", o=number)
    await line.tells(SID, "failed", "30008", o=number)
    row = await read(line.database, number)
    assert (row.status, row.receipt) == ("sent", "delivered")


async def test_a_carriers_trouble_is_tried_again_beside_the_talk_that_goes_on(line: Line) -> None:
    number = await put_sent(line)
    before = time.time()
    await line.tells(SID, "undelivered", "30001", o=number)
    row = await read(line.database, number)
    assert (row.status, row.provider_id, row.receipt, row.done_at) == ("pending", "", "", None)
    assert before + AGAIN_AFTER[0] <= row.due_at <= time.time() + AGAIN_AFTER[0]
    later = await line.say(row.address_id, "Sigamos", seq=9)
    line.fake.phone(ROSA)
    async with line.sending():
        await line.is_in(later, "sent")
        assert (await read(line.database, number)).status == "pending"


async def test_what_never_arrives_is_tried_three_times_in_all(line: Line) -> None:
    line.fake.phone(ROSA).failing = 30001
    number = await line.say(await line.address(ROSA), "Hola")
    async with line.sending():
        for _ in AGAIN_AFTER:
            await line.until(number, lambda row: row.status == "pending" and row.due_at > time.time() + 60)
            await change(line.database, number, due_at=0.0)
            line.wake()
        row = await line.is_in(number, "failed", "undelivered")
    assert (row.error_class, row.error, row.segments) == ("server", "undelivered 30001", 3)
    assert len(line.fake.sent(ROSA)) == 3


async def test_a_window_that_was_shut_is_noted_and_what_was_said_is_held(line: Line) -> None:
    line.fake.whatsapp(ROSA)
    where = await line.address(ROSA, WHATSAPP, window_until=time.time() + 3600)
    number = await line.say(where, "Hola", WHATSAPP)
    async with line.sending(WHATSAPP):
        row = await line.is_in(number, "held")
    assert len(line.fake.created) == 1
    assert (await read_address(line.database, where)).window_until <= time.time()
    assert row.provider_id == ""


async def test_a_stop_closes_the_address_until_she_returns(line: Line) -> None:
    number = await put_sent(line)
    await line.tells(SID, "undelivered", "21610", o=number)
    row = await read(line.database, number)
    where = await read_address(line.database, row.address_id)
    assert (row.status, row.error_class) == ("dropped", "opted_out")
    assert (where.opted_out_by, where.blocked_at) == ("provider", None)


async def test_where_nobody_is_nothing_more_is_sent(line: Line) -> None:
    number = await put_sent(line)
    await line.tells(SID, "undelivered", "30005", o=number)
    row = await read(line.database, number)
    assert (row.status, row.error_class) == ("dropped", "gone")
    assert (await read_address(line.database, row.address_id)).blocked_at is not None


async def test_a_filtered_text_fails_with_its_code_for_the_operator(line: Line) -> None:
    number = await put_sent(line)
    await line.tells(SID, "undelivered", "30007", o=number)
    row = await read(line.database, number)
    assert (row.status, row.error_class, row.error, row.receipt) == (
        "failed",
        "content",
        "undelivered 30007",
        "undelivered",
    )


async def test_words_that_were_erased_are_not_tried_again(line: Line) -> None:
    number = await put_sent(line, payload="")
    await line.tells(SID, "undelivered", "30001", o=number)
    assert (await read(line.database, number)).status == "sent"


@pytest.mark.parametrize(
    ("code", "verdicts"),
    [
        ("30001", [Again(AGAIN_AFTER[0]), Again(AGAIN_AFTER[1]), GiveUp()]),
        ("30008", [Again(ONCE_AFTER["30008"]), GiveUp()]),
        ("30003", [Again(ONCE_AFTER["30003"]), GiveUp()]),
        ("30005", [Close(opted_out=False)]),
        ("21610", [Close(opted_out=True)]),
        ("63016", [Again(0.0), Again(0.0), GiveUp()]),
        ("30007", [GiveUp()]),
        ("63007", [GiveUp()]),
        ("", [GiveUp()]),
        ("99999", [GiveUp()]),
    ],
)
def test_every_kind_of_failure_has_its_own_end(code: str, verdicts: list[Any]) -> None:
    assert [judge(code, number) for number in range(1, len(verdicts) + 1)] == verdicts


async def test_what_the_operator_sends_again_is_followed_anew(line: Line) -> None:
    line.fake.phone(ROSA)
    number = await put_sent(line)
    await line.tells(SID, "undelivered", "30007", o=number)
    async with line.database.write() as connection:
        assert await backlog.retry(connection, [number], time.time()) == 1
    async with line.sending():
        row = await line.is_in(number, "sent", "delivered")
    assert row.provider_id == line.fake.sent(ROSA)[0].sid
