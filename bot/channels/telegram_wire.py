"""The HTTP under Telegram: python-telegram-bot's own, with the status kept and every failure named in our classes.

The library forgets the HTTP status of a 5xx and folds `BadRequest` and `TimedOut` into `NetworkError`, but a 500 may
be repeated, a lost answer may not (facts of the Bot API server: no call has an idempotency key).
"""

from __future__ import annotations

import logging
from typing import Any

import httpx
import msgspec
from msgspec import Struct
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.channels import ErrorClass, SendError

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 12.0
UPLOAD_SECONDS = 25.0

# httpx logs every address, and the token is part of it; the library logs parameters, and the words are among them.
QUIET_LOGGERS = ("httpx", "httpcore", "telegram")

# How the Bot API words what is over: https://core.telegram.org/bots/api tells only the status.
_STALE = ("not modified", "query is too old", "query id is invalid", "message to delete not found")
_GONE = (
    "chat not found",
    "chat_write_forbidden",
    "deactivated",
    "have no rights",
    "kicked",
    "message thread not found",
    "need administrator rights",
    "not a member",
    "not enough rights",
    "peer_id_invalid",
    "topic_closed",
    "user not found",
)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MISSET = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, httpx.ProxyError)


class _Parameters(Struct):
    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class _Answer(Struct):
    description: str = ""
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


class Refused(TelegramError):
    """An answer that is no success: its status, and whether it was the Bot API itself that spoke."""

    def __init__(self, status: int, payload: bytes) -> None:
        try:
            answer, self.spoken = msgspec.json.decode(payload, type=_Answer), True
        except (msgspec.MsgspecError, ValueError):
            answer, self.spoken = _Answer(), False
        super().__init__(answer.description or "no description")
        self.status = status
        self.retry_after = answer.parameters.retry_after
        self.moved_to = answer.parameters.migrate_to_chat_id


class Wire(HTTPXRequest):
    """One pool of connections to the Bot API, for calls, updates and files alike."""

    def __init__(self) -> None:
        for name in QUIET_LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        super().__init__(
            connect_timeout=CONNECT_SECONDS,
            pool_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            write_timeout=ANSWER_SECONDS,
            media_write_timeout=UPLOAD_SECONDS,
        )

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """One call, as the library makes it; raises Refused for every answer but a success."""
        status, payload = await super().do_request(*args, **kwargs)
        if not 200 <= status <= 299:
            raise Refused(status, payload)
        return status, payload

    async def download(self, url: str, most: int) -> bytes:
        """A file, read no further than `most` bytes; raises SendError."""
        kept = bytearray()
        try:
            async with self._client.stream("GET", url) as response:
                if response.status_code != httpx.codes.OK:
                    # A link lives an hour (getFile); the next try asks for a new one.
                    raise SendError("server", f"the file answered {response.status_code}")
                async for chunk in response.aiter_bytes():
                    kept += chunk
                    if len(kept) > most:
                        raise SendError("content", f"the file is larger than {most} bytes")
        except httpx.HTTPError as error:
            raise SendError("not_sent", type(error).__name__) from None
        return bytes(kept)


def explain(error: TelegramError) -> SendError:
    """The failure in our classes; the detail is Telegram's own wording, which names no person."""
    if isinstance(error, Refused):
        detail = f"{error.status} {error.message}"[:200]
        moved_to = str(error.moved_to or "")
        return SendError(_kind_of(error), detail, retry_after=error.retry_after, moved_to=moved_to)
    cause = error.__cause__
    if isinstance(cause, _NOT_SENT):
        return SendError("not_sent", type(cause).__name__)
    if isinstance(cause, _MISSET):
        return SendError("config", f"BALDOSA_TELEGRAM_API_URL: {type(cause).__name__}")
    return SendError("ambiguous", type(cause or error).__name__)


def _kind_of(refused: Refused) -> ErrorClass:
    if refused.status == httpx.codes.TOO_MANY_REQUESTS:
        return "throttled"
    if refused.moved_to:
        return "migrated"
    if refused.status == httpx.codes.FORBIDDEN:
        return "gone"
    # The Bot API knows no redirect: one comes from an address that is not the Bot API's.
    if refused.status in (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND) or refused.status < httpx.codes.BAD_REQUEST:
        return "config"
    if refused.status == httpx.codes.CONFLICT:
        return "server"
    if refused.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        # A gateway's page says that the call went in and its answer got lost; the Bot API's own JSON says it failed.
        failed = refused.spoken and refused.status not in (httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT)
        return "server" if failed else "ambiguous"
    return _kind_of_words(refused.message.lower())


def _kind_of_words(description: str) -> ErrorClass:
    if any(words in description for words in _STALE):
        return "stale"
    return "gone" if any(words in description for words in _GONE) else "content"
