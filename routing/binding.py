"""Writing a compiled index of areas: what `routing.atlas` reads."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np
import numpy.typing as npt
import shapely

from bot.messages import Boundary
from routing.atlas import LENGTH, MARK, Contents, Section
from routing.grid import Grid, Pairs, file_pairs, make_grid, pair_boxes
from routing.tiles import cut


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
        self._boxes, self._tiles = array("d"), array("q")

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
                self._tiles.extend((len(self._areas), *(whole if tile.whole else self._keep(tile.outline))))
            self._spans.extend(whole)
            self._sizes.append(outline.area)
            self._areas.append((row.id, row.level, row.parent, row.name))

    def finish(self, edition: str) -> None:
        """Put the file in its place, whole and on disk; `edition` names what was compiled."""
        boxes = np.frombuffer(self._boxes).reshape(-1, 4)
        grid = make_grid(boxes) if len(boxes) else Grid()
        filed = file_pairs(grid, self._telling(grid, boxes))
        contents = Contents(
            edition=edition,
            areas=tuple(self._areas),
            grid=grid,
            spans=self._write(self._spans),
            sizes=self._write(self._sizes),
            boxes=self._write(self._boxes),
            tiles=self._write(self._tiles),
            starts=self._write(array("i", filed.starts.tobytes())),
            filed=self._write(array("i", filed.boxes.tobytes())),
        )
        encoded = msgspec.json.encode(contents)
        self._file.write(encoded + LENGTH.pack(len(encoded)) + MARK)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._draft.replace(self._path)

    def _telling(self, grid: Grid, boxes: npt.NDArray[np.float64]) -> Pairs:
        """The tiles with the squares near them, those left out that have nothing of the tile's outline.

        A tile that has all of a square (as far as its own box goes) is named there by its complement, ~n: no position
        in it need be tested.
        """
        pairs = pair_boxes(grid, boxes)
        ends = np.searchsorted(pairs.boxes, np.arange(len(boxes) + 1)).tolist()
        named, kept = pairs.boxes.copy(), np.ones(len(pairs.boxes), dtype=bool)
        self._file.flush()
        with self._draft.open("rb") as file:
            for n, (first, last) in enumerate(pairwise(ends)):
                file.seek(self._tiles[3 * n + 1])
                tile = shapely.from_wkb(file.read(self._tiles[3 * n + 2]))
                if tile.is_valid:
                    shapely.prepare(tile)
                    near = _clipped(grid.box(pairs.squares[first:last]), boxes[n])
                    kept[first:last] = shapely.intersects(tile, near)
                    named[first:last] ^= -shapely.covers(tile, near).astype(np.int64)
        return Pairs(named[kept], pairs.squares[kept])

    def _keep(self, wkb: bytes) -> tuple[int, int]:
        start = self._file.tell()
        self._file.write(wkb)
        return start, len(wkb)

    def _write(self, numbers: array[int] | array[float]) -> Section:
        self._file.write(bytes(-self._file.tell() % numbers.itemsize))
        start = self._file.tell()
        self._file.write(numbers.tobytes())
        return Section(start, len(numbers))


def _clipped(squares: npt.NDArray[np.float64], box: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    """What of squares lies in a tile's box; beyond it the tile knows nothing."""
    low, high = np.maximum(squares[:, :2], box[:2]), np.minimum(squares[:, 2:], box[2:])
    near: npt.NDArray[np.object_] = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    return near
