"""Boxes by the squares of a grid that they touch: to find those near a position is one step, however many there are."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from routing.tiles import Box

# So fine that a square meets few boxes, so coarse that most boxes lie in few squares.
_SQUARES_PER_BOX = 16


class Grid(Struct, frozen=True):
    """Squares of `1 / scale` degrees from a south-western corner on, in rows from west to east."""

    west: float = 0.0
    south: float = 0.0
    scale: float = 0.0
    columns: int = 0
    rows: int = 0

    def square(self, lon: float, lat: float) -> int:
        """The number of the square that a position lies in, -1 outside of the grid."""
        column, row = math.floor((lon - self.west) * self.scale), math.floor((lat - self.south) * self.scale)
        return row * self.columns + column if 0 <= column < self.columns and 0 <= row < self.rows else -1

    def squares(self, box: Box) -> list[int]:
        """The numbers of all squares that a box touches."""
        west, south = self._clamped(box[0], box[1])
        east, north = self._clamped(box[2], box[3])
        rows, columns = range(south, north + 1), range(west, east + 1)
        return [row * self.columns + column for row in rows for column in columns]

    def _clamped(self, lon: float, lat: float) -> tuple[int, int]:
        column, row = math.floor((lon - self.west) * self.scale), math.floor((lat - self.south) * self.scale)
        return min(max(column, 0), self.columns - 1), min(max(row, 0), self.rows - 1)


class Filed(NamedTuple):
    """`boxes[starts[n]:starts[n + 1]]` are the numbers of the boxes that touch square n."""

    starts: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.int32]


def file_boxes(grid: Grid, boxes: npt.NDArray[np.float64]) -> Filed:
    """File boxes (n, 4) of least lon, least lat, most lon, most lat into the grid that was made for them."""
    # The same steps as in `Grid.square`, so that no rounding ever parts a position from its box.
    corner = np.array([grid.west, grid.south])
    first = np.floor((boxes[:, :2] - corner) * grid.scale).astype(np.int64)
    last = np.floor((boxes[:, 2:] - corner) * grid.scale).astype(np.int64)
    wide, high = (last - first + 1).T
    which = np.repeat(np.arange(len(boxes)), wide * high)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(wide * high) - wide * high, wide * high)
    squares = (first[which, 1] + nth // wide[which]) * grid.columns + first[which, 0] + nth % wide[which]
    order = np.argsort(squares, kind="stable")
    starts = np.searchsorted(squares[order], np.arange(grid.rows * grid.columns + 1))
    return Filed(starts.astype(np.int32), which[order].astype(np.int32))


def make_grid(boxes: npt.NDArray[np.float64]) -> Grid:
    """A grid that fits boxes (n, 4), one at least."""
    west, south = boxes[:, :2].min(axis=0).tolist()
    east, north = boxes[:, 2:].max(axis=0).tolist()
    width, height = max(east - west, 1e-9), max(north - south, 1e-9)
    scale = math.sqrt(_SQUARES_PER_BOX * len(boxes) / (width * height))
    columns, rows = math.floor((east - west) * scale) + 1, math.floor((north - south) * scale) + 1
    return Grid(west, south, scale, columns, rows)
