"""What a message looks like on WhatsApp: buttons, lists, captions, pieces; pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.splitting import cut, split, units
from bot.channels.whatsapp_render import (
    BODY,
    LIST_BUTTON,
    MORE,
    MOST_LINES,
    MOST_REPLIES,
    MOST_ROWS,
    REPLY_TITLE,
    ROW_DESCRIPTION,
    ROW_TITLE,
    TEXT,
    Menu,
    Part,
    Row,
    Upload,
    fits,
    harmless,
    make_menu,
    render,
)
from bot.messages import Link, Option, Outbound, Place
from locales import LANGUAGES, catalog
from tests.machine import demo_pack

ES = catalog("es")
PHOTO = Upload("https://baldosa.example/m/1", "image/jpeg", 1000)
OTHER = Upload("https://baldosa.example/m/2", "image/jpeg", 1000)
VOICE = Upload("https://baldosa.example/m/3", "audio/ogg", 1000)
FILM = Upload("https://baldosa.example/m/4", "video/webm", 1000)
YES_NO = (Option("y", "Sí", "✅"), Option("n", "No"))


def shown(text: str = "¿Sí?", *uploads: Upload, plain: bool = False, **message: Any) -> list[Part]:
    return render(Outbound(text=text, **message), uploads, ES, plain=plain)


def options(*labels: str, icon: str = "") -> tuple[Option, ...]:
    return tuple(Option(f"tap{number}", label, icon) for number, label in enumerate(labels))


def menu_of(*labels: str, icon: str = "") -> Menu:
    menu = make_menu(Outbound(text="¿?", options=options(*labels, icon=icon)), ES)
    assert menu is not None
    return menu


# Menus


def test_up_to_three_short_options_are_buttons() -> None:
    assert shown(options=YES_NO)[0].menu == Menu("quick_reply", (Row("y", "✅ Sí"), Row("n", "No")))


def test_icons_go_from_all_buttons_before_a_word_is_lost() -> None:
    menu = menu_of("Tapa faltante o rota", "Otro", icon="🕳️")
    assert (menu.kind, [row.title for row in menu.rows]) == ("quick_reply", ["Tapa faltante o rota", "Otro"])


def test_what_a_button_cannot_say_becomes_a_list() -> None:
    menu = menu_of("Semáforo que no funciona", "Otro")
    assert menu.kind == "list"
    assert [(row.title, row.description) for row in menu.rows] == [("Semáforo que no funciona", ""), ("Otro", "")]


def test_more_than_three_options_are_a_list_with_a_button_of_its_own() -> None:
    menu = menu_of("a", "b", "c", "d")
    assert (menu.kind, menu.button, len(menu.rows)) == ("list", "Elegir", 4)


def test_a_row_says_in_its_description_what_its_title_has_no_room_for() -> None:
    menu = menu_of(
        "Comuna 9 (Liniers, Mataderos, Parque Avellaneda)", "Caño roto que pierde agua en la vereda", "No", "?"
    )
    assert [(row.title, row.description) for row in menu.rows] == [
        ("Comuna 9", "Liniers, Mataderos, Parque Avellaneda"),
        ("Caño roto que pierde…", "Caño roto que pierde agua en la vereda"),
        ("No", ""),
        ("?", ""),
    ]


def test_rows_cut_to_the_same_title_get_their_numbers() -> None:
    menu = menu_of("Dirección General de Plazas Norte", "Dirección General de Plazas Sur", "c", "d")
    assert [row.title for row in menu.rows[:2]] == ["1. Dirección General de…", "2. Dirección General de…"]
    assert menu.rows[1].description == "Dirección General de Plazas Sur"


def test_two_buttons_with_the_same_words_are_told_apart() -> None:
    menu = menu_of("Otro", "Otro")
    assert menu.kind == "list"
    assert len({row.title for row in menu.rows}) == 2


def test_the_phones_own_buttons_of_other_channels_become_words() -> None:
    parts = shown("¿Dónde es?", options=(Option("@location", "Mandar mi ubicación", "📍"),), wants="place")
    assert parts == [Part(f"¿Dónde es?\n\n{ES.text('how-to-send-place')}")]


def test_ten_options_fit_and_of_more_nine_beside_the_next_page() -> None:
    assert fits(Outbound(text="", options=options(*"abcdefghij"))) == 10
    assert fits(Outbound(text="", options=options(*"abcdefghijk"))) == MOST_ROWS - 1
    page = (*options(*"abcdefghi"), Option(MORE, "Más opciones"))
    menu = make_menu(Outbound(text="", options=page), ES)
    assert menu is not None
    assert [row.id for row in menu.rows][-1] == MORE


def test_a_list_too_long_to_tap_is_typed() -> None:
    parts = shown(options=options(*"abcdefghijk"))
    assert parts[0].menu is None
    assert "11. k" in parts[0].text


def test_of_too_many_shortcuts_the_first_are_offered() -> None:
    menu = shown(options=options(*"abcdefghijkl"), numbered=False)[0].menu
    assert menu is not None
    assert len(menu.rows) == MOST_ROWS


def test_of_one_tickets_next_steps_three_are_a_tap_away() -> None:
    menu = shown(options=options(*"abcde"), numbered=False, ticket="K7Q42MX")[0].menu
    assert menu is not None
    assert (menu.kind, [row.id for row in menu.rows]) == ("quick_reply", ["tap0", "tap1", "tap2"])


def test_a_menu_without_words_has_something_above_it() -> None:
    assert shown("", options=YES_NO)[0].text


def demo_lists() -> Iterator[tuple[str, tuple[Option, ...]]]:
    """Every list of categories and of areas that the demo pack makes, in every language."""
    pack = demo_pack()
    for language in LANGUAGES:
        groups = [pack.groups(), *(leaves for group in pack.groups() if (leaves := pack.leaves(group.id)))]
        for group in groups:
            yield language, tuple(Option(each.id, each.name(language), each.icon) for each in group)
        areas = [Option(each.id, each.label(language)) for each in pack.area_choices()]
        for start in range(0, len(areas), MOST_ROWS):
            yield language, tuple(areas[start : start + MOST_ROWS])


@pytest.mark.parametrize(("language", "offered"), list(demo_lists()))
def test_every_list_of_the_demo_can_be_tapped_and_told_apart(language: str, offered: tuple[Option, ...]) -> None:
    menu = make_menu(Outbound(text="¿?", options=offered), catalog(language))
    assert menu is not None
    assert_within_limits(menu)
    assert [row.id for row in menu.rows] == [option.tap for option in offered]
    for row, option in zip(menu.rows, offered, strict=True):
        # Nothing that has room is lost: what the title lacks, the description has.
        told = f"{row.title} ({row.description})" if row.description else row.title
        assert told in (option.shown, option.label) or option.label.startswith(told.removesuffix("…)"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_the_channel_itself_fit(language: str) -> None:
    assert units(catalog(language).text("choose-from-list")) <= LIST_BUTTON
    assert units(catalog(language).text("more-options")) <= ROW_TITLE


LABELS = st.text(max_size=80)


@settings(max_examples=100)
@given(st.lists(st.tuples(LABELS, st.sampled_from(["", "🕳️", "👨‍👩‍👧"])), min_size=1, max_size=MOST_ROWS))
def test_any_labels_keep_the_limits_and_stay_apart(labels: list[tuple[str, str]]) -> None:
    offered = tuple(Option(f"tap{number}", label, icon) for number, (label, icon) in enumerate(labels))
    menu = make_menu(Outbound(text="¿?", options=offered), ES)
    assert menu is not None
    assert_within_limits(menu)


def assert_within_limits(menu: Menu) -> None:
    most = REPLY_TITLE if menu.kind == "quick_reply" else ROW_TITLE
    assert len(menu.rows) <= (MOST_REPLIES if menu.kind == "quick_reply" else MOST_ROWS)
    assert all(0 < units(row.title) <= most for row in menu.rows)
    assert all(units(row.description) <= ROW_DESCRIPTION for row in menu.rows)
    assert len({row.title for row in menu.rows}) == len(menu.rows)
    assert units(menu.button) <= LIST_BUTTON
    assert bool(menu.button) == (menu.kind == "list")


# Words


def test_words_alone_are_one_message() -> None:
    assert shown("hola") == [Part("hola")]


def test_a_very_long_text_goes_in_pieces() -> None:
    parts = shown("palabra " * 500)
    assert len(parts) == 3
    assert all(units(part.text) <= TEXT for part in parts)


def test_the_end_of_a_long_text_stands_above_the_menu() -> None:
    story = "palabra " * 150
    parts = shown(f"{story}\n\n¿Lo mando?", options=YES_NO)
    assert [part.text for part in parts] == [story.strip(), "¿Lo mando?"]
    assert parts[0].menu is None
    assert parts[1].menu is not None


def test_many_lines_do_not_make_ever_new_shapes_of_menus() -> None:
    parts = shown("\n".join(f"renglón {n}" for n in range(40)) + "\n\n¿Lo mando?", options=YES_NO)
    assert len(parts[-1].text.splitlines()) <= MOST_LINES
    assert parts[-1].text == "¿Lo mando?"


def test_one_endless_paragraph_is_cut_for_the_menu() -> None:
    parts = shown("palabra " * 300, options=YES_NO)
    assert units(parts[-1].text) <= BODY
    assert " ".join(part.text for part in parts).split() == ["palabra"] * 300


def test_a_link_is_written_out() -> None:
    parts = shown("Listo.", link=Link("Seguir", "https://baldosa.example/t/K7Q42MX"))
    assert parts == [Part("Listo.\n\nSeguir: https://baldosa.example/t/K7Q42MX")]


def test_plain_is_words_and_numbers_alone() -> None:
    place = Place(lat=-34.6, lon=-58.4)
    parts = shown("¿Sí?", PHOTO, plain=True, options=YES_NO, place=place)
    assert parts == [Part("¿Sí?\n\n1. ✅ Sí\n2. No\n\n📍 -34.60000, -58.40000")]


def test_plain_numbers_go_on_over_pages() -> None:
    offered = (*options("a", "b"), Option(MORE, "Más opciones"))
    assert shown("¿?", plain=True, options=offered, first=10) == [Part("¿?\n\n10. a\n11. b\nMás opciones")]


@pytest.mark.parametrize(
    "written",
    [
        "*negrita*",
        "_cursiva_",
        "~tachado~",
        "`código`",
        "```bloque```",
        "**dos**",
        "ya *está* y _sigue_",
        "(*así*)",
        "*a*b*",
    ],
)
def test_what_somebody_writes_is_never_taken_for_markup(written: str) -> None:
    shown_text = harmless(written)
    assert shown_text != written
    assert len(shown_text) == len(written)
    assert harmless(shown_text) == shown_text


@pytest.mark.parametrize(
    "written", ["2*3", "a_b_c", "* punto", "~ 200 m", "https://x.example/_a_/*b*", "5 * 3 * 2", "rosa_92@x.example"]
)
def test_what_is_no_markup_stays_as_it_was(written: str) -> None:
    assert harmless(written) == written


@settings(max_examples=200)
@given(st.text(alphabet="*_~` ab\n.(", max_size=40))
def test_no_pair_of_signs_is_left(written: str) -> None:
    said = harmless(written)
    assert harmless(said) == said
    assert len(said) == len(written)


# Pictures and places


def test_a_picture_carries_the_words() -> None:
    assert shown("Mirá", PHOTO) == [Part("Mirá", PHOTO.url)]


def test_each_picture_is_a_message_and_the_last_has_the_words() -> None:
    assert shown("Mirá", OTHER, PHOTO) == [Part(url=OTHER.url), Part("Mirá", PHOTO.url)]


def test_a_menu_follows_its_picture() -> None:
    parts = shown("¿Es esto?", PHOTO, options=YES_NO)
    assert [(part.url, part.text, bool(part.menu)) for part in parts] == [
        (PHOTO.url, "", False),
        ("", "¿Es esto?", True),
    ]


def test_a_voice_note_has_no_caption() -> None:
    assert shown("Escuchá", VOICE) == [Part(url=VOICE.url), Part("Escuchá")]


def test_a_caption_too_long_becomes_a_message() -> None:
    assert [bool(part.url) for part in shown("a" * (BODY + 1), PHOTO)] == [True, False]


def test_what_whatsapp_does_not_play_is_a_link() -> None:
    assert shown("Mirá", FILM) == [Part(f"Mirá\n\n📎 {FILM.url}")]


def test_a_place_goes_before_the_words() -> None:
    place = Place(lat=-34.6, lon=-58.4, words="Plaza")
    assert shown("Acá", place=place) == [Part(place=place), Part("Acá")]
    assert shown("Acá", place=Place(words="por ahí")) == [Part("Acá")]


# Cutting


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("Bache", 24, "Bache"),
        ("Caño roto que pierde agua", 24, "Caño roto que pierde…"),
        ("Electroencefalografistas", 10, "Electroen…"),
        ("dos\nrenglones", 24, "dos renglones"),
        ("uno, dos tres", 6, "uno…"),
    ],
)
def test_a_label_is_cut_after_a_word(text: str, most: int, short: str) -> None:
    assert cut(text, most) == short


@settings(max_examples=100)
@given(st.text(max_size=60), st.integers(2, 30))
def test_a_cut_is_never_too_long(text: str, most: int) -> None:
    assert units(cut(text, most)) <= most


def test_split_keeps_every_word() -> None:
    words = " ".join(map(str, itertools.islice(itertools.count(), 1000)))
    assert " ".join(split(words, 100)) == words
