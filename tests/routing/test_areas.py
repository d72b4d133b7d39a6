"""Point in polygon: borders, holes, parts, levels, the date line; the compiled index answers as a plain scan does."""

from __future__ import annotations

import gzip
import math
import random
from pathlib import Path

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from bot.messages import Boundary
from routing.areas import rank_levels
from routing.atlas import Atlas, AtlasError, read_edition
from routing.binding import Binder
from routing.pack import read_pack
from routing.records import Area
from routing.surroundings import Surroundings
from routing.tiles import MOST_CORNERS, cut
from routing.towns import Towns
from tests.routing.outlines import atlas, boundary, ids, ragged

PACK = Path(__file__).parents[2] / "packs" / "buenos-aires"
LATAM = Path("/work/shared/geo/latam")


def own(area_id: str, outline: BaseGeometry, level: str) -> Area:
    rings = tuple(tuple((x, y) for x, y in ring.coords) for ring in shapely.get_rings(outline))
    return Area(id=area_id, level=level, titles={"es": area_id}, polygons=(rings,))


# tiles


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    corners=st.integers(3, 4000),
    seed=st.integers(0, 10_000),
    hole=st.booleans(),
    depth=st.floats(0.001, 0.9),
    data=st.data(),
)
def test_the_index_and_a_plain_scan_agree(
    tmp_path: Path, corners: int, seed: int, hole: bool, depth: float, data: st.DataObject
) -> None:
    one = ragged(corners, seed, hole, depth)
    shapes = {"one": one, "two": shapely.transform(one, lambda at: at + 0.7), "around": shapely.box(-2, -2, 2, 2)}
    index = atlas(tmp_path / "areas", *(boundary(name, shape) for name, shape in shapes.items()))
    drawn = shapely.get_coordinates(list(shapes.values()))
    place = st.tuples(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5)) | st.sampled_from(
        [tuple(at) for at in drawn.tolist()]
    )
    between = st.builds(
        lambda n, part: tuple((drawn[n] + (drawn[n + 1] - drawn[n]) * part).tolist()),
        st.integers(0, len(drawn) - 2),
        st.floats(0, 1),
    )
    for lon, lat in data.draw(st.lists(place | between, min_size=20, max_size=60)):
        point = shapely.Point(lon, lat)
        assert sorted(ids(index.at(lat, lon))) == sorted(name for name in shapes if shapes[name].intersects(point))


@pytest.mark.parametrize("hole", [False, True])
def test_no_tile_has_many_corners_and_together_they_are_the_outline(hole: bool) -> None:
    outline = ragged(20_000, 7, hole, depth=0.001)
    tiles = cut(outline)
    assert len(tiles) > 50
    shapes = [shapely.from_wkb(tile.outline) if tile.outline else shapely.box(*tile.box) for tile in tiles]
    assert max(shapely.get_num_coordinates(shapes)) <= MOST_CORNERS
    inside = [shapely.clip_by_rect(shape, *tile.box) for shape, tile in zip(shapes, tiles, strict=True)]
    assert shapely.union_all(inside).symmetric_difference(outline).area < 1e-9
    assert sum(shape.area for shape in inside) == pytest.approx(outline.area)


def test_an_outline_that_winds_like_a_spring_is_still_exact() -> None:
    turns = np.linspace(0, 2 * math.pi * 60, 6000)
    spring = shapely.LineString(np.column_stack([np.cos(turns) * turns, np.sin(turns) * turns])).buffer(0.3)
    tiles = [(tile.box, shapely.from_wkb(tile.outline) if tile.outline else None) for tile in cut(spring)]
    lots = random.Random(5)
    for _ in range(2000):
        x, y = lots.uniform(-380, 380), lots.uniform(-380, 380)
        near = [shape for box, shape in tiles if box[0] <= x <= box[2] and box[1] <= y <= box[3]]
        assert any(s is None or s.intersects(shapely.Point(x, y)) for s in near) == spring.intersects(
            shapely.Point(x, y)
        )


# the compiled file


def test_a_hole_belongs_to_nobody_and_its_border_to_the_area(tmp_path: Path) -> None:
    ring = shapely.box(0, 0, 10, 10).difference(shapely.box(4, 4, 6, 6))
    index = atlas(tmp_path / "areas", boundary("ring", ring))
    assert ids(index.at(5, 5)) == []
    assert ids(index.at(5, 4)) == ids(index.at(1, 1)) == ids(index.at(0, 0)) == ["ring"]
    assert ids(index.at(5, 10.000001)) == ids(index.at(-1, 5)) == []


def test_an_island_in_the_hole_and_parts_far_away_belong_to_one_area(tmp_path: Path) -> None:
    parts = [shapely.box(0, 0, 10, 10).difference(shapely.box(4, 4, 6, 6)), shapely.box(20, 20, 21, 21)]
    index = atlas(
        tmp_path / "areas", boundary("many", shapely.union_all(parts)), boundary("isle", shapely.box(4, 4, 6, 6))
    )
    assert ids(index.at(20.5, 20.5)) == ["many"]
    assert ids(index.at(5, 5)) == ["isle"]
    assert sorted(ids(index.at(4, 5))) == ["isle", "many"]


def test_a_border_belongs_to_both_neighbours(tmp_path: Path) -> None:
    index = atlas(
        tmp_path / "areas", boundary("west", shapely.box(0, 0, 1, 1)), boundary("east", shapely.box(1, 0, 2, 1))
    )
    assert sorted(ids(index.at(0.5, 1.0))) == ["east", "west"]
    assert ids(index.at(0.5, 0.999999)) == ["west"]


def test_180_degrees_is_one_meridian_from_both_sides(tmp_path: Path) -> None:
    isles = shapely.MultiPolygon([shapely.box(179, -18, 180, -16), shapely.box(-180, -18, -179, -16)])
    index = atlas(tmp_path / "areas", boundary("isles", isles), boundary("east", shapely.box(-180, -18, -179, -16)))
    assert sorted(ids(index.at(-17, 180.0))) == sorted(ids(index.at(-17, -180.0))) == ["east", "isles"]


def test_a_file_that_is_cut_off_or_of_another_kind_is_refused_and_has_no_edition(tmp_path: Path) -> None:
    path = tmp_path / "areas"
    atlas(path, boundary("one", shapely.box(0, 0, 1, 1)))
    assert read_edition(path) == "first"
    whole = path.read_bytes()
    for content in (b"", b"{}", whole[:-1], whole[: len(whole) // 2], b"x" + whole[1:]):
        path.write_bytes(content)
        assert read_edition(path) == ""
        with pytest.raises(AtlasError):
            Atlas(path)
    assert read_edition(tmp_path / "missing") == ""


def test_a_reader_of_the_old_file_reads_on_in_it(tmp_path: Path) -> None:
    path = tmp_path / "areas"
    old = atlas(path, boundary("old", ragged(3000, 1)))
    new = atlas(path, boundary("new", shapely.box(5, 5, 6, 6)))
    assert ids(old.at(0, 0)) == ["old"]
    assert ids(new.at(0, 0)) == []
    assert ids(new.at(5.5, 5.5)) == ["new"]


def test_an_attempt_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "areas"
    atlas(path, boundary("one", shapely.box(0, 0, 1, 1)))
    before = path.read_bytes()
    with pytest.raises(shapely.errors.GEOSException), Binder(path) as binder:
        binder.add([Boundary("bad", "XX", "m", "", "bad", "{}", "", b"no outline")])
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["areas"]


def test_no_areas_are_a_file_too(tmp_path: Path) -> None:
    index = atlas(tmp_path / "areas")
    assert index.at(0, 0) == Atlas().at(0, 0) == []
    assert index.parts((0, 0, 1, 1)) == []


# levels


def test_a_level_that_the_pack_does_not_list_stands_where_its_size_puts_it() -> None:
    sizes = {"city": 200.0, "comuna": 10.0, "province": 300_000.0, "municipality": 250.0, "block": 0.01}
    ranks = rank_levels(["city", "comuna"], sizes)
    assert sorted(ranks, key=lambda level: ranks[level]) == ["province", "municipality", "city", "comuna", "block"]


def test_what_the_pack_lists_keeps_its_order_whatever_the_sizes() -> None:
    assert rank_levels(["a", "b", "c"], {"a": 1.0, "b": 5.0}) == {"a": 0, "b": 1, "c": 2}


def test_own_and_imported_areas_answer_together_most_specific_first(tmp_path: Path) -> None:
    around = Surroundings([own("city", shapely.box(0, 0, 10, 10), "city")], ["country", "city", "quarter"])
    assert ids(around.at(5, 5)) == ["city"]
    around.use(
        atlas(
            tmp_path / "areas",
            boundary("country", shapely.box(-50, -50, 50, 50), "country"),
            boundary("wide", shapely.box(4, 4, 8, 8), "quarter"),
            boundary("small", shapely.box(4, 4, 6, 6), "quarter"),
            boundary("city", shapely.box(0, 0, 1, 1), "city"),
        )
    )
    assert ids(around.at(5, 5)) == ["small", "wide", "city", "country"]
    assert ids(around.at(0.5, 0.5)) == ["city", "country"]  # once: the pack's own counts
    assert ids(around.at(40, 40)) == ["country"]
    found = around.area("country")
    assert found is not None
    assert found.name("es") == "Name of country"
    around.use(Atlas())
    assert ids(around.at(5, 5)) == ["city"]


# the demo, and where nothing is known


def test_the_demo_pack_asks_between_two_comunas_at_their_border() -> None:
    pack = read_pack(PACK)
    shapes = {area.id: shapely.Polygon(area.polygons[0][0]) for area in pack.area_choices()}
    shared = shapes["comuna-14"].intersection(shapes["comuna-15"]).interpolate(0.5, normalized=True)
    found = pack.look(shared.y, shared.x)
    assert sorted(ids(found.between)) == ["comuna-14", "comuna-15"]
    for area in found.between:
        assert ids(pack.areas_in(area, shared.y, shared.x))[:2] == [area.id, "ciudad"]


TOWNS = Towns(
    np.array([-34.6, -33.0, -17.0]),
    np.array([-58.4, -60.6, 179.9]),
    [("Puerto", "Puerto", "AR"), ("Villa", "Provincia", "AR"), ("Isla", "", "FJ")],
)


def test_the_nearest_town_is_told_with_its_province_and_country_in_the_readers_language() -> None:
    assert TOWNS.nearest(-33.1, -60.5, "es") == "Villa, Provincia, Argentina"
    assert TOWNS.nearest(-34.6, -58.3, "es") == "Puerto, Argentina"
    assert TOWNS.nearest(-17.0, -179.9, "es") == "Isla, Fiyi"
    assert TOWNS.nearest(-17.0, -179.9, "pt") == "Isla, Fiji"


def test_no_town_is_near_on_the_high_sea() -> None:
    assert TOWNS.nearest(0.0, -30.0, "es") == TOWNS.nearest(-33.0, -63.0, "es") == ""


def test_a_town_is_only_told_where_no_area_is(street: Surroundings) -> None:
    street.use_towns(lambda lat, lon: "Villa")
    assert street.look(0.5, 0.5).near == ""
    assert street.look(5.0, 5.0) == ((), (), "Villa")


# all of Latin America, where it is at hand


@pytest.mark.slow
@pytest.mark.skipif(not LATAM.is_dir(), reason="the boundaries of Latin America are not at hand")
@pytest.mark.parametrize("country", sorted(path.name.partition(".")[0] for path in LATAM.glob("*.gz")) or ["AR"])
def test_every_municipality_holds_its_own_inner_point(tmp_path: Path, country: str) -> None:
    check_country(tmp_path, country)


def check_country(folder: Path, country: str) -> None:
    """Each outline's inner point lies in it, by the index as by the outline itself."""
    features = msgspec.json.decode(gzip.decompress((LATAM / f"{country}.geojson.gz").read_bytes()))["features"]
    shapes = {
        each["properties"]["id"]: shapely.from_geojson(msgspec.json.encode(each["geometry"])) for each in features
    }
    index = atlas(folder / country, *(boundary(area_id, shape) for area_id, shape in shapes.items()))
    points = {area_id: shape.representative_point() for area_id, shape in shapes.items()}
    assert [area_id for area_id, at in points.items() if area_id not in ids(index.at(at.y, at.x))] == []
