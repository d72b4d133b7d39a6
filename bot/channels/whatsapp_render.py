"""How an Outbound looks on WhatsApp: which messages it takes, in which order, with which buttons or list.

Limits are Twilio's: 1600 characters of text (error 21617); quick replies and list pickers as twilio.com/docs/content
has them for messages inside the 24 hours. WhatsApp's other buttons, those that open a page, need Meta's approval even
then, so a link is written out; and Twilio has no message with a button that asks for the position, so words say how to
send it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from bot.channels.splitting import cut, split, units
from bot.messages import Option, Outbound, Place

if TYPE_CHECKING:
    from locales import Catalog

TEXT = 1600
CAPTION = 1024
# Body, button title, row of a list, its description; how many of each.
BODY = 1024
MOST_LINES = 12
REPLY_TITLE = 20
MOST_REPLIES = 3
ROW_TITLE = 24
ROW_DESCRIPTION = 72
LIST_BUTTON = 20
MOST_ROWS = 10

MORE = "@more"
# The phone's own buttons of other channels.
PHONES_OWN = ("@location", "@contact")

IMAGE_BYTES = 5 * 1024 * 1024
MEDIA_BYTES = 16 * 1024 * 1024
CAPTIONED = ("image/jpeg", "image/png", "video/mp4", "video/3gpp")
# What WhatsApp plays (twilio.com/docs/whatsapp/guidance-whatsapp-media-messages).
PLAYED = (*CAPTIONED, "audio/aac", "audio/amr", "audio/mp4", "audio/mpeg", "audio/ogg", "application/pdf")

# What WhatsApp takes for bold, italic, struck through and code, when a pair of it hugs words.
_MARKED = re.compile(r"(?<!\w)([*_~`])(?=\S)(?:[^\n]*?[^\s])??\1(?!\w)")
# None of them a letter to anybody, or the next sign would hug a word again.
_LOOKALIKES = {"*": "∗", "_": "▁", "~": "∼", "`": "‵"}
_URL = re.compile(r"https?://\S+")


class Upload(Struct, frozen=True):
    """A file on its way out: where a provider finds it, what it is."""

    url: str
    mime: str
    size: int


class Row(Struct, frozen=True):
    """One thing to tap: `id` is what comes back; in a list the description says what the title has no room for."""

    id: str
    title: str
    description: str = ""


class Menu(Struct, frozen=True):
    """What is offered under a text: buttons, or a list behind a button of its own."""

    kind: Literal["quick_reply", "list"]
    rows: tuple[Row, ...]
    button: str = ""


class Part(Struct, frozen=True):
    """One message: words, a picture with or without words, words with a menu, or a position with its name."""

    text: str = ""
    url: str = ""
    menu: Menu | None = None
    place: Place | None = None


def render(message: Outbound, uploads: Sequence[Upload], words: Catalog, *, plain: bool) -> list[Part]:
    """The messages that say `message`, the one with the words and the menu last."""
    if plain:
        return [Part(piece) for piece in split(harmless(_written_out(message, words)), TEXT)]
    menu = make_menu(message, words)
    shown = [upload for upload in uploads if _plays(upload)]
    text = harmless(_join([_said(message, words), *(f"📎 {each.url}" for each in uploads if not _plays(each))]))
    if message.numbered and menu is None:
        text = _join([text, harmless(_numbered(message))])
    pin = [Part(place=message.place)] if message.place and message.place.located else []
    if shown and menu is None and shown[-1].mime in CAPTIONED and units(text) <= CAPTION:
        return [*(Part(url=each.url) for each in shown[:-1]), *pin, Part(text, shown[-1].url)]
    return [*(Part(url=each.url) for each in shown), *pin, *_texts(text, menu)]


def fits(message: Outbound) -> int:
    """How many of the options one message takes, beside "more" where they are not all."""
    options = _offered(message)
    if len(options) <= MOST_ROWS:
        return len(message.options)
    return MOST_ROWS - 1


def make_menu(message: Outbound, words: Catalog) -> Menu | None:
    """Buttons when there are few and short ones, else a list; None when there is nothing to tap, or far too much."""
    options = _offered(message)
    if not message.numbered:
        # Of one ticket's next steps the first ones are a tap away, and a list is two; the others have their commands.
        options = options[: MOST_REPLIES if message.ticket else MOST_ROWS]
    if not options or len(options) > MOST_ROWS:
        return None
    titles = _titles(options, REPLY_TITLE)
    short = all(units(title) <= REPLY_TITLE for title in titles) and len(set(titles)) == len(titles)
    if len(options) <= MOST_REPLIES and short:
        return Menu("quick_reply", tuple(Row(option.tap, title) for option, title in zip(options, titles, strict=True)))
    return Menu("list", tuple(_rows(options)), cut(words.text("choose-from-list"), LIST_BUTTON))


def harmless(text: str) -> str:
    """The text with every pair of signs that would be taken for markup replaced by others that look like them."""
    while pair := next((each for each in _MARKED.finditer(text) if not _inside_url(each, text)), None):
        ends = [at for at in (pair.start(), pair.end() - 1) if not _in_url(at, text)]
        for at in ends:
            text = f"{text[:at]}{_LOOKALIKES[pair[1]]}{text[at + 1 :]}"
    return text


def _offered(message: Outbound) -> list[Option]:
    return [option for option in message.options if option.tap not in PHONES_OWN]


def _rows(options: Sequence[Option]) -> list[Row]:
    whole = _titles(options, ROW_TITLE)
    divided = [_divide_label(title) for title in whole]
    firsts = [title for title, _ in divided]
    titles = [
        cut(f"{number}. {name}", ROW_TITLE) if firsts.count(title) > 1 else title
        for number, (title, name) in enumerate(zip(firsts, whole, strict=True), 1)
    ]
    return [
        Row(option.tap, title, description if title == first else cut(name, ROW_DESCRIPTION))
        for option, title, name, (first, description) in zip(options, titles, whole, divided, strict=True)
    ]


def _divide_label(label: str) -> tuple[str, str]:
    """Title and description of a row: "Comuna 14" and "Palermo" for a long "Comuna 14 (Palermo)", else all twice."""
    if units(label) <= ROW_TITLE:
        return label, ""
    name, bracket, inside = label.partition(" (")
    if bracket and inside.endswith(")") and units(name) <= ROW_TITLE:
        return name, cut(inside[:-1], ROW_DESCRIPTION)
    return cut(label, ROW_TITLE), cut(label, ROW_DESCRIPTION)


def _titles(options: Sequence[Option], most: int) -> list[str]:
    """The labels in full, in one line each; with their icons where all have room for one."""
    shown = [_in_one_line(option.shown) for option in options]
    return shown if all(units(title) <= most for title in shown) else [_in_one_line(option.label) for option in options]


def _in_one_line(text: str) -> str:
    return " ".join(text.split()) or "-"


def _plays(upload: Upload) -> bool:
    most = IMAGE_BYTES if upload.mime.startswith("image/") else MEDIA_BYTES
    # A picture that is too large is lent in its small form: see web/lent.py.
    return upload.mime in PLAYED and (upload.size <= most or upload.mime.startswith("image/"))


def _texts(text: str, menu: Menu | None) -> list[Part]:
    if menu is None:
        return [Part(piece) for piece in split(text, TEXT)]
    before, body = _divide(text)
    return [*(Part(piece) for piece in split(before, TEXT)), Part(body, menu=menu)]


def _divide(text: str) -> tuple[str, str]:
    """What goes before, and what fits under a menu: all of it, or its end from a paragraph on."""
    if units(text) <= BODY and len(_lines(text)) <= MOST_LINES:
        return "", text or "👇"
    for mark in ("\n\n", "\n"):
        before, _, body = text.rpartition(mark)
        if before and units(body) <= BODY and len(_lines(body)) <= MOST_LINES:
            return before, body
    *before_all, body = split(text, BODY)
    return "\n".join(before_all), body


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _said(message: Outbound, words: Catalog) -> str:
    parts = [message.text]
    if message.wants == "place":
        parts.append(words.text("how-to-send-place"))
    if message.link is not None:
        parts.append(f"{message.link.label}: {message.link.url}")
    return _join(parts)


def _written_out(message: Outbound, words: Catalog) -> str:
    """Everything in words: for a message whose menu or files were refused."""
    parts = [_said(message, words), _numbered(message) if message.numbered else ""]
    if message.place is not None and message.place.located:
        parts.append(f"📍 {message.place.lat:.5f}, {message.place.lon:.5f}")
    return _join(parts)


def _numbered(message: Outbound) -> str:
    return "\n".join(
        option.shown if option.tap == MORE else f"{number}. {option.shown}"
        for number, option in enumerate(_offered(message), message.first)
    )


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _inside_url(pair: re.Match[str], text: str) -> bool:
    return _in_url(pair.start(), text) and _in_url(pair.end() - 1, text)


def _in_url(at: int, text: str) -> bool:
    return any(url.start() <= at < url.end() for url in _URL.finditer(text))
