"""A small IMAP4rev1 server on loopback: enough of RFC 3501 for a real conversation with one mailbox.

    async with FakeImap() as fake:             # fake.url is what BALDOSA_IMAP_URL takes
        fake.receives(message)                 # an EmailMessage or bytes: unread, with the next number
        fake.flags[1]                          # {"\\Seen"}
        fake.said                              # every command that came, without the password

`fake.sent` counts the bytes of mails that left; `fake.slow` seconds pass before each answer; `fake.refuses` makes the
login fail.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from email.message import EmailMessage
from types import TracebackType
from typing import Self

LINE = re.compile(rb"(\S+) (\S+) ?(.*)")


class FakeImap:
    """The server; see the module."""

    def __init__(self, *, user: str = "answers", password: str = "s3cret/+", context: ssl.SSLContext | None = None):
        self._context = context
        self.user = user
        self.password = password
        self.mails: dict[int, bytes] = {}
        self.flags: dict[int, set[str]] = {}
        self.said: list[str] = []
        self.sent = 0
        self.slow = 0.0
        self.refuses = False
        self.faults: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        password = self.password.replace("/", "%2F").replace("+", "%2B")
        scheme = "imaps" if self._context else "imap"
        self.url = f"{scheme}://{self.user}:{password}@127.0.0.1:{self.port}/INBOX"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        if error is None:
            assert self.faults == []

    def receives(self, mail: EmailMessage | bytes) -> int:
        """Have a mail arrive; its number."""
        number = len(self.mails) + 1
        self.mails[number] = mail if isinstance(mail, bytes) else mail.as_bytes()
        self.flags[number] = set()
        return number

    async def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


class _Session:
    """One connection."""

    def __init__(self, fake: FakeImap, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.fake = fake
        self.reader = reader
        self.writer = writer
        self.inside = False
        self.may_write = False

    async def run(self) -> None:
        await self._say(b"* OK ready")
        while line := await self.reader.readline():
            found = LINE.match(line.strip())
            if not found:
                self.fake.faults.append(f"no command: {line!r}")
                return
            tag, verb, rest = found[1], found[2].upper().decode(), found[3].decode()
            self.fake.said.append(f"{verb} {rest}".replace(self.fake.password, "***").strip())
            await asyncio.sleep(self.fake.slow)
            await self._obey(tag, verb, rest)
            if verb == "LOGOUT":
                return

    async def _obey(self, tag: bytes, verb: str, rest: str) -> None:
        match verb:
            case "CAPABILITY":
                await self._say(b"* CAPABILITY IMAP4rev1")
            case "LOGIN":
                user, password = (re.sub(r"\\(.)", r"\1", each.strip('"')) for each in rest.split(" ", 1))
                if self.fake.refuses or (user, password) != (self.fake.user, self.fake.password):
                    return await self._say(tag + b" NO [AUTHENTICATIONFAILED] wrong name or password")
                self.inside = True
            case "SELECT" | "EXAMINE":
                if rest.strip('"') != "INBOX":
                    return await self._say(tag + b" NO there is no such mailbox")
                self.may_write = verb == "SELECT"
                await self._say(b"* %d EXISTS" % len(self.fake.mails))
                await self._say(b"* OK [UIDVALIDITY 7] valid")
            case "UID":
                await self._uid(rest)
            case "LOGOUT":
                await self._say(b"* BYE")
            case "CLOSE" | "NOOP":
                pass
            case _:
                self.fake.faults.append(f"unknown: {verb}")
                return await self._say(tag + b" BAD unknown")
        return await self._say(tag + b" OK done")

    async def _uid(self, rest: str) -> None:
        if not self.inside:
            self.fake.faults.append("not logged in")
        verb, _, rest = rest.partition(" ")
        if verb == "SEARCH":
            assert rest == "UNSEEN", rest
            found = [number for number, flags in self.fake.flags.items() if "\\Seen" not in flags]
            return await self._say(b"* SEARCH " + b" ".join(b"%d" % number for number in found))
        number = int(rest.split(" ")[0])
        if verb == "FETCH":
            wanted = re.search(r"\(BODY\.PEEK\[\]<(\d+)\.(\d+)>\)", rest)
            assert wanted, rest
            start, most = int(wanted[1]), int(wanted[2])
            data = self.fake.mails[number][start : start + most]
            head = b"* %d FETCH (UID %d BODY[]<%d> {%d}\r\n" % (number, number, start, len(data))
            self.writer.write(head + data + b")\r\n")
            self.fake.sent += len(data)
            return await self.writer.drain()
        assert verb == "STORE", verb
        if not self.may_write:
            self.fake.faults.append("the mailbox was opened to be read")
        self.fake.flags[number] |= set(re.findall(r"\\\w+", rest))
        return None

    async def _say(self, line: bytes) -> None:
        self.writer.write(line + b"\r\n")
        await self.writer.drain()
