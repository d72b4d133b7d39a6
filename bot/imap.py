"""One mailbox over IMAP, by the standard library's own client. Everything here waits: call it in a thread.

docs/decisions/0011-imaplib-in-a-thread.md tells why no other client.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from bot.ways.gate import is_loopback

PORTS = {"imaps": 993, "imap": 143}
SECONDS = 30.0
# A mail beyond this is read as far as that; its pictures would not be kept either.
MOST_BYTES = 20 * 1024 * 1024
MOST_TOGETHER = 10
SEEN, FLAGGED = "\\Seen", "\\Flagged"


class MailboxError(Exception):
    """The mailbox cannot be read: one line for the operator."""


class Mail(NamedTuple):
    """A mail as it lies there: its number in the mailbox, and its bytes."""

    uid: int
    raw: bytes


class Imap:
    """A mailbox that BALDOSA_IMAP_URL names. `host` is its server; `validity` changes when its numbers begin anew."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.validity = b""
        self._port = parts.port or PORTS[parts.scheme]
        self._safe = parts.scheme == "imaps"
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._folder = unquote(parts.path.strip("/")) or "INBOX"

    def read_new(self, known: Iterable[int]) -> list[Mail]:
        """Some unread mails, the oldest first, without the `known`; they stay unread."""
        skipped = set(known)
        with self._opened(readonly=True) as box:
            _, found = box.uid("SEARCH", "UNSEEN")
            uids = [int(each) for each in (found[0] or b"").split() if each.isdigit()]
            wanted = [uid for uid in sorted(uids) if uid not in skipped][:MOST_TOGETHER]
            return [Mail(uid, raw) for uid in wanted if (raw := self._fetch(box, uid))]

    def mark(self, marks: Iterable[tuple[int, str]]) -> None:
        """Mark mails as read, or read and flagged for somebody to look at."""
        with self._opened(readonly=False) as box:
            for uid, flags in marks:
                box.uid("STORE", str(uid), "+FLAGS.SILENT", f"({flags})")

    def _fetch(self, box: imaplib.IMAP4, uid: int) -> bytes:
        _, parts = box.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
        return next((part[1] for part in parts if isinstance(part, tuple)), b"")

    @contextmanager
    def _opened(self, *, readonly: bool) -> Iterator[imaplib.IMAP4]:
        try:
            box = self._connect()
            try:
                box.login(self._user, self._password)
                answer, _ = box.select(_quoted(self._folder), readonly)
                if answer != "OK":
                    raise MailboxError(f"{self.host} has no mailbox {self._folder}")
                self.validity = box.response("UIDVALIDITY")[1][0] or b""
                yield box
            finally:
                with suppress(imaplib.IMAP4.error, OSError):
                    box.logout()
        except imaplib.IMAP4.error as error:
            raise MailboxError(f"{self.host} refuses: {_told(error)}") from None
        except OSError as error:
            raise MailboxError(f"{self.host} cannot be reached: {type(error).__name__}") from None

    def _connect(self) -> imaplib.IMAP4:
        context = ssl.create_default_context()
        if self._safe:
            return imaplib.IMAP4_SSL(self.host, self._port, ssl_context=context, timeout=SECONDS)
        box = imaplib.IMAP4(self.host, self._port, timeout=SECONDS)
        if "STARTTLS" in box.capabilities:
            box.starttls(context)
        elif not is_loopback(self.host):
            box.shutdown()
            raise MailboxError(f"{self.host} offers no TLS: use imaps://")
        return box


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _told(error: imaplib.IMAP4.error) -> str:
    """The server's words, short, without what might be a name or a password."""
    words = error.args[0] if error.args else ""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    code = re.search(r"\[([A-Z]{1,40})\]", text)
    return code[1] if code else type(error).__name__
