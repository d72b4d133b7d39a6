"""How an Outbound is laid out on Telegram: which calls, in which order, with which keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup, ReplyKeyboardMarkup, ReplyKeyboardRemove

from bot.channels import File, SendError
from bot.channels.splitting import split, units
from bot.channels.telegram_render import Part, Upload, is_public, render
from bot.messages import Link, Option, Outbound, Place

PLACE = Place(lat=-34.6037, lon=-58.3816, accuracy=12.0, source="pin")
KIOSK = Place(lat=-34.6037, lon=-58.3816, words="Kiosco El Sol", source="venue")
YES_NO = (Option("yes", "Sí", "✅"), Option("no", "No"))
PUBLIC = Link("Ver el reclamo", "https://baldosa.example/t/K7Q42MX")
CARD = Outbound(text="🆕", media=("m1",), place=PLACE, options=YES_NO, on_demand=True)
LOCAL = Link("Ver el reclamo", "http://127.0.0.1:8080/t/K7Q42MX")
LOCATION = Option("@location", "Mandar ubicación", "📍")
CONTACT = Option("@contact", "Compartir mi número")


def upload(name: str = "m1", mime: str = "image/jpeg", size: int = 10) -> Upload:
    return Upload(name, File(b"x" * size, mime, mime.partition("/")[0]))


def laid_out(
    message: Outbound, *uploads: Upload, private: bool = True, plain: bool = False
) -> list[tuple[str, str, Any]]:
    """Each part as (kind, words, keyboard): rows of "label>what it does", "remove", or None."""
    return [(p.kind, p.text, keys(p)) for p in render(message, uploads, private=private, plain=plain)]


def keys(part: Part) -> Any:
    if isinstance(part.markup, InlineKeyboardMarkup):
        rows = part.markup.inline_keyboard
        return [[f"{button.text}>{button.callback_data or button.url}" for button in row] for row in rows]
    if isinstance(part.markup, ReplyKeyboardMarkup):
        return [[f"{b.text}>{_asks(b)}" for b in row] for row in part.markup.keyboard]
    return "remove" if isinstance(part.markup, ReplyKeyboardRemove) else None


def _asks(button: Any) -> str:
    return "location" if button.request_location else "contact" if button.request_contact else "words"


PHOTOS = (upload("a"), upload("b"), upload("c"))
LONG = "palabra " * 140 + "fin"

LOOKS: dict[str, tuple[Outbound, tuple[Upload, ...], list[tuple[str, str, Any]]]] = {
    "words take away an old keyboard": (Outbound(text="Hola"), (), [("text", "Hola", "remove")]),
    "options are buttons": (
        Outbound(text="¿Sí?", options=YES_NO),
        (),
        [("text", "¿Sí?", [["✅ Sí>yes"], ["No>no"]])],
    ),
    "options in columns": (
        Outbound(text="¿Sí?", options=YES_NO, columns=2),
        (),
        [("text", "¿Sí?", [["✅ Sí>yes", "No>no"]])],
    ),
    "a row holds eight at most": (
        Outbound(text="¿Cuál?", options=tuple(Option(str(n), str(n)) for n in range(9)), columns=20),
        (),
        [("text", "¿Cuál?", [[f"{n}>{n}" for n in range(8)], ["8>8"]])],
    ),
    "a public page is a button": (
        Outbound(text="Listo", options=YES_NO[1:], link=PUBLIC),
        (),
        [("text", "Listo", [["No>no"], [f"Ver el reclamo>{PUBLIC.url}"]])],
    ),
    "a page of this machine is written out": (
        Outbound(text="Listo", link=LOCAL),
        (),
        [("text", f"Listo\n\nVer el reclamo: {LOCAL.url}", "remove")],
    ),
    "a location button": (
        Outbound(text="¿Dónde?", options=(LOCATION, *YES_NO), columns=2, wants="place"),
        (),
        [("text", "¿Dónde?", [["📍 Mandar ubicación>location"], ["✅ Sí>words", "No>words"]])],
    ),
    "a contact button": (
        Outbound(text="¿Tu número?", options=(CONTACT,), wants="contact"),
        (),
        [("text", "¿Tu número?", [["Compartir mi número>contact"]])],
    ),
    "a location button leaves no room for a page": (
        Outbound(text="¿Dónde?", options=(LOCATION,), link=PUBLIC),
        (),
        [("text", f"¿Dónde?\n\nVer el reclamo: {PUBLIC.url}", [["📍 Mandar ubicación>location"]])],
    ),
    "a picture carries the words and buttons": (
        Outbound(text="Nuevo", options=YES_NO[1:], media=("a",)),
        PHOTOS[:1],
        [("photo", "Nuevo", [["No>no"]])],
    ),
    "a picture goes ahead of words too long for a caption": (
        Outbound(text=LONG, options=YES_NO[1:]),
        PHOTOS[:1],
        [("photo", "", None), ("text", LONG, [["No>no"]])],
    ),
    "an album without buttons carries the words": (Outbound(text="Nuevo"), PHOTOS, [("album", "Nuevo", None)]),
    "an album goes ahead of the words with buttons": (
        Outbound(text="Nuevo", options=YES_NO[1:]),
        PHOTOS,
        [("album", "", None), ("text", "Nuevo", [["No>no"]])],
    ),
    "a pin, then the words": (
        Outbound(text="Acá", place=PLACE),
        (),
        [("location", "", None), ("text", "Acá", "remove")],
    ),
    "a named pin, then the picture with the words": (
        Outbound(text="Acá", place=KIOSK),
        PHOTOS[:1],
        [("venue", "", None), ("photo", "Acá", "remove")],
    ),
    "album, pin, words": (
        Outbound(text="Acá", place=PLACE, options=YES_NO[1:]),
        PHOTOS,
        [("album", "", None), ("location", "", None), ("text", "Acá", [["No>no"]])],
    ),
    "a place of words alone is no pin": (
        Outbound(text="Acá", place=Place(words="frente a la plaza")),
        (),
        [("text", "Acá", "remove")],
    ),
    "a video with words": (Outbound(text="v"), (upload(mime="video/mp4"),), [("video", "v", "remove")]),
    "a voice message with words": (Outbound(text="v"), (upload(mime="audio/ogg"),), [("voice", "v", "remove")]),
    "any other file with words": (Outbound(text="v"), (upload(mime="application/pdf"),), [("document", "v", "remove")]),
    "pictures together, other files after": (
        Outbound(text="v"),
        (upload("a"), upload("b", "audio/ogg"), upload("c", "video/mp4")),
        [("album", "", None), ("voice", "v", "remove")],
    ),
    "a picture too large to be shown is a file": (
        Outbound(text="v"),
        (upload(size=10 * 1024 * 1024 + 1),),
        [("document", "v", "remove")],
    ),
    "nothing to say": (Outbound(text=""), (), []),
    "a picture without words": (Outbound(text=""), PHOTOS[:1], [("photo", "", "remove")]),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_message_looks_as_it_should(name: str) -> None:
    message, uploads, expected = LOOKS[name]
    assert laid_out(message, *uploads) == expected


def test_a_group_has_no_phone_buttons_and_no_keyboard_to_take_away() -> None:
    asked = Outbound(text="¿Dónde?", options=(LOCATION, *YES_NO))
    assert laid_out(asked, private=False) == [("text", "¿Dónde?", [["✅ Sí>yes"], ["No>no"]])]
    assert laid_out(Outbound(text="Hola"), private=False) == [("text", "Hola", None)]


def test_plain_says_everything_in_words() -> None:
    message = Outbound(text="Nuevo", options=(LOCATION, *YES_NO), link=PUBLIC, place=PLACE)
    words = f"Nuevo\n\nVer el reclamo: {PUBLIC.url}\n\n1. ✅ Sí\n2. No\n\n📍 -34.60370, -58.38160"
    assert laid_out(message, *PHOTOS, plain=True) == [("text", words, "remove")]


def test_plain_leaves_out_what_is_only_a_shortcut() -> None:
    message = Outbound(text="Listo", options=YES_NO, numbered=False)
    assert laid_out(message, plain=True) == [("text", "Listo", "remove")]


def test_more_than_a_hundred_buttons_are_cut() -> None:
    many = tuple(Option(f"c{n}", f"Calle {n}") for n in range(150))
    [(_, _, rows)] = laid_out(Outbound(text="¿Cuál?", options=many, link=PUBLIC))
    assert len(rows) == 100
    assert rows[-1] == [f"Ver el reclamo>{PUBLIC.url}"]


def test_twenty_three_pictures_are_three_albums() -> None:
    parts = render(Outbound(text="v"), [upload(f"m{n}") for n in range(23)], private=True, plain=False)
    assert [len(part.uploads) for part in parts] == [10, 10, 3]
    assert [part.text for part in parts] == ["", "", "v"]


@pytest.mark.parametrize("tap", ["", "ñ" * 33, "x" * 65])
def test_a_button_that_carries_too_much_or_nothing_is_refused_before_telegram_does(tap: str) -> None:
    with pytest.raises(SendError) as caught:
        render(Outbound(text="?", options=(Option(tap, "No"),)), (), private=True, plain=False)
    assert caught.value.kind == "content"


def test_buttons_without_a_word_are_refused_before_telegram_does() -> None:
    with pytest.raises(SendError) as caught:
        render(Outbound(text=" ", options=YES_NO), (), private=True, plain=False)
    assert caught.value.kind == "content"


def test_only_the_last_piece_of_a_long_text_has_the_buttons() -> None:
    message = Outbound(text=("x" * 3000 + "\n\n") * 2 + "fin", options=YES_NO[1:])
    assert laid_out(message) == [("text", "x" * 3000, None), ("text", "x" * 3000 + "\n\nfin", [["No>no"]])]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("uno dos", ["uno dos"]),
        ("", []),
        ("  \n ", []),
        (" " * 30 + "uno", ["uno"]),
        ("primer párrafo\n\nsegundo párrafo", ["primer párrafo", "segundo párrafo"]),
        ("primera línea\nsegunda línea larga", ["primera línea", "segunda línea larga"]),
        ("unas palabras en fila que siguen", ["unas palabras en", "fila que siguen"]),
        ("x" * 45, ["x" * 20, "x" * 20, "x" * 5]),
        ("😀" * 11, ["😀" * 10, "😀"]),
        ("a" + "😀" * 10, ["a" + "😀" * 9, "😀"]),
    ],
)
def test_a_text_is_cut_where_something_ends(text: str, pieces: list[str]) -> None:
    assert split(text, 20) == pieces


@given(st.text(alphabet=st.sampled_from("ab \n😀ñ"), max_size=200))
def test_no_piece_is_too_long_and_no_word_is_lost(text: str) -> None:
    pieces = split(text, 20)
    assert all(0 < units(piece) <= 20 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://baldosa.example/t/1", True),
        ("http://baldosa.example:8443/t/1", True),
        ("https://8.8.8.8/t/1", True),
        ("http://localhost:8080/t/1", False),
        ("http://127.0.0.1:8080/t/1", False),
        ("http://192.168.0.4/t/1", False),
        ("http://[::1]/t/1", False),
        ("http://casa.local/t/1", False),
        ("http://servidor/t/1", False),
        ("ftp://baldosa.example/t/1", False),
        ("/t/1", False),
        ("", False),
    ],
)
def test_only_a_public_page_is_a_button(url: str, public: bool) -> None:
    assert is_public(url) is public


def test_what_is_asked_for_by_buttons_is_not_shown_before() -> None:
    assert laid_out(CARD) == [("text", "🆕", [["✅ Sí>yes"], ["No>no"]])]
