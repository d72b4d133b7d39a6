"""A screen on which a bot's messages arrive: what people on the fake providers look at."""

from __future__ import annotations

import asyncio
from typing import Generic, Protocol, TypeVar


class Readable(Protocol):
    """A message as a phone shows it."""

    text: str


M = TypeVar("M", bound=Readable)


class Screen(Generic[M]):
    """`chat` is all that came, in order; `next` waits for what comes after what was read. `owner` says whose it is."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.chat: list[M] = []
        self._read = 0
        self._arrived = asyncio.Event()

    @property
    def texts(self) -> list[str]:
        """All that came, as words."""
        return [shown.text for shown in self.chat]

    def show(self, shown: M) -> None:
        """A message of the bot's arrives."""
        self.chat.append(shown)
        self._arrived.set()

    async def next(self, timeout: float = 5.0) -> M:
        """The bot's next message that was not looked at yet; fails after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while self._read >= len(self.chat):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"nothing more came to {self.owner}; so far: {self.texts}") from None
        self._read += 1
        return self.chat[self._read - 1]

    async def next_with(self, words: str, timeout: float = 60.0) -> M:
        """The next message that holds `words`; those before it are passed over."""
        async with asyncio.timeout(timeout):
            while True:
                shown = await self.next(timeout)
                if words in shown.text:
                    return shown

    async def quiet(self, seconds: float = 0.2) -> None:
        """Fail if anything new comes within `seconds`."""
        await asyncio.sleep(seconds)
        new = self.texts[self._read :]
        assert not new, f"{self.owner} should have heard nothing, and heard {new}"
