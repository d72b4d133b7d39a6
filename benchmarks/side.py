"""What takes part in a benchmark: it opens, takes messages, closes and says what it did."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from msgspec import Struct


class Done(Struct, frozen=True):
    """What came of it all, so that nobody is fast by leaving work out."""

    replies: int
    tickets: int


class Side(ABC):
    """One who takes part. `take` is measured, `warm` is not: both return when every message is done with."""

    @abstractmethod
    async def open(self, folder: Path) -> None:
        """Get ready; files go into `folder`."""

    @abstractmethod
    async def take(self, raws: list[bytes]) -> None:
        """Handle these updates, each a JSON text."""

    async def warm(self, raws: list[bytes]) -> None:
        """Handle these too, in whichever way is quickest."""
        await self.take(raws)

    @abstractmethod
    async def close(self) -> Done:
        """Stop, and count what was done."""
