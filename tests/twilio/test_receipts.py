"""What Twilio tells of messages: in any order, twice, early, late or never; and what follows if one does not arrive."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from bot.asking import SILENT_AFTER, SILENT_UNTIL, Asking
from bot.channels.twilio_api import Api
from bot.receipts import AGAIN_AFTER, ONCE_AFTER, Again, Close, GiveUp, judge
from bot.retry import Policy
from storage import backlog, costs
from storage.schema import receipt
from tests.fakes.twilio import FakeTwilio
from tests.rows import change, read, read_address
from tests.twilio.line import PUBLIC, SMS, WHATSAPP, Line, line_to
from web.twilio_status import PATH

ROSA = "+5491155550001"
SID, NEWER = "SM" + "a" * 32, "SM" + "b" * 32


@pytest.fixture
async def line(database_url: str, fake: FakeTwilio, api: Api) -> AsyncIterator[Line]:
    async with line_to(database_url, fake, api) as line:
        yield line


async def put_sent(line: Line, **values: Any) -> int:
    """Insert a message that Twilio has taken."""
    number = await line.say(await line.address(ROSA, line_account(values)), "Hola", line_account(values))
    now = time.time()
    usual = {"status": "sent", "provider_id": SID, "done_at": now, "sending_since": now, "segments": 1}
    await change(line.database, number, **usual | values)
    return number


def line_account(values: dict[str, Any]) -> str:
    return str(values.pop("account", SMS))


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


# --- what does not arrive


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


# --- what nobody told


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
