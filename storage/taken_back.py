"""Which entries of a history were taken back: they stay in it, and count for nothing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Protocol, TypeVar

UNDONE = "undone"


class Entry(Protocol):
    """What of an entry tells whose step it belongs to."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def actor(self) -> str: ...
    @property
    def person_id(self) -> int | None: ...
    @property
    def action(self) -> str: ...


E = TypeVar("E", bound=Entry)


def last_steps(history: Sequence[E], person_id: int | None) -> list[E]:
    """The entries of this official's last step on a ticket: what one command of hers wrote in one moment.

    Two commands of hers in one transaction have each a moment of its own: see `Work.set_apart`.
    """
    own = [each for each in history if each.actor == "official" and each.person_id == person_id]
    last = list(takewhile(lambda each: each.at == own[-1].at and each.action != UNDONE, reversed(own)))
    return last[::-1]


def taken_back(history: Sequence[Entry]) -> frozenset[int]:
    """The entries of a history, whole or public, that were taken back, by their seq."""
    found: set[int] = set()
    for number, each in enumerate(history):
        if each.action == UNDONE:
            found |= {step.seq for step in last_steps(history[:number], each.person_id)}
    return frozenset(found)


def what_stands(history: Sequence[E]) -> Sequence[E]:
    """A history without the steps that were taken back, and without the taking back."""
    gone = taken_back(history)
    return [each for each in history if each.seq not in gone and each.action != UNDONE]
