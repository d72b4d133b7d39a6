"""Pictures of the map: drawn from the pack alone, kept once, and never what a citizen waits for in vain."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image
from sqlalchemy import select

from bot.charting import Charting
from bot.drawings import Drawings
from routing import Pack
from routing.chart import HEIGHT, PIN, WIDTH, draw_map, frame
from storage.database import Database
from storage.media import MediaStore, mime_of
from storage.schema import media
from tests.machine import demo_pack

OBELISCO, CALLAO, LUGANO = (-34.6037, -58.3816), (-34.6044, -58.3925), (-34.6760, -58.4600)


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data), formats=["PNG"]).convert("RGB")


def red(picture: Image.Image, x: float, y: float) -> bool:
    """True when the colour of pins stands at a pixel."""
    want = tuple(int(PIN[n : n + 2], 16) for n in (1, 3, 5))
    got = picture.getpixel((round(x), round(y)))
    return isinstance(got, tuple) and all(abs(a - b) < 24 for a, b in zip(got, want, strict=True))


@pytest.mark.parametrize("points", [[OBELISCO], [OBELISCO, CALLAO], [OBELISCO, CALLAO, LUGANO]])
def test_every_point_is_on_the_picture_with_its_pin(points: list[tuple[float, float]]) -> None:
    picture, view = opened(draw_map(demo_pack(), points, "es")), frame(points)
    assert picture.size == (WIDTH, HEIGHT)
    for lat, lon in points:
        x, y = view.pixel(lat, lon)
        assert 40 < x < WIDTH - 40
        assert 46 < y < HEIGHT - 10
        assert red(picture, x, y - 8), "the tip of the pin stands above the point"


def test_a_single_point_shows_a_neighbourhood_and_not_a_paving_stone() -> None:
    assert frame([OBELISCO]).metres_a_pixel * WIDTH == pytest.approx(1600.0)


def test_streets_and_borders_are_drawn() -> None:
    bare = demo_pack().records
    without = Pack(replace(bare, mapped=tuple(replace(street, line=()) for street in bare.mapped)))
    with_streets, empty = (opened(draw_map(pack, [OBELISCO], "es")) for pack in (demo_pack(), without))
    assert with_streets.tobytes() != empty.tobytes()
    assert len(with_streets.getcolors() or ()) > 4


def test_the_same_points_are_the_same_picture() -> None:
    assert draw_map(demo_pack(), [CALLAO], "es") == draw_map(demo_pack(), [CALLAO], "es")


def test_a_picture_is_small_enough_for_who_pays_for_bytes() -> None:
    assert len(draw_map(demo_pack(), [OBELISCO, CALLAO, LUGANO], "es")) < 30_000


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(-89, 89), st.floats(-179, 179)), min_size=1, max_size=4))
def test_any_points_can_be_drawn(points: list[tuple[float, float]]) -> None:
    assert opened(draw_map(demo_pack(), points, "pt")).size == (WIDTH, HEIGHT)


async def test_a_map_is_kept_once_and_its_file_can_be_sent(database: Database, tmp_path: Path) -> None:
    store = MediaStore.open(tmp_path.as_uri())
    now = [100.0]
    charting = Charting(Drawings(database, store, lambda: now[0]), demo_pack)
    request = {"do": "chart", "points": [list(OBELISCO), list(CALLAO)], "language": "es"}
    first = await charting.draw(request)
    now[0] = 200.0
    assert await charting.draw(request) == first
    assert await charting.draw({**request, "points": [list(LUGANO)]}) != first
    async with database.read() as connection:
        row = (await connection.execute(select(media).where(media.c.id == first))).one()
    assert (row.status, row.mime, row.kind, row.created_at) == ("kept", "image/png", "photo", 200.0)
    assert mime_of(row.key) == "image/png"
    assert opened(await store.get(row.key)).size == (row.width, row.height)


async def test_without_a_place_for_it_there_is_no_picture(sqlite: Database, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    store = MediaStore.open(folder.as_uri())
    folder.rmdir()
    folder.write_text("not a folder any more")
    charting = Charting(Drawings(sqlite, store, lambda: 100.0), demo_pack)
    assert await charting.draw({"do": "chart", "points": [list(OBELISCO)], "language": "es"}) == ""
