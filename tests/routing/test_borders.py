"""Who is nearer to a border than her position is exact is asked on which side she is."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.borders import MOST_OFFERED, disc
from routing.surroundings import Surroundings
from tests.routing.outlines import atlas, boundary, ids, ragged

# A degree of latitude.
DEGREE_M = 111_195.0


def metres(m: float) -> float:
    return m / DEGREE_M


@pytest.mark.parametrize(
    ("off", "accuracy", "asked"),
    [(14, None, True), (16, None, False), (14, 5, True), (16, 17, True), (90, 100, True), (110, 100, False)],
)
def test_who_is_nearer_to_a_border_than_her_position_is_exact_is_asked(
    street: Surroundings, off: float, accuracy: float | None, asked: bool
) -> None:
    found = street.look(0.5, metres(off), accuracy)
    assert ids(found.areas) == ["east", "city"]
    assert ids(found.between) == (["east", "west"] if asked else [])


def test_the_likelier_side_comes_first(street: Surroundings) -> None:
    assert ids(street.look(0.5, -metres(3), 30).between) == ["west", "east"]
    assert ids(street.look(0.5, metres(3), 30).between) == ["east", "west"]


def test_beside_a_settlement_it_is_the_settlement_or_what_is_around_it(street: Surroundings) -> None:
    found = street.look(0.15, 0.2 + metres(5))
    assert ids(found.areas) == ["east", "city"]
    assert ids(found.between) == ["east", "camp"]
    camp, quarter = street.area("camp"), street.area("east")
    assert camp is not None
    assert quarter is not None
    assert ids(street.inside(camp, 0.15, 0.2 + metres(5))) == ["camp", "east", "city"]
    assert ids(street.inside(quarter, 0.15, 0.2 - metres(5))) == ["east", "city"]  # she says that it is not in the camp


def test_deep_inside_the_narrowest_nothing_is_asked_whatever_wider_borders_are_near(tmp_path: Path) -> None:
    around = Surroundings([], ["province", "city"])
    rows = (
        boundary("city", shapely.box(0, 0, 1, 1), "city"),
        boundary("north", shapely.box(0, 0.5, 1, 1), "province"),
        boundary("south", shapely.box(0, 0, 1, 0.5), "province"),
    )
    around.use(atlas(tmp_path / "areas", *rows))
    assert around.look(0.5 + metres(3), 0.5).between == ()


def test_where_two_of_one_level_overlap_she_is_asked(tmp_path: Path) -> None:
    around = Surroundings([], ["city"])
    rows = boundary("one", shapely.box(0, 0, 2, 1), "city"), boundary("other", shapely.box(1, 0, 3, 1), "city")
    around.use(atlas(tmp_path / "areas", *rows))
    assert sorted(ids(around.look(0.5, 1.5).between)) == ["one", "other"]
    assert around.look(0.5, 0.5).between == ()


def test_a_step_off_the_quay_is_still_in_the_harbour(street: Surroundings) -> None:
    off = street.look(0.5, 1 + metres(10))
    assert ids(off.areas) == ["east", "city"]
    assert off.between == ()
    assert street.look(0.5, 1 + metres(40)).areas == ()
    assert ids(street.look(0.5, 1 + metres(40), 60).areas) == ["east", "city"]


def test_a_border_far_north_is_measured_in_metres_too(tmp_path: Path) -> None:
    around = Surroundings([], ["city"])
    rows = boundary("west", shapely.box(-1, 59, 0, 61), "city"), boundary("east", shapely.box(0, 59, 1, 61), "city")
    around.use(atlas(tmp_path / "areas", *rows))
    east = metres(1) / math.cos(math.radians(60))
    assert len(around.look(60.0, 14 * east).between) == 2
    assert around.look(60.0, 16 * east).between == ()


def test_a_position_at_180_degrees_may_be_on_both_sides(tmp_path: Path) -> None:
    around = Surroundings([], ["city"])
    rows = (
        boundary("before", shapely.box(179, -1, 180, 1), "city"),
        boundary("after", shapely.box(-180, -1, -179, 1), "city"),
    )
    around.use(atlas(tmp_path / "areas", *rows))
    assert ids(around.look(0.0, 180 - metres(5)).between) == ["before", "after"]
    assert ids(around.look(0.0, -180 + metres(5)).between) == ["after", "before"]
    assert around.look(0.0, 180 - metres(50)).between == ()


def test_a_position_that_is_hardly_one_offers_no_more_than_a_list_holds(tmp_path: Path) -> None:
    around = Surroundings([], ["block"])
    blocks = [(x, y) for x in range(8) for y in range(8)]
    size = metres(100)
    rows = (
        boundary(f"{x}-{y}", shapely.box(x * size, y * size, (x + 1) * size, (y + 1) * size), "block")
        for x, y in blocks
    )
    around.use(atlas(tmp_path / "areas", *rows))
    found = around.look(4.5 * size, 4.5 * size, 1e9)
    assert len(found.between) == MOST_OFFERED
    assert ids(found.areas) == ["4-4"]


@settings(max_examples=60, deadline=None)
@given(lat=st.floats(-89.9, 89.9), lon=st.floats(-180, 180), accuracy=st.none() | st.floats(0, 1e7))
def test_where_a_position_may_be_is_a_valid_disc_around_it(lat: float, lon: float, accuracy: float | None) -> None:
    where = disc(lat, lon, accuracy)
    assert where.is_valid
    assert where.area > 0
    assert where.distance(shapely.Point(lon, lat)) < 1e-6
    west, south, east, north = where.bounds
    assert -180 <= west < east <= 180
    assert -90 <= south < north <= 90


def test_tiles_know_as_much_of_borders_as_whole_outlines(tmp_path: Path) -> None:
    outline = ragged(5000, 3, hole=True)
    index = atlas(tmp_path / "areas", boundary("one", outline))
    lots = random.Random(9)
    for _ in range(300):
        x, y, size = lots.uniform(-1, 1), lots.uniform(-1, 1), lots.uniform(1e-5, 0.3)
        box = (x, y, x + size, y + size)
        parts = shapely.union_all([part.shape for part in index.parts(box)])
        assert parts.symmetric_difference(shapely.clip_by_rect(outline, *box)).area < 1e-12
