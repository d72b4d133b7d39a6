"""One ticket's acts played again by the plain rules of docs/indicators.md and of the pack: where it stood when."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from tests.made_city import Case, Entry

if TYPE_CHECKING:
    from benchmarks.month.ledger import Act, Due, Seen

OVER = ("resolved", "declined", "not_responsible", "duplicate", "withdrawn")
WAITS, DECLINED, REOPENED = "waiting_citizen", "declined", "reopened"
# What an official does in words changes nothing but that the ticket has been seen.
SPEAKS = ("acknowledged", "answered")
STARS = "rated"
# What is counted by person: see `Ledger`.
ELSEWHERE = ("joined", "left")
WORK = ("asked", "passed", "merged", "freed", "status", *SPEAKS)
# Of what an official does at once each step is so many seconds behind her last one, and what is counted from it too.
MOMENT = 1e-6


class Replay:
    """Plays acts; see `Ledger.cases` for what the arguments mean."""

    def __init__(self, due: Due, looks: Sequence[float], question: tuple[float, float], now: float) -> None:
        self._due = due
        self._looks = looks
        self._remind, self._close = question
        self._now = now

    def case(self, found: Seen, joined: tuple[float, ...]) -> Case:
        """The ticket with all that happened to it."""
        story = _Story(found, self._due)
        for act in _one_by_one(found.acts):
            self._lapse(story, act.at)
            story.play(act)
        self._lapse(story, self._now)
        return story.case(joined)

    def _lapse(self, story: _Story, now: float) -> None:
        """Close what waited too long for an answer before `now`."""
        if story.status != WAITS:
            return
        reminded = self._look_after(story.asked_at + self._remind)
        closed = self._look_after(max(story.asked_at + self._close, reminded + self._close - self._remind))
        if closed < now:
            story.enter(closed, "system", DECLINED)
            story.lapsed = True

    def _look_after(self, at: float) -> float:
        """When the clock looked next."""
        number = bisect_left(self._looks, at)
        return self._looks[number] if number < len(self._looks) else float("inf")


def _one_by_one(acts: Sequence[Act]) -> Iterator[Act]:
    """Acts in their order; an official's that came at one moment are each a moment behind her last one."""
    last: dict[str, Act] = {}
    for act in sorted(acts, key=lambda each: each.number):
        before = last.get(act.who)
        if act.what.partition(":")[0] in WORK:
            if before and before.number != act.number and act.at <= before.at:
                act = act._replace(at=before.at + MOMENT)
            last[act.who] = act
        yield act


class _Story:
    """A ticket in the middle of its acts."""

    def __init__(self, found: Seen, due: Due) -> None:
        self.status = "received"
        self.asked_at = 0.0
        self.lapsed = False
        self._found = found
        self._body = found.body
        self._held = found.held
        self._waited_from = 0.0
        self._due = due
        self._entries = [Entry(found.at, "citizen", "received")]
        self._verdicts: dict[tuple[str, int], tuple[float, str]] = {}
        self._resolved = 0
        self._rating: int | None = None
        self._begin_anew(found.at)

    def play(self, act: Act) -> None:
        """Do what the act did."""
        kind, _, rest = act.what.partition(":")
        does: dict[str, Callable[[], None]] = {
            "asked": lambda: self._ask(act.at),
            "passed": lambda: self._pass(act),
            "merged": lambda: self.enter(act.at, "official", "duplicate"),
            "gathered": lambda: self.enter(act.at, "system", "duplicate"),
            "freed": lambda: self._free(act.at),
            "replied": lambda: self._reply(act.at),
            "withdrawn": lambda: self.enter(act.at, "citizen", "withdrawn"),
            REOPENED: lambda: self._reopen(act.at),
            "status": lambda: self._move(act.at, rest),
            "verdict": lambda: self._hear(act, rest),
            "more": lambda: self._hear_more(act, rest),
            STARS: lambda: self._rate(act, int(rest or 0)),
        }
        if kind in SPEAKS:
            self._speak(act.at)
        elif kind not in ELSEWHERE:
            does[kind]()

    def enter(self, at: float, actor: str, status: str, *, body: str = "") -> None:
        """Write down that it came to another status."""
        self._entries.append(Entry(at, actor, status, body=body))
        self.status = status

    def case(self, joined: tuple[float, ...]) -> Case:
        """What came of it."""
        found = self._found
        return Case(
            found.code,
            tuple(self._entries),
            self._body,
            found.category,
            "",
            self._answer_by,
            self._close_by,
            self._rating,
            self._held,
            tuple(self._verdicts.values()),
            joined,
        )

    def _begin_anew(self, at: float) -> None:
        answer_by, self._close_by = self._due(at, self._found.category, self._body)
        # The first answer is judged by the target that counted when it was given.
        if not any(each.actor == "official" and each.public for each in self._entries):
            self._answer_by = answer_by

    def _speak(self, at: float) -> None:
        self._entries.append(Entry(at, "official"))
        if self.status == "received":
            self.status = "acknowledged"
        # Each word of an official's makes a new question of the one that is open.
        self.asked_at = at

    def _ask(self, at: float) -> None:
        if self.status in OVER:
            # Of what is closed nothing is waited for: it is said, no more.
            return self._speak(at)
        if self.status != WAITS:
            self._waited_from = at
        self.asked_at = at
        return self.enter(at, "official", WAITS)

    def _move(self, at: float, status: str) -> None:
        self._go_on(at, status)
        self.enter(at, "official", status, body=self._body)
        self._resolved += status == "resolved"

    def _go_on(self, at: float, status: str) -> None:
        """The time for which the citizen was waited for is the body's to have again."""
        if self.status == WAITS and status != DECLINED:
            self._close_by += at - self._waited_from

    def _pass(self, act: Act) -> None:
        self.enter(act.at, "official", "not_responsible", body=self._body)
        self._body = act.to
        self.enter(act.at, "system", "received", body=act.to)
        self._begin_anew(act.at)

    def _free(self, at: float) -> None:
        self._held = False
        self._begin_anew(at)

    def _reply(self, at: float) -> None:
        if self.status == WAITS:
            self._go_on(at, "acknowledged")
            self.enter(at, "citizen", "acknowledged")
        elif self.status == DECLINED and self.lapsed:
            self._reopen(at)

    def _reopen(self, at: float) -> None:
        self.enter(at, "citizen", REOPENED)
        self.lapsed = False
        self._begin_anew(at)

    def _hear(self, act: Act, answer: str) -> None:
        self._verdicts[act.who, self._resolved] = act.at, answer

    def _hear_more(self, act: Act, said: str) -> None:
        """Words after a No; where it has been resolved once more since, they are her No to that."""
        if self.status == "resolved" and (act.who, self._resolved) not in self._verdicts:
            self._hear(act, "no")
            if said == REOPENED:
                self._reopen(act.at)

    def _rate(self, act: Act, stars: int) -> None:
        """Who reported it has the last word; of the others the first."""
        if act.who == self._found.reporter or self._rating is None:
            self._rating = stars
        self._entries.append(Entry(act.at, "citizen", public=False, action=STARS))
