"""What people saw of the month with their own eyes, and the figures that follow from it.

Nothing here reads the database, nor shares code with what computes the indicators: every act was written down when its
message was sent, once the answer showed that it had been taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.month.replay import Replay
from tests.made_city import Case, recount

# Until when a ticket that begins at a moment is to be answered and closed: (moment, category, body).
Due = Callable[[float, str, str], tuple[float, float]]


class Act(NamedTuple):
    """Something that somebody did to a ticket, in the order in which messages were sent; `to` is what it is about."""

    number: int
    at: float
    what: str
    who: str = ""
    to: str = ""


@dataclass
class Seen:
    """One ticket as people know it."""

    code: str
    reporter: str
    body: str
    category: str
    at: float
    number: int
    held: bool = False
    acts: list[Act] = field(default_factory=list)


class Ledger:
    """Every ticket that anybody was told the code of."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self._gathered: defaultdict[str, set[str]] = defaultdict(set)

    def opened(self, found: Seen) -> None:
        """A report was taken, or held."""
        self.seen[found.code] = found

    def note(self, code: str, act: Act) -> None:
        """Something was done to it."""
        self.seen[code].acts.append(act)

    def gathered(self, code: str, into: str) -> None:
        """A report was told to be part of an outage that has another one's code."""
        self._gathered[into].add(code)

    def cases(self, due: Due, looks: Sequence[float], question: tuple[float, float], now: float) -> list[Case]:
        """Each ticket with all that happened to it, as far as people know; `looks` are the clockwork's.

        After `question` seconds without an answer the citizen is reminded, and her report closed.
        """
        self._note_outages()
        joined = self._followers()
        replay = Replay(due, looks, question, now)
        return [replay.case(found, tuple(joined[found.code].values())) for found in self.seen.values()]

    def _note_outages(self) -> None:
        """All of an outage became one with the report that made it five."""
        for into, codes in self._gathered.items():
            last = max((self.seen[code] for code in codes), key=lambda each: each.number)
            for code in codes:
                self.note(code, Act(last.number, last.at, "gathered", to=into))
        self._gathered.clear()

    def _followers(self) -> dict[str, dict[str, float]]:
        """Who joined each ticket when, but for those who left."""
        joined: defaultdict[str, dict[str, float]] = defaultdict(dict)
        into: dict[str, str] = {}
        every = [(act, found) for found in self.seen.values() for act in found.acts]
        for act, found in sorted(every, key=lambda each: each[0].number):
            if act.what == "joined":
                self._join(joined, found.code, [act.who], act.at)
            elif act.what == "left":
                for code in (found.code, *(merged for merged, lead in into.items() if lead == found.code)):
                    joined[code].pop(act.who, None)
            elif act.what in ("merged", "gathered"):
                into[found.code] = act.to
                self._join(joined, act.to, [found.reporter, *joined[found.code]], act.at)
        return joined

    def _join(self, joined: dict[str, dict[str, float]], code: str, people: Iterable[str], at: float) -> None:
        for who in people:
            if who != self.seen[code].reporter:
                joined[code].setdefault(who, at)


def count(cases: Sequence[Case], start: float, end: float, now: float) -> dict[str, dict[str, Any]]:
    """Every figure by its name, of the city under "" and of each body under its id."""
    found = {"": recount(cases, start, end, now)}
    givers = {entry.body for case in cases for entry in case.entries if entry.body}
    for body in sorted({case.body for case in cases} | givers):
        found[body] = recount([case for case in cases if case.body == body], start, end, now)
        # A pass is the giver's, whoever has it now.
        found[body]["passed_on"] = sum(
            entry.status == "not_responsible" and entry.body == body and start <= entry.at < end and not case.held
            for case in cases
            for entry in case.entries
        )
    return found
