"""A table in a file that spreadsheets open."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.console import fail

# What a spreadsheet would take for a formula begins so.
FORMULA = ("=", "+", "-", "@")


@contextmanager
def spreadsheet(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Sequence[str]], None]]:
    """Give what writes a row of cells under these columns, in UTF-8 that spreadsheets recognise.

    A file that cannot be written ends the command with a line that names it.
    """
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file)
            table.writerow(columns)
            yield lambda cells: table.writerow([_harmless(cell) for cell in cells])
    except OSError as error:
        fail(f"--csv {path}: {error.strerror}")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
