"""What is held back as a test, rubbish or a mere insult, and the angry reports that never are."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from routing.earnest import find_doubt
from tests.routing.posts import ABSENT, POSTS, read_posts

TABLE = tomllib.loads((Path(__file__).parent / "doubts.toml").read_text("utf-8"))
DOUBTED = [(doubt, said) for doubt, every in TABLE["doubted"].items() for said in every]


@pytest.mark.parametrize(("doubt", "said"), DOUBTED)
def test_what_is_not_meant_is_doubted(doubt: str, said: str) -> None:
    assert find_doubt(said) == doubt


@pytest.mark.parametrize("said", TABLE["meant"]["reports"])
def test_an_angry_report_is_a_report(said: str) -> None:
    assert find_doubt(said) is None


@pytest.mark.parametrize("said", ["", "   ", "...", "👍"])
def test_no_words_raise_no_doubt(said: str) -> None:
    assert find_doubt(said) is None


@pytest.mark.skipif(not POSTS.is_file(), reason=ABSENT)
def test_no_real_post_is_doubted() -> None:
    assert [post for post in read_posts() if find_doubt(post)] == []
