"""A mail server on loopback, by aiosmtpd: it keeps the letters that it takes.

async with FakeSmtp() as fake:           # fake.url is what BALDOSA_SMTP_URL takes
    fake.answers += ["451 later"]        # what the next letters are answered, then 250; "hang" answers nothing
    fake.refused.add("b@x.test")         # nobody lives there
    fake.letters                         # EmailMessage; fake.envelopes has who they were for

With a `context` it offers TLS to whoever is connected; `at_once` it speaks nothing else.
"""

from __future__ import annotations

import asyncio
import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope


class FakeSmtp:
    """The server; see the module."""

    def __init__(self, context: ssl.SSLContext | None = None, *, at_once: bool = False) -> None:
        self._context = context
        self._at_once = at_once
        self.answers: list[str] = []
        self.refused: set[str] = set()
        self.letters: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self._leaving = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        now, later = (self._context, None) if self._at_once else (None, self._context)

        def begin() -> SMTP:
            return SMTP(self, hostname="mail.test", loop=loop, tls_context=later)

        self._server = await loop.create_server(begin, "127.0.0.1", 0, ssl=now)
        self.url = f"{'smtps' if self._at_once else 'smtp'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._server.close()
        await self._server.wait_closed()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        """Take an address, as aiosmtpd asks."""
        if address in self.refused:
            return "550 nobody lives there"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        """Take a letter, as aiosmtpd asks."""
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "hang":
            await self._leaving.wait()
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
            self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        return answer
