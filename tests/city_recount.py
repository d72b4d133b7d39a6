"""What histories tell, counted anew: the same questions that the code answers, asked of the bare entries.

Nothing of the code under test decides here: the arrows are those of the design, written down once more, and the words
of an entry are read with eyes of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

CITIZEN, OFFICIAL, SYSTEM = "citizen", "official", "system"
OPEN = frozenset({"received", "acknowledged", "planned", "in_progress", "waiting_citizen", "reopened"})
WORKED_ON = OPEN - {"waiting_citizen"}
ENDS = {"waiting_citizen": OFFICIAL, "declined": OFFICIAL, "not_responsible": OFFICIAL, "withdrawn": CITIZEN}
ALWAYS = {*((to, who) for to, who in ENDS.items()), ("duplicate", OFFICIAL), ("duplicate", SYSTEM)}
AT_WORK = {("planned", OFFICIAL), ("in_progress", OFFICIAL)}
BACK = {(to, who) for to in ("acknowledged", "planned", "in_progress") for who in (OFFICIAL, CITIZEN, SYSTEM)}
# The arrows of DESIGN.md: from each status, to which one, by whom.
ARROWS: dict[str, set[tuple[str, str]]] = {
    "": {("received", CITIZEN)},
    "received": {("acknowledged", OFFICIAL), *ALWAYS},
    "acknowledged": {("received", CITIZEN), *AT_WORK, *ALWAYS},
    "planned": {("in_progress", OFFICIAL), ("resolved", OFFICIAL), *ALWAYS},
    "in_progress": {("planned", OFFICIAL), ("resolved", OFFICIAL), *ALWAYS},
    "reopened": {*AT_WORK, *ALWAYS},
    "waiting_citizen": {*BACK, ("declined", SYSTEM), *(ALWAYS - {("waiting_citizen", OFFICIAL)})},
    "resolved": {("confirmed", CITIZEN), ("confirmed", SYSTEM), ("reopened", CITIZEN)},
    "confirmed": {("reopened", CITIZEN)},
    "declined": {("reopened", CITIZEN)},
    "not_responsible": {("received", SYSTEM)},
    "duplicate": {("reopened", OFFICIAL)},
    "withdrawn": set(),
}
# The city's own clock has no summer time; a promised day ends with the office.
ZONE, OFFICE_CLOSES = timedelta(hours=-3), timedelta(hours=17)
PRIORITIES = {"low": "low", "normal": "", "high": "high", "urgent": "urgent"}
# Histories were written in words before.
PRIORITIES |= {"Baja": "low", "Normal": "", "Alta": "high", "Urgente": "urgent"}
UNDONE, UNDO_SECONDS = "undone", 60.0


class State(Struct, frozen=True):
    """How a ticket stands: what of its row can be told from its history."""

    status: str = ""
    body: str = ""
    taken_by: int | None = None
    priority: str = ""
    planned_for: float | None = None
    answered_at: float | None = None
    closed_at: float | None = None
    duplicate_of: str = ""
    rating: int | None = None


def is_arrow(old: str, new: str, actor: str) -> bool:
    """True for an arrow of the design."""
    return (new, actor) in ARROWS[old]


def groups(history: Sequence[Any]) -> list[list[Any]]:
    """The entries of a ticket step by step: what one person did in one moment is one."""
    found: list[list[Any]] = []
    for entry in history:
        if found and entry.actor == OFFICIAL and _as_one(found[-1][-1], entry):
            found[-1].append(entry)
        else:
            found.append([entry])
    return found


def replay(history: Sequence[Any], body: str, people: dict[str, int]) -> State:
    """The state that a history leads to, which began at `body`; `people` are the officials by their names.

    Fails where an entry follows no arrow, or takes back what cannot be taken back.
    """
    state, undoable, last = State(body=body), None, 0
    reporter = history[0].person_id if history else None
    for step in groups(history):
        if step[0].action == UNDONE:
            (entry,) = step
            assert undoable is not None, f"{_name(entry)} takes back what was no official's step"
            taken_back, last_step = undoable
            assert entry.person_id == last_step.person_id, f"{_name(entry)} takes back what somebody else did"
            assert entry.at <= last_step.at + UNDO_SECONDS, f"{_name(entry)} comes too late"
            assert entry.status == ("" if taken_back.status == state.status else taken_back.status), _name(entry)
            state, undoable = taken_back, None
        else:
            undoable = (state, step[-1]) if step[0].actor == OFFICIAL else None
            for entry in step:
                state = _follow(state, entry, people, alone=len(step) == 1, reporter=reporter)
        last += len(step)
    assert [entry.seq for entry in history] == list(range(1, last + 1)), "the history has gaps"
    return state


def _follow(state: State, entry: Any, people: dict[str, int], *, alone: bool, reporter: int | None) -> State:
    changes: dict[str, Any] = {}
    if entry.status:
        assert is_arrow(state.status, entry.status, entry.actor), f"{_name(entry)} from {state.status} by {entry.actor}"
        closed = None if entry.status in OPEN else state.closed_at or entry.at
        changes |= {"status": entry.status, "closed_at": closed}
        changes |= _moved(state, entry, alone=alone)
    if entry.actor == OFFICIAL and entry.public and state.answered_at is None:
        changes["answered_at"] = entry.at
    if entry.action == "assigned":
        changes["taken_by"] = people.get(entry.reason)
    if entry.action == "priority":
        changes["priority"] = PRIORITIES[entry.reason]
    if entry.action == "planned":
        changes["planned_for"] = _evening(date.fromisoformat(entry.reason))
    if entry.action == "rated" and (state.rating is None or entry.person_id == reporter):
        changes["rating"] = int(entry.words)
    return msgspec.structs.replace(state, **changes)


def _moved(state: State, entry: Any, *, alone: bool) -> dict[str, Any]:
    """What a new status changes beside itself: who has it, and of which ticket it is a double."""
    if entry.status == "received" and entry.actor == SYSTEM:
        return {"body": entry.body, "taken_by": None}
    if entry.status == "acknowledged" and entry.actor == OFFICIAL and alone and not entry.words:
        return {"taken_by": entry.person_id}
    if entry.status == "duplicate":
        return {"duplicate_of": entry.reason.replace("-", "")}
    return {"duplicate_of": ""} if state.status == "duplicate" else {}


def _as_one(one: Any, other: Any) -> bool:
    return bool(one.at == other.at and one.person_id == other.person_id and one.actor == other.actor)


def _evening(day: date) -> float:
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) - ZONE + OFFICE_CLOSES).timestamp()


def _name(entry: Any) -> str:
    return f"{entry.ticket}#{entry.seq} ({entry.status or entry.action or 'words'})"


def escalations(history: Iterable[Any]) -> list[Any]:
    """The steps up that a silence took since the ticket came to where it is, or a human last spoke."""
    found: list[Any] = []
    for entry in history:
        if entry.status in ("received", "reopened"):
            found = []
        if entry.action == "escalated":
            found.append(entry)
    return found
