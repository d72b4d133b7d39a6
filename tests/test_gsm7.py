"""The SMS alphabet: everything can be written with it, and what it costs is counted right."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.gsm7 import ALPHABET, EXTENSION, is_gsm7, segments, transliterate, units

anything = st.text(max_size=80)
writable = st.text(st.sampled_from(sorted(ALPHABET)), max_size=700)
few = settings(max_examples=60, deadline=None)


@few
@given(anything)
def test_whatever_is_said_can_be_sent_without_ucs_2(text: str) -> None:
    assert is_gsm7(transliterate(text))


@few
@given(writable)
def test_what_the_alphabet_holds_stays_as_it_is(text: str) -> None:
    assert transliterate(text) == text


@few
@given(anything)
def test_writing_twice_changes_nothing(text: str) -> None:
    assert transliterate(transliterate(text)) == transliterate(text)


def test_every_sign_of_unicode_has_a_way() -> None:
    assert all(is_gsm7(transliterate(chr(number))) for number in range(0x3400) if not 0xD800 <= number <= 0xDFFF)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("¿Dónde está la vereda? Ñandú", "¿Donde esta la vereda? Ñandu"),
        ("ÁÍÓÚáíóú éÉ üÜ ñÑ àèù", "AIOUaiou éÉ üÜ ñÑ àèù"),
        ("Não há iluminação, às três", "Nao ha iluminacao, às tres"),
        ("«comillas» “inglesas” ‘simples’", '"comillas" "inglesas" \'simples\''),
        ("— guión – y…", "- guion - y..."),
        ("N.º 3, 2ª, 20 °C", "N.o 3, 2a, 20 oC"),
        ("½ cuadra → 5 €", "1/2 cuadra -> 5 €"),
        ("dale 👍🏽", "dale OK"),
        ("🕳️ bache", " bache"),
        ("a\u0301rbol con tilde suelta", "arbol con tilde suelta"),
        ("🇦🇷 y 👩‍👩‍👧", " y "),
        ("1️⃣ y ²", "1 y 2"),
        ("Москва", "Moskva"),
        ("Αθήνα", "Athena"),
        ("かな カナ", "kana kana"),
        ("道路", "??"),
        ("a\u00a0b\u200bc\u2028d", "a bc\nd"),
    ],
)
def test_it_reads_as_people_would_write_it(text: str, written: str) -> None:
    assert transliterate(text) == written


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("[" * 80, 1),
        ("[" * 81, 2),
        ("a" * 1530, 10),
        ("ó" * 70, 1),
        ("ó" * 71, 2),
        ("ó" * 134, 2),
        ("ó" * 135, 3),
    ],
)
def test_parts_are_counted_as_they_are_paid(text: str, parts: int) -> None:
    assert segments(text) == parts


def test_an_escape_is_not_split_between_two_parts() -> None:
    # 152 letters and the escape leave one place unused: what fitted by its length alone takes a part more.
    text = "a" * 152 + "[" + "a" * 151
    assert units(text) == 305
    assert segments(text) == 2
    assert segments(text + "a") == 3
    assert segments("a" * 306) == 2


@few
@given(writable)
def test_parts_hold_what_they_say(text: str) -> None:
    parts = segments(text)
    assert units(text) <= (160 if parts == 1 else 153 * parts)
    assert parts == 1 or units(text) > 160
    # Each part may waste one place on a sign that takes two, no more.
    assert parts == 1 or units(text) > 152 * (parts - 1) - 1


def test_what_takes_two_is_what_the_standard_says() -> None:
    assert sorted(EXTENSION) == sorted("^{}\\[~]|€")
    assert len(ALPHABET) == 127 + 9
