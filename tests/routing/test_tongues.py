"""The language that first words show: clearly another one, or the one that was guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locales import LANGUAGES, catalog
from routing.pack import Pack
from tests.machine import demo_pack


@pytest.fixture(scope="module")
def pack() -> Pack:
    return demo_pack()


SHOWN = [
    ("oi", "pt"),
    ("Bom dia, tudo bem?", "pt"),
    ("BURACO NA RUA av corrientes 1234 quase callao", "pt"),
    ("lixo na calcada rua malabia 1700", "pt"),
    ("AJUDA", "pt"),
    ("PARAR", "pt"),
    ("MEUS", "pt"),
    ("SOMO K7Q4-2MX", "pt"),
    ("hello", "en"),
    ("there is a pothole at corrientes and callao", "en"),
    ("JOIN K7Q42MX", "en"),
]
GUESSED = [
    "hola",
    "ola",
    "AYUDA",
    "HELP",
    "STOP",
    "ESTADO K7Q42MX",
    "STATUS K7Q42MX",
    "BACHE AV CORRIENTES 1234",
    "semaforo roto cordoba e pueyrredon",
    "hace rato que hay un problema en la esquina",
    "hola, tem um problema",
    "sim",
    "ok",
    "1",
    "",
    "👍",
]


@pytest.mark.parametrize(("words", "language"), SHOWN)
def test_words_of_one_language_alone_show_it(pack: Pack, words: str, language: str) -> None:
    assert pack.recognition.language_of(words, "es") == language
    assert pack.recognition.language_of(words, language) == language


@pytest.mark.parametrize("words", GUESSED)
def test_what_shows_no_other_language_leaves_the_guess(pack: Pack, words: str) -> None:
    assert pack.recognition.language_of(words, "es-AR") == "es-AR"


@given(st.text(), st.sampled_from([*LANGUAGES, "pt-BR", "xx"]))
def test_no_words_are_an_exception(words: str, guess: str) -> None:
    assert demo_pack().recognition.language_of(words, guess) in {*LANGUAGES, guess}


def test_no_word_means_yes_in_one_language_and_no_in_another() -> None:
    for language in LANGUAGES:
        words = catalog(language)
        assert not set(words.yes) & (set(words.no) | set(words.skip) | set(words.unsure))
        assert {"sim", "dale", "yes"} <= set(words.yes)
        assert {"nao", "no", "nope"} <= set(words.no)


def test_a_word_for_a_while_is_no_rat(pack: Pack) -> None:
    assert pack.recognition.recognise("hace rato que hay un problema en mi cuadra", "es") is None
    assert pack.recognition.recognise("tem um rato na praça", "pt") == "ratas"
