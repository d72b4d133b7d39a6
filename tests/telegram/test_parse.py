"""Telegram updates, written as the Bot API sends them, and what they say to us. All people are invented."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.channels.telegram_parse import parse
from bot.channels.telegram_update import Unparsable
from bot.messages import Attachment, Contact, Inbound, Place
from tests.described import own_or_skip
from tests.fakes.telegram_rules import PROVIDERS_OWN, providers_own

BOT = {"id": 500, "is_bot": True, "first_name": "Baldosa", "username": "baldosa_bot"}
OTHER_BOT = {"id": 501, "is_bot": True, "first_name": "Otro", "username": "otro_bot"}
ANA = {"id": 7, "is_bot": False, "first_name": "Ana", "language_code": "es"}
HOME = {"id": 7, "type": "private", "first_name": "Ana"}
CREW = {"id": -4001, "type": "group", "title": "Cuadrilla"}
SUPER = {"id": -1001234567890, "type": "supergroup", "title": "Cuadrilla"}
DATE = 1_760_000_000
POINT = {"latitude": -34.6037, "longitude": -58.3816}
FILE = {"file_id": "F", "file_unique_id": "U", "file_size": 2048}
OURS = {"message_id": 40, "from": BOT, "chat": HOME, "date": DATE, "text": "¿Qué pasó?"}
OURS_IN_GROUP = OURS | {"chat": CREW}
GROUP = {"chat": CREW, "address": "-4001/7"}
SIZES = [
    FILE | {"file_id": name, "width": width, "height": width} for name, width in (("s", 90), ("l", 1280), ("m", 320))
]
STICKER = {"sticker": FILE | {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}}


def message(chat: dict[str, Any] = HOME, **content: Any) -> dict[str, Any]:
    return {"message_id": 41, "from": ANA, "chat": chat, "date": DATE, **content}


def update(kind: str = "message", **body: Any) -> dict[str, Any]:
    return {"update_id": 900, kind: body}


def said(**fields: Any) -> Inbound:
    """What a message from Ana's private chat says, but for `fields`."""
    usual: dict[str, Any] = {
        "account": "telegram:500",
        "key": "u:900",
        "address": "7",
        "sender": "7",
        "at": float(DATE),
    }
    return Inbound(**(usual | {"message": "41", "language": "es"} | fields))


def tap(**body: Any) -> dict[str, Any]:
    return update("callback_query", **({"id": "99", "from": ANA, "chat_instance": "-5"} | body))


def member(chat: dict[str, Any], status: str) -> dict[str, Any]:
    new = {"status": status, "user": BOT} | ({"until_date": 0} if status == "kicked" else {})
    old = {"status": "member", "user": BOT}
    return update("my_chat_member", chat=chat, date=DATE, old_chat_member=old, new_chat_member=new, **{"from": ANA})


def attached(kind: str, **fields: Any) -> Attachment:
    usual: dict[str, Any] = {"kind": kind, "ref": "F", "size": 2048}
    return Attachment(**(usual | fields))


BOXED = {"title": "Kiosco El Sol", "address": "Av. Corrientes 1234"}
FROM_CHANNEL = {
    "type": "channel",
    "chat": {"id": -1009, "type": "channel", "title": "C"},
    "message_id": 3,
    "date": DATE,
}
HIDDEN = {"type": "hidden_user", "sender_user_name": "Alguien", "date": DATE}
NUMBER = {"phone_number": "5491100000007", "first_name": "Ana"}

READS: dict[str, tuple[dict[str, Any], Inbound | None]] = {
    "a text": (update(**message(text="hola")), said(text="hola")),
    "a text with emoji": (update(**message(text="🕳️ bache")), said(text="🕳️ bache")),
    "a text without a language": (
        update(**message(text="hola") | {"from": {"id": 7, "is_bot": False, "first_name": "Ana"}}),
        said(text="hola", language=""),
    ),
    "a regional language": (
        update(**message(text="oi") | {"from": ANA | {"language_code": "pt-br"}}),
        said(text="oi", language="pt-br"),
    ),
    "a deep link": (update(**message(text="/start K7Q42MX")), said(text="/start K7Q42MX")),
    "a command": (update(**message(text="/ayuda")), said(text="/ayuda")),
    "a command to us by name": (update(**message(text="/Ayuda@Baldosa_Bot ya")), said(text="/Ayuda ya")),
    "another bot's command, said to us alone": (update(**message(text="/ayuda@otro_bot")), said(text="/ayuda")),
    "an answer to our message": (update(**message(text="sí", reply_to_message=OURS)), said(text="sí", reply_to="40")),
    "an answer to an own message": (
        update(**message(text="sí", reply_to_message=message(text="antes"))),
        said(text="sí"),
    ),
    "a quote from elsewhere": (
        update(**message(text="miren", external_reply={"origin": HIDDEN}, quote={"text": "x", "position": 0})),
        said(text="miren"),
    ),
    "a message by way of another bot": (update(**message(text="hola", via_bot=OTHER_BOT)), said(text="hola")),
    "a forwarded text": (update(**message(text="hay un pozo", forward_origin=HIDDEN)), said(text="hay un pozo")),
    "a point": (
        update(**message(location=POINT | {"horizontal_accuracy": 14.5})),
        said(place=Place(lat=-34.6037, lon=-58.3816, accuracy=14.5, source="pin")),
    ),
    "a point in whole degrees": (
        update(**message(location={"latitude": -34, "longitude": -58})),
        said(place=Place(lat=-34.0, lon=-58.0, source="pin")),
    ),
    "a live location's first fix": (
        update(**message(location=POINT | {"live_period": 900, "heading": 10, "horizontal_accuracy": 5})),
        said(place=Place(lat=-34.6037, lon=-58.3816, accuracy=5.0, source="live")),
    ),
    "a live location moving": (
        update("edited_message", **message(location=POINT | {"live_period": 900}, edit_date=DATE + 60)),
        said(kind="edited", at=DATE + 60.0, place=Place(lat=-34.6037, lon=-58.3816, source="live")),
    ),
    "a live location ended": (
        update("edited_message", **message(location=POINT, edit_date=DATE + 900)),
        said(kind="edited", at=DATE + 900.0, place=Place(lat=-34.6037, lon=-58.3816, source="live")),
    ),
    "a venue": (
        update(**message(location=POINT, venue=BOXED | {"location": POINT, "google_place_id": "x"})),
        said(place=Place(lat=-34.6037, lon=-58.3816, words="Kiosco El Sol, Av. Corrientes 1234", source="venue")),
    ),
    "a venue without address": (
        update(**message(location=POINT, venue={"location": POINT, "title": "Plaza", "address": ""})),
        said(place=Place(lat=-34.6037, lon=-58.3816, words="Plaza", source="venue")),
    ),
    "a photo": (
        update(**message(photo=SIZES)),
        said(attachments=(attached("photo", ref="l", mime="image/jpeg"),)),
    ),
    "a photo with words": (
        update(**message(photo=SIZES, caption="en Callao")),
        said(text="en Callao", captioned=True, attachments=(attached("photo", ref="l", mime="image/jpeg"),)),
    ),
    "a photo of an album": (
        update(**message(photo=SIZES, media_group_id="13000000001")),
        said(group="13000000001", attachments=(attached("photo", ref="l", mime="image/jpeg"),)),
    ),
    "a live photo": (
        update(**message(photo=SIZES, live_photo=FILE | {"width": 1, "height": 1, "duration": 2})),
        said(attachments=(attached("photo", ref="l", mime="image/jpeg"),)),
    ),
    "a photo sent as a file": (
        update(**message(document=FILE | {"mime_type": "image/jpeg", "file_name": "a.jpg"})),
        said(attachments=(attached("photo", mime="image/jpeg"),)),
    ),
    "a video": (
        update(**message(video=FILE | {"width": 640, "height": 480, "duration": 9, "mime_type": "video/mp4"})),
        said(attachments=(attached("video", mime="video/mp4", seconds=9),)),
    ),
    "a video note": (
        update(**message(video_note=FILE | {"length": 240, "duration": 4})),
        said(attachments=(attached("video", seconds=4),)),
    ),
    "an animation, with its document beside it": (
        update(
            **message(
                animation=FILE | {"width": 1, "height": 1, "duration": 2, "mime_type": "video/mp4"},
                document=FILE | {"mime_type": "video/mp4"},
            )
        ),
        said(attachments=(attached("video", mime="video/mp4", seconds=2),)),
    ),
    "a voice message": (
        update(**message(voice=FILE | {"duration": 3, "mime_type": "audio/ogg"})),
        said(attachments=(attached("voice", mime="audio/ogg", seconds=3),)),
    ),
    "an audio file": (
        update(**message(audio=FILE | {"duration": 30, "mime_type": "audio/mpeg", "title": "x"})),
        said(attachments=(attached("voice", mime="audio/mpeg", seconds=30),)),
    ),
    "a document": (
        update(**message(document=FILE | {"mime_type": "application/pdf", "file_name": "nota.pdf"}, caption="nota")),
        said(text="nota", captioned=True, attachments=(attached("document", mime="application/pdf"),)),
    ),
    "a drawing, which is no photo": (
        update(**message(document=FILE | {"mime_type": "image/svg+xml"})),
        said(attachments=(attached("document", mime="image/svg+xml"),)),
    ),
    "an own number": (
        update(**message(contact=NUMBER | {"user_id": 7})),
        said(contact=Contact(phone="+5491100000007", own=True)),
    ),
    "an own number, written with signs": (
        update(**message(contact=NUMBER | {"user_id": 7, "phone_number": "+54 9 11 0000-0007"})),
        said(contact=Contact(phone="+5491100000007", own=True)),
    ),
    "somebody else's number": (
        update(**message(contact=NUMBER | {"user_id": 8})),
        said(contact=Contact(phone="+5491100000007")),
    ),
    "a number of nobody on Telegram": (
        update(**message(contact=NUMBER)),
        said(contact=Contact(phone="+5491100000007")),
    ),
    "an own number, but forwarded": (
        update(**message(contact=NUMBER | {"user_id": 7}, forward_origin=HIDDEN)),
        said(contact=Contact(phone="+5491100000007")),
    ),
    "an edited text": (
        update("edited_message", **message(text="mejor Callao", edit_date=DATE + 5)),
        said(kind="edited", text="mejor Callao", at=DATE + 5.0),
    ),
    "a sticker, which says nothing": (update(**message(**STICKER)), said()),
    "a die, which says nothing": (update(**message(dice={"emoji": "🎲", "value": 3})), said()),
    "a tapped button": (
        tap(message=OURS, data="report:1:bache"),
        said(tapped="report:1:bache", reply_to="40", message="", at=0.0),
    ),
    "a button under a message too old to be told": (
        tap(message={"message_id": 3, "chat": HOME, "date": 0}, data="x"),
        said(tapped="x", reply_to="3", message="", at=0.0),
    ),
    "a tapped button in a group": (
        tap(message=OURS_IN_GROUP, data="x"),
        said(address="-4001/7", tapped="x", reply_to="40", message="", at=0.0),
    ),
    "a game's button": (tap(message=OURS, game_short_name="chess"), None),
    "a button of an inline message": (tap(inline_message_id="i", data="x"), None),
    "a command in a group": (
        update(**message(CREW, text="/bandeja")),
        said(address="-4001/7", text="/bandeja"),
    ),
    "a command to us in a group": (
        update(**message(CREW, text="/ver@baldosa_bot K7Q4-2MX")),
        said(address="-4001/7", text="/ver K7Q4-2MX"),
    ),
    "a command in a topic of a supergroup": (
        update(**message(SUPER, text="/bandeja", message_thread_id=5, is_topic_message=True)),
        said(address="-1001234567890:5/7", text="/bandeja"),
    ),
    "a command in a supergroup, in a thread of answers that is no topic": (
        update(**message(SUPER, text="/bandeja", message_thread_id=5)),
        said(address="-1001234567890/7", text="/bandeja"),
    ),
    "a command under a photo in a group": (
        update(**message(CREW, photo=SIZES, caption="/responder K7Q4-2MX listo")),
        said(
            address="-4001/7",
            text="/responder K7Q4-2MX listo",
            captioned=True,
            attachments=(attached("photo", ref="l", mime="image/jpeg"),),
        ),
    ),
    "another bot's command in a group": (update(**message(CREW, text="/ayuda@otro_bot")), None),
    "an answer to us in a group": (
        update(**message(CREW, text="mañana vamos", reply_to_message=OURS_IN_GROUP)),
        said(address="-4001/7", text="mañana vamos", reply_to="40"),
    ),
    "a photo that answers us in a group": (
        update(**message(CREW, photo=SIZES, reply_to_message=OURS_IN_GROUP)),
        said(address="-4001/7", reply_to="40", attachments=(attached("photo", ref="l", mime="image/jpeg"),)),
    ),
    "chatter in a group": (update(**message(CREW, text="¿quién trae facturas?")), None),
    "chatter that answers a colleague": (
        update(**message(CREW, text="yo", reply_to_message=message(CREW, text="?"))),
        None,
    ),
    "a sticker that answers us in a group": (update(**message(CREW, reply_to_message=OURS_IN_GROUP, **STICKER)), None),
    "an edited command in a group": (
        update("edited_message", **message(CREW, text="/ver K7Q4-2MX", edit_date=DATE)),
        said(kind="edited", address="-4001/7", text="/ver K7Q4-2MX"),
    ),
    "an anonymous administrator": (
        update(**message(SUPER, text="/bandeja", sender_chat=SUPER) | {"from": OTHER_BOT | {"id": 1087968824}}),
        None,
    ),
    "a channel's post in the group that discusses it": (
        update(
            **message(SUPER, text="/novedades", is_automatic_forward=True, forward_origin=FROM_CHANNEL)
            | {"from": {"id": 777000, "is_bot": False, "first_name": "Telegram"}}
            | {"sender_chat": {"id": -1009, "type": "channel", "title": "C"}}
        ),
        None,
    ),
    "another bot talking to us": (update(**message(text="hola") | {"from": OTHER_BOT}), None),
    "a channel's own post": (update("channel_post", **message({"id": -1009, "type": "channel", "title": "C"})), None),
    "somebody joins the group": (update(**message(CREW, new_chat_members=[ANA])), None),
    "a pinned message": (update(**message(pinned_message=OURS)), None),
    "a group became a supergroup, told in the old one": (
        update(**message(CREW, migrate_to_chat_id=-1001234567890)),
        said(kind="migrated", address="-4001", text="-1001234567890", sender="", message="", language=""),
    ),
    "a group became a supergroup, told in the new one": (
        update(**message(SUPER, migrate_from_chat_id=-4001)),
        said(kind="migrated", address="-4001", text="-1001234567890", sender="", message="", language=""),
    ),
    "blocked": (member(HOME, "kicked"), said(kind="blocked", message="")),
    "let in again": (member(HOME, "member"), said(kind="unblocked", message="")),
    "put out of a group": (member(CREW, "kicked"), said(kind="left", address="-4001", message="")),
    "left a supergroup": (member(SUPER, "left"), said(kind="left", address="-1001234567890", message="")),
    "taken into a group": (member(CREW, "member"), None),
    "put out of a channel": (member({"id": -1009, "type": "channel", "title": "C"}, "left"), None),
    "a kind of update that does not exist yet": ({"update_id": 900, "telepathy": {"thought": "hm"}}, None),
}


@pytest.mark.parametrize("name", READS)
def test_an_update_says_what_it_says(name: str) -> None:
    given, expected = READS[name]
    assert parse(json.dumps(given).encode(), "telegram:500", "baldosa_bot", 500) == expected


@pytest.mark.parametrize("name", READS)
def test_an_update_of_these_tests_is_one_that_telegram_sends(name: str) -> None:
    description = own_or_skip(providers_own, PROVIDERS_OWN)
    given = {key: value for key, value in READS[name][0].items() if key != "telepathy"}
    assert description.misfits(given, "Update") == []


def test_a_command_to_a_name_not_learnt_yet_is_taken_as_ours() -> None:
    given = update(**message(CREW, text="/bandeja@baldosa_bot"))
    read = parse(given, "telegram:500", "", 500)
    assert read is not None
    assert read.text == "/bandeja"


def test_a_text_holds_nothing_that_postgresql_could_not_keep() -> None:
    read = parse(update(**message(text="ho\x00la")), "telegram:500", "baldosa_bot", 500)
    assert read is not None
    assert read.text == "hola"


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b'{"update_id": 900, "message": {"message_id": "forty-one"}}', "u:900"),
        (b'{"update_id": 900, "message": 5}', "u:900"),
        (b'{"update_id": 900, "callback_query": {"data": "x"}}', "u:900"),
        (b'{"update_id": 900, "message": {"message_id": 1, "chat": {"id": 7}, "text": "\xff"}}', "u:900"),
        (b"no JSON at all", "x:"),
        (b'{"message": {}}', "x:"),
        (b"", "x:"),
        (b"[" * 100_000, "x:"),
    ],
)
def test_what_does_not_read_has_a_key_to_be_buried_under(raw: bytes, key: str) -> None:
    with pytest.raises(Unparsable) as caught:
        parse(raw, "telegram:500", "baldosa_bot", 500)
    assert caught.value.key.startswith(key)


def test_the_same_nonsense_has_the_same_key() -> None:
    keys = set()
    for _ in range(2):
        with pytest.raises(Unparsable) as caught:
            parse(b"no JSON at all", "telegram:500", "baldosa_bot", 500)
        keys.add(caught.value.key)
    assert len(keys) == 1
