"""The browser: a phone on a web page, whose history is the database itself.

A message reaches the page from its outbox row, not through `send`. The sender claims the row (it becomes `sending`,
committed), calls `send`, and `send` only rings the bell of the open pages of that address; they read every row that has
left `pending` after the last one they have (storage/history.py). So a page that was closed, a process that died
between claim and send, or a bell that nobody heard costs nothing: the next read brings it, in order, once.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from bot.channels import SendError
from storage.formats import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.messages import Outbound

ACCOUNT = "browser:main"

# All uploads that wait to be fetched, together: a page open to the public must not fill the disk.
MOST_WAITING_BYTES = 2_000_000_000
UPLOAD_LIFE_SECONDS = 24 * 3600
# What was fetched stays a little: an errand that crashed before its commit fetches again.
FETCHED_LIFE_SECONDS = 3600
_NAME = re.compile(r"[0-9a-f]{32}")


class Hub:
    """Who has a page open here, by address: `wake` is how anyone says that there is something new to read."""

    def __init__(self) -> None:
        self._bells: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def listening(self, address: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever `address` has something new; the listener clears it before it reads."""
        bell = asyncio.Event()
        self._bells[address].add(bell)
        try:
            yield bell
        finally:
            self._bells[address].discard(bell)
            if not self._bells[address]:
                del self._bells[address]

    def wake(self, address: str) -> None:
        """Ring for every open page of `address`; harmless when there is none."""
        for bell in self._bells.get(address, ()):
            bell.set()

    def addresses(self) -> list[str]:
        """The addresses with an open page."""
        return list(self._bells)


class UploadRefusedError(Exception):
    """An upload that is too large or comes when no more can wait: `reason` is "too-large" or "full"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Uploads:
    """A folder of files that pages have sent and nobody has fetched yet, each under a random name."""

    def __init__(self, folder: Path, most_bytes: int = MAX_BYTES, most_waiting: int = MOST_WAITING_BYTES) -> None:
        self.folder = folder
        self.most_bytes = most_bytes
        self.most_waiting = most_waiting
        folder.mkdir(parents=True, exist_ok=True)
        self._waiting = sum(path.stat().st_size for path in self._files())

    async def keep(self, chunks: AsyncIterator[bytes]) -> str:
        """Write `chunks` to disk as they come; the name to fetch them by. Raises UploadRefusedError."""
        name = uuid4().hex
        part = self.folder / f"{name}.part"
        size = 0
        try:
            size = await self._write(part, chunks)
            await asyncio.to_thread(part.rename, self.folder / name)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        self._waiting += size
        return name

    async def _write(self, path: Path, chunks: AsyncIterator[bytes]) -> int:
        file: BinaryIO = await asyncio.to_thread(path.open, "wb")
        size = 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > self.most_bytes:
                    raise UploadRefusedError("too-large")
                if self._waiting + size > self.most_waiting:
                    raise UploadRefusedError("full")
                await asyncio.to_thread(file.write, chunk)
        finally:
            await asyncio.to_thread(file.close)
        return size

    def read(self, name: str, most: int) -> bytes | None:
        """The bytes of `name`, None when there is no such upload. Raises UploadRefusedError for more than `most`."""
        if not _NAME.fullmatch(name):
            return None
        path = self.folder / name
        try:
            if path.stat().st_size > most:
                raise UploadRefusedError("too-large")
            data = path.read_bytes()
            fetched = time.time() - UPLOAD_LIFE_SECONDS + FETCHED_LIFE_SECONDS
            os.utime(path, (fetched, min(fetched, path.stat().st_mtime)))
        except FileNotFoundError:
            return None
        return data

    def sweep(self, now: float) -> None:
        """Delete what is older than a day, or was fetched more than an hour ago."""
        left = 0
        for path in self._files():
            try:
                status = path.stat()
                if now - status.st_mtime > UPLOAD_LIFE_SECONDS:
                    path.unlink()
                else:
                    left += status.st_size
            except FileNotFoundError:
                continue  # another process swept it
        self._waiting = left

    def _files(self) -> Iterator[Path]:
        return (path for path in self.folder.iterdir() if path.is_file())


class BrowserChannel:
    """The channel account of every page: sending is ringing, fetching is reading an upload."""

    variant = ""

    def __init__(self, hub: Hub, uploads: Uploads, account: str = ACCOUNT) -> None:
        self.account = account
        self._hub = hub
        self._uploads = uploads

    async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
        """Tell the open pages of `address` to read; never fails. The id is what a reply to this message will name."""
        self._hub.wake(address)
        return uuid4().hex

    async def fetch(self, ref: str, most: int) -> bytes:
        """The upload called `ref`. Raises SendError("content") when it is gone or larger than `most` bytes."""
        try:
            data = await asyncio.to_thread(self._uploads.read, ref, most)
        except UploadRefusedError as error:
            raise SendError("content", error.reason) from error
        if data is None:
            raise SendError("content", "the upload is gone")
        return data
