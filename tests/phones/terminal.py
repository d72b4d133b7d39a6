"""Terminals: deeds are typed lines, messages are text."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bot.channels import Channel
from bot.channels.terminal import Terminal, read_line
from bot.messages import Inbound, Outbound
from tests.phones.base import CannotError, Deed, Phones, brief
from tests.phones.pictures import pictures
from tests.stage import Stage


class TerminalPhones(Phones):
    """Terminals: a tap is the number beside the option, or the command that stands for a shortcut."""

    channel_name = "terminal"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._written: list[str] = []
        self._last: list[Inbound] = []

    def make_channel(self, stage: Stage) -> Channel:
        return Terminal(self._written.append, next(iter(self.languages.values()), "es"))

    def add(self, name: str, language: str) -> None:
        self.languages[name] = language
        self.names[name] = name

    async def do(self, stage: Stage, name: str, deed: Deed) -> None:
        read = read_line(self._line(name, deed), now=stage.now, language=self.languages[name])
        assert read is not None, "the terminal takes an empty line for none"
        # A terminal is one person's: here each has one of her own.
        self._last = [msgspec.structs.replace(read, address=name, sender=name)]
        await stage.take(*self._last)

    async def redeliver(self, stage: Stage) -> None:
        await stage.take(*self._last)

    def _line(self, name: str, deed: Deed) -> str:
        match deed.what:
            case "says":
                return deed.text
            case "taps":
                return self._typed(name, deed.text)
            case "pin" if deed.point:
                return f"@pin {deed.point[0]}, {deed.point[1]}"
            case "photo" | "album" | "broken photo" | "file":
                files = [self._file(number, data) for number, data in enumerate(pictures(deed))]
                return " ".join([*files, deed.text])
        raise CannotError(f"a terminal cannot: {deed.what}")

    def _typed(self, name: str, label: str) -> str:
        button = self.button(name, label)
        if button.tap.startswith("/"):
            return button.tap
        options = [option for option in self.heard[name][-1].options if not option.tap.startswith("@")]
        assert button in options, f"the terminal shows no {label!r} in its last message"
        return str(options.index(button) + 1)

    def _file(self, number: int, data: bytes) -> str:
        path = self.folder / f"photo {number}.jpg"
        path.write_bytes(data)
        return f'@"{path}"'

    async def show(self, stage: Stage, name: str, out: Outbound) -> list[str]:
        written = self._written.pop()
        assert not self._written, "one message is one text"
        assert written.startswith(out.text)
        rest = written.removeprefix(out.text).strip("\n")
        return [brief(out.text), *rest.splitlines()]
