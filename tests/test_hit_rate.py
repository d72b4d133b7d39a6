"""What real people wrote leads to the right kind of problem as often as measured; the table is `tests.hit_rate`'s."""

from __future__ import annotations

import pytest

from routing.learning import Learned
from tests.hit_rate import CATALOGUE, FOLDS, POSTS, learn, measure, posts, services
from tests.machine import demo_pack

pytestmark = pytest.mark.skipif(
    not (POSTS.is_file() and CATALOGUE.is_file()), reason=f"no real data: {POSTS} (BALDOSA_SHARED names the folder)"
)
NOTHING = [Learned()] * FOLDS


def test_posts_of_residents_are_understood_and_better_once_others_were() -> None:
    before, after = (measure(demo_pack(), posts(), each) for each in (NOTHING, learn(demo_pack(), posts())))
    assert before.certain >= 0.45
    assert before.mistaken <= 0.02
    assert before.shown >= 0.68
    assert after.shown >= before.shown + 0.1
    assert after.mistaken == before.mistaken


def test_the_services_of_a_big_city_are_understood_by_their_names() -> None:
    before, after = (measure(demo_pack(), services(), each) for each in (NOTHING, learn(demo_pack(), services())))
    assert before.first >= 0.78
    assert before.mistaken <= 0.03
    assert after.first >= 0.84
    assert after.shown >= 0.94
