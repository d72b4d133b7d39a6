"""How an Outbound looks on Telegram: which calls it takes, in which order, with which keyboard.

Limits are the Bot API's (https://core.telegram.org/bots/api); lengths are counted in UTF-16 units as it does.
The words go out as they are, without parse mode: no name and no sign in them can break a message.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from bot.channels import File, SendError
from bot.channels.splitting import split, units
from bot.messages import Option, Outbound, Place

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
TAP_BYTES = 64
MOST_BUTTONS = 100
MOST_COLUMNS = 8
MOST_IN_ALBUM = 10
PHOTO_BYTES = 10 * 1024 * 1024
PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp")
VOICE_TYPES = ("audio/ogg", "audio/mpeg", "audio/mp4")
LOCAL_NAMES = ("internal", "invalid", "lan", "local", "localhost", "test")

# An Option with one of these taps is the phone's own button: it answers with a location or a contact, not with a tap.
ASK_LOCATION = "@location"
ASK_CONTACT = "@contact"

Button = TypeVar("Button")
Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | None
Kind = Literal["text", "photo", "video", "voice", "document", "album", "venue", "location"]


class Upload(Struct, frozen=True):
    """A file on its way out: `media` is our row's id, by which it is known when it goes out again."""

    media: str
    file: File


class Part(Struct, frozen=True):
    """One call: `text` is the message or the caption."""

    kind: Kind
    text: str = ""
    uploads: tuple[Upload, ...] = ()
    place: Place | None = None
    markup: Markup = None


def render(message: Outbound, uploads: Sequence[Upload], *, private: bool, plain: bool) -> list[Part]:
    """The calls that say `message`, the one with words and buttons last; raises SendError for what cannot be said."""
    if plain:
        return _texts(_written_out(message), ReplyKeyboardRemove() if private else None)
    markup = _keyboard(message, private)
    text = message.text if _opens_link(markup) else _with_link(message)
    pin = [_pin(message.place)] if message.place and message.place.located and not message.on_demand else []
    files = list(_files(uploads))
    if files and _fits_as_caption(text, files[-1], markup):
        last = files.pop()
        with_keyboard = None if last.kind == "album" else markup
        return [*files, *pin, Part(last.kind, text, last.uploads, markup=with_keyboard)]
    return [*files, *pin, *_texts(text, markup)]


def _texts(text: str, markup: Markup) -> list[Part]:
    pieces = split(text, TEXT_UNITS)
    if not pieces:
        if isinstance(markup, InlineKeyboardMarkup | ReplyKeyboardMarkup):
            raise SendError("content", "buttons without a word")
        return []
    return [*(Part("text", piece) for piece in pieces[:-1]), Part("text", pieces[-1], markup=markup)]


def _fits_as_caption(text: str, files: Part, markup: Markup) -> bool:
    if units(text) > CAPTION_UNITS:
        return False
    # An album has no keyboard, and its caption shows only when it is the only one.
    return files.kind != "album" or not isinstance(markup, InlineKeyboardMarkup | ReplyKeyboardMarkup)


def _written_out(message: Outbound) -> str:
    """Everything in words: for a message whose buttons or files were refused."""
    lines = [_with_link(message)]
    offered = [option for option in message.options if option.tap not in (ASK_LOCATION, ASK_CONTACT)]
    if offered and message.numbered:
        lines.append("\n".join(f"{number}. {option.shown}" for number, option in enumerate(offered, 1)))
    if message.place is not None and message.place.located:
        lines.append(f"📍 {coordinates(message.place)}")
    return "\n\n".join(line for line in lines if line)


def _with_link(message: Outbound) -> str:
    if message.link is None:
        return message.text
    return "\n\n".join(part for part in (message.text, f"{message.link.label}: {message.link.url}") if part)


def _keyboard(message: Outbound, private: bool) -> Markup:
    asks = any(option.tap in (ASK_LOCATION, ASK_CONTACT) for option in message.options)
    # Telegram offers the phone's own buttons in private chats only.
    if asks and private:
        return _phone_keyboard(message)
    options = [option for option in message.options if option.tap not in (ASK_LOCATION, ASK_CONTACT)]
    link = [message.link] if message.link and is_public(message.link.url) else []
    rows = _rows([_button(option) for option in options[: MOST_BUTTONS - len(link)]], message.columns)
    rows += [[InlineKeyboardButton(page.label, url=page.url)] for page in link]
    if rows:
        return InlineKeyboardMarkup(rows)
    # Takes away the phone's own buttons of an earlier question; where there are none it changes nothing.
    return ReplyKeyboardRemove() if private else None


def _button(option: Option) -> InlineKeyboardButton:
    if not 1 <= len(option.tap.encode()) <= TAP_BYTES:
        raise SendError("content", f"a button that carries {len(option.tap.encode())} bytes, not 1 to {TAP_BYTES}")
    return InlineKeyboardButton(option.shown, callback_data=option.tap)


def _phone_keyboard(message: Outbound) -> ReplyKeyboardMarkup:
    """The phone's own buttons first, each in a row; the other options below, where a tap types their words."""
    asking = [_asking(option) for option in message.options if option.tap in (ASK_LOCATION, ASK_CONTACT)]
    rest = [KeyboardButton(option.shown) for option in message.options if option.tap not in (ASK_LOCATION, ASK_CONTACT)]
    rows = _rows(asking, 1) + _rows(rest, message.columns)
    return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)


def _asking(option: Option) -> KeyboardButton:
    location = option.tap == ASK_LOCATION
    return KeyboardButton(option.shown, request_location=location or None, request_contact=not location or None)


def _rows(buttons: Sequence[Button], columns: int) -> list[list[Button]]:
    width = max(1, min(columns, MOST_COLUMNS))
    return [list(buttons[start : start + width]) for start in range(0, len(buttons), width)]


def _opens_link(markup: Markup) -> bool:
    rows = markup.inline_keyboard if isinstance(markup, InlineKeyboardMarkup) else ()
    return any(button.url for row in rows for button in row)


def is_public(url: str) -> bool:
    """True when a phone elsewhere could open it; Telegram refuses buttons that lead to localhost."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        return parts.scheme in ("http", "https") and ipaddress.ip_address(host).is_global
    except ValueError:
        name, _, top = host.rpartition(".")
        return parts.scheme in ("http", "https") and bool(name) and top not in LOCAL_NAMES


def _pin(place: Place) -> Part:
    return Part("venue" if place.words else "location", place=place)


def coordinates(place: Place) -> str:
    """Latitude and longitude in degrees, to about a metre."""
    return f"{place.lat:.5f}, {place.lon:.5f}"


def _files(uploads: Sequence[Upload]) -> Iterator[Part]:
    """Pictures and videos in albums of ten, everything else by itself."""
    kinds = [(_kind(upload.file), upload) for upload in uploads]
    seen = [(kind, upload) for kind, upload in kinds if kind in ("photo", "video")]
    for start in range(0, len(seen), MOST_IN_ALBUM):
        album = seen[start : start + MOST_IN_ALBUM]
        yield Part("album" if len(album) > 1 else album[0][0], uploads=tuple(upload for _, upload in album))
    for kind, upload in kinds:
        if kind not in ("photo", "video"):
            yield Part(kind, uploads=(upload,))


def _kind(file: File) -> Literal["photo", "video", "voice", "document"]:
    """How it plays best: Telegram shows only these types as photo, video and voice message."""
    if file.mime in PHOTO_TYPES and len(file.data) <= PHOTO_BYTES:
        return "photo"
    if file.mime == "video/mp4":
        return "video"
    return "voice" if file.mime in VOICE_TYPES else "document"
