"""Tickets written straight into the database as their histories say, and an independent recount of the figures.

The recount is slow and plain on purpose: it reads whole histories, one ticket after the other, and shares no code with
`storage.indicators`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from storage.schema import person, supporter, ticket, update, verdict

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

DAY = 86400.0
ENDS = {"resolved", "confirmed", "declined", "not_responsible", "duplicate", "withdrawn"}
UNDONE = "undone"


class Entry(NamedTuple):
    """One entry of a history; `body` is whose it is."""

    at: float
    actor: str = "official"
    status: str = ""
    public: bool = True
    body: str = ""
    action: str = ""


class Case(NamedTuple):
    """A ticket with all that happened to it; the first entry is its report."""

    code: str
    entries: tuple[Entry, ...]
    body: str = "comuna-1"
    category: str = "bache"
    area: str = "comuna-1"
    answer_by: float | None = None
    close_by: float | None = None
    rating: int | None = None
    held: bool = False
    verdicts: tuple[tuple[float, str], ...] = ()
    joined: tuple[float, ...] = ()
    # The target that counted when it was answered, where it has another one by now.
    answered_due: float | None = None


def reported(at: float) -> Entry:
    """Return the first entry of every history."""
    return Entry(at, "citizen", "received")


async def write_city(connection: AsyncConnection, cases: Sequence[Case], first_person: int = 1) -> None:
    """Write the tickets down as `storage.tickets` would have left them."""
    number = first_person
    for case in cases:
        await connection.execute(ticket.insert().values(**row_of(case)))
        for seq, entry in enumerate(case.entries, 1):
            await connection.execute(update.insert().values(ticket=case.code, seq=seq, **entry._asdict()))
        people = [*({"answer": answer, "at": at, "seq": 1} for at, answer in case.verdicts), *case.joined]
        for each in people:
            await connection.execute(person.insert().values(id=number, created_at=0.0))
            mine = {"ticket": case.code, "person_id": number}
            if isinstance(each, dict):
                await connection.execute(verdict.insert().values(**mine, **each))
            else:
                await connection.execute(supporter.insert().values(**mine, joined_at=each))
            number += 1


def row_of(case: Case) -> dict[str, Any]:
    """Return the ticket's row after all of its history."""
    answered_at: float | None = None
    closed_at: float | None = None
    status = ""
    for entry in what_counts(case.entries):
        if answered_at is None and entry.actor == "official" and entry.public:
            answered_at = entry.at
        if entry.status:
            status = entry.status
            if status not in ENDS:
                closed_at = None
            elif closed_at is None:
                closed_at = entry.at
    return {
        "code": case.code,
        "body": case.body,
        "category": case.category,
        "area": case.area,
        "place": "{}",
        "language": "es",
        "status": status,
        "update_seq": len(case.entries),
        "answer_by": case.answer_by,
        "close_by": case.close_by,
        "rating": case.rating,
        "held_at": case.entries[0].at if case.held else None,
        "answered_at": answered_at,
        "answered_due": None if answered_at is None else case.answered_due,
        "closed_at": closed_at,
        "created_at": case.entries[0].at,
        "updated_at": case.entries[-1].at,
    }


def what_counts(entries: Sequence[Entry]) -> list[Entry]:
    """Return a history without what was taken back: the official's last moment, and the entry that undoes it."""
    gone: set[int] = set()
    for number, entry in enumerate(entries):
        if entry.action == UNDONE:
            own = [each for each in range(number) if entries[each].actor == "official"]
            gone |= {number, *(each for each in own if entries[each].at == entries[own[-1]].at)}
    return [entry for number, entry in enumerate(entries) if number not in gone]


def closing(case: Case) -> float | None:
    """Return when it was last closed: walk back from the end while it was closed."""
    closed_at = None
    for entry in reversed(what_counts(case.entries)):
        if entry.status in ENDS:
            closed_at = entry.at
        elif entry.status:
            break
    return closed_at


def recount(cases: Sequence[Case], start: float, end: float, now: float) -> dict[str, Any]:
    """Return every figure of a period by its name, counted by hand."""
    seen = [past(case, end) for case in cases if not case.held and case.entries[0].at < end]
    seen_at = min(now, end)
    inside: Callable[[float], bool] = lambda at: start <= at < end  # noqa: E731
    answers = {case.code: answer_of(case) for case in seen}
    targets = {case.code: promised(case) for case in cases}
    open_ones = [case for case in seen if closing(case) is None]
    done = [case for case in seen if (at := closing(case)) is not None and inside(at)]
    closed = [case for case in done if last_status(case) not in ("duplicate", "withdrawn")]
    answered = [case for case in seen if (at := answers[case.code]) is not None and inside(at)]
    silent = [case for case in open_ones if answers[case.code] is None]
    late = [case for case in open_ones if case.close_by is not None and case.close_by < seen_at]
    mute = [case for case in silent if (by := targets[case.code]) is not None and by < seen_at]
    awaited = [case for case in answered if targets[case.code] is not None]
    due = [case for case in closed if case.close_by is not None]
    rated = [case for case in cases if not case.held and rated_in(case, start, end)]
    live = [case for case in cases if not case.held]
    said = [answer for case in live for at, answer in case.verdicts if inside(at) and answer != "unsure"]
    ages = [(seen_at - case.entries[0].at) / DAY for case in open_ones]
    return {
        "received": sum(inside(case.entries[0].at) for case in seen),
        "first_response": stretch([(answers[case.code] or 0.0) - case.entries[0].at for case in answered]),
        "unanswered": len(silent),
        "closed": len(closed),
        "resolved": sum(last_status(case) in ("resolved", "confirmed") for case in closed),
        "time_to_close": stretch([(closing(case) or 0.0) - case.entries[0].at for case in closed]),
        "backlog": len(open_ones),
        "ages": tuple(
            sum(low <= age < high for age in ages) for low, high in ((0, 7), (7, 30), (30, 90), (90, float("inf")))
        ),
        "overdue": len(late),
        "answered_on_time": (
            sum((answers[case.code] or 0.0) <= (targets[case.code] or 0.0) for case in awaited),
            len(awaited) + len(mute),
        ),
        "closed_on_time": (
            sum((closing(case) or 0.0) <= (case.close_by or 0.0) for case in due),
            len(due) + len(late),
        ),
        "reopened": sum(
            entry.status == "reopened" and entry.actor != "official" and inside(entry.at)
            for case in live
            for entry in case.entries
        ),
        "passed_on": sum(
            one.status == "not_responsible" and next_one.status == "received" and inside(one.at)
            for case in live
            for one, next_one in zip(case.entries, case.entries[1:], strict=False)
        ),
        "duplicates": sum(last_status(case) == "duplicate" for case in done),
        "withdrawn": sum(last_status(case) == "withdrawn" for case in done),
        "rating": (sum(case.rating or 0 for case in rated), len(rated)),
        "fixed": (said.count("yes"), len(said)),
        "joined": sum(inside(at) for case in live for at in case.joined),
    }


def past(case: Case, end: float) -> Case:
    """Return the ticket with what had happened until then."""
    return case._replace(entries=tuple(entry for entry in case.entries if entry.at < end))


def answer_of(case: Case) -> float | None:
    """Return when somebody of a body first said or did something in public."""
    own = [entry.at for entry in what_counts(case.entries) if entry.actor == "official" and entry.public]
    return min(own, default=None)


def promised(case: Case) -> float | None:
    """Return until when it is to be answered, or was: the first answer's target stays what it was."""
    return case.answer_by if case.answered_due is None or answer_of(case) is None else case.answered_due


def last_status(case: Case) -> str:
    """Return where it had come to."""
    return [entry.status for entry in what_counts(case.entries) if entry.status][-1]


def rated_in(case: Case, start: float, end: float) -> bool:
    """Tell whether the rating that counts was given in the period."""
    times = [entry.at for entry in case.entries if entry.action == "rated"]
    return case.rating is not None and bool(times) and start <= times[-1] < end


def stretch(seconds: list[float]) -> tuple[int, float | None, float | None]:
    """Return how many, and the least of them that half, and nine in ten, do not exceed."""
    ordered = sorted(seconds)

    def reach(tenths: int) -> float | None:
        enough = -(-tenths * len(ordered) // 10)
        return ordered[enough - 1] if ordered else None

    return len(seconds), reach(5), reach(9)
