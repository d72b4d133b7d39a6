"""Pages on the browser channel: deeds are frames, messages are the lines that a page reads."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from bot.channels import Channel
from bot.channels.browser import ACCOUNT, BrowserChannel, Hub, Uploads
from bot.messages import Inbound, Option, Outbound
from storage.history import Cursor, provider_id, read_lines, read_pictures
from tests.phones.base import CannotError, Deed, Phones, brief, labels
from tests.phones.pictures import pictures, voice_note
from tests.stage import Stage
from web.contacts import address_of
from web.sign import Signer
from web.wire import FromPage, Pin, Sent, ShownLine, read_message, read_uploads, show_line, to_inbound

SECRET = "a secret that only these phones know"


class BrowserPhones(Phones):
    """Pages on the browser channel."""

    channel_name = "browser"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._signer = Signer(SECRET)
        self._cursors: dict[str, Cursor] = {}
        self._keys: dict[str, list[int]] = {}
        self._ids = itertools.count(1)
        self._last: list[Inbound] = []

    def make_channel(self, stage: Stage) -> Channel:
        self._uploads = Uploads(self.folder / "uploads")
        return BrowserChannel(Hub(), self._uploads)

    def add(self, name: str, language: str) -> None:
        self.languages[name] = language
        self.names[self._address(name)] = name

    def _contact(self, name: str) -> str:
        return hashlib.sha256(name.encode()).hexdigest()[:32]

    def _address(self, name: str) -> str:
        return address_of(self._contact(name), "citizen")

    async def do(self, stage: Stage, name: str, deed: Deed) -> None:
        frame = msgspec.json.encode(await self._frame(name, deed)).decode()
        said = read_message(frame)
        assert said is not None, f"the server refuses {frame}"
        address = self._address(name)
        attachments = read_uploads(said, address, self._signer)
        assert attachments is not None, "the server refuses the uploads"
        inbound = to_inbound(
            said,
            contact=self._contact(name),
            address=address,
            attachments=attachments,
            reply_to=await self._provider_id(stage, address, said.reply_to or said.on),
            language=self.languages[name],
            now=stage.now,
        )
        self._last = [inbound]
        await stage.take(inbound)

    async def redeliver(self, stage: Stage) -> None:
        await stage.take(*self._last)

    async def _frame(self, name: str, deed: Deed) -> FromPage:
        number = f"{next(self._ids):032x}"
        match deed.what:
            case "says":
                return FromPage(id=number, text=deed.text)
            case "taps":
                button = self.button(name, deed.text)
                return FromPage(id=number, tap=button.tap, label=button.shown, on=f"o{self._line_of(name, button)}")
            case "replies":
                key = self._keys[name][self.quoted(name, deed.quoted)]
                return FromPage(id=number, text=deed.text, reply_to=f"o{key}")
            case "reply photo" | "reply voice":
                key = self._keys[name][self.quoted(name, deed.quoted)]
                files = [await self._file(name, deed)]
                return FromPage(id=number, text=deed.text, reply_to=f"o{key}", uploads=files)
            case "voice":
                return FromPage(id=number, uploads=[await self._file(name, deed)])
            case "pin" if deed.point:
                return FromPage(id=number, place=Pin(lat=deed.point[0], lon=deed.point[1]))
            case "photo" | "album" | "broken photo" | "file":
                files = [await self._upload(name, data) for data in pictures(deed)]
                return FromPage(id=number, text=deed.text, uploads=files)
        raise CannotError(f"a page cannot: {deed.what}")

    def stand_for(self, name: str, out: Outbound) -> None:
        heard = self.heard[name]
        about = [at for at, each in enumerate(heard[:-1]) if each.ticket == out.ticket]
        shown = [at for at in about if any(option.tap == f"/map {out.ticket}" for option in heard[at].options)]
        self._keys[name].append(self._keys[name][(shown or about)[-1]])

    def _line_of(self, name: str, button: Option) -> int:
        at = next(at for at in range(len(self.heard[name]) - 1, -1, -1) if button in self.heard[name][at].options)
        return self._keys[name][at]

    async def _file(self, name: str, deed: Deed) -> Sent:
        """The photo or voice note of a deed."""
        if "voice" in deed.what:
            return await self._upload(name, voice_note(), "audio/ogg")
        return await self._upload(name, pictures(deed)[0])

    async def _upload(self, name: str, data: bytes, mime: str = "image/jpeg") -> Sent:
        async def chunks() -> AsyncIterator[bytes]:
            yield data

        ref = await self._uploads.keep(chunks())
        return Sent(f"{ref}.{self._signer.sign('upload', f'{self._address(name)}/{ref}')}", mime)

    async def _provider_id(self, stage: Stage, address: str, key: str) -> str:
        if not key:
            return ""
        async with stage.database.read() as connection:
            return await provider_id(connection, ACCOUNT, address, int(key[1:]))

    async def show(self, stage: Stage, name: str, out: Outbound) -> list[str]:
        address = self._address(name)
        async with stage.database.read() as connection:
            found = await read_lines(connection, ACCOUNT, address, self._cursors.get(name))
            kept = await read_pictures(connection, ACCOUNT, address, out.media, [])
        self._cursors[name] = found.cursor
        lines = [line for line in found.lines if isinstance(line.what, Outbound) and not line.edited]
        assert len(lines) == 1, f"the page of {name} gets {len(lines)} lines for one message"
        self._keys.setdefault(name, []).append(int(lines[0].key[1:]))
        shown = show_line(lines[0], kept, self._signer, stage.now)
        assert shown.text == out.text
        return _describe_line(shown)


def _describe_line(shown: ShownLine) -> list[str]:
    rows = "columns" if shown.columns > 1 else "column"
    return [
        brief(shown.text),
        *([f"{shown.columns} {rows}: {labels(shown.options)}"] if shown.options else []),
        *([f"wants {shown.wants}"] if shown.wants else []),
        *(f"{each.kind}, {each.status}, {each.width}x{each.height}" for each in shown.files),
        *([f"pin {shown.place.lat}, {shown.place.lon} {shown.place.words}".strip()] if shown.place else []),
        *([f"link {shown.link.label}: {shown.link.url}"] if shown.link else []),
        *(["silent"] if shown.silent else []),
    ]
