"""Emergencies in people's words, and what only sounds like one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from routing.alarms import KINDS, find_alarm
from routing.guarded_words import every_language
from tests.routing.posts import ABSENT, POSTS, read_posts

TABLE = tomllib.loads((Path(__file__).parent / "alarms.toml").read_text("utf-8"))
HEARD = [(kind, said) for kind, every in TABLE["heard"].items() for said in every]

CALM: list[str] = TABLE["calm"]


@pytest.mark.parametrize(("kind", "said"), HEARD)
def test_an_emergency_is_heard(kind: str, said: str) -> None:
    assert find_alarm(said) == kind


@pytest.mark.parametrize("said", CALM)
def test_what_only_sounds_like_one_is_none(said: str) -> None:
    assert find_alarm(said) is None


def test_every_language_has_words_for_every_kind() -> None:
    assert all(
        set(each.alarm) == {*KINDS, "spoken", "drill", "real", "calm", "still", "maybe"} for each in every_language()
    )


@pytest.mark.skipif(not POSTS.is_file(), reason=ABSENT)
def test_real_posts_hold_no_emergency() -> None:
    assert [post for post in read_posts() if find_alarm(post)] == []
