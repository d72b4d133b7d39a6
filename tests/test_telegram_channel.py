"""The Telegram channel against a strict Bot API server: what arrives on phones, and what every failure is called."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels import File, SendError
from bot.channels.telegram import TelegramChannel
from bot.messages import Link, Option, Outbound, Place
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_rules import PROVIDERS_OWN, by_hand, providers_own

JPEG = b"\xff\xd8\xff\xe0 a picture"
YES_NO = (Option("yes", "Sí", "✅"), Option("no", "No"))


class Shelf:
    """The files that messages name; "coming" is still being fetched."""

    def __init__(self, **files: File) -> None:
        self.files = files

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        if media_id == "coming":
            raise SendError("not_yet", "still being fetched")
        return self.files.get(media_id)


SHELF = Shelf(
    a=File(JPEG + b"a", "image/jpeg", "photo"),
    b=File(JPEG + b"b", "image/jpeg", "photo"),
    film=File(b"mp4", "video/mp4", "video"),
    voice=File(b"ogg", "audio/ogg", "voice"),
    note=File(b"pdf", "application/pdf", "document"),
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
async def channel(fake: FakeTelegram) -> AsyncIterator[TelegramChannel]:
    bot = TelegramChannel(fake.token, SHELF, api_url=fake.url, secret_key="k")
    yield bot
    await bot.close()


async def send(
    channel: TelegramChannel, address: str, *, again: bool = False, plain: bool = False, **message: Any
) -> str:
    return await channel.send(address, Outbound(**{"text": "hola", **message}), again=again, plain=plain)


async def failure(channel: TelegramChannel, address: str = "7", **message: Any) -> SendError:
    with pytest.raises(SendError) as caught:
        await send(channel, address, **message)
    return caught.value


# What arrives


async def test_words_arrive_as_they_are(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    text = "Calle *Niceto* <b>Vega</b> [1] _2_ & 3"
    assert await send(channel, "7", text=text) == "1"
    shown = await ana.next()
    assert (shown.text, shown.silent, shown.keyboard) == (text, False, "remove")


async def test_a_tapped_button_comes_back_with_what_it_carries(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", options=YES_NO, columns=2)
    ana.taps("Sí")
    arrival = channel.open(_only_update(fake))
    assert arrival.said is not None
    assert (arrival.said.tapped, arrival.said.reply_to) == ("yes", "1")


async def test_the_location_button_is_one_that_a_phone_offers(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", options=(Option("@location", "Mandar ubicación"), *YES_NO), wants="place")
    asked = await ana.next()
    assert (asked.keyboard, asked.rows[0][0].asks, asked.buttons[1:]) == ("reply", "location", ["✅ Sí", "No"])
    await send(channel, "7", text="gracias")
    await ana.next()
    assert ana.keyboard is None


async def test_a_contact_button_is_one_that_a_phone_offers(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", options=(Option("@contact", "Mi número"),), wants="contact")
    assert (await ana.next()).rows[0][0].asks == "contact"


async def test_a_picture_its_words_and_its_buttons_are_one_message(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", media=("a",), options=YES_NO)
    shown = await ana.next()
    assert (shown.kind, shown.file, shown.text, shown.buttons) == ("photo", JPEG + b"a", "hola", ["✅ Sí", "No"])
    await ana.quiet()


async def test_an_album_comes_first_and_the_words_with_buttons_after(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    ana = fake.user(7, started=True)
    sent = await send(channel, "7", media=("a", "film"), options=YES_NO)
    first, second, words = ana.chat
    assert (first.file, second.file) == (JPEG + b"a", b"mp4")
    assert first.album == second.album != ""
    assert (sent, words.text, words.buttons) == ("3", "hola", ["✅ Sí", "No"])
    assert [message.silent for message in ana.chat] == [True, True, False]


async def test_an_album_without_buttons_carries_the_words_itself(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    assert await send(channel, "7", media=("a", "b")) == "1"
    assert [message.text for message in ana.chat] == ["hola", ""]


@pytest.mark.parametrize(("media", "kind"), [("film", "video"), ("voice", "voice"), ("note", "document")])
async def test_other_files_arrive_as_what_they_are(
    fake: FakeTelegram, channel: TelegramChannel, media: str, kind: str
) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", media=(media,))
    shown = await ana.next()
    assert (shown.kind, shown.file) == (kind, SHELF.files[media].data)


async def test_a_picture_goes_up_once_and_is_shown_to_many(fake: FakeTelegram, channel: TelegramChannel) -> None:
    for number in (7, 8):
        person = fake.user(number, started=True)
        await send(channel, str(number), media=("a",))
        assert (await person.next()).file == JPEG + b"a"
    assert [bool(call.uploads) for call in fake.sent("sendPhoto")] == [True, False]


async def test_an_erased_picture_is_left_out(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", media=("erased",))
    assert (await ana.next()).kind == "text"


async def test_a_picture_still_being_fetched_is_waited_for(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    error = await failure(channel, media=("a", "coming"))
    assert (error.kind, ana.chat) == ("not_yet", [])


async def test_a_place_arrives_as_a_pin_before_the_words(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", place=Place(lat=-34.6037, lon=-58.3816, accuracy=3000.0, source="pin"))
    await send(channel, "7", place=Place(lat=-34.6037, lon=-58.3816, words="Kiosco El Sol", source="venue"))
    kinds = [(message.kind, message.place, message.venue) for message in ana.chat]
    point = (-34.6037, -58.3816)
    assert kinds == [("location", point, ""), ("text", None, ""), ("venue", point, "Kiosco El Sol"), ("text", None, "")]


async def test_a_page_is_a_button_where_a_phone_can_open_it(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", link=Link("Ver", "https://baldosa.example/t/1"))
    await send(channel, "7", link=Link("Ver", "http://127.0.0.1:8080/t/1"))
    assert (await ana.next()).buttons == ["Ver"]
    assert (await ana.next()).text == "hola\n\nVer: http://127.0.0.1:8080/t/1"


async def test_an_answer_stands_under_what_it_answers(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    question = ana.says("¿cómo va?")
    await send(channel, "7", reply_to=str(question))
    await send(channel, "7", reply_to="4711")
    await send(channel, "7", reply_to="SM0001")
    assert [message.reply_to for message in ana.chat] == [question, 0, 0]


async def test_silence_and_second_tries_ring_no_bell(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", silent=True)
    await send(channel, "7", again=True)
    assert [message.silent for message in ana.chat] == [True, True]


async def test_a_long_text_arrives_whole(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    text = "\n\n".join(f"Párrafo {n}: " + "😀 " * 200 for n in range(20))
    await send(channel, "7", text=text, options=YES_NO)
    assert len(ana.chat) > 1
    assert " ".join(" ".join(message.text for message in ana.chat).split()) == " ".join(text.split())
    assert [bool(message.buttons) for message in ana.chat] == [False] * (len(ana.chat) - 1) + [True]


async def test_plain_is_words_alone(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await send(channel, "7", plain=True, media=("a", "coming"), options=YES_NO)
    shown = await ana.next()
    assert (shown.text, shown.keyboard) == ("hola\n\n1. ✅ Sí\n2. No", "remove")


async def test_a_member_of_a_group_is_answered_in_the_group(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7)
    crew = fake.group("Cuadrilla", ana)
    command = ana.says("/bandeja", to=crew)
    await send(channel, f"{crew.id}/7", options=YES_NO, reply_to=str(command))
    await send(channel, str(crew.id), options=(Option("@location", "Mandar ubicación"),))
    assert [(message.reply_to, message.keyboard) for message in crew.chat] == [(command, "inline"), (0, "")]


async def test_nothing_to_say_is_the_fault_of_what_is_said(channel: TelegramChannel) -> None:
    assert (await failure(channel, text="")).kind == "content"


# Two calls for one message


async def test_an_album_is_not_repeated_when_the_words_after_it_fail(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    ana = fake.user(7, started=True)
    fake.trouble.throttle(method="sendMessage")
    message: dict[str, Any] = {"media": ("a", "b"), "options": YES_NO}
    assert (await failure(channel, **message)).kind == "throttled"
    assert await send(channel, "7", **message) == "3"
    assert [shown.kind for shown in ana.chat] == ["photo", "photo", "text"]


async def test_the_same_message_sent_twice_on_purpose_arrives_twice(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    ana = fake.user(7, started=True)
    for _ in range(2):
        await send(channel, "7", media=("a", "b"), options=YES_NO)
    assert [shown.kind for shown in ana.chat] == ["photo", "photo", "text"] * 2


async def test_words_in_place_of_a_refused_album_arrive_alone(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    fake.trouble.refuse(400, "Bad Request: PHOTO_INVALID_DIMENSIONS", method="sendMediaGroup")
    assert (await failure(channel, media=("a", "b"))).kind == "content"
    await send(channel, "7", media=("a", "b"), plain=True)
    assert [shown.kind for shown in ana.chat] == ["text"]


# What every failure is called


REFUSALS = {
    "Bad Request: can't parse entities: unexpected end": "content",
    "Bad Request: message is too long": "content",
    "Bad Request: wrong file identifier/HTTP URL specified": "content",
    "Bad Request: BUTTON_DATA_INVALID": "content",
    "Bad Request: message thread not found": "content",
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


# Files and buttons


async def test_a_file_is_fetched(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7)
    ana.sends_photo(JPEG)
    said = channel.open(_only_update(fake)).said
    assert said is not None
    assert await channel.fetch(said.attachments[0].ref, 1000) == JPEG


async def test_a_file_is_fetched_by_a_fresh_link_each_time(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ref = fake.files.stored(JPEG)["file_id"]
    await channel.fetch(ref, 1000)
    fake.files.expire_links()
    assert await channel.fetch(ref, 1000) == JPEG


async def test_a_file_that_says_it_is_too_large_is_not_fetched(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ref = fake.files.stored(b"x" * 2000)["file_id"]
    with pytest.raises(SendError) as caught:
        await channel.fetch(ref, 1000)
    assert caught.value.kind == "content"


async def test_a_file_that_turns_out_too_large_is_read_no_further(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ref = fake.files.stored(b"x" * 5_000_000)["file_id"]
    fake.files.claimed_size = 10
    with pytest.raises(SendError) as caught:
        await channel.fetch(ref, 1000)
    assert (caught.value.kind, caught.value.detail) == ("content", "the file is larger than 1000 bytes")


@pytest.mark.parametrize(("size", "kind"), [(20 * 1024 * 1024 + 1, "content"), (None, "content")])
async def test_a_file_that_telegram_does_not_give_is_a_fault_of_the_file(
    fake: FakeTelegram, channel: TelegramChannel, size: int | None, kind: str
) -> None:
    ref = "unknown" if size is None else fake.files.stored(b"x" * size)["file_id"]
    with pytest.raises(SendError) as caught:
        await channel.fetch(ref, 100_000_000)
    assert caught.value.kind == kind


async def test_a_link_too_old_is_asked_for_again_later(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ref = fake.files.stored(JPEG)["file_id"]
    fake.files.links_live = False
    with pytest.raises(SendError) as caught:
        await channel.fetch(ref, 1000)
    assert caught.value.kind == "server"


async def test_an_answer_to_a_button_too_old_is_no_trouble(fake: FakeTelegram, channel: TelegramChannel) -> None:
    await channel.answer("4711")
    assert fake.sent("answerCallbackQuery")[0].status == 400


def _only_update(fake: FakeTelegram) -> bytes:
    [pending] = fake.updates.waiting[-1:]
    return json.dumps(pending.update).encode()


# Setting up


async def test_registering_says_where_updates_go_and_proves_who_calls(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    await channel.register("https://baldosa.example/telegram")
    [call] = fake.sent("setWebhook")
    assert call.params == {
        "url": "https://baldosa.example/telegram",
        "secret_token": channel.secret,
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
        "max_connections": 40,
    }
    assert channel.identity.username == fake.username
    await channel.register()


async def test_registering_survives_a_quick_restart(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.trouble.refuse(409, "Conflict: terminated by other setWebhook", method="setWebhook")
    fake.trouble.throttle(retry_after=0, method="setWebhook")
    await channel.register("https://baldosa.example/telegram")
    assert [call.status for call in fake.sent("setWebhook")] == [409, 429, 200]
    await channel.register()


async def test_polling_instead_keeps_what_waits(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7)
    await channel.register("https://127.0.0.1:9/telegram")
    ana.says("hola")
    await channel.register()
    assert (fake.updates.webhook.url, len(fake.updates.waiting)) == ("", 1)
    assert fake.sent("deleteWebhook")[0].params == {}


async def test_a_webhook_address_that_telegram_refuses_is_for_the_operator(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    with pytest.raises(SendError) as caught:
        await channel.register("http://baldosa.example/telegram")
    assert caught.value.kind == "content"
    assert len(fake.faults) == 1
    fake.faults.clear()


def test_the_secret_is_the_same_after_a_restart_and_another_for_another_key() -> None:
    def secret(key: str, given: str = "") -> str:
        return TelegramChannel("123456:TEST", SHELF, secret_key=key, secret=given).secret

    assert secret("k") == secret("k") != secret("other")
    assert secret("k", "given") == "given"


async def test_menus_differ_by_language_and_by_chat(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await channel.set_menu([("reportar", "Avisar un problema")])
    await channel.set_menu([("report", "Report a problem")], "en")
    await channel.set_official_menu(str(ana.id), [("bandeja", "Lo que espera")])
    await channel.set_official_menu("-4001/7", [("inbox", "What waits")], "en")
    assert fake.menus == {
        ("default", ""): [("reportar", "Avisar un problema")],
        ("default", "en"): [("report", "Report a problem")],
        ("chat 7", ""): [("bandeja", "Lo que espera")],
        ("chat -4001", "en"): [("inbox", "What waits")],
    }
    await channel.clear_official_menu("7")
    assert ("chat 7", "") not in fake.menus


async def test_a_deep_link_opens_our_chat(fake: FakeTelegram, channel: TelegramChannel) -> None:
    assert channel.link("K7Q42MX") == ""
    await channel.register()
    assert channel.link("invite-K7Q42MX") == "https://t.me/baldosa_test_bot?start=invite-K7Q42MX"


@pytest.mark.parametrize("payload", ["", "x" * 65, "dos palabras", "ñandú"])
def test_a_deep_link_carries_only_what_telegram_brings_back(payload: str) -> None:
    with pytest.raises(ValueError, match="deep link"):
        TelegramChannel("123456:TEST", SHELF).link(payload)


async def test_closing_drops_what_is_under_way(fake: FakeTelegram) -> None:
    bot = TelegramChannel(fake.token, SHELF, api_url=fake.url)
    fake.trouble.hang(method="answerCallbackQuery")
    raw = b'{"update_id": 1, "callback_query": {"id": "5", "from": {"id": 7}, "data": ""}}'
    await bot.hand(bot.open(raw), NoIntake())
    await asyncio.sleep(0.05)
    async with asyncio.timeout(1):
        await bot.close()


class NoIntake:
    """An intake that nothing may reach."""

    async def take(self, inbound: object) -> None:
        raise AssertionError

    async def bury(self, account: str, key: str, raw: bytes, error: str) -> None:
        raise AssertionError


# The descriptions


def test_what_is_written_by_hand_agrees_with_the_providers_own_description() -> None:
    description = providers_own()
    if description is None:
        pytest.skip(f"the provider's own description is not at hand: {PROVIDERS_OWN} (BALDOSA_SHARED names its folder)")
    hand = by_hand()
    for method, fields in hand.methods.items():
        own = description.methods[method]
        assert set(fields) <= set(own)
        assert {name for name, field in fields.items() if field.required} >= {n for n, f in own.items() if f.required}
    for name, fields in hand.types.items():
        assert set(fields) <= set(description.types[name])
