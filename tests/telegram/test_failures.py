"""What every failure of Telegram is called, over real HTTP."""

from __future__ import annotations

import logging

import pytest

from bot.channels import SendError
from bot.channels.telegram import TelegramChannel
from tests.fakes.telegram import FakeTelegram
from tests.telegram.desk import SHELF, failure, send

REFUSALS = {
    "Bad Request: can't parse entities: unexpected end": "content",
    "Bad Request: message is too long": "content",
    "Bad Request: wrong file identifier/HTTP URL specified": "content",
    "Bad Request: BUTTON_DATA_INVALID": "content",
    "Bad Request: message thread not found": "gone",
    "Bad Request: chat not found": "gone",
    "Bad Request: PEER_ID_INVALID": "gone",
    "Bad Request: group chat was deactivated": "gone",
    "Bad Request: not enough rights to send text messages to the chat": "gone",
    "Bad Request: have no rights to send a message": "gone",
    "Bad Request: need administrator rights in the channel chat": "gone",
    "Bad Request: message is not modified": "stale",
    "Bad Request: query is too old and response timeout expired or query ID is invalid": "stale",
}
FORBIDDEN = (
    "Forbidden: bot was blocked by the user",
    "Forbidden: user is deactivated",
    "Forbidden: bot was kicked from the supergroup chat",
    "Forbidden: bot can't initiate conversation with a user",
)


@pytest.mark.parametrize("description", REFUSALS)
async def test_a_refusal_is_called_by_its_words(fake: FakeTelegram, channel: TelegramChannel, description: str) -> None:
    fake.user(7, started=True)
    fake.trouble.refuse(400, description)
    assert (await failure(channel)).kind == REFUSALS[description]


@pytest.mark.parametrize("description", FORBIDDEN)
async def test_whoever_shut_the_door_is_gone(fake: FakeTelegram, channel: TelegramChannel, description: str) -> None:
    fake.user(7, started=True)
    fake.trouble.refuse(403, description)
    assert (await failure(channel)).kind == "gone"


@pytest.mark.parametrize(
    ("status", "spoken", "kind"),
    [
        (500, True, "server"),
        (503, True, "server"),
        (500, False, "ambiguous"),
        (502, True, "ambiguous"),
        (502, False, "ambiguous"),
        (504, False, "ambiguous"),
        (429, False, "throttled"),
        (409, True, "server"),
        (413, False, "content"),
        (302, False, "config"),
    ],
)
async def test_a_server_fault_is_told_from_a_lost_answer(
    fake: FakeTelegram, channel: TelegramChannel, status: int, spoken: bool, kind: str
) -> None:
    fake.user(7, started=True)
    fake.trouble.fail(status=status, spoken=spoken)
    assert (await failure(channel)).kind == kind


async def test_being_throttled_says_for_how_long(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.user(7, started=True)
    fake.trouble.throttle(retry_after=17)
    error = await failure(channel)
    assert (error.kind, error.retry_after) == ("throttled", 17)


async def test_a_real_pace_per_chat_throttles_one_chat_alone(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.user(7, started=True)
    eva = fake.user(8, started=True)
    fake.rate = (1.0, 2)
    await send(channel, "7")
    await send(channel, "7")
    error = await failure(channel)
    await send(channel, "8")
    assert (error.kind, error.retry_after, len(eva.chat)) == ("throttled", 2, 1)


async def test_a_group_that_moved_says_where_to(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7)
    crew = fake.group("Cuadrilla", ana)
    new = crew.migrates(ana)
    error = await failure(channel, f"{crew.id}/7")
    assert (error.kind, error.moved_to) == ("migrated", str(new.id))
    await send(channel, f"{new.id}/7")
    assert (await new.next()).text == "hola"


async def test_who_blocks_is_gone_and_who_comes_back_is_heard(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    ana.blocks()
    assert (await failure(channel)).kind == "gone"
    ana.unblocks()
    await send(channel, "7")
    assert (await ana.next()).text == "hola"


async def test_nobody_is_written_to_who_never_wrote(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.user(7)
    assert (await failure(channel)).kind == "gone"
    assert (await failure(channel, "99")).kind == "gone"
    assert (await failure(channel, "+5491100000007")).kind == "gone"


async def test_a_token_that_is_refused_is_for_the_operator(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.revoke_token()
    assert (await failure(channel)).kind == "config"


@pytest.mark.parametrize("token", ["", "nonsense", "abc:def"])
def test_a_token_that_cannot_be_one_is_for_the_operator(token: str) -> None:
    with pytest.raises(SendError, match="BALDOSA_TELEGRAM_TOKEN"):
        TelegramChannel(token, SHELF)


async def test_an_answer_that_never_comes_is_ambiguous(
    fake: FakeTelegram, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = fake.user(7, started=True)
    monkeypatch.setattr("bot.channels.telegram_api.CALL_SECONDS", 0.2)
    fake.trouble.hang()
    assert (await failure(channel)).kind == "ambiguous"
    assert len(ana.chat) == 1


async def test_a_message_that_no_time_is_left_for_is_sent_later(
    fake: FakeTelegram, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = fake.user(7, started=True)
    monkeypatch.setattr("bot.channels.telegram.SEND_SECONDS", 1.0)
    assert (await failure(channel)).kind == "not_sent"
    assert ana.chat == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_broken_connection_is_ambiguous(fake: FakeTelegram, channel: TelegramChannel, when: str) -> None:
    ana = fake.user(7, started=True)
    (fake.trouble.drop if when == "before" else fake.trouble.lose)()
    assert (await failure(channel)).kind == "ambiguous"
    assert len(ana.chat) == (1 if when == "after" else 0)


async def test_a_server_that_is_not_there_was_not_reached(channel: TelegramChannel) -> None:
    away = TelegramChannel("123456:TEST", SHELF, api_url="http://127.0.0.1:9", secret_key="k")
    assert (await failure(away)).kind == "not_sent"
    await away.close()


async def test_an_address_that_is_none_is_for_the_operator() -> None:
    wrong = TelegramChannel("123456:TEST", SHELF, api_url="telegram.example", secret_key="k")
    error = await failure(wrong)
    assert (error.kind, "BALDOSA_TELEGRAM_API_URL" in error.detail) == ("config", True)
    await wrong.close()


async def test_the_token_and_the_words_are_in_no_log_and_no_failure(
    fake: FakeTelegram, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.user(7, started=True)
    secret = fake.token.partition(":")[2]
    await send(channel, "7", text="palabras de Ana")
    fake.trouble.fail(status=502, spoken=False)
    fake.trouble.drop()
    told = [repr(await failure(channel)), repr(await failure(channel)), repr(await failure(channel, "99"))]
    fake.revoke_token()
    told += [repr(await failure(channel)), caplog.text]
    assert not [each for each in told if secret in each or "palabras" in each]
