"""Somebody with a phone, and how she takes part: she hears, thinks a while, and says something."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.month.citizens import Reporter
    from benchmarks.month.ledger import Ledger
    from benchmarks.month.offices import Office
    from benchmarks.month.worktime import Worktime
    from bot.messages import Outbound, Place
    from routing.pack import Pack

# What somebody takes to answer who has the phone in her hand.
THINKS = 30.0


class World(Protocol):
    """What people find around them."""

    ledger: Ledger
    worktime: Worktime
    pack: Pack
    dice: random.Random
    offices: dict[str, Office]

    @property
    def now(self) -> float:
        """The moment."""
        ...

    def say(self, who: Person, at: float, sent: Callable[[int, float], None] | None = None, **message: Any) -> None:
        """Send a message at a moment."""
        ...

    def body_called(self, name: str) -> str:
        """The id of a body that somebody named."""
        ...

    def category_called(self, name: str) -> str:
        """The id of a category, by its icon and name."""
        ...

    def opened(self, who: Reporter, code: str, *, held: bool) -> None:
        """A report was taken."""
        ...

    def call(self, at: float, do: Callable[[], None]) -> None:
        """Do something at a moment."""
        ...


class Person:
    """Somebody at an address; `thinks` is how many seconds she takes to answer."""

    thinks = THINKS

    def __init__(self, world: World, account: str, address: str, language: str) -> None:
        self.world = world
        self.account = account
        self.address = address
        self.language = language

    @property
    def name(self) -> str:
        """Who she is."""
        return f"{self.account} {self.address}"

    def hear(self, messages: Sequence[Outbound]) -> None:
        """What came since she looked last."""

    def say(
        self,
        text: str = "",
        *,
        tapped: str = "",
        place: Place | None = None,
        after: float | None = None,
        sent: Callable[[int, float], None] | None = None,
    ) -> None:
        """Say something after so many seconds."""
        after = self.thinks if after is None else after
        self.world.say(self, self.world.now + after, sent, text=text, tapped=tapped, place=place)
