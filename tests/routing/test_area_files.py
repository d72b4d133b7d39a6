"""Boundaries as they come: GeoJSON of every cut, mended where it can be, and told by the feature's name."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.area_files import AreaFile, FileError, Names
from routing.mending import Unusable, mend

SQUARE = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]
HOLE = [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 0.5]]


def feature(area_id: Any = "one", geometry: Any = None, **properties: Any) -> dict[str, Any]:
    said = {"id": area_id, "name": "Uno", "level": "municipality", "country": "ar", **properties}
    shape = {"type": "Polygon", "coordinates": [SQUARE]} if geometry is None else geometry
    return {"type": "Feature", "properties": said, "geometry": shape}


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def collection(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}, indent=1).encode()


def lines(*features: Any) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in features) + b"\n"


def opened(tmp_path: Path, content: bytes, names: Names | None = None) -> AreaFile:
    path = tmp_path / "some.geojson"
    path.write_bytes(content)
    return AreaFile(path, names or Names())


BOTH = (feature("one"), feature("two", polygon(SQUARE, HOLE), name="Dos", parent_id=7, people=12, tags=["a"]))


@pytest.mark.parametrize(
    "content",
    [
        collection(*BOTH),
        b"\xef\xbb\xbf" + collection(*BOTH),
        gzip.compress(collection(*BOTH), mtime=0),
        lines(*BOTH),
        gzip.compress(lines(*BOTH), mtime=0),
        lines(*BOTH).replace(b"\n", b"\r\n\r\n"),
        b"".join(b"\x1e" + line + b"\n" for line in lines(*BOTH).splitlines()),
        json.dumps({"features": BOTH, "type": "FeatureCollection"}).encode(),
    ],
    ids=["whole", "byte order mark", "gzip", "lines", "gzip lines", "windows lines", "sequence", "in one line"],
)
def test_a_file_is_read_however_it_is_cut(tmp_path: Path, content: bytes) -> None:
    file = opened(tmp_path, content)
    assert [head.id for head in file.heads] == ["one", "two"]
    (one, none), (two, nothing) = file.read(0, 9)
    assert none == nothing == ()
    assert one is not None
    assert two is not None
    assert (two.id, two.name, two.country, two.level, two.parent) == ("two", "Dos", "AR", "municipality", "7")
    assert json.loads(two.about)["people"] == 12
    assert shapely.from_wkb(one.outline).equals(shapely.box(0, 0, 2, 2))
    assert not shapely.from_wkb(two.outline).covers(shapely.Point(0.8, 0.6))


def test_one_feature_alone_is_a_file_too(tmp_path: Path) -> None:
    assert [head.id for head in opened(tmp_path, json.dumps(feature()).encode()).heads] == ["one"]


def test_names_of_properties_are_the_offices_own(tmp_path: Path) -> None:
    raw = {"type": "Feature", "id": 77, "properties": {"NAM": " San   Juan ", "in1": "06"}, "geometry": polygon(SQUARE)}
    names = Names(name=("nombre", "NAM"), parent=("in1",), fixed_country="ar", fixed_level="department")
    ((row, warnings),) = opened(tmp_path, collection(raw), names).read(0, 1)
    assert row is not None
    assert warnings == ()
    assert (row.id, row.name, row.parent, row.country, row.level) == ("77", "San Juan", "06", "AR", "department")


def test_bare_numbers_become_ids_by_a_prefix(tmp_path: Path) -> None:
    raw = collection(feature("02007", parent_id="02"), feature("", name="Sin id"), feature("02000"))
    file = opened(tmp_path, raw, Names(prefix="AR-"))
    assert [head.id for head in file.heads] == ["AR-02007", "", "AR-02000"]
    assert [head.fields["parent"] for head in file.heads] == ["AR-02", "", ""]


def test_the_digest_of_an_area_changes_with_anything_that_is_kept_of_it(tmp_path: Path) -> None:
    moved = polygon([[0, 0], [2, 0], [2, 3], [0, 0]])
    variants = [feature(), feature(name="Una"), feature(people=3), feature(level="city"), feature(geometry=moved)]
    found = [row.digest for each in variants for row, _ in opened(tmp_path, collection(each)).read(0, 1) if row]
    assert len(set(found)) == len(variants)
    again = [row.digest for row, _ in opened(tmp_path, gzip.compress(lines(variants[0]))).read(0, 1) if row]
    assert again == found[:1]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (feature("x", {"type": "Point", "coordinates": [1, 2]}), "its geometry is Point"),
        (feature("x", {}), "its geometry is missing"),
        (feature("x", polygon()), "no ring"),
        (feature("x", polygon([[0, 0], [1, 1], [0, 0]])), "no ring"),
        (feature("x", polygon([["a", "b"]] * 4)), "no pairs of numbers"),
        (feature("x", polygon([[1]] * 4)), "no pairs of numbers"),
        (feature("x", polygon([[5, 100], [6, 100], [6, 101], [5, 100]])), "swapped"),
        (feature("x", polygon([[6_350_000, 4_100_000], [6_350_100, 4_100_000], [6_350_000, 4_100_100]])), "degrees"),
        (feature("x", polygon([[0, 0], [1, 1], [2, 2], [0, 0]])), "nothing is left"),
        (feature("x", name=""), "it has no name"),
        (feature("", name="Sin id"), "it has no id"),
        (feature("x", level=None), "it has no level"),
        (feature("x", country="ARG"), "its country is longer than 2"),
        (feature("one"), "an earlier feature has the same id"),
        ({"type": "Feature", "properties": None, "geometry": None}, "its geometry is missing"),
    ],
)
def test_what_cannot_be_used_is_named_and_the_rest_is_read(tmp_path: Path, bad: Any, told: str) -> None:
    (first, _), (row, warnings), (last, _) = opened(tmp_path, collection(feature(), bad, feature("end"))).read(0, 3)
    assert first is not None
    assert last is not None
    assert row is None
    (warning,) = warnings
    assert warning.startswith("feature 2")
    assert told in warning
    assert (bad["properties"] or {"id": ""})["id"] in warning


def test_a_broken_line_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    content = lines(feature()) + b'{"type": "Feature", "prop\n' + lines(feature("end"))
    found = list(opened(tmp_path, content).read(0, 3))
    assert [row is not None for row, _ in found] == [True, False, True]
    assert found[1].warnings[0].startswith("feature 2 is left out")


@pytest.mark.parametrize("content", [b"", b"id,name\n1,Uno\n", gzip.compress(b"{", mtime=0)[:-4], b"\x1f\x8bnothing"])
def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FileError, match=r"some\.geojson: ") as caught:
        opened(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="missing"):
        AreaFile(tmp_path / "missing.geojson", Names())


# mending


@pytest.mark.parametrize(
    ("geometry", "repair", "area"),
    [
        (polygon(SQUARE[:-1]), "an open ring was closed", 4.0),
        (polygon([[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]), "Self-intersection", 2.0),
        (polygon(SQUARE, [[3, 3], [4, 3], [4, 4], [3, 3]]), "Hole lies outside shell", 4.5),
        (polygon(SQUARE, [[1, 1], [1, 1]]), "fewer than three corners", 4.0),
        (polygon([*SQUARE[:2], [float("nan"), 1], *SQUARE[2:]]), "corners that are no numbers", 4.0),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}, "was repaired", 4.0),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], []]}, "without rings", 4.0),
    ],
)
def test_what_is_wrong_is_repaired_and_told(geometry: Any, repair: str, area: float) -> None:
    outline, repairs = mend(geometry)
    assert outline.is_valid
    assert outline.area == pytest.approx(area)
    assert any(repair in each for each in repairs), repairs


def test_what_is_right_stays_as_it_is() -> None:
    height = [[*at, 12.5] for at in SQUARE]
    for geometry in (polygon(SQUARE, HOLE), polygon(height, HOLE)):
        outline, repairs = mend(geometry)
        assert repairs == ()
        assert not outline.has_z
        assert shapely.get_coordinates(outline).tolist() == [*SQUARE, *HOLE]
    parts = {"type": "GeometryCollection", "geometries": [polygon(SQUARE), polygon([[5, 5], [6, 5], [6, 6], [5, 5]])]}
    assert mend(parts).outline.geom_type == "MultiPolygon"


@pytest.mark.parametrize(
    "ring",
    [
        [[179, -18], [-179, -18], [-179, -16], [179, -16], [179, -18]],
        [[179, -18], [181, -18], [181, -16], [179, -16], [179, -18]],
        [[-181, -18], [-179, -18], [-179, -16], [-181, -16], [-181, -18]],
        [[-179, -16], [179, -16], [179, -18], [-179, -18], [-179, -16]],
    ],
    ids=["jumping", "beyond 180", "beyond -180", "jumping back"],
)
def test_an_area_across_the_date_line_is_cut_there(ring: Any) -> None:
    outline, (repair,) = mend(polygon(ring))
    assert "date line" in repair
    both = shapely.union_all([shapely.box(179, -18, 180, -16), shapely.box(-180, -18, -179, -16)])
    assert outline.equals(both)


@pytest.mark.parametrize(
    "ring",
    [
        [[-180, -60], [180, -60], [180, -90], [-180, -90], [-180, -60]],
        [[-170, 10], [170, 10], [170, 20], [0, 30], [-170, 20], [-170, 10]],
    ],
    ids=["around the pole", "nearly around the earth"],
)
def test_an_area_that_is_only_wide_is_not_turned_inside_out(ring: Any) -> None:
    if ring[0][0] == -170:  # its long edges are drawn in steps, as such files do
        ring = [at for a, b in pairwise(ring) for at in (a, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2])]
        ring.append(ring[0])
    outline, repairs = mend(polygon(ring))
    assert repairs == ()
    assert outline.bounds[2] - outline.bounds[0] >= 340


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.floats(allow_nan=True), min_size=0, max_size=4), max_size=9))
def test_no_ring_whatsoever_breaks_the_import(ring: list[list[float]]) -> None:
    try:
        outline, _ = mend(polygon(ring))
    except Unusable:
        return
    assert outline.is_valid
    assert outline.area > 0
    assert outline.geom_type in ("Polygon", "MultiPolygon")
    west, south, east, north = outline.bounds
    assert -180 <= west <= east <= 180
    assert -90 <= south <= north <= 90


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(-600, 600), st.floats(-91, 91)), max_size=8))
def test_no_ring_of_odd_degrees_breaks_the_import(ring: list[tuple[float, float]]) -> None:
    test_no_ring_whatsoever_breaks_the_import.hypothesis.inner_test([list(at) for at in ring])  # type: ignore[attr-defined]
