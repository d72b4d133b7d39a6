"""Writing a compiled index of areas: what `routing.atlas` reads."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np
import shapely

from bot.messages import Boundary
from routing.atlas import LENGTH, MARK, Contents, Section
from routing.grid import Filed, Grid, file_boxes, make_grid
from routing.tiles import cut, mask


class Binder:
    """Writes a compiled file: `add` areas in any order, then `finish`. Without that nothing is left of the attempt."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        self._file = self._draft.open("wb")
        self._file.write(MARK)
        self._areas: list[tuple[str, str, str, str]] = []
        self._spans, self._sizes = array("q"), array("d")
        self._boxes, self._tiles, self._masks = array("d"), array("q"), bytearray()

    def __enter__(self) -> Binder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def add(self, rows: Iterable[Boundary]) -> None:
        """Add some areas; their outlines are valid polygons and multipolygons."""
        for row in rows:
            outline = shapely.from_wkb(row.outline)
            whole = self._keep(row.outline)
            for tile in cut(outline):
                self._boxes.extend(tile.box)
                self._masks += mask(tile)
                self._tiles.extend((len(self._areas), *(whole if tile.whole else self._keep(tile.outline))))
            self._spans.extend(whole)
            self._sizes.append(outline.area)
            self._areas.append((row.id, row.level, row.parent, row.name))

    def finish(self, edition: str) -> None:
        """Put the file in its place, whole and on disk; `edition` names what was compiled."""
        boxes = np.frombuffer(self._boxes).reshape(-1, 4)
        grid = make_grid(boxes) if len(boxes) else Grid()
        filed = file_boxes(grid, boxes) if len(boxes) else Filed(np.zeros(1, np.int32), np.zeros(0, np.int32))
        contents = Contents(
            edition=edition,
            areas=tuple(self._areas),
            grid=grid,
            spans=self._write(self._spans),
            sizes=self._write(self._sizes),
            boxes=self._write(self._boxes),
            tiles=self._write(self._tiles),
            masks=self._write(array("B", bytes(self._masks))),
            starts=self._write(array("i", filed.starts.tobytes())),
            filed=self._write(array("i", filed.boxes.tobytes())),
        )
        encoded = msgspec.json.encode(contents)
        self._file.write(encoded + LENGTH.pack(len(encoded)) + MARK)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._draft.replace(self._path)

    def _keep(self, wkb: bytes) -> tuple[int, int]:
        start = self._file.tell()
        self._file.write(wkb)
        return start, len(wkb)

    def _write(self, numbers: array[int] | array[float]) -> Section:
        self._file.write(bytes(-self._file.tell() % numbers.itemsize))
        start = self._file.tell()
        self._file.write(numbers.tobytes())
        return Section(start, len(numbers))
