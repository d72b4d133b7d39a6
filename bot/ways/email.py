"""Reports as letters, by SMTP."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import localtime, make_msgid, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from bot.ways.gate import Gate, is_loopback
from routing.deliveries.letter import Sender, write_letter
from routing.deliveries.report import Receipt, Report, UndeliveredError
from routing.records import Body

SECONDS = 30.0
# RFC 8314: TLS from the first byte; RFC 6409: submission.
PORTS = {"smtps": 465, "smtp": 587}


class Post:
    """The mail server, and who letters are from. `url` as BALDOSA_SMTP_URL has it; `how` is how it is spoken to."""

    def __init__(self, url: str, sender: Sender, gate: Gate) -> None:
        parts = urlsplit(url)
        host, user = parts.hostname or "", unquote(parts.username or "")
        self.sender = sender
        self._host = host
        self._gate = gate
        self.how: dict[str, Any] = {
            "hostname": host,
            "port": parts.port or PORTS[parts.scheme],
            "username": user or None,
            "password": unquote(parts.password or "") or None,
            "use_tls": parts.scheme == "smtps",
            # A password goes to another machine only over TLS; else TLS is used where it is offered.
            "start_tls": True if parts.scheme == "smtp" and user and not is_loopback(host) else None,
            "timeout": SECONDS,
        }

    async def send(self, letter: EmailMessage) -> str:
        """Send a letter; what went wrong for some of those it goes to, "" for nothing. Raises UndeliveredError."""
        self._gate.require(self._host)
        address = parseaddr(self.sender.mail_from)[1]
        letter["Date"] = localtime()
        if "Message-ID" not in letter:
            letter["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
        try:
            refused, _ = await aiosmtplib.send(letter, sender=address, **self.how)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise UndeliveredError(f"the mail server {self._host}: {_told(error)}") from None
        return "; ".join(f"{address}: {answer.code}" for address, answer in refused.items())


class EmailWay:
    """The method "email"; without a mail server everything waits for one."""

    def __init__(self, post: Post | None) -> None:
        self._post = post

    async def hand(self, report: Report, *, again: bool) -> Receipt:
        """Send the letter; a repeated one has the same Message-ID."""
        number, note = await self._send(report)
        return Receipt("sent", number, note=note)

    async def tell(self, report: Report, remote_id: str) -> tuple[str, ...]:
        """Send what came later, as an answer to the first letter."""
        return ((await self._send(report, remote_id))[0],)

    def source(self, body: Body) -> str:
        """Nothing is told back."""
        return ""

    async def _send(self, report: Report, first: str = "") -> tuple[str, str]:
        if self._post is None:
            raise UndeliveredError("BALDOSA_SMTP_URL is not set: there is no server for letters")
        if report.body.email is None:
            raise UndeliveredError("the pack no longer says where its letters go")
        letter = write_letter(report, report.body.email, self._post.sender, first)
        return str(letter["Message-ID"]), await self._post.send(letter)


def _told(error: Exception) -> str:
    """An error's kind and the server's number; its words may quote addresses."""
    code = getattr(error, "code", "")
    return f"{type(error).__name__} {code}".strip()
