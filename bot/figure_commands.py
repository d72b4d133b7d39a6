"""The commands `costs` and `numbers` of `python -m bot`, and how their figures are printed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.console import do, fail, read_settings
from bot.spreadsheet import spreadsheet

DAY = "%Y-%m-%d"


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
    app.command("costs")(costs)
    app.command("numbers")(numbers)


def costs(days: Annotated[int, typer.Option(min=1, help="How many days, today among them.")] = 7) -> None:
    """List what was sent through providers that charge for it, by day, channel and body."""
    from bot.operations import list_costs

    rows, today = do(list_costs(read_settings(), days))
    total = sum(row.messages for row in rows), sum(row.segments for row in rows)
    table = [(row.day, row.account, row.body or "-", str(row.messages), str(row.segments)) for row in rows]
    if table:
        _print_table([("day", "channel", "body", "messages", "segments"), *table, ("total", "", "", *map(str, total))])
    else:
        print("Nothing was spent.")
    for body, spent in today.reached().items():
        print(f"{body} has spent {spent} of its {today.ceilings[body]} segments today: what goes to many waits.")


def numbers(
    by: Annotated[str, typer.Option(help="body, category or area; without it, all together.")] = "",
    since: Annotated[datetime | None, typer.Option("--from", formats=[DAY], help="The first day.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=[DAY], help="The last day; usually today.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write everything into this file, for a spreadsheet.")] = None,
) -> None:
    """Measure the work: received, answered, closed, overdue and more, as docs/indicators.md defines them."""
    from bot.figure_table import lines_of, rows_of
    from bot.operations import measure_numbers
    from storage.indicators import GROUPS

    if by not in GROUPS:
        fail(f"--by must be body, category or area, not {by}")
    first, last = (day.date() if day else None for day in (since, until))
    if first and last and last < first:
        fail(f"--to {last} is before --from {first}")
    found, zone, name = do(measure_numbers(read_settings(), by, first, last))
    if csv:
        rows = rows_of(found, zone, name)
        with spreadsheet(csv, list(rows[0])) as write:
            for row in rows:
                write(list(row.values()))
        print(f"{csv}: {len(rows)} rows.")
    else:
        _print_columns(lines_of(found, name))


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Columns of words, then two of numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        words = [cell.ljust(width) for cell, width in zip(row[:3], widths[:3], strict=True)]
        numbers = [cell.rjust(width) for cell, width in zip(row[3:], widths[3:], strict=True)]
        print("  ".join([*words, *numbers]))


def _print_columns(rows: list[tuple[str, ...]]) -> None:
    """A column of words, then numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for first, *rest in rows:
        numbers = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *numbers]))
