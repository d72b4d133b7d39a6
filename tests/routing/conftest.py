"""The tiny pack on disk, whole or with one fault."""

from __future__ import annotations

from pathlib import Path

import pytest

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
