"""A day as people write it: "viernes", "mañana", "15/12", "em 3 dias úteis", "end of the month". Pure.

What is read is the day alone; which day is today, and which days are working ones, is told.
"""

from __future__ import annotations

import re
import tomllib
from calendar import monthrange
from datetime import date, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

from locales import FOLDER, LANGUAGES, fold
from routing.calendar import Calendar, Target

# Why a text is no day that can be promised: it is none, it is over, it is absurdly far.
Fault = Literal["unclear", "past", "far"]
ONE_DAY = timedelta(days=1)
MOST_DAYS_AHEAD = 365
# A day without a year that is over this year is meant of the next one only where that is near.
NEXT_YEAR_WITHIN = 180
MOST_WORDS = 6
NOON = 720

_NUMERIC = re.compile(r"(\d{1,2})[/-](\d{1,2})(?:[/-](\d{4}|\d{2}))?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED = re.compile(r"(?<=\d)\.(?=\d)")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|o|º|°)\b")


class Tongue(NamedTuple):
    """The words of one language: `phrases` name a day by themselves, `units` are what is counted.

    `around` may stand in front of a day or between its parts, `behind` after it, `the` in front of its number.
    """

    phrases: dict[str, str]
    units: dict[str, str]
    ahead: tuple[str, ...]
    around: frozenset[str]
    behind: tuple[str, ...]
    the: frozenset[str]
    numbers: dict[str, int]
    weekdays: dict[str, int]
    months: dict[str, int]
    shown: str
    shown_far: str
    weekday_names: tuple[str, ...]
    month_names: tuple[str, ...]


def read_day(text: str, language: str, today: date, calendar: Calendar, *, alone: bool = True) -> date | Fault:
    """The day that these words mean, today at the earliest; in the reader's own language first, then in any other.

    Where more follows (not `alone`), a mere number counts something else: "2 cuadrillas".
    """
    folded = fold(_ORDINAL.sub("", _DOTTED.sub("/", text.casefold())))
    own = language[:2].lower()
    for code in sorted(LANGUAGES, key=lambda each: each != own):
        found = _Reader(_tongue(code), today, calendar, alone=alone).read(folded)
        if found != "unclear":
            return _within(found, today)
    return "unclear"


def split_day(text: str, language: str, today: date, calendar: Calendar) -> tuple[date | Fault, str]:
    """(the day that a text begins with, the words behind it): "viernes 15/12, va la cuadrilla"."""
    words = text.split()
    why: Fault = "unclear"
    for count in range(min(MOST_WORDS, len(words)), 0, -1):
        alone = count == len(words) or words[count - 1].endswith((",", ":", ";"))
        found = read_day(" ".join(words[:count]), language, today, calendar, alone=alone)
        if isinstance(found, date):
            return found, " ".join(words[count:]).lstrip(",.:;- ")
        why = found if why == "unclear" else why
    return why, text


def show_day(day: date, language: str, today: date) -> str:
    """A day as it is said: "viernes 27/11"; with its year where that is another one."""
    tongue = _tongue(language[:2].lower() if language[:2].lower() in LANGUAGES else next(iter(LANGUAGES)))
    form = tongue.shown if day.year == today.year else tongue.shown_far
    name = tongue.month_names[day.month - 1]
    weekday = tongue.weekday_names[day.weekday()]
    return form.format(weekday=weekday, day=day.day, month=day.month, year=day.year, name=name)


def _within(found: date | Fault, today: date) -> date | Fault:
    if not isinstance(found, date):
        return found
    if found < today:
        return "past"
    return "far" if (found - today).days > MOST_DAYS_AHEAD else found


class _Reader:
    """One text, in one language."""

    def __init__(self, tongue: Tongue, today: date, calendar: Calendar, *, alone: bool) -> None:
        self.tongue = tongue
        self.today = today
        self.calendar = calendar
        self.alone = alone

    def read(self, folded: str) -> date | Fault:
        if found := self._phrase(folded) or self._counted(folded):
            return found
        words, named_so = self._weekdays_joined(folded.split()), self.alone
        while words and words[0] in self.tongue.around:
            named_so = self.alone or words[0] in self.tongue.the
            words = words[1:]
            if found := self._phrase(" ".join(words)):
                return found
        words = self._without_behind(words)
        if not words or words[-1] in self.tongue.around:
            return "unclear"
        days = [weekday for word in words if (weekday := self.tongue.weekdays.get(word)) is not None]
        rest = [word for word in words if word not in self.tongue.around and word not in self.tongue.weekdays]
        if not rest:
            return self._next_weekday(days[0]) if len(days) == 1 else "unclear"
        if len(rest) == 1 and rest[0].isdecimal() and not self._is_named_so(words, rest[0], named_so):
            return "unclear"
        found = self._dated(" ".join(rest))
        # "Viernes 15/12" where the 15th is no Friday: nobody knows which of them is meant.
        agrees = not days or (isinstance(found, date) and [found.weekday()] == days)
        return found if agrees else "unclear"

    def _weekdays_joined(self, words: list[str]) -> list[str]:
        """The words, where "sexta feira" is one."""
        joined: list[str] = []
        for word in words:
            if joined and f"{joined[-1]} {word}" in self.tongue.weekdays:
                joined[-1] += f" {word}"
            else:
                joined.append(word)
        return joined

    def _without_behind(self, words: list[str]) -> list[str]:
        said = " ".join(words)
        found = next((each for each in self.tongue.behind if said.endswith(f" {each}")), "")
        return words[: len(words) - len(found.split())]

    def _is_named_so(self, words: list[str], number: str, named_so: bool) -> bool:
        """True of a number that is a day's: "el 15", "viernes 15", and no hour, "viernes de 8 a 12"."""
        at = words.index(number)
        return (words[at - 1] in self.tongue.weekdays or words[at - 1] in self.tongue.the) if at else named_so

    def _phrase(self, folded: str) -> date | None:
        what = self.tongue.phrases.get(folded)
        if what is None:
            return None
        later = {"gone": -1, "today": 0, "tomorrow": 1, "after_tomorrow": 2}
        if what in later:
            return self.today + later[what] * ONE_DAY
        if what == "month_end":
            last = self.today.replace(day=monthrange(self.today.year, self.today.month)[1])
            return self._last_working(last)
        sunday = self.today + (6 - self.today.weekday() + (7 if what == "next_week" else 0)) * ONE_DAY
        return self._last_working(sunday)

    def _last_working(self, day: date) -> date:
        """The last working day until then; that very day where there is none any more."""
        ahead = [day - n * ONE_DAY for n in range((day - self.today).days + 1)]
        return next((each for each in ahead if self.calendar.works_on(each)), day)

    def _counted(self, folded: str) -> date | Fault | None:
        for word in self.tongue.ahead:
            folded = folded.removeprefix(f"{word} ")
        number, _, unit = folded.partition(" ")
        what = self.tongue.units.get(unit)
        if what is None or not (number.isdecimal() or number in self.tongue.numbers):
            return None
        count = int(number) if number.isdecimal() else self.tongue.numbers[number]
        if count > MOST_DAYS_AHEAD:
            return "far"
        if what == "months":
            return _months_later(self.today, count)
        if what == "working_days" and count:
            noon = self.calendar.at(self.today, NOON)
            return self.calendar.day(self.calendar.add(noon, Target(count, "working days")) - 1)
        return self.today + count * (7 if what == "weeks" else 1) * ONE_DAY

    def _next_weekday(self, weekday: int) -> date:
        """The next one after today: whoever means today says so."""
        return self.today + ((weekday - self.today.weekday() - 1) % 7 + 1) * ONE_DAY

    def _dated(self, text: str) -> date | Fault:
        if found := _ISO.fullmatch(text):
            return _made(int(found[1]), int(found[2]), int(found[3])) or "unclear"
        if found := _NUMERIC.fullmatch(text):
            day, month = int(found[1]), int(found[2])
            # Whoever writes the month first is understood where there is no other way.
            day, month = (month, day) if month > 12 else (day, month)
            return self._day_of(day, month, found[3] or "")
        numbers = [word for word in text.split() if word.isdecimal()]
        months = [self.tongue.months[word] for word in text.split() if word in self.tongue.months]
        if len(numbers) + len(months) != len(text.split()) or not numbers or len(months) > 1 or len(numbers) > 2:
            return "unclear"
        if months:
            return self._day_of(int(numbers[0]), months[0], numbers[1] if len(numbers) == 2 else "")
        return self._next_number(int(numbers[0])) if len(numbers) == 1 else "unclear"

    def _day_of(self, day: int, month: int, year: str) -> date | Fault:
        if year:
            return _made(int(year) + (2000 if len(year) == 2 else 0), month, day) or "unclear"
        found, later = (_made(self.today.year + n, month, day) for n in (0, 1))
        near = later if later and (later - self.today).days <= NEXT_YEAR_WITHIN else None
        if found is None:
            return near or "unclear"
        return found if found >= self.today else near or "past"

    def _next_number(self, number: int) -> date | Fault:
        """The next day of a month with that number."""
        months = [
            (self.today.year + (self.today.month - 1 + n) // 12, (self.today.month - 1 + n) % 12 + 1) for n in (0, 1, 2)
        ]
        days = [day for year, month in months if (day := _made(year, month, number)) and day >= self.today]
        return days[0] if days else "unclear"


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def _months_later(day: date, count: int) -> date:
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@cache
def _tongue(language: str) -> Tongue:
    lists: dict[str, Any] = tomllib.loads((FOLDER / language / "dates.toml").read_text("utf-8"))
    named = ("gone", "today", "tomorrow", "after_tomorrow", "this_week", "next_week", "month_end")
    units = ("days", "working_days", "weeks", "months")
    numbers = {fold(word): n for n, word in enumerate(lists["numbers"], 1)}
    return Tongue(
        phrases={fold(word): name for name in named for word in lists[name]},
        units={fold(word): name for name in units for word in lists[name]},
        ahead=tuple(fold(word) for word in lists["in"]),
        around=frozenset(fold(word) for word in lists["around"]),
        behind=tuple(fold(word) for word in lists["behind"]),
        the=frozenset(fold(word) for word in lists["the"]),
        numbers=numbers | {fold(word): 1 for word in lists["also_one"]},
        weekdays=_numbered(lists["weekdays"], 0),
        months=_numbered(lists["year"], 1),
        shown=lists["shown"],
        shown_far=lists["shown_far"],
        weekday_names=tuple(lists["weekdays"]),
        month_names=tuple(lists["year"]),
    )


def _numbered(names: dict[str, list[str]], first: int) -> dict[str, int]:
    return {fold(word): n for n, (name, others) in enumerate(names.items(), first) for word in (name, *others)}
