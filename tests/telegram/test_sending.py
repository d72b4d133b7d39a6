"""What the channel sends, as it arrives on phones; the server refuses what the real one would."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels.telegram import TelegramChannel
from bot.messages import Link, Option, Place
from tests.fakes.telegram import FakeTelegram
from tests.telegram.desk import JPEG, SHELF, YES_NO, failure, last_update, send


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
    arrival = channel.open(last_update(fake))
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
