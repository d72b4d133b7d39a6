"""What a pack's terms mean for one ticket: until when, who hears of its silence, when nobody's phone rings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from routing.calendar import WEEKDAYS, Calendar, Span, Target, read_target, read_time, years_without
from routing.holidays import days_of
from routing.records import Body, Category, Records
from routing.terms import Hours, Law, Rung, Terms

# Holidays of every year are written out for these, which is as far as clocks here are ever set.
YEARS = range(1970, 2101)
URGENT = "urgent"


class Targets(NamedTuple):
    """Until when a human is to have answered, and until when it is to be closed."""

    answer: Target
    close: Target


class Climb(NamedTuple):
    """A rung of the ladder: to whom, after how much silence."""

    to: str
    after: Target


class Timetable:
    """The terms of a pack, read once."""

    def __init__(self, records: Records) -> None:
        self.terms = records.terms
        self.calendar = _calendar(records.info.timezone, records.terms)
        self.quiet = _span(records.terms.quiet)
        self._categories = {category.id: category for category in records.categories}
        self._bodies = {body.id: body for body in records.bodies}

    def is_urgent(self, category_id: str, priority: str = "") -> bool:
        """True for what cannot wait: an official said so, or its category does; an emergency never can."""
        category = self._categories.get(category_id)
        by_nature = category is not None and (category.urgent or category.emergency is not None)
        return priority == URGENT or (by_nature and priority != "low")

    def targets(self, category_id: str, body_id: str, priority: str = "") -> Targets:
        """What counts for a ticket: its category's own targets, else its body's, else those of the calendar."""
        terms, sources = self.terms, self._sources(category_id, body_id)
        if self.is_urgent(category_id, priority):
            return Targets(_target(terms.urgent.answer), _target(terms.urgent.close))
        answer = next((each.answer for each in sources if each.answer), terms.answer)
        close = next((each.close for each in sources if each.close), terms.close)
        return Targets(_target(answer), _target(close))

    def due(self, at: float, category_id: str, body_id: str, priority: str = "") -> tuple[float, float]:
        """Until when a ticket that begins now is to be answered and closed."""
        targets = self.targets(category_id, body_id, priority)
        answer, close = (self.calendar.add(at, target) for target in targets)
        return answer, max(answer, close)

    def ladder(self, body_id: str, *, urgent: bool = False) -> tuple[Climb, ...]:
        """Who hears of a body's silence, from the nearest upwards."""
        body = self._bodies.get(body_id)
        rungs = (body.ladder if body else ()) or self.terms.ladder
        return tuple(Climb(rung.to, self._after(rung, urgent=urgent)) for rung in rungs)

    def law(self, body_id: str) -> Law | None:
        """By which law a body is asked for information: its own, else the pack's first; None where none is named."""
        body, laws = self._bodies.get(body_id), self.terms.laws
        named = next((law for law in laws if body and law.id == body.law), None)
        return named or next(iter(laws), None)

    def quiet_until(self, at: float, *, official: bool) -> float:
        """When somebody may be told what can wait, now at the earliest: officials while they work, citizens by day."""
        if official:
            return self.calendar.next_working(at)
        return self.calendar.next_quiet_end(at, self.quiet)

    def years_missed(self, today: date) -> list[int]:
        """The years that are near and for which nobody has written down what is declared from year to year."""
        return years_without(self.terms.years, today)

    def _sources(self, category_id: str, body_id: str) -> list[Category | Body]:
        found = (self._categories.get(category_id), self._bodies.get(body_id))
        return [each for each in found if each is not None]

    def _after(self, rung: Rung, *, urgent: bool) -> Target:
        return _target(self.terms.urgent.after if urgent else rung.after)


def _target(text: str) -> Target:
    target = read_target(text)
    if target is None:
        raise ValueError(f"no target: {text!r}")
    return target


def _span(hours: Hours) -> Span:
    begin, end = read_time(hours.begin), read_time(hours.end)
    if begin is None or end is None:
        raise ValueError(f"no time of the day: {hours.begin!r} or {hours.end!r}")
    return Span(begin, end)


def _calendar(timezone: str, terms: Terms) -> Calendar:
    weekdays = [WEEKDAYS.index(day) for day in terms.working_days]
    return Calendar(timezone, weekdays, _span(terms.hours), _holidays(terms))


def _holidays(terms: Terms) -> Collection[date]:
    return {day for holiday in terms.holidays for day in days_of(holiday, YEARS)}
