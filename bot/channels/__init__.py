"""What a channel is to the rest: it sends, it fetches, and it says in our words what went wrong.

A channel is one file here. It alone knows buttons, lists, limits and windows; it decides nothing about tickets.
"""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from bot.messages import Outbound

# The retry classes: how each is retried is decided in bot/retry.py, once for all channels.
ErrorClass = Literal[
    "not_sent",  # never left: connection refused, name not found
    "ambiguous",  # may have happened: the answer never came
    "throttled",  # the provider asks us to wait
    "server",  # the provider's own fault
    "gone",  # the person blocked us or the chat is no more
    "migrated",  # the chat has a new id
    "content",  # the provider refuses what we say
    "config",  # the provider refuses who we are: token, sender
    "stale",  # too late to matter: callback too old, nothing to change
    "not_yet",  # something of ours is not ready, such as a picture still being fetched
    "window",  # free words are not allowed before the person writes again (WhatsApp's 24 hours are over)
    "opted_out",  # the person told the provider to let nothing of ours through (STOP)
    "ceiling",  # what the body may spend today is spent; `retry_after` says when it may again
]


class SendError(Exception):
    """Why a send did not work: `kind` decides what happens next, `detail` is for the operator, without personal data.

    `retry_after` in seconds when the provider names a time; `moved_to` is the chat's new id when it migrated.
    """

    def __init__(self, kind: ErrorClass, detail: str, *, retry_after: float | None = None, moved_to: str = "") -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind: ErrorClass = kind
        self.detail = detail
        self.retry_after = retry_after
        self.moved_to = moved_to


class File(Struct, frozen=True):
    """A kept file ready to be sent: its bytes, what it is, and the picture's kind."""

    data: bytes
    mime: str
    kind: str


class Files(Protocol):
    """Where a channel gets the pictures that an Outbound names."""

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        """The file, None when it was refused or erased; raises SendError("not_yet") while it is being fetched."""
        ...


class Channel(Protocol):
    """One channel account: `account` names it in the database, `variant` picks short texts ("sms") or not ("")."""

    account: str
    variant: str

    async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
        """Send to the chat `address`; return the provider's id of the (first) message or "".

        `again` is true when an earlier try may have arrived (ring no bell); `plain` asks for the simplest rendering
        after the provider refused the full one. Raises SendError and nothing else.
        """
        ...

    async def fetch(self, ref: str, most: int) -> bytes:
        """The bytes behind an Attachment's `ref`, `most` at most. Raises SendError ("content": too large, gone)."""
        ...
