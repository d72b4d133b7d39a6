"""What is to be done about a ticket's silence, and when it is looked at next: pure, from what its history tells.

An official's silence climbs: a reminder before the target, an alarm after it, then the body's ladder rung by rung, at
its end the citizen's own right to ask. Her silence is short: a reminder of the question and an end with a way back; a
second "was it fixed?" and, after it, a yes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from routing.calendar import Calendar
from routing.terms import Fixed, Terms
from routing.timetable import Climb

What = Literal["", "remind", "alarm", "climb", "request", "ask_again", "unanswered", "fixed_again", "confirm"]
DAY = 86400.0
# How far a ticket's silence went: these, then one for each rung of the ladder, then the request for information.
REMINDED, ALARMED = 1, 2
# The part of the time until a target after which its ticket is called to mind.
REMIND_AFTER = 2 / 3
# Who could not tell whether it was fixed may have passed by after so long.
UNSURE_DAYS = 3
# So long at least, and no longer than was meant, somebody has to answer who was asked late.
LONGEST_PAUSE = 14 * DAY
WORKED_ON = ("received", "acknowledged", "planned", "in_progress", "reopened")


class Facts(Struct, frozen=True, kw_only=True):
    """What counts of a ticket. Times are Unix seconds, None for what has not been.

    `since` is when it came to where it is (opened, passed here, reopened), `heard_at` when an official last said
    something public since then, `stepped_at` when a step up was last taken since then, `told_at` when the citizen was
    last told of one. `asked_at` is since when a citizen is waited for, `asked_again_at` when she was reminded.
    `ladder` are the rungs above its body, `manned` which of them lead to somebody, `received` whether anybody at all
    hears for the body.
    """

    status: str
    since: float
    answer_by: float
    close_by: float
    planned_for: float | None = None
    heard_at: float | None = None
    stepped_at: float | None = None
    told_at: float | None = None
    asked_at: float | None = None
    asked_again_at: float | None = None
    unsure_at: float | None = None
    doubted: bool = False
    rung: int = 0
    urgent: bool = False
    received: bool = True
    ladder: tuple[Climb, ...] = ()
    manned: tuple[bool, ...] = ()

    @property
    def answered(self) -> bool:
        """True when the body has said something since the ticket came to it."""
        return self.heard_at is not None

    @property
    def due_by(self) -> float:
        """The target that is open: to answer, then to close; not before the day that was promised."""
        if not self.answered:
            return self.answer_by
        promised = self.planned_for if self.status == "planned" else None
        return max(self.close_by, promised or 0.0)


class Step(NamedTuple):
    """What is to be done now ("" for nothing), and when to look again (None: when something has happened).

    `rung` is how far the silence has gone then, `to` whom a climb leads to, `tell` whether the citizen hears of it.
    """

    what: What
    watch_at: float | None
    rung: int = 0
    to: str = ""
    tell: bool = False


class _Moment(NamedTuple):
    at: float
    what: What
    rung: int
    to: str = ""


def next_step(facts: Facts, now: float, calendar: Calendar, terms: Terms) -> Step:
    """The step that is due, and the next look; of several that are due after a long absence only the last."""
    if facts.status in WORKED_ON:
        return _climb(facts, now, calendar)
    if facts.asked_at is None:
        return Step("", None)
    if facts.status == "waiting_citizen":
        days = terms.question
        again, end = facts.asked_at + days.remind * DAY, facts.asked_at + days.close * DAY
        return _ask(facts, now, again, end, "ask_again", "unanswered")
    if facts.status == "resolved":
        return _ask_fixed(facts, now, facts.asked_at, terms.fixed)
    return Step("", None)


def first_look(since: float, due_by: float, now: float, calendar: Calendar, *, urgent: bool) -> float:
    """No later than the first step of a silence that begins with nothing done yet, since then and until a target.

    What is looked at too early is looked at again: whoever does not know when a ticket came to where it is may say when
    it was opened, and the nearest of its targets.
    """
    return max(now, min(_reminder_at(since, due_by, calendar, urgent=urgent), due_by))


def look_after_word(
    status: str, since: float, close_by: float, now: float, calendar: Calendar, terms: Terms, *, urgent: bool, led: bool
) -> float:
    """No later than the first step after an official's public word that is said now, and `led` to this status or not.

    `since` is no later than the ticket came to where it is; this moment where these do not tell.
    """
    if status == "waiting_citizen":
        return now + terms.question.remind * DAY
    if status == "resolved" and led:
        return now + terms.fixed.again * DAY
    if status in WORKED_ON and now < close_by:
        return first_look(since, close_by, now, calendar, urgent=urgent)
    return now


def _climb(facts: Facts, now: float, calendar: Calendar) -> Step:
    ahead = list(_moments(facts, calendar))
    due = [moment for moment in ahead if moment.at <= now]
    if not due:
        return Step("", ahead[0].at if ahead else None, facts.rung)
    step = due[-1]
    after = replace(facts, rung=step.rung, stepped_at=now)
    further = next(_moments(after, calendar), None)
    # Nobody was there to be alarmed: what is told of it would not be true.
    alarms = step.what != "remind" and (facts.received or step.what != "alarm")
    told_today = facts.told_at is not None and calendar.day(facts.told_at) == calendar.day(now)
    # The last one is an offer, which she gets in any case.
    tell = alarms and (not told_today or step.what == "request")
    return Step(step.what, max(further.at, now) if further else None, step.rung, step.to, tell)


def _moments(facts: Facts, calendar: Calendar) -> Iterator[_Moment]:
    """What is still ahead on the way up, in its order."""
    due = facts.due_by
    if facts.rung < REMINDED and (remind_at := _reminder(facts, calendar)) is not None:
        yield _Moment(remind_at, "remind", REMINDED)
    if facts.rung < ALARMED:
        yield _Moment(due, "alarm", ALARMED)
    # A word of the body's, or a step taken late, gives it time again.
    later = [at for at in (facts.heard_at, facts.stepped_at if facts.rung >= ALARMED else None) if at is not None]
    at = max(due, *later) if later else due
    for number, (climb, manned) in enumerate(zip(facts.ladder, facts.manned, strict=True), ALARMED + 1):
        if manned and number > facts.rung:
            at = calendar.add(at, climb.after)
            yield _Moment(at, "climb", number, climb.to)
    last = ALARMED + len(facts.ladder) + 1
    if facts.rung < last:
        yield _Moment(calendar.add(at, facts.ladder[-1].after) if facts.ladder else at, "request", last)


def _reminder(facts: Facts, calendar: Calendar) -> float | None:
    """When to call a target to mind; None where that would be too late, or something was said since."""
    at = _reminder_at(facts.since, facts.due_by, calendar, urgent=facts.urgent)
    said_since = facts.heard_at is not None and facts.heard_at >= at
    return None if said_since or at >= facts.due_by else at


def _reminder_at(since: float, due_by: float, calendar: Calendar, *, urgent: bool) -> float:
    at = since + (due_by - since) * REMIND_AFTER
    return at if urgent else calendar.next_working(at)


def _ask_fixed(facts: Facts, now: float, resolved_at: float, days: Fixed) -> Step:
    again, end = resolved_at + days.again * DAY, resolved_at + days.confirm * DAY
    if facts.unsure_at is not None:
        again = min(again, facts.unsure_at + UNSURE_DAYS * DAY)
    step = _ask(facts, now, again, end, "fixed_again", "confirm")
    # Silence confirms nothing that somebody has denied.
    return Step("", None) if step.what == "confirm" and facts.doubted else step


def _ask(facts: Facts, now: float, again: float, end: float, repeat: What, conclude: What) -> Step:
    """Ask her once more, and end it after that; however late she was asked, she has as long to answer."""
    if facts.asked_again_at is None:
        return (
            Step("", again, facts.rung)
            if now < again
            else Step(repeat, max(end, now + min(end - again, LONGEST_PAUSE)), facts.rung)
        )
    due = max(end, facts.asked_again_at + min(end - again, LONGEST_PAUSE))
    return Step("", due, facts.rung) if now < due else Step(conclude, None, facts.rung)
