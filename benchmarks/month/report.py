"""The figures of the month beside those that people counted, and every difference between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import asdict, astuple

from benchmarks.month.ledger import count
from benchmarks.month.simulation import Simulation
from benchmarks.month.worktime import DAY
from storage.database import Database
from storage.indicators import Figures, Indicators, measure
from storage.periods import Period

HOUR = 3600.0


class Found(NamedTuple):
    """What the city measured, what people counted (by body, the city's under ""), and where these differ."""

    measured: Indicators
    counted: dict[str, dict[str, Any]]
    differences: list[str]


async def compare(played: Simulation) -> Found:
    """Measure the month, recount it, and hold one against the other."""
    city, now = played.city, played.now
    days = city.pack.records.terms.question
    question = days.remind * DAY, days.close * DAY
    cases = played.ledger.cases(played.worktime.due, played.machine.looks, question, now)
    counted = count(cases, city.begins, city.ends, now)
    database = Database(played.machine.database.url)
    try:
        async with database.read() as connection:
            measured = await measure(connection, Period(city.begins, city.ends), now, by="body")
    finally:
        await database.close()
    return Found(measured, counted, list(differences(measured, counted)))


def differences(measured: Indicators, counted: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A line for each figure that is not the same on both sides."""
    rows = {"": measured.total} | {row.key: row.figures for row in measured.rows}
    for body in sorted(rows.keys() | counted.keys()):
        theirs = _plain(rows.get(body, Figures()))
        ours = counted.get(body)
        for name, value in theirs.items():
            own = _whole(ours[name]) if ours else _plain(Figures())[name]
            if value != own:
                yield f"{body or 'the city'}: {name} is {value} by the indicators, {own} by what people saw"


def _plain(figures: Figures) -> dict[str, Any]:
    told = asdict(figures)
    return {name: _whole(astuple(each) if hasattr(each, "__struct_fields__") else each) for name, each in told.items()}


def _whole(found: Any) -> Any:
    """Times in whole seconds: of what somebody did at once the bot puts one a moment behind the other."""
    if isinstance(found, tuple):
        return tuple(map(_whole, found))
    return round(found) if isinstance(found, float) else found


HEADS = (
    "", "received", "answer h", "close d", "P90 d", "open", "<7 -30 -90", "late", "answers", "closings", "reopened",
    "stars", "joined",
)  # fmt: skip


def table(measured: Indicators) -> Iterator[str]:
    """The indicators, a line a body."""
    yield f"{HEADS[0]:22}" + "".join(f"{head:>{max(len(head) + 2, 7)}}" for head in HEADS[1:])
    for name, figures in [("the city", measured.total), *((row.key, row.figures) for row in measured.rows)]:
        cells = _cells(figures)
        yield f"{name:22.22}" + "".join(
            f"{cell:>{max(len(head) + 2, 7)}}" for head, cell in zip(HEADS[1:], cells, strict=True)
        )


def _cells(found: Figures) -> list[str]:
    ages = f"{found.ages.week} {found.ages.month} {found.ages.quarter}"
    return [
        str(found.received),
        _time(found.first_response.median, HOUR),
        _time(found.time_to_close.median, DAY),
        _time(found.time_to_close.p90, DAY),
        str(found.backlog),
        ages,
        str(found.overdue),
        _percent(found.answered_on_time.percent),
        _percent(found.closed_on_time.percent),
        str(found.reopened),
        f"{found.rating.mean:.1f}" if found.rating.mean is not None else "-",
        str(found.joined),
    ]


def _time(seconds: float | None, unit: float) -> str:
    return "-" if seconds is None else f"{seconds / unit:.1f}"


def _percent(percent: int | None) -> str:
    return "-" if percent is None else f"{percent} %"
