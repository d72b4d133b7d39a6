"""The status graph of a ticket lives here and nowhere else: which arrow it has, and who may take it."""

from __future__ import annotations

from typing import Literal

Actor = Literal["citizen", "official", "system", "operator"]

OPEN = ("received", "acknowledged", "planned", "in_progress", "waiting_citizen", "reopened")
CLOSED = ("resolved", "confirmed", "declined", "not_responsible", "duplicate", "withdrawn")
STATUSES = (*OPEN, *CLOSED)
# These end a ticket only with a reason that the citizen can read.
NEED_REASON = ("declined", "not_responsible", "duplicate")

# From any open status: an official asks or ends it, the citizen takes it back.
_ANY_OPEN: dict[str, tuple[Actor, ...]] = {
    "waiting_citizen": ("official",),
    "declined": ("official",),
    "not_responsible": ("official",),
    # The system joins the reports of an outage by itself.
    "duplicate": ("official", "system"),
    "withdrawn": ("citizen",),
}
_BACK: tuple[Actor, ...] = ("official", "citizen", "system")
_WORK: dict[str, tuple[Actor, ...]] = {"planned": ("official",), "in_progress": ("official",)}
# DESIGN.md section 5: from -> to -> who may. `reopened` behaves as acknowledged.
GRAPH: dict[str, dict[str, tuple[Actor, ...]]] = {
    "received": {"acknowledged": ("official",), **_ANY_OPEN},
    # Who sent it may set right what it is about while nobody works on it: another body may receive it then.
    "acknowledged": {"received": ("citizen",), **_WORK, **_ANY_OPEN},
    "planned": {"in_progress": ("official",), "resolved": ("official",), **_ANY_OPEN},
    "in_progress": {"planned": ("official",), "resolved": ("official",), **_ANY_OPEN},
    "waiting_citizen": {
        **{to: who for to, who in _ANY_OPEN.items() if to != "waiting_citizen"},
        # A question that nobody answers ends it; a late answer brings it back.
        "declined": ("official", "system"),
        "acknowledged": _BACK,
        "planned": _BACK,
        "in_progress": _BACK,
    },
    "reopened": {**_WORK, **_ANY_OPEN},
    "resolved": {"confirmed": ("citizen", "system"), "reopened": ("citizen",)},
    # Neighbours who see that it was not fixed after all are believed before one who said that it was.
    "confirmed": {"reopened": ("citizen",)},
    # Only what was closed because she did not answer: see handlers/silence.py.
    "declined": {"reopened": ("citizen",)},
    # Passed on: the one it was given to receives it.
    "not_responsible": {"received": ("system",)},
    # What was joined by mistake is parted again.
    "duplicate": {"reopened": ("official",)},
    "withdrawn": {},
}
_UNDOABLE = ("acknowledged", "planned", "in_progress", "waiting_citizen", "resolved", "declined")
# What doing a thing implies: who plans has seen it, who finished was at work.
_IMPLIED = ("acknowledged", "in_progress")


def way(status: str, target: str) -> tuple[str, ...] | None:
    """The arrows an official's step stands for: from received to resolved is seen, at work, resolved. None: no way."""
    if target == status:
        return None
    if "official" in GRAPH[status].get(target, ()):
        return (target,)
    for step in _IMPLIED:
        if step != status and "official" in GRAPH[status].get(step, ()) and target not in ("acknowledged", "confirmed"):
            rest = way(step, target)
            if rest:
                return (step, *rest)
    return None


def may_undo(old: str, new: str) -> bool:
    """True when an official's own step can have led from `old` to `new`: to take it back leads from `new` to `old`.

    This is the one way against the arrows. What hands a ticket on, joins it with another one or parts it has steps of
    its own that set it right.
    """
    return old == new or (new in _UNDOABLE and way(old, new) is not None)


def allowed(status: str, actor: Actor) -> tuple[str, ...]:
    """The statuses that `actor` may lead a ticket to from here."""
    return tuple(to for to, who in GRAPH[status].items() if actor in who)


class Forbidden(Exception):
    """An arrow that the status graph does not have for this actor."""

    def __init__(self, old: str, new: str, actor: str) -> None:
        super().__init__(f"a ticket cannot go from {old} to {new} by a {actor}")
        self.old, self.new, self.actor = old, new, actor


class ReasonMissing(Exception):
    """An end that needs a reason was given none."""
