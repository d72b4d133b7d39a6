"""The tiny pack on disk, whole or with one fault, and quarters that meet at a border."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from routing.surroundings import Surroundings
from tests.routing.outlines import atlas, boundary
from tests.routing.tiny_pack import FILES, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the tiny pack, with `old` replaced by `new` in one of its files."""

    def written(name: str = "", old: str = "", new: str = "") -> Path:
        (tmp_path / "areas").mkdir(exist_ok=True)
        for file, text in FILES.items():
            assert file != name or old in text
            (tmp_path / file).write_text(text.replace(old, new) if file == name else text, "utf-8")
        return tmp_path

    return written


@pytest.fixture
def street(tmp_path: Path) -> Surroundings:
    """Two quarters of a city that meet at the meridian 0, on the equator; a settlement across part of the border."""
    around = Surroundings([], ["city", "quarter", "settlement"])
    around.use(
        atlas(
            tmp_path / "areas",
            boundary("city", shapely.box(-1, -1, 1, 1), "city"),
            boundary("west", shapely.box(-1, -1, 0, 1), "quarter"),
            boundary("east", shapely.box(0, -1, 1, 1), "quarter"),
            boundary("camp", shapely.box(0.1, 0.1, 0.2, 0.2), "settlement"),
        )
    )
    return around
