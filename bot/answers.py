"""What a question hears and what it takes for an answer: a message, the pocket, and what is left of both."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from bot.messages import Contact, Media, Place

Part = Literal["text", "place", "media", "contact"]


class Said(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One message as a question hears it: files are fetched, `tapped` is the value of one of its own buttons."""

    text: str = ""
    captioned: bool = False
    tapped: str = ""
    place: Place | None = None
    media: tuple[Media, ...] = ()
    contact: Contact | None = None
    message: str = ""


class Pocket(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was said before its question came."""

    words: str = ""
    place: Place | None = None
    media: tuple[Media, ...] = ()
    contact: Contact | None = None


class Took(Struct, frozen=True):
    """An answer, which parts of the message it used up, and `words` worth keeping for a later question."""

    value: Any
    used: frozenset[Part] = frozenset()
    words: str = ""


class Unclear(Struct, frozen=True):
    """Not an answer: `key` is the message that says why, kindly; `words` are worth keeping for another question."""

    key: str
    values: dict[str, Any] = {}
    words: str = ""


class Found(Struct, frozen=True):
    """An answer out of the pocket, and the pocket without it."""

    value: Any
    pocket: Pocket
