"""A city's figures as rows of text: for a spreadsheet, whole, and for a terminal, in short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from msgspec.structs import fields

from storage.indicators import Ages, Figures, Indicators, Rating, Share, Spread
from storage.periods import first_day, last_day

HOUR = 3600.0
ALL = "all"
MARK = "*"
# What of each group stands in a terminal; a spreadsheet has everything.
SHORT = ("received", "closed", "backlog", "overdue", "unanswered", "first_response", "time_to_close", "closed_on_time")

Cells = dict[str, str]
Name = Callable[[str], str]


def rows_of(found: Indicators, timezone: str, name: Name) -> list[Cells]:
    """A row for the whole and one for each group, by column; times in hours, empty where there was no case.

    `few` names the columns that stand on fewer than five cases; `name` tells what a group is called.
    """
    groups = [(ALL, ALL, found.total), *((row.key, name(row.key), row.figures) for row in found.rows)]
    about = {
        "version": str(found.version),
        "since": first_day(found.period, timezone).isoformat(),
        "until": last_day(found.period, timezone).isoformat(),
        "at": datetime.fromtimestamp(found.at, UTC).isoformat(timespec="seconds"),
        "by": found.by,
    }
    return [{**about, "group": key, "name": called, **_cells(figures)} for key, called, figures in groups]


def lines_of(found: Indicators, name: Name) -> list[tuple[str, ...]]:
    """What a terminal shows: every figure of the whole, or the groups in short, the largest backlog first."""
    if not found.by:
        return [(cell, value) for cell, value in _cells(found.total).items() if cell != "few"]
    rows = sorted(found.rows, key=lambda row: (-row.figures.backlog, -row.figures.received, row.key))
    table = [(name(row.key), *_short(row.figures)) for row in rows]
    return [(found.by, *SHORT), *table, (ALL, *_short(found.total))]


def _cells(figures: Figures) -> Cells:
    cells: Cells = {}
    few: list[str] = []
    for field in fields(figures):
        value = getattr(figures, field.name)
        cells.update(_flat(field.name, value))
        if isinstance(value, Spread | Share | Rating) and value.few:
            few.append(field.name)
    return {**cells, "few": " ".join(few)}


def _flat(name: str, value: int | Spread | Share | Rating | Ages) -> Iterator[tuple[str, str]]:
    """The columns of one figure."""
    match value:
        case Spread():
            yield f"{name}_median_hours", _hours(value.median)
            yield f"{name}_p90_hours", _hours(value.p90)
            yield f"{name}_n", str(value.n)
        case Share():
            yield name, str(value.part)
            yield f"{name}_n", str(value.n)
        case Rating():
            yield f"{name}_mean", "" if value.mean is None else f"{value.mean:.2f}"
            yield f"{name}_n", str(value.n)
        case Ages():
            for field in fields(value):
                yield f"{name}_{field.name}", str(getattr(value, field.name))
        case _:
            yield name, str(value)


def _short(figures: Figures) -> tuple[str, ...]:
    return tuple(_cell(getattr(figures, name)) for name in SHORT)


def _cell(value: int | Spread | Share) -> str:
    if isinstance(value, Spread):
        return f"{_hours(value.median)} h{MARK if value.few else ''}" if value.n else "-"
    if isinstance(value, Share):
        return f"{value.part}/{value.n}{MARK if value.few else ''}" if value.n else "-"
    return str(value)


def _hours(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds / HOUR:.2f}"
