"""What every channel's phones are to the player: deeds to do, messages that arrive."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from msgspec import Struct

from bot.channels import Channel
from bot.messages import Option, Outbound
from tests.stage import Stage

Point = tuple[float, float]


class Deed(Struct, frozen=True):
    """What somebody does on a phone, in a group where `room` names one.

    `what` is a verb ("says", "taps", "pin", "photo", ...), the rest its objects.
    """

    what: str
    text: str = ""
    quoted: str = ""
    point: Point | None = None
    count: int = 1
    room: str = ""


class CannotError(Exception):
    """A phone of this channel has no way to do this."""


class Phones(ABC):
    """Everybody's phones on one channel."""

    channel_name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, str] = {}
        self.languages: dict[str, str] = {}
        self.heard: dict[str, list[Outbound]] = {}

    async def open(self) -> None:
        """Switch them on."""
        return

    async def close(self) -> None:
        """Switch them off."""
        return

    @abstractmethod
    def make_channel(self, stage: Stage) -> Channel:
        """The bot's end of the line."""

    @abstractmethod
    def add(self, name: str, language: str) -> None:
        """Give somebody a phone that speaks `language`."""

    def add_group(self, name: str, members: list[str]) -> None:
        """Open a group chat with the bot in it. Raises CannotError."""
        raise CannotError("this channel has no groups")

    def add_topic(self, name: str, group: str) -> None:
        """Open a topic in a group chat; it is a room of its own. Raises CannotError."""
        raise CannotError("this channel has no topics")

    @abstractmethod
    async def do(self, stage: Stage, name: str, deed: Deed) -> None:
        """Do it, and return when the bot has taken it. Raises CannotError."""

    @abstractmethod
    async def redeliver(self, stage: Stage) -> None:
        """Bring the last deed's messages once more, as after an answer that got lost."""

    @abstractmethod
    async def show(self, stage: Stage, name: str, out: Outbound) -> list[str]:
        """What the phone shows of a message that was just sent, in a few words; fails when its words are not there."""

    def summary(self) -> str:
        """What is worth knowing of the whole talk, "" for nothing."""
        return ""

    async def shows(self, stage: Stage, address: str, out: Outbound) -> tuple[str, list[str]]:
        """(whose phone, what it shows) of a message to an address."""
        # In a group the bot speaks to one person ("chat/person") before everybody.
        name = self.names.get(address) or self.names[address.partition("/")[0]]
        shown = await self.show(stage, name, out)
        self.heard.setdefault(name, []).append(out)
        return name, shown

    def changes(self, address: str, out: Outbound) -> str:
        """Whose phone shows a message in the place of an earlier one of hers, or for a moment; its buttons are there.

        A phone that shows no such thing hears no more of it than this.
        """
        name = self.names.get(address) or self.names[address.partition("/")[0]]
        self.heard.setdefault(name, []).append(out)
        self.stand_for(name, out)
        return name

    def stand_for(self, name: str, out: Outbound) -> None:
        """Know which message on the screen this stands for: the last one about the same ticket."""
        return

    def button(self, name: str, label: str) -> Option:
        """The newest button with this label."""
        for out in reversed(self.heard.get(name, [])):
            for option in out.options:
                if label in (option.label, option.shown):
                    return option
        raise AssertionError(f"{name} has no button {label!r}")

    def quoted(self, name: str, words: str) -> int:
        """Which of the bot's messages, newest first, holds these words: its index in `heard`."""
        heard = self.heard.get(name, [])
        found = next((at for at in range(len(heard) - 1, -1, -1) if words in heard[at].text), None)
        assert found is not None, f"{name} has heard nothing with {words!r}"
        return found


def brief(text: str) -> str:
    """The beginning of a text in one line, and how long it is."""
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= 48 else f"“{line[:45].rstrip()}…” ({len(text)})"


def labels(options: tuple[Option, ...]) -> str:
    return " | ".join(option.shown for option in options)
