"""What a pack may hold and do without, that its keys are documented, and where its lines are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import fields

from routing import Body, read_pack
from routing.records import Emergency, HouseRange, InformalPlace, Street, Template
from routing.shapes import AreaTable, CategoryTable, GroupTable, MapTable, PackTable, RuleTable
from routing.sources import TomlSource
from tests.routing.tiny_pack import PACK, Write


def test_a_sound_pack_is_read(write: Write) -> None:
    pack = read_pack(write())
    assert pack.id == "tiny"
    assert [area.id for area in pack.areas_at(-34.3, -58.5)] == ["north", "town"]
    answering = pack.responsible(pack.areas_at(-34.3, -58.5), "hole")
    assert answering is not None
    assert answering.name("es") == "Delegación Norte"
    assert [area.id for area in pack.places.areas_named("cerca de El Alto")] == ["north"]


def test_a_pack_may_do_without_places(write: Write) -> None:
    folder = write()
    (folder / "places.toml").unlink()
    assert read_pack(folder).records.places == ()


SHAPES = [
    PackTable,
    MapTable,
    AreaTable,
    Body,
    GroupTable,
    CategoryTable,
    RuleTable,
    Emergency,
    InformalPlace,
    Street,
    HouseRange,
    Template,
]


def test_a_pack_may_name_imported_areas_and_do_without_a_fallback_and_rules(write: Write) -> None:
    folder = write("bodies.toml", 'areas = ["north"]', 'areas = ["north", "AR-06861"]')
    (folder / "pack.toml").write_text(PACK.replace('fallback = "town-hall"\n', ""), "utf-8")
    (folder / "rules.toml").unlink()
    pack = read_pack(folder)
    north = pack.body("north")
    assert north is not None
    assert north.areas == ("north", "AR-06861")
    assert pack.info.fallback == ""
    assert pack.responsible((), "hole") == north
    assert pack.records.rules == ()


@pytest.mark.parametrize("shape", SHAPES)
def test_every_key_of_a_pack_is_documented(shape: type[Struct]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "packs.md").read_text("utf-8")
    assert [field.encode_name for field in fields(shape) if f"`{field.encode_name}`" not in page] == []


def test_lines_are_found_in_every_way_of_writing_toml(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(
        "# comment with = and [brackets]\n"
        'title = "a # no comment"\n'
        "list = [\n"
        '  "one", # ]\n'
        "  'two',\n"
        "]\n"
        'long = """\n'
        "[not.a.header]\n"
        'x = 1"""\n'
        "'quoted key' = 1\n"
        "inline = { a = 1, b = [2, 3] }\n"
        "[table.sub]\n"
        "deep.er = 1\n"
        "[[many]]\n"
        "n = 1\n"
        "[[many]]\n"
        "n = 2\n"
        "[many.child]\n"
        "leaf = true\n"
        "[[many.kids]]\n"
        "k = 1\n",
        "utf-8",
    )
    source = TomlSource(path)
    assert source.faults == []
    assert source.line("title") == 2
    assert source.line("list") == 3
    assert source.line_of("one", "list") == 4
    assert source.line_of("two", "list") == 5
    assert source.line("long") == 7
    assert source.line("quoted key") == 10
    assert source.line("inline", "b", 1) == 11
    assert source.line("table", "sub", "deep", "er") == 13
    assert source.line("many", 0, "n") == 15
    assert source.line("many", 1, "n") == 17
    assert source.line("many", 1, "child", "leaf") == 19
    assert source.line("many", 1, "kids", 0, "k") == 21
    assert source.line("many", 1, "nothing like it") == 16
    assert source.line("nothing at all") == 1
