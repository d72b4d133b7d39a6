"""A pack with a fault: the operator is told the file, the line and the mend, for all faults at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing import Fault, PackError, read_pack
from tests.routing.tiny_pack import BODIES, PACK, Write


def faults_of(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(PackError) as error:
        read_pack(folder)
    return error.value.faults


FAULTS = [
    # streets.toml
    ("streets.toml", '["Mitre"]', "[]", 9, "street number 2 has no names"),
    ("streets.toml", '["Mitre"]', '["San Juan"]', 10, "the name 'San Juan' is used twice (first on line 2)"),
    ("streets.toml", 'names = ["Mitre"]', 'name = ["Mitre"]', 10, "street number 2 has a key 'name' that nobody reads"),
    ("streets.toml", '["north", "town"]', '["nroth", "town"]', 3, "street number 1 touches area 'nroth'"),
    ("streets.toml", '["north", "town"]', '["town"]', 5, "the range 1 to 99 of street number 1 lies in 'north'"),
    ("streets.toml", 'area = "town"', 'area = "twon"', 6, "street number 1 has houses in area 'twon'"),
    ("streets.toml", "to = 199", "to = 19", 6, "the range 100 to 19 of street number 1 holds no house"),
    ("streets.toml", 'from = 100, to = 199, area = "town"', 'from = 99, to = 199, area = "north"', 5, "the range 99"),
    ("streets.toml", "to = 199, ", "", 4, "'ranges' of street number 1 has the wrong kind of value"),
    ("streets.toml", '[[street]]\nnames = ["Mitre', '[[road]]\nnames = ["Mitre', 9, "nobody reads 'road'"),
    # rules.toml
    ("rules.toml", 'areas = ["north"]\ncat', 'areas = ["nroth"]\ncat', 2, "rule number 1 names area 'nroth'"),
    ("rules.toml", '["streets", "hole"]', '["streets", "pit"]', 3, "rule number 1 names 'pit' under categories"),
    ("rules.toml", '["town-hall"]', '["townhall"]', 4, "rule number 1 names 'townhall' under bodies"),
    ("rules.toml", "also = true", "alas = true", 5, "rule number 1 has a key 'alas' that nobody reads"),
    ("rules.toml", "also = true", 'not_served.es = "No."', 1, "says that somebody answers and that nobody does"),
    ("rules.toml", 'bodies = ["town-hall"]\nalso = true\n', "", 1, "rule number 1 says nothing"),
    ("rules.toml", 'bodies = ["town-hall"]', "emergency = { phone = '103', say = { es = '!' } }", 1, "prefers nobody"),
    ("rules.toml", 'not_served.es = "Acá no llegamos."\n', "", 7, "rule number 2 says nothing"),
    ("rules.toml", "go_to.es", "go_to.pt", 10, "rule number 2 has no 'go_to' in es"),
    ("rules.toml", "go_to.es", "go_to.pt", 10, "rule number 2 has a 'go_to' in pt"),
    ("rules.toml", '"103"', '"el 103"', 14, "the emergency of rule number 3 has no number to phone"),
    ("rules.toml", 'es = "Alejate."', 'pt = "Fuja."', 14, "rule number 3 has no 'emergency' in es"),
    ("rules.toml", '[[rule]]\ncategories = ["hole"]', '[[ruler]]\ncategories = ["hole"]', 12, "nobody reads 'ruler'"),
    # pack.toml
    ("pack.toml", 'fallback = "town-hall"', 'choice_level = "block"', 9, "the choice_level 'block' is not one of the"),
    ("pack.toml", 'id = "tiny"', 'id = "Tiny Pack"', 1, "the id of the pack is no slug"),
    ("pack.toml", '"Villa Chica"', '""', 2, "the pack has no 'name' in es"),
    ("pack.toml", 'language = "es"', 'language = "fr"', 4, "the first language 'fr' is not one of the languages"),
    ("pack.toml", '["es"]', "[]", 3, "'languages' is empty"),
    ("pack.toml", 'country = "AR"', "country = 54", 5, "'country' of the pack has the wrong kind of value"),
    ("pack.toml", 'country = "AR"', 'contry = "AR"', 5, "the pack has a key 'contry' that nobody reads"),
    ("pack.toml", '"+54"', '"0054"', 6, "'phone_prefix' is no calling code"),
    ("pack.toml", "Buenos_Aires", "Buenos_Ayres", 7, "the timezone 'America/Argentina/Buenos_Ayres' is not known"),
    ("pack.toml", '"town-hall"', '"townhall"', 9, "the fallback 'townhall' is no body of bodies.toml"),
    ("pack.toml", "lat = -34.5", "lat = -58.5", 12, "the map opens outside of every area"),
    ("pack.toml", "lon = -58.5", "lon = -58.5\ntiles = 'x'", 14, "'tiles' is no template for map tiles"),
    ("pack.toml", "lon = -58.5", "lon = ", 13, "not valid TOML"),
    ("pack.toml", "[map]", "map = 3\n[chart]", 11, "'map' of the pack has the wrong kind of value"),
    # bodies.toml
    ("bodies.toml", 'id = "north"', 'id = "town-hall"', 7, "the id 'town-hall' is used twice (first on line 2)"),
    ("bodies.toml", 'areas = ["town"]', 'areas = ["twon"]', 4, "body 'town-hall' serves area 'twon'"),
    ("bodies.toml", 'areas = ["town"]', "areas = []", 1, "body 'town-hall' serves no area"),
    ("bodies.toml", 'areas = ["town"]\n', "\n", 1, "body 'town-hall' has no 'areas'"),
    ("bodies.toml", 'es = "Delegación Norte"', 'pt = "Norte"', 9, "body 'north' has no 'name' in es"),
    ("bodies.toml", 'es = "Delegación', 'pt = "N"\nes = "Delegación', 10, "body 'north' has a 'name' in pt"),
    ("bodies.toml", '["north"]\n[', '["north"]\ndelivery = ["fax"]\n[', 9, "body 'north' has the delivery 'fax'"),
    ("bodies.toml", '["north"]\n[', '["north"]\nshow_oficial_names = true\n[', 9, "has a key 'show_oficial_names'"),
    ("bodies.toml", 'quarters = ["north"]', 'quarters = ["nort"]', 13, "set 'quarters' has body 'nort'"),
    ("bodies.toml", "quarters =", "north =", 13, "'north' is a body and a set"),
    ("bodies.toml", "quarters =", '"The Quarters" =', 13, "the id of set 'The Quarters' is no slug"),
    ("bodies.toml", '= ["north"]\n', '= "north"\n', 8, "'areas' of body 'north' has the wrong kind of value"),
    ("bodies.toml", "[sets]", "[collections]", 12, "nobody reads 'collections'"),
    # categories.toml
    ("categories.toml", 'name.es = "Pozo"', 'name.es = "Pozo"\ngo_to.es = "Allá"', 12, "'go_to' without 'not_served'"),
    (
        "categories.toml",
        'name.es = "Pozo"',
        'name.es = "Pozo"\nbodies = ["north"]\nnot_served.es = "No"',
        13,
        "category 'hole' is not served and has bodies",
    ),
    ("categories.toml", "other = true\n\n", 'other = true\nnot_served.es = "No"\n\n', 23, "to serve whatever else"),
    (
        "categories.toml",
        'name.es = "Pozo"',
        'name.es = "Pozo"\nemergency = { phone = "x", say = { es = "Ya" } }',
        12,
        "the emergency of category 'hole' has no number to phone",
    ),
    ("categories.toml", 'group = "streets"\nicon = "🕳️"', 'group = "street"\nicon = "🕳️"', 9, "is of group 'street'"),
    (
        "categories.toml",
        '"quarters"',
        '"quarter"',
        5,
        "group 'streets' names body 'quarter', which bodies.toml does not",
    ),
    ("categories.toml", 'id = "hole"', 'id = "other"', 25, "the id 'other' is used twice (first on line 8)"),
    ("categories.toml", 'id = "hole"\n', "", 7, "category number 1 has no 'id'"),
    ("categories.toml", 'name.es = "Pozo"', 'name.en = "Hole"', 11, "category 'hole' has no 'name' in es"),
    ("categories.toml", "words.es", "words.pt", 12, "category 'hole' has a 'words' in pt"),
    (
        "categories.toml",
        '"bache",\n]',
        '"bache",\n  7,\n]',
        12,
        "'words' of category 'hole' has the wrong kind of value",
    ),
    (
        "categories.toml",
        'name.es = "Otro"',
        'name.es = "Otro"\nwords.es = ["los baches"]',
        22,
        "'los baches' is a word of",
    ),
    ("categories.toml", '"bache",\n', '"bache",\n  "--",\n', 15, "category 'hole' has an empty word"),
    ("categories.toml", 'name.es = "Otro"\nother = true', 'name.es = "Otro"', 1, "group 'streets' has no way out"),
    (
        "categories.toml",
        '["town-hall"]\nother = true',
        '["town-hall"]',
        1,
        "there is no category for a problem of any other",
    ),
    (
        "categories.toml",
        'bodies = ["town-hall"]',
        'fallback = "quarters"',
        28,
        "category 'other' has the fallback 'quarters'",
    ),
    (
        "categories.toml",
        '"Otro problema"',
        '"Otro problema"\nquestion.en = "?"',
        28,
        "category 'other' has no 'question' in es",
    ),
    ("categories.toml", "[[group]]", "[group]", 1, "'group' is one table"),
    # places.toml
    ("places.toml", 'area = "north"', 'area = "nowhere"', 5, "lies in area 'nowhere'"),
    ("places.toml", "lat = -34.45", "lat = -58.5", 6, "is not inside area 'north'"),
    ("places.toml", "lat = -34.45\n", "", 3, "has half a position"),
    ("places.toml", '["El Alto"]', "[]", 3, "has no names"),
    ("places.toml", '["San Martín"]', '"San Martín"', 1, "'streets' is no list of names"),
    # areas/*.geojson
    ("areas/areas.geojson", '"id": "north"', '"id": "town"', 6, "the id 'town' is used by two areas"),
    ("areas/areas.geojson", '"level": "quarter"', '"level": "ward"', 6, "area 'north' is of level 'ward'"),
    (
        "areas/areas.geojson",
        '"parent": "town"',
        '"parent": "twon"',
        7,
        "area 'north' has the parent 'twon', which is no area",
    ),
    (
        "areas/areas.geojson",
        '"level": "quarter"',
        '"level": "town"',
        7,
        "is not of a narrower level than its parent 'town'",
    ),
    ("areas/areas.geojson", '{"es": "Norte"}', '{"pt": "Norte"}', 6, "area 'north' has no 'name' in es"),
    ("areas/areas.geojson", '"name": "Villa Chica"', '"nome": "Villa Chica"', 2, "area 'town' has no 'name'"),
    ("areas/areas.geojson", "[-59, -34], [-59, -35]", "[-59, -34]", 4, "area 'town' has no readable Polygon"),
    (
        "areas/areas.geojson",
        "[-59, -34], [-59, -35]",
        "[-59, 340], [-59, -35]",
        4,
        "the outline of area 'town' leaves the globe",
    ),
    (
        "areas/areas.geojson",
        "[-58, -35], [-58, -34]",
        "[-58, -34], [-58, -35]",
        4,
        "the outline of area 'town' crosses itself",
    ),
    ("areas/areas.geojson", '"MultiPolygon"', '"Point"', 8, "area 'north' has no readable Polygon"),
    ("areas/areas.geojson", '"FeatureCollection"', '"Collection"', 1, "this is no GeoJSON FeatureCollection"),
    ("areas/areas.geojson", '"type": "Feature"}\n]}', '"type": "Feature"}\n]', 12, "not valid JSON"),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "problem"), FAULTS)
def test_a_fault_is_told_with_its_file_its_line_and_its_mend(
    write: Write, file: str, old: str, new: str, line: int, problem: str
) -> None:
    folder = write(file, old, new)
    faults = faults_of(folder)
    told = [fault for fault in faults if problem in fault.problem]
    assert [(fault.file, fault.line) for fault in told] == [((folder / file).as_posix(), line)], [*map(str, faults)]
    assert told[0].mend
    assert str(told[0]).startswith(f"{folder.as_posix()}/{file}:{line}: {told[0].problem}. ")
    # What follows from it may be told too, but never twice the same and never somewhere in the middle of nothing.
    assert len({str(fault) for fault in faults}) == len(faults)
    assert all(fault.line >= 1 for fault in faults)


def test_an_area_outside_of_its_parent_is_a_fault(write: Write) -> None:
    folder = write(
        "areas/areas.geojson",
        "-34.5], [-58.1, -34.5], [-58.1, -34.1], [-58.9, -34.1], [-58.9, -34.5",
        "1], [2, 1], [2, 2], [-58.9, 1",
    )
    assert any("lies outside of its parent 'town'" in fault.problem for fault in faults_of(folder))


def test_all_faults_of_all_files_are_told_at_once(write: Write) -> None:
    folder = write("categories.toml", '"quarters"', '"quarter"')
    (folder / "bodies.toml").write_text(BODIES.replace('["town"]', '["twon"]'), "utf-8")
    (folder / "pack.toml").write_text(PACK.replace('"+54"', '"54"'), "utf-8")
    (folder / "places.toml").write_text("not toml", "utf-8")
    names = [Path(fault.file).name for fault in faults_of(folder)]
    assert names == ["bodies.toml", "categories.toml", "pack.toml", "places.toml"]


def test_one_fault_is_not_told_again_by_everything_that_leans_on_it(write: Write) -> None:
    folder = write("bodies.toml", 'name = { es = "Municipio" }\n', "\n")
    assert [fault.problem for fault in faults_of(folder)] == ["body 'town-hall' has no 'name'"]


def test_a_word_that_is_nearly_right_is_answered_with_the_right_one(write: Write) -> None:
    folder = write("categories.toml", '"quarters"', '"quarter"')
    (fault,) = faults_of(folder)
    assert str(fault) == (
        f"{folder.as_posix()}/categories.toml:5: group 'streets' names body 'quarter', "
        "which bodies.toml does not have. Add it there or correct the name: did you mean 'quarters'?"
    )


@pytest.mark.parametrize("name", ["pack.toml", "bodies.toml", "categories.toml"])
def test_a_missing_file_is_told(write: Write, name: str) -> None:
    folder = write()
    (folder / name).unlink()
    faults = faults_of(folder)
    assert f"{folder.as_posix()}/{name}: this file is missing. Add it, or give another folder." in map(str, faults)


def test_a_missing_folder_and_missing_areas_are_told(write: Write, tmp_path: Path) -> None:
    assert "this folder is missing" in str(faults_of(tmp_path / "nowhere")[0])
    folder = write()
    (folder / "areas" / "areas.geojson").unlink()
    assert any("there is no area here" in fault.problem for fault in faults_of(folder))


def test_a_file_that_is_no_text_is_told(write: Write) -> None:
    folder = write()
    (folder / "places.toml").write_bytes(b'streets = ["ok"]\nnames = "\xff"\n')
    assert [(fault.line, fault.problem) for fault in faults_of(folder)] == [(2, "this is not UTF-8 text")]
