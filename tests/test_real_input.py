"""Real posts, addresses and coordinates through the running machine; the figures are `python -m tests.real_input`'s."""

from __future__ import annotations

import pytest

from tests.real_input import ADDRESSES, PLACES, POSTS, play

pytestmark = pytest.mark.skipif(
    not (POSTS.is_file() and ADDRESSES.is_file()), reason=f"no real data: {POSTS} (BALDOSA_SHARED names the folder)"
)


@pytest.mark.slow
async def test_real_people_are_understood(sqlite_url: str) -> None:
    report = await play(sqlite_url)
    posts = report.posts
    assert posts["became tickets"] == posts["to report"] == 90
    assert sum(report.questions) / len(report.questions) <= 3.0
    assert posts["recognised wrongly"] <= 2
    assert posts["recognised rightly"] >= 38
    assert posts["nothing to report, and taken for a category"] <= 4
    assert report.addresses["became tickets"] == PLACES
    # The demo's comunas are drawn by hand, a block or two beside the real ones.
    assert report.addresses["right comuna"] >= 0.95 * PLACES
    assert report.coordinates["right comuna"] >= 0.88 * PLACES
    assert report.coordinates["right comuna"] + report.coordinates["wrong comuna"] == PLACES
