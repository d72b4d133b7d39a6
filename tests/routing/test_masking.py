"""Personal data in public words: what is masked, and the numbers and names that are nobody's."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages import Place
from handlers.views import MOST_SEEN, seen_place
from routing.masking import KINDS, OFFICE_KINDS, find_personal, mask, masked_or_none
from tests.routing.posts import ABSENT, POSTS, read_posts

TABLE = tomllib.loads((Path(__file__).parent / "masking.toml").read_text("utf-8"))
MASKED = [(said, kind) for kind, every in TABLE["masked"].items() for said in every]
LEFT: list[str] = TABLE["left"]


@pytest.mark.parametrize(("said", "kind"), MASKED)
def test_personal_data_is_masked(said: str, kind: str) -> None:
    plain = said.replace("{", "").replace("}", "")
    found = find_personal(plain)
    wanted = [part.partition("}")[0] for part in said.split("{")[1:]]
    assert [plain[span.start : span.end] for span in found] == wanted
    assert {span.kind for span in found} == {kind}


@pytest.mark.parametrize("said", LEFT)
def test_what_is_nobodys_is_left(said: str) -> None:
    assert mask(said, "es") == (said, ())
    assert masked_or_none(said, "es") is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("es", "soy [nombre], [teléfono], [documento], [patente], [correo], [usuario]"),
        ("pt", "soy [nome], [telefone], [documento], [placa], [e-mail], [usuário]"),
        ("en", "soy [name], [phone], [document], [plate], [e-mail], [user]"),
    ],
)
def test_what_stands_instead_is_said_in_the_readers_language(language: str, text: str) -> None:
    said = "soy Ana Paz, 1155554444, 30.123.456, AA123BB, ana@correo.com, @anapaz"
    assert mask(said, language).text == text


def test_an_offices_telephone_stays_readable() -> None:
    said = "Llamen al 4523-1234 o a obras@comuna14.gob.ar; el auto AA123BB ya se retiró"
    masked = mask(said, "es", OFFICE_KINDS).text
    assert masked == "Llamen al 4523-1234 o a obras@comuna14.gob.ar; el auto [patente] ya se retiró"


PIECES = [said.replace("{", "").replace("}", "") for said, _ in MASKED] + [each for each in LEFT if each]
pieces = st.lists(
    st.sampled_from(PIECES) | st.text(max_size=12) | st.from_regex(r"[\d .+()/-]{1,20}", fullmatch=True), max_size=5
)
texts = st.builds(
    lambda parts, between: between.join(parts), pieces, st.sampled_from([" ", ", ", ". ", "\n", "", " - "])
)


@settings(max_examples=400, deadline=None)
@given(texts)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text, "es").text
    assert mask(once, "es") == (once, ())


@settings(max_examples=400, deadline=None)
@given(texts, st.sampled_from(["es", "pt", "en"]))
def test_nothing_outside_the_spans_is_touched(text: str, language: str) -> None:
    masked = mask(text, language)
    rest, at = masked.text, 0
    for span in masked.spans:
        assert at <= span.start < span.end <= len(text)
        assert rest.startswith(text[at : span.start])
        rest = rest[span.start - at :]
        rest, at = rest[rest.index("]") + 1 :], span.end
    assert rest == text[at:]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["llamame al ", "", "soy Ana, ", "Thames 1800, ", "mi cel: "]),
    st.integers(20_000_000, 69_999_999),
    st.sampled_from(
        [
            "11{0}{1}",
            "+54 9 11 {0}-{1}",
            "15 {0} {1}",
            "(011) {0}-{1}",
            "11 {0} {1}",
            "011.{0}.{1}",
            "(11) 9{0}-{1}",
            "54911{0}{1}",
        ]
    ),
    st.sampled_from(["", ", gracias", ". Cabildo y Juramento", "\nhay un pozo"]),
)
def test_no_digit_of_a_telephone_is_left(before: str, number: int, form: str, after: str) -> None:
    phone = form.format(str(number)[:4], str(number)[4:])
    masked = mask(before + phone + after, "es")
    kept = "".join(before.replace("Ana", "[nombre]")) + "[teléfono]" + after
    assert masked.text == kept


@pytest.mark.skipif(not POSTS.is_file(), reason=ABSENT)
def test_nothing_but_handles_is_masked_in_real_posts() -> None:
    posts = read_posts()
    kinds = {span.kind for post in posts for span in find_personal(post)}
    assert kinds <= {"handle"}
    assert sum(post.count("@usuario") for post in posts) == sum(len(find_personal(post)) for post in posts)


def test_every_language_says_every_kind() -> None:
    from routing.guarded_words import every_language

    assert all(set(each.hidden) == set(KINDS) for each in every_language())


def cost(text: str) -> float:
    """The seconds of processor that it takes to mask a text, the least of a few."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        mask(text, "es")
        spent.append(time.process_time() - began)
    return min(spent)


@pytest.mark.parametrize("piece", ["1 ", "1 - 12 ", "1/", "a", "a.", "ana@correo.com ", "soy Ana, ", "1155554444 "])
def test_four_times_the_words_cost_about_four_times_the_time(piece: str) -> None:
    mask(piece, "es")
    text = piece * (600 // len(piece))
    assert cost(text * 4) <= 6 * cost(text)


def test_of_a_place_no_more_is_masked_than_is_seen() -> None:
    seen = seen_place(Place(words="Thames 1800 1155554444 " * 200), "es").words
    assert "[teléfono]" in seen
    assert len(seen) <= MOST_SEEN + 50 * len("[teléfono]")
    assert "1155554444" not in seen
