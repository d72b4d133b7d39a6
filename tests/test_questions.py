"""Every kind of question, and everything that people answer to it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answers import Found, Pocket, Said, Took, Unclear
from bot.choices import Choice, YesNo
from bot.messages import Contact, Media, Place
from bot.place_questions import Where
from bot.questions import AskContact, Item, Number, Photos, Question, Words
from locales import catalog
from tests.machine import CONGRESS

ES, PT, EN = catalog("es"), catalog("pt"), catalog("en")
COLOURS = (Item("r", "Rojo", "🔴"), Item("v", "Verde"), Item("a", "Azul claro"), Item("o", "Azul oscuro"))


def photo(number: int = 1, kind: Any = "photo") -> Media:
    return Media(id=f"m{number}", kind=kind, status="kept")


def read(question: Question, words: Any = ES, shown: tuple[str, ...] = (), **said: Any) -> Any:
    """Return the answer that a message gives, or the key of why it gives none."""
    heard = question.read(Said(**said), words, shown)
    return heard.value if isinstance(heard, Took) else heard.key


def colour(**values: Any) -> Choice:
    return Choice(COLOURS, "ask-category", **values)


def recognise(text: str) -> str | None:
    return next((item.value for item in COLOURS if item.label.split()[0].lower() in text.lower()), None)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"tapped": "v"}, "v"),
        ({"text": "2"}, "v"),
        ({"text": " 2. "}, "v"),
        ({"text": "verde"}, "v"),
        ({"text": "VÉRDE!"}, "v"),
        ({"text": "ver"}, "v"),
        ({"text": "azul claro"}, "a"),
        ({"text": "azul"}, "unclear-choice"),
        ({"text": "ve"}, "unclear-choice"),
        ({"text": "0"}, "unclear-choice"),
        ({"text": "5"}, "unclear-choice"),
        ({"text": "-1"}, "unclear-choice"),
        ({"text": "²"}, "unclear-choice"),
        ({"text": "99999999999999999999"}, "unclear-choice"),
        ({"text": "violeta"}, "unclear-choice"),
        ({"tapped": "x"}, "unclear-choice-needed"),
        ({"media": (photo(),)}, "unclear-choice-needed"),
        ({}, "unclear-choice-needed"),
    ],
)
def test_a_choice_is_a_tap_a_number_or_the_label(said: dict[str, Any], answer: str) -> None:
    assert read(colour(), shown=("r", "v", "a", "o"), **said) == answer


def test_a_number_means_what_was_shown_even_if_another_order_would_be_shown_now() -> None:
    assert read(colour(), shown=("o", "r"), text="1") == "o"
    assert read(colour(), shown=("o", "r"), text="3") == "unclear-choice"


def test_a_number_that_meant_what_is_offered_no_more_is_unclear() -> None:
    question = Choice(COLOURS[1:], "ask-category", recognise=recognise)
    assert read(question, shown=("v", "r"), text="1") == "v"
    assert read(question, shown=("r", "v"), text="1") == "unclear-choice"


def test_what_is_hidden_is_understood_but_not_offered() -> None:
    question = colour(hidden=(Item("n", "Negro"),))
    assert [item.value for item in question.items(ES)] == ["r", "v", "a", "o"]
    assert read(question, text="negro") == "n"
    assert question.valid("n")


def test_words_are_recognised_and_stay_when_they_tell_more() -> None:
    short = colour(recognise=recognise, keeps_words=True).read(Said(text="uno rojo"), ES, ())
    long = colour(recognise=recognise, keeps_words=True).read(Said(text="un auto rojo parado en doble fila"), ES, ())
    assert short == Took("r", frozenset({"text"}), "")
    assert long == Took("r", frozenset({"text"}), "un auto rojo parado en doble fila")


def test_words_that_choose_nothing_stay_where_they_tell_something() -> None:
    heard = colour(tells=lambda text: "auto" in text).read(Said(text="un auto"), ES, ())
    assert heard == Unclear("unclear-choice", words="un auto")
    assert colour(tells=lambda text: False).read(Said(text="un auto"), ES, ()) == Unclear("unclear-choice")


def test_a_choice_looks_into_the_pocket_and_a_confirmation_never() -> None:
    pocket = Pocket(words="rojo")
    assert colour(recognise=recognise).find(pocket, ES) == Found("r", Pocket())
    assert colour(recognise=recognise, confirms=True).find(pocket, ES) is None
    assert colour().find(pocket, ES) is None
    assert YesNo("ask-delete").find(Pocket(words="sí"), ES) is None


def test_what_is_recognised_but_not_offered_is_no_answer() -> None:
    question = Choice(COLOURS[1:], "ask-category", recognise=recognise)
    assert read(question, text="rojo") == "unclear-choice"
    assert question.find(Pocket(words="rojo"), ES) is None


@pytest.mark.parametrize(
    ("text", "words", "answer"),
    [
        ("sí", ES, True),
        ("Si!", ES, True),
        ("dale", ES, True),
        ("👍", ES, True),
        ("👍🏽", ES, True),
        ("1", ES, True),
        ("no", ES, False),
        ("No.", ES, False),
        ("2", ES, False),
        ("sim", PT, True),
        ("não", PT, False),
        ("nao", PT, False),
        ("yes", EN, True),
        ("nope", EN, False),
        ("quizás", ES, "unclear-yes-no"),
        ("", ES, "unclear-yes-no"),
        ("sí pero mañana", ES, "unclear-yes-no"),
        ("3", ES, "unclear-yes-no"),
    ],
)
def test_yes_and_no_in_many_words(text: str, words: Any, answer: object) -> None:
    assert read(YesNo("ask-delete"), words, text=text) == answer


def test_yes_and_no_by_their_buttons() -> None:
    assert [item.value for item in YesNo("ask-delete").items(ES)] == ["yes", "no"]
    assert read(YesNo("ask-delete"), tapped="yes") is True
    assert read(YesNo("ask-delete"), tapped="no") is False
    assert read(YesNo("ask-delete"), tapped="maybe") == "unclear-yes-no"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("es enorme", "es enorme"),
        ("  es enorme\n", "es enorme"),
        ("a", "a"),
        ("…", "unclear-words"),
        ("👍", "unclear-words"),
        ("", "unclear-words"),
        ("x" * 50, "x" * 50),
        ("x" * 51, "unclear-words-long"),
    ],
)
def test_words_are_kept_as_said(text: str, answer: str) -> None:
    assert read(Words("ask-details", most=50), text=text) == answer


def test_words_may_be_left_out_only_where_that_is_offered() -> None:
    optional = Words("ask-details", optional=True)
    assert [item.value for item in optional.items(ES)] == ["skip"]
    ways: tuple[dict[str, Any], ...] = ({"tapped": "skip"}, {"text": "omitir"}, {"text": "1"}, {"text": "No"})
    for said in ways:
        assert read(optional, **said) == ""
    assert Words("ask-details").items(ES) == ()
    assert read(Words("ask-details"), text="omitir") == "omitir"
    assert read(Words("ask-details"), tapped="skip") == "unclear-words"


def test_a_photo_without_a_word_answers_where_files_do() -> None:
    assert read(Words("ask-details", or_files=True), media=(photo(),)) == ""
    assert read(Words("ask-details"), media=(photo(),)) == "unclear-words"
    assert Words("ask-details", or_files=True).find(Pocket(media=(photo(),)), ES) == Found("", Pocket(media=(photo(),)))


def test_words_come_out_of_the_pocket_cut_to_size_and_grow_by_what_comes_later() -> None:
    question = Words("ask-details", most=12)
    assert question.find(Pocket(words="hay un bache enorme"), ES) == Found("hay un bache", Pocket())
    assert question.find(Pocket(words="👍"), ES) is None
    assert question.grow("uno", Pocket(words="y otro")) == Found("uno\ny otro", Pocket())
    assert question.grow("uno", Pocket()) is None


def test_photos_are_taken_up_to_as_many_as_fit_each_once() -> None:
    every = tuple(photo(n) for n in range(6))
    assert read(Photos(most=4), media=every) == every[:4]
    grown = Photos(most=4).grow(every[:3], Pocket(media=every[1:], words="w"))
    assert grown == Found(every[:4], Pocket(words="w"))


@pytest.mark.parametrize(
    ("kinds", "kept"),
    [
        (("photo", "video", "photo"), (0, 2)),
        (("video", "voice"), (0,)),
        (("voice", "document"), (1,)),
        (("voice",), (0,)),
    ],
)
def test_photos_go_before_films_and_of_these_one_is_enough(kinds: tuple[str, ...], kept: tuple[int, ...]) -> None:
    media = tuple(photo(n, kind) for n, kind in enumerate(kinds))
    assert read(Photos(), media=media) == tuple(media[n] for n in kept)


def test_photos_may_be_left_out_unless_they_are_asked_for_expressly() -> None:
    ways: tuple[dict[str, Any], ...] = ({"tapped": "skip"}, {"text": "no"}, {"text": "1"}, {"text": "sin fotos"})
    for said in ways:
        assert read(Photos(), **said) == ()
        assert read(Photos(optional=False), **said) == "unclear-photos"
    assert read(Photos(), text="después") == "unclear-photos"
    assert Photos(quiet=True).default() == ()


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"place": CONGRESS}, CONGRESS),
        ({"text": "-34.6098, -58.3925"}, Place(lat=-34.6098, lon=-58.3925, source="coordinates")),
        ({"text": "geo:-34.6098,-58.3925"}, Place(lat=-34.6098, lon=-58.3925, source="link")),
        ({"text": "Corrientes y Callao"}, Place(words="Corrientes y Callao")),
        ({"text": "no"}, "unclear-place"),
        ({"text": "ok"}, "unclear-place"),
        ({"text": "¿?"}, "unclear-place"),
        ({"media": (photo(),)}, "unclear-place"),
        ({"text": "https://maps.app.goo.gl/abcdefgh"}, "unclear-place-link"),
    ],
)
def test_a_place_is_a_pin_a_link_coordinates_or_words(said: dict[str, Any], answer: object) -> None:
    assert read(Where(), **said) == answer


def test_a_place_comes_out_of_the_pocket_and_a_later_pin_corrects_it() -> None:
    pocket = Pocket(place=CONGRESS, words="hola")
    assert Where().find(pocket, ES) == Found(CONGRESS, Pocket(words="hola"))
    assert Where().grow(Place(words="por ahí"), pocket) == Found(CONGRESS, Pocket(words="hola"))
    found = Where().find(Pocket(words="hay un pozo -34.6098, -58.3925"), ES)
    assert found
    assert (found.value.located, found.pocket.words) == (True, "hay un pozo")


@pytest.mark.parametrize(
    ("text", "answer"),
    [("5", 5), (" 1.200 ", 1200), ("0", "unclear-number"), ("1201", "unclear-number"), ("cinco", "unclear-number")],
)
def test_a_number_lies_between_its_bounds(text: str, answer: object) -> None:
    assert read(Number("ask-number", least=1, most=1200), text=text) == answer


def test_a_contact_counts_only_when_it_is_the_senders_own() -> None:
    own, foreign = Contact("+5491155551234", own=True), Contact("+5491155559876")
    assert read(AskContact(), contact=own) == own
    assert read(AskContact(), contact=foreign) == "unclear-contact-foreign"
    assert read(AskContact(), text="11 5555-1234") == "unclear-contact"
    assert AskContact().find(Pocket(contact=foreign), ES) is None
    assert AskContact().find(Pocket(contact=own), ES) == Found(own, Pocket())
