"""What is learnt from confirmed choices: which words count, what they come to mean, and how little that may do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.learning import Count, Learned, telling_words
from tests.machine import demo_pack

PACK = demo_pack()
# "Pileta" is no word of the pack's; "hace" and "días" are said of everything.
TOLD = Learned(
    [
        Count("es", "pileta", "inundacion", 9),
        Count("es", "piletas", "inundacion", 3),
        Count("es", "pileta", "sin-agua", 1),
        *(Count("es", word, leaf, 10) for word in ("hace", "dias") for leaf in ("inundacion", "bache", "ratas")),
        Count("pt", "piscina", "inundacion", 8),
    ]
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("La esquina es una pileta desde hace 3 días!!", ("esquina", "pileta", "dias")),
        ("ayer Marta se cayó", ("ayer", "cayo")),
        ("vive Marta Gómez en Av. Santa Fe 3200", ("vive",)),
        ("MI CALLE ES UNA PILETA", ("calle", "pileta")),
        ("llamen al 11 5555-1234", ("llamen",)),
        ("pileta pileta piletón", ("pileta", "pileton")),
        ("a b cd " + "x" * 40, ()),
        ("", ()),
    ],
)
def test_only_words_that_may_tell_something_count(text: str, words: tuple[str, ...]) -> None:
    assert telling_words(text, "es") == words


def test_a_novel_counts_no_more_than_its_beginning() -> None:
    assert len(telling_words(" ".join(f"palabra{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(500)), "es")) <= 40


def test_a_word_that_was_confirmed_suggests_what_it_was_confirmed_for() -> None:
    assert PACK.recognition.suggest("la esquina es una pileta", "es") == ()
    assert PACK.recognition.suggest("la esquina es una pileta", "es", 1, TOLD) == ("inundacion",)


@pytest.mark.parametrize("said", ["son unas piletas", "es una piletaa", "hay pileta"])
def test_plurals_and_slips_are_the_same_word(said: str) -> None:
    assert next(iter(TOLD.weigh(said, "es"))) == "inundacion"


def test_what_is_said_of_everything_tells_nothing() -> None:
    weights = TOLD.weigh("hace días", "es")
    assert max(weights.values(), default=0) < 0.25 * TOLD.weigh("pileta", "es")["inundacion"]


def test_what_was_learnt_in_one_language_says_nothing_in_another() -> None:
    assert TOLD.weigh("pileta", "pt") == {}
    assert TOLD.weigh("piscina", "pt-BR").keys() == {"inundacion"}
    assert TOLD.weigh("pileta", "fr") == Learned().weigh("pileta", "es") == {}


def test_a_sure_word_of_the_pack_stays_before_what_was_learnt() -> None:
    assert PACK.recognition.suggest("hay un bache que es una pileta", "es", 2, TOLD) == ("bache", "inundacion")


def test_what_was_learnt_is_never_taken_for_certain() -> None:
    assert PACK.recognition.recognise("la esquina es una pileta", "es") is None


def test_a_category_that_the_pack_has_dropped_is_not_suggested() -> None:
    dropped = Learned([Count("es", "pileta", "piscinas", 50)])
    assert PACK.recognition.suggest("pileta", "es", learned=dropped) == ()


def test_a_word_said_once_weighs_less_than_one_said_often() -> None:
    others = [Count("es", "pozo", "bache", 50)]
    once, often = (Learned([*others, Count("es", "pileta", "inundacion", n)]).weigh("pileta", "es") for n in (1, 30))
    assert 0 < once["inundacion"] < 0.5 * often["inundacion"]


def test_it_can_be_told_why() -> None:
    assert list(TOLD.why("una pileta hace días", "es")) == [
        ("pileta", "inundacion", 12, 13),
        ("dias", "inundacion", 10, 30),
    ]


COUNTS = st.lists(
    st.builds(
        Count, st.sampled_from(["es", "pt"]), st.text(min_size=1, max_size=8), st.just("bache"), st.integers(1, 9)
    )
)


@given(COUNTS, st.text(max_size=200))
def test_no_words_and_no_counts_are_too_odd(counts: list[Count], words: str) -> None:
    learned = Learned(counts)
    assert set(PACK.recognition.suggest(words, "es", learned=learned)) <= {each.id for each in PACK.records.categories}
    assert all(weight >= 0 for weight in learned.weigh(words, "es").values())
