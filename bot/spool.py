"""What Twilio brought while the database was away: a file for each message, on disk before Twilio is told.

Twilio repeats a webhook for 15 seconds and then calls the fallback once; what nobody keeps by then is lost. A file is
written whole or not at all, and removed only after its message is committed: handled twice does no harm, because the
intake knows the message by its key.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

log = structlog.get_logger(__name__)

# A city's whole day of messages, and less than any disk.
MOST_FILES = 20_000
MOST_BYTES = 64 << 20
# So many are handed over at once, in their order, so that they may share a commit.
TOGETHER = 64
# A draft this old belongs to nobody who still writes it.
DRAFT_SECONDS = 3600.0
ENDING, DRAFT, SPOILT = ".json", ".draft", ".spoilt"


class SpoolError(Exception):
    """The folder cannot keep anything; the words are for the operator and name the setting."""


class Spooled(msgspec.Struct, frozen=True):
    """A webhook as it came: on which `way` ("sms", "whatsapp"), the raw body, and when, in Unix seconds."""

    way: str
    form: bytes
    at: float


class Spool:
    """The folder. Several processes may write into one and take out of it."""

    def __init__(self, folder: Path, *, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_files = most_files
        self._most_bytes = most_bytes
        self._last = 0

    def open(self) -> None:
        """Make the folder and try it. Raises SpoolError."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self._folder / f"{os.getpid()}{DRAFT}"
            _write(probe, b"")
            probe.unlink()
            self._clear_drafts()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SpoolError(
                f"DATA_DIR must be writable for what Twilio brings while the database is away: {reason} "
                f"({self._folder})"
            ) from None

    def waits(self) -> bool:
        """True when something is to be taken out."""
        with os.scandir(self._folder) as entries:
            return any(entry.name.endswith(ENDING) for entry in entries)

    async def put(self, key: str, spooled: Spooled) -> bool:
        """Write a webhook down and return once it is on disk; False when there is no room, or the disk fails."""
        try:
            return await asyncio.to_thread(self._put, key, spooled)
        except OSError as error:
            log.error("spool_failed", fault=error.strerror)
            return False

    async def flush(self, take: Callable[[Spooled], Awaitable[None]]) -> int:
        """Hand everything to `take` in the order in which it came; how many. Raises what `take` raises.

        A file goes after its message is taken: whoever dies in between takes it once more, and what came after a
        message that was not taken is taken again behind it.
        """
        taken, paths = 0, await asyncio.to_thread(self._names)
        for start in range(0, len(paths), TOGETHER):
            found = await asyncio.to_thread(_read_all, paths[start : start + TOGETHER])
            results = await asyncio.gather(*(take(spooled) for spooled in found.values()), return_exceptions=True)
            fault = next((number for number, result in enumerate(results) if result is not None), len(results))
            await asyncio.to_thread(_remove_all, list(found)[:fault])
            taken += fault
            for result in results[fault:]:
                if result is not None:
                    raise result
        return taken

    def _put(self, key: str, spooled: Spooled) -> bool:
        data = msgspec.json.encode(spooled)
        files, size = self._held()
        if files >= self._most_files or size + len(data) > self._most_bytes:
            log.error("spool_full", files=files, bytes=size)
            return False
        # The clock may stand still or go back; the order may not.
        self._last = max(self._last + 1, time.time_ns())
        path = self._folder / f"{self._last:020d}-{re.sub(r'[^0-9A-Za-z]', '', key)[:40]}{ENDING}"
        draft = path.with_name(f"{path.name}.{os.getpid()}{DRAFT}")
        _write(draft, data)
        draft.rename(path)
        _sync(self._folder)
        return True

    def _held(self) -> tuple[int, int]:
        """How many files of any kind lie here, and their bytes."""
        files = size = 0
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    size += entry.stat().st_size
                    files += 1
        return files, size

    def _names(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if path.name.endswith(ENDING))

    def _clear_drafts(self) -> None:
        for path in self._folder.glob(f"*{DRAFT}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - DRAFT_SECONDS:
                    path.unlink()


def _write(path: Path, data: bytes) -> None:
    """Write a new file and return once it is on disk; its owner alone may read it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Have the folder itself on disk, or a power cut takes the new name out of it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_all(paths: list[Path]) -> dict[Path, Spooled]:
    return {path: spooled for path in paths if (spooled := _read(path)) is not None}


def _remove_all(paths: list[Path]) -> None:
    for path in paths:
        # Another process may have been as quick.
        path.unlink(missing_ok=True)


def _read(path: Path) -> Spooled | None:
    """What the file holds; None when another process took it, or when it is no file of ours: then it is put aside."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Spooled)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError:
        log.error("spool_unreadable", file=path.name)
        path.rename(path.with_suffix(SPOILT))
        return None
