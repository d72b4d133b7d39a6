"""Working time, counted by the hour and the day as somebody does with a paper calendar at hand."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from routing.records import Records

HOUR, DAY = 3600.0, 86400.0
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Worktime:
    """When a city works, by the bare words of its pack. Moments are Unix seconds."""

    def __init__(self, records: Records) -> None:
        terms = records.terms
        self.zone = ZoneInfo(records.info.timezone)
        self.opens, self.closes = (int(text.partition(":")[0]) for text in (terms.hours.begin, terms.hours.end))
        self._weekdays = {NAMES.index(name) for name in terms.working_days}
        self._dates = {str(day.date) for day in terms.holidays if day.date}
        self._yearly = {day.every for day in terms.holidays if day.every}
        self._terms = terms
        self._categories = {each.id: each for each in records.categories}
        self._bodies = {each.id: each for each in records.bodies}
        # A year has few days, and everybody asks for the same ones.
        self.works_on = cache(self._works_on)
        self.moment = cache(self._moment)
        self._hours_of_work = cache(self._count_hours_of_work)

    def day(self, at: float) -> date:
        """The day on which a moment is."""
        return datetime.fromtimestamp(at, self.zone).date()

    def _moment(self, day: date, hour: int) -> float:
        """The moment at which an hour of a day begins."""
        return datetime.combine(day, time(hour), self.zone).timestamp()

    def _works_on(self, day: date) -> bool:
        """True for a day on which offices are open."""
        off = day.isoformat() in self._dates or f"{day:%m-%d}" in self._yearly
        return day.weekday() in self._weekdays and not off

    def next_morning(self, at: float) -> float:
        """When offices open next, were it a working day."""
        begins = self.moment(self.day(at), self.opens)
        return begins if begins > at else self.moment(self.day(at) + timedelta(days=1), self.opens)

    def by_day(self, at: float, wakes: int, sleeps: int) -> float:
        """The next full hour at which people are awake."""
        at = -(-at // HOUR) * HOUR
        while not wakes <= datetime.fromtimestamp(at, self.zone).hour < sleeps:
            at += HOUR
        return at

    def after(self, at: float, hours: float) -> float:
        """The full hour after so many whole hours of work; none of them is the next at which offices are open."""
        ahead = self._hours_of_work(date(self.day(at).year, 1, 1))
        return ahead[bisect_left(ahead, at) + round(hours)]

    def _count_hours_of_work(self, begin: date) -> list[float]:
        """Every full hour at which offices are open, in two years from a day on."""
        days = [begin + timedelta(days=n) for n in range(2 * 366)]
        hours = range(self.opens, self.closes)
        return [self.moment(day, hour) for day in days if self.works_on(day) for hour in hours]

    def is_urgent(self, category: str) -> bool:
        """True for what cannot wait."""
        found = self._categories[category]
        return found.urgent or found.emergency is not None

    def due(self, at: float, category: str, body: str) -> tuple[float, float]:
        """Until when a ticket that begins now is to be answered, and closed."""
        if self.is_urgent(category):
            answer, close = self._terms.urgent.answer, self._terms.urgent.close
        else:
            whose = (self._categories[category], self._bodies[body])
            answer = next((each.answer for each in whose if each.answer), self._terms.answer)
            close = next((each.close for each in whose if each.close), self._terms.close)
        first = self.over(at, answer)
        return first, max(first, self.over(at, close))

    def over(self, at: float, target: str) -> float:
        """When a target of the pack's ("2 working days") that begins now is over."""
        amount, _, unit = target.partition(" ")
        count = int(amount)
        if unit.startswith("hour"):
            return at + count * HOUR
        if unit.startswith("working hour"):
            return self._after_work(at, count * HOUR)
        day = self.day(at)
        while count:
            day += timedelta(days=1)
            count -= self.works_on(day)
        return self.moment(day, self.closes)

    def _after_work(self, at: float, seconds: float) -> float:
        while True:
            day = self.day(at)
            begins, ends = self.moment(day, self.opens), self.moment(day, self.closes)
            at = max(at, begins)
            left = ends - at if self.works_on(day) else 0.0
            if left >= seconds:
                return at + seconds
            seconds -= max(left, 0.0)
            at = self.moment(day + timedelta(days=1), 0)
