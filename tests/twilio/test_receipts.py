"""What Twilio tells of messages: in any order, twice, early or late, and signed."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from bot.retry import Policy
from storage.schema import receipt
from tests.rows import change, read
from tests.twilio.front import ROSA
from tests.twilio.line import PUBLIC, WHATSAPP, Line
from tests.twilio.told import NEWER, SID, put_sent
from web.twilio_status import PATH


async def kept(line: Line) -> list[str]:
    """The statuses that were written down."""
    async with line.database.read() as connection:
        return [row.status for row in await connection.execute(select(receipt.c.status).order_by(receipt.c.id))]


# --- how far a message came


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])))
async def test_in_whatever_order_they_come_the_furthest_counts(line: Line, order: tuple[str, ...]) -> None:
    number = await put_sent(line)
    for status in order:
        assert await line.tells(SID, status, o=number) == 204
    row = await read(line.database, number)
    assert (row.status, row.receipt, row.provider_id) == ("sent", "read", SID)
    assert await kept(line) == list(order)


async def test_a_doubled_callback_changes_nothing(line: Line) -> None:
    number = await put_sent(line)
    for _ in range(3):
        assert await line.tells(SID, "undelivered", "30001", o=number) == 204
    assert await kept(line) == ["undelivered"]
    assert (await read(line.database, number)).status == "pending"


async def test_callbacks_shuffled_doubled_and_early_end_where_they_should(line: Line) -> None:
    rosa = line.fake.phone(ROSA)
    line.fake.receipts.shuffled = line.fake.receipts.doubled = line.fake.receipts.early = True
    where = await line.address(ROSA)
    ids = [await line.say(where, f"parte {seq}", seq=seq) for seq in range(6)]
    async with line.sending():
        for number in ids:
            await line.is_in(number, "sent", "delivered")
    assert [(await rosa.next()).text for _ in ids] == [f"parte {seq}" for seq in range(6)]


async def test_a_failure_told_before_the_call_was_answered_is_not_forgotten(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.receipts.early = True
    line.fake.carrier.undelivered(30007)
    number = await line.say(await line.address(ROSA), "Hola")
    async with line.sending():
        row = await line.is_in(number, "failed", "undelivered")
    assert (row.error_class, row.error) == ("content", "undelivered 30007")


async def test_what_is_being_sent_is_left_to_its_sender(line: Line) -> None:
    number = await put_sent(line, status="sending", provider_id="", done_at=None)
    await line.tells(SID, "delivered", o=number)
    row = await read(line.database, number)
    assert (row.status, row.provider_id, row.receipt) == ("sending", "", "")


async def test_a_status_that_nobody_knows_is_kept_and_moves_nothing(line: Line) -> None:
    number = await put_sent(line)
    assert await line.tells(SID, "paused", o=number) == 204
    assert await kept(line) == ["paused"]
    assert (await read(line.database, number)).receipt == ""


async def test_without_our_own_id_a_message_is_found_by_twilios(line: Line) -> None:
    number = await put_sent(line)
    await line.tells(SID, "delivered")
    assert (await read(line.database, number)).receipt == "delivered"


async def test_a_message_of_whatsapp_is_found_by_twilios_id_too(line: Line) -> None:
    number = await put_sent(line, account=WHATSAPP)
    await line.tells(SID, "read", From=WHATSAPP, To=f"whatsapp:{ROSA}")
    assert (await read(line.database, number)).receipt == "read"


# --- doubts


@pytest.mark.parametrize("state", [{"status": "unknown"}, {"status": "pending", "done_at": None, "due_at": 9e9}])
async def test_a_callback_ends_a_doubt(line: Line, state: dict[str, Any]) -> None:
    number = await put_sent(line, provider_id="", doubts=2, error_class="ambiguous", **state)
    await line.tells(SID, "delivered", o=number)
    row = await read(line.database, number)
    assert (row.status, row.provider_id, row.receipt, row.error_class) == ("sent", SID, "delivered", "")
    assert row.done_at is not None


async def test_a_callback_that_came_during_a_doubtful_attempt_ends_the_doubt_at_once(line: Line) -> None:
    line.fake.phone(ROSA)
    line.fake.receipts.early = True
    line.fake.trouble.lose()
    number = await line.say(await line.address(ROSA), "Hola")
    async with line.sending(policy=Policy("reconcile", repeat_after=60.0)):
        row = await line.is_in(number, "sent", "delivered")
    assert [row.provider_id] == [each.sid for each in line.fake.sent(ROSA)]


async def test_an_earlier_failure_is_not_followed_once_more_when_a_later_attempt_is_doubtful(line: Line) -> None:
    line.fake.phone(ROSA)
    number = await put_sent(line)
    await line.tells(SID, "undelivered", "30001", o=number)
    await change(line.database, number, due_at=0.0)
    line.fake.receipts.held = True
    line.fake.trouble.lose()
    async with line.sending(policy=Policy("reconcile", repeat_after=60.0)):
        row = await line.until(number, lambda row: row.doubts)
        assert (row.status, row.due_at < time.time() + 90) == ("pending", True)
        line.fake.receipts.release()
        row = await line.is_in(number, "sent", "delivered")
    assert [row.provider_id] == [each.sid for each in line.fake.sent(ROSA)]


async def test_a_message_that_only_waits_its_turn_is_no_doubt(line: Line) -> None:
    number = await put_sent(line, status="pending", provider_id="", done_at=None, due_at=9e9)
    await line.tells(SID, "delivered", o=number)
    assert (await read(line.database, number)).status == "pending"


async def test_a_late_word_of_an_earlier_attempt_does_not_disturb_a_newer_one(line: Line) -> None:
    number = await put_sent(line)
    await line.tells(SID, "undelivered", "30001", o=number)
    await change(line.database, number, status="sent", provider_id=NEWER, receipt="sent", done_at=time.time())
    for status, code in (("sent", ""), ("failed", "30001"), ("delivered", "")):
        await line.tells(SID, status, code, o=number)
    row = await read(line.database, number)
    assert (row.status, row.provider_id, row.receipt) == ("sent", NEWER, "sent")


async def test_a_late_word_of_an_earlier_attempt_is_not_taken_for_one_in_doubt(line: Line) -> None:
    number = await put_sent(line)
    await line.tells(SID, "undelivered", "30001", o=number)
    await change(line.database, number, doubts=1)
    for status, code in (("sent", ""), ("undelivered", "30001"), ("failed", "30001")):
        await line.tells(SID, status, code, o=number)
    row = await read(line.database, number)
    assert (row.status, row.provider_id, row.doubts) == ("pending", "", 1)


# --- the door


async def test_what_is_not_signed_is_refused(line: Line) -> None:
    number = await put_sent(line)
    form = {"MessageSid": SID, "MessageStatus": "delivered"}
    other = RequestValidator("another token").compute_signature(f"{PUBLIC}{PATH}?o={number}", form)
    assert await line.post(f"{PATH}?o={number}", form, other) == 403
    assert await line.post(f"{PATH}?o={number}", form, "") == 403
    assert await kept(line) == []


async def test_a_signature_over_another_row_is_refused(line: Line) -> None:
    number = await put_sent(line)
    form = {"MessageSid": SID, "MessageStatus": "delivered"}
    signed = RequestValidator(line.fake.auth_token).compute_signature(f"{PUBLIC}{PATH}?o={number}", form)
    assert await line.post(f"{PATH}?o={number + 1}", form, signed) == 403


@pytest.mark.parametrize("o", ["", "x", "-1", "9" * 30, "²"])
async def test_an_id_that_is_none_of_ours_changes_nothing(line: Line, o: str) -> None:
    number = await put_sent(line)
    form = {"MessageSid": NEWER, "MessageStatus": "delivered", "From": "+1", "To": ROSA}
    path = f"{PATH}?o={o if o.isascii() else '%C2%B2'}"
    signature = RequestValidator(line.fake.auth_token).compute_signature(f"{PUBLIC}{path}", form)
    assert await line.post(path, form, signature) == 204
    assert (await read(line.database, number)).receipt == ""
    assert await kept(line) == []


async def test_a_row_of_another_channel_is_never_touched(line: Line) -> None:
    number = await put_sent(line)
    await change(line.database, number, account="telegram:1")
    assert await line.tells(SID, "failed", "30005", o=number) == 204
    assert (await read(line.database, number)).status == "sent"
