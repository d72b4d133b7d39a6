"""The terminal: the same conversation as text, with numbers to type, for whoever has no browser at hand and for tests.

A line is a message. `@photo.jpg` in front of it sends that file (several may stand there), and what follows is its
caption; `@pin -34.6037,-58.3816` sends a place.
"""

from __future__ import annotations

import asyncio
import mimetypes
import re
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from sqlalchemy import func, select

from bot.channels import SendError
from bot.messages import Attachment, Inbound, MediaKind, Outbound, Place
from locales import catalog
from storage.schema import address, outbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from storage.database import Database

ACCOUNT = "terminal:main"
ADDRESS = "terminal"

# How long an answer that takes its time is waited for before the next line is read.
MOST_WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.03
_KINDS: dict[str, MediaKind] = {"image": "photo", "video": "video", "audio": "voice"}
_FILE = re.compile(r'@(?:"([^"]+)"|(\S+))\s*')
_PIN = re.compile(r"@pin\s+(-?\d{1,2}(?:\.\d+)?)\s*[, ]\s*(-?\d{1,3}(?:\.\d+)?)\s*")


class Intake(Protocol):
    """Where messages go in."""

    async def take(self, inbound: Inbound) -> object:
        """Returns when the message and all it caused are committed."""
        ...


class Unreadable(Exception):
    """A typed line that is no message: `key` names the words that say why, `name` is what was typed."""

    def __init__(self, key: str, name: str) -> None:
        super().__init__(f"{key}: {name}")
        self.key = key
        self.name = name


class Terminal:
    """The channel: what is sent to it is written out, what is fetched from it is a local file."""

    account = ACCOUNT
    variant = ""

    def __init__(self, write: Callable[[str], None], language: str = "") -> None:
        self.write = write
        self.language = language

    async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
        """Write the message out. The id is one that nobody can name: a terminal has no replies."""
        self.write(render(message, self.language))
        return uuid4().hex

    async def fetch(self, ref: str, most: int) -> bytes:
        """The bytes of the file at the path `ref`. Raises SendError("content"): it is gone, or larger than `most`."""
        return await asyncio.to_thread(_read_file, Path(ref), most)


def _read_file(path: Path, most: int) -> bytes:
    try:
        if path.stat().st_size > most:
            raise SendError("content", "too-large")
        return path.read_bytes()
    except OSError as error:
        raise SendError("content", type(error).__name__) from error


def render(message: Outbound, language: str = "") -> str:
    """A message as text: its words, what it shows, its options by number, and how to send what it asks for."""
    parts = [message.text, *_shown(message), *_options(message)]
    words = catalog(language)
    if message.wants in ("place", "photos"):
        parts.append(words.text(f"terminal-{message.wants}"))
    return "\n".join(part for part in parts if part)


def _shown(message: Outbound) -> list[str]:
    shown = ["🖼  " * len(message.media)] if message.media else []
    place = message.place
    if place is not None:
        where = f"{place.lat:.5f}, {place.lon:.5f}" if place.lat is not None and place.lon is not None else ""
        shown.append(" ".join(part for part in ("📍", place.words, where) if part))
    if message.link is not None:
        shown.append(f"{message.link.label}: {message.link.url}")
    return shown


def _options(message: Outbound) -> list[str]:
    # A terminal has no button for its own position or number: `wants` says what to type.
    options = [option for option in message.options if not option.tap.startswith("@")]
    if message.numbered:
        return [f"  {number}. {option.shown}" for number, option in enumerate(options, 1)]
    # Shortcuts have no numbers that the conversation would know; those that are commands can be typed.
    return [f"  {option.tap}  {option.shown}" for option in options if option.tap.startswith("/")]


def read_line(line: str, *, now: float, language: str = "") -> Inbound | None:
    """The message in a typed line, None for an empty one. Raises Unreadable."""
    text = line.strip()
    if not text:
        return None
    key = uuid4().hex
    place, attachments = None, []
    if found := _PIN.match(text):
        place, text = _place(found), text[found.end() :]
    elif text.startswith("@pin"):
        raise Unreadable("terminal-odd-pin", text)
    while found := _FILE.match(text):
        attachments.append(_attachment(found[1] or found[2]))
        text = text[found.end() :]
    return Inbound(
        account=ACCOUNT,
        key=key,
        address=ADDRESS,
        sender=ADDRESS,
        at=now,
        text=text,
        captioned=bool(attachments and text),
        place=place,
        attachments=tuple(attachments),
        message=key,
        language=language,
    )


def _place(found: re.Match[str]) -> Place:
    lat, lon = float(found[1]), float(found[2])
    if abs(lat) > 90 or abs(lon) > 180:
        raise Unreadable("terminal-odd-pin", found[0].strip())
    return Place(lat=lat, lon=lon, source="pin")


def _attachment(name: str) -> Attachment:
    path = Path(name).expanduser().absolute()
    if not path.is_file():
        raise Unreadable("terminal-no-file", name)
    mime = mimetypes.guess_type(path.name)[0] or ""
    return Attachment(
        kind=_KINDS.get(mime.partition("/")[0], "document"), ref=str(path), mime=mime, size=path.stat().st_size
    )


async def chat(terminal: Terminal, intake: Intake, database: Database, lines: AsyncIterator[str]) -> None:
    """Hold the conversation until `lines` end: each is taken, and its answers are out before the next is read."""
    async for line in lines:
        try:
            inbound = read_line(line, now=time.time(), language=terminal.language)
        except Unreadable as fault:
            terminal.write(catalog(terminal.language).text(fault.key, name=fault.name))
            continue
        if inbound is not None:
            await intake.take(inbound)
            await wait_for_answers(database)


async def wait_for_answers(database: Database) -> None:
    """Wait until nothing of the terminal's is due: messages, files to fetch, look-ups. At most half a minute."""
    quiet = 0
    until = time.monotonic() + MOST_WAIT_SECONDS
    # Twice: between an errand's end and the message that tells of it there is a moment with nothing to see.
    while quiet < 2 and time.monotonic() < until:
        await asyncio.sleep(LOOK_SECONDS)
        quiet = 0 if await _is_something_due(database, time.time()) else quiet + 1


async def _is_something_due(database: Database, now: float) -> bool:
    ours = select(address.c.id).where(address.c.account == ACCOUNT)
    due = (outbox.c.address_id.in_(ours), outbox.c.done_at.is_(None), outbox.c.due_at <= now)
    async with database.read() as connection:
        return bool((await connection.execute(select(func.count()).select_from(outbox).where(*due))).scalar_one())


async def typed_lines() -> AsyncIterator[str]:
    """What is typed here or piped in, until it ends."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(waiting.put_nowait, line)
        loop.call_soon_threadsafe(waiting.put_nowait, "")

    # A daemon, because a thread that waits for a key would keep the process from ending.
    threading.Thread(target=read, daemon=True).start()
    while line := await waiting.get():
        yield line
