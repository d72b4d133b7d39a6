"""calendar.toml, which a pack may do without: working time, holidays, targets, the ladder, laws. And the same checks
for what bodies and categories say of their own targets.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from routing.calendar import WEEKDAYS, read_target, read_time
from routing.holidays import MOST_FROM_EASTER, MOVES
from routing.shapes import Entry, check_known, check_texts, check_unique, read_table, read_tables
from routing.sources import Source, Step, TomlSource
from routing.terms import Holiday, Law, Rung, Terms, Usual

ROLES = ("colleague", "dispatcher", "manager")
BODY = "body:"
# February has 29 days here: what is every year's may be in a leap year's only.
LEAP = 2028


class CalendarTable(Usual, frozen=True, kw_only=True):
    """calendar.toml; its [[holiday]] and [[law]] are read apart."""

    holiday: tuple[dict[str, Any], ...] = ()
    law: tuple[dict[str, Any], ...] = ()


class HolidayTable(Struct, frozen=True, kw_only=True):
    """[[holiday]] of calendar.toml."""

    name: str
    date: date | None = None
    every: str = ""
    easter: int | None = None
    moved: str = ""
    source: str = ""


class Promises(Protocol):
    """What has targets of its own."""

    @property
    def answer(self) -> str:
        """Until when a human is to have answered."""
        ...

    @property
    def close(self) -> str:
        """Until when it is to be closed."""
        ...


class TermFile:
    """One calendar.toml; what is wrong is noted in `source`, None where there is no file."""

    def __init__(self, path: Path, languages: tuple[str, ...], bodies: Iterable[str]) -> None:
        self.source = TomlSource(path) if path.exists() else None
        self.terms = Terms()
        if self.source is None or self.source.data is None:
            return
        source, holidays = self.source, read_tables(self.source, "holiday", HolidayTable)
        laws = read_tables(source, "law", Law)
        table = read_table(source, source.data, CalendarTable, (), "the calendar")
        check_unique(source, laws, "law")
        for law in laws:
            _check_law(source, law, languages)
        for holiday in holidays:
            _check_holiday(source, holiday)
        if table is None:
            return
        _check_calendar(source, table, holidays)
        check_ladder(source, table.ladder, ("ladder",), "the calendar", bodies)
        self.terms = _terms(table, holidays, laws)

    @property
    def laws(self) -> tuple[str, ...]:
        """The ids of its laws."""
        return tuple(law.id for law in self.terms.laws)


def check_targets(source: Source, promised: Promises, steps: tuple[Step, ...], title: str) -> None:
    """Targets are written as we read them."""
    for key in ("answer", "close"):
        check_target(source, getattr(promised, key), (*steps, key), title)


def check_target(source: Source, text: str, steps: tuple[Step, ...], title: str) -> None:
    """One target, or nothing."""
    if text and read_target(text) is None:
        problem = f"'{steps[-1]}' of {title} is no target: '{text}'"
        source.fault(source.line(*steps), problem, 'Write "2 working days", "4 working hours" or "24 hours"')


def check_ladder(
    source: Source, ladder: Iterable[Rung], steps: tuple[Step, ...], title: str, bodies: Iterable[str]
) -> None:
    """Every rung leads to somebody, after some time."""
    for rung in ladder:
        check_target(source, rung.after, (*steps, "after"), f"the ladder of {title}")
        kind, colon, body = rung.to.partition(":")
        if colon and f"{kind}:" == BODY:
            problem = f"the ladder of {title} leads to body '{body}', which bodies.toml does not have"
            check_known(source, body, tuple(bodies), steps, problem, "Add it there or correct the name")
        elif rung.to not in ROLES:
            problem = f"the ladder of {title} leads to '{rung.to}', which is nobody"
            source.fault(source.line(*steps), problem, f"Use {', '.join(ROLES)} or body:<id>")


def _check_calendar(source: Source, table: CalendarTable, holidays: list[Entry[HolidayTable]]) -> None:
    check_targets(source, table, (), "the calendar")
    for key in ("answer", "close", "after"):
        check_target(source, getattr(table.urgent, key), ("urgent", key), "what is urgent")
    for day in table.working_days:
        problem = f"the working day '{day}' is no day of the week"
        check_known(source, day, WEEKDAYS, ("working_days",), problem, f"Use {', '.join(WEEKDAYS)}")
    if not table.working_days:
        source.fault(source.line("working_days"), "nobody ever works", "Name one working day at least")
    _check_hours(source, table)
    for key, first, last in (("question", "remind", "close"), ("fixed", "again", "confirm")):
        if not 0 < getattr(getattr(table, key), first) < getattr(getattr(table, key), last):
            problem = f"'{key}' has its second day before its first"
            source.fault(source.line(key), problem, f"Write {first} and, later, {last}, in days")
    dated = {entry.table.date.year for entry in holidays if entry.table.date}
    ruled = any(entry.table.easter is not None or entry.table.moved for entry in holidays)
    for year in sorted(set() if ruled else set(table.years) - dated):
        problem = f"the calendar says it knows the year {year}, and has no dated holiday in it"
        source.fault(source.line("years"), problem, "Add its [[holiday]] tables or take the year out")


def _check_hours(source: Source, table: CalendarTable) -> None:
    for key in ("hours", "quiet"):
        span = getattr(table, key)
        for text in (span.begin, span.end):
            if read_time(text) is None:
                problem = f"'{key}' has '{text}', which is no time of the day"
                source.fault(source.line(key), problem, 'Write it like "08:00"')
    begin, end = read_time(table.hours.begin), read_time(table.hours.end)
    if begin is not None and end is not None and begin >= end:
        source.fault(source.line("hours"), "the working hours end before they begin", "Correct from and to")


def _check_holiday(source: Source, entry: Entry[HolidayTable]) -> None:
    table, steps, title = entry
    if sum((table.date is not None, bool(table.every), table.easter is not None)) != 1:
        mend = 'Give date = 2026-02-16, every = "12-25" or easter = -2'
        source.fault(source.line(*steps), f"{title} has not one day", mend)
    elif table.every and not _is_day(table.every):
        source.fault(source.line(*steps, "every"), f"{title} is on '{table.every}', no day of a year", "Write MM-DD")
    elif table.moved and (not table.every or table.moved not in MOVES):
        problem = f"{title} is moved by '{table.moved}', which moves no such day"
        source.fault(source.line(*steps, "moved"), problem, f"Beside every, use one of: {', '.join(MOVES)}")
    elif table.easter is not None and abs(table.easter) > MOST_FROM_EASTER:
        problem = f"{title} is {table.easter} days from Easter"
        source.fault(source.line(*steps, "easter"), problem, f"Write at most {MOST_FROM_EASTER} days")


def _is_day(every: str) -> bool:
    try:
        return date.fromisoformat(f"{LEAP}-{every}").strftime("%m-%d") == every
    except ValueError:
        return False


def _check_law(source: Source, entry: Entry[Law], languages: tuple[str, ...]) -> None:
    law, steps, title = entry
    check_texts(source, law.names, languages, (*steps, "name"), title)
    check_texts(source, law.where, languages, (*steps, "where"), title)
    if law.mail and "@" not in law.mail:
        source.fault(source.line(*steps, "mail"), f"'{law.mail}' of {title} is no mail address", "Correct it")


def _terms(table: CalendarTable, holidays: list[Entry[HolidayTable]], laws: list[Entry[Law]]) -> Terms:
    said = {key: getattr(table, key) for key in Usual.__struct_fields__}
    days = (entry.table for entry in holidays)
    return Terms(
        **said,
        holidays=tuple(
            Holiday(
                name=day.name,
                date=day.date.isoformat() if day.date else "",
                every=day.every,
                easter=day.easter,
                moved=day.moved,
                source=day.source,
            )
            for day in days
        ),
        laws=tuple(entry.table for entry in laws),
    )
