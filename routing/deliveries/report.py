"""What a body is told of a ticket: plain data, the same for every method. Never who reported it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from routing.records import Body


class Photo(Struct, frozen=True):
    """A file of the report: `url` lets anybody see it who has that ("" where we have no address), `data` its bytes."""

    url: str
    mime: str
    data: bytes = b""


class Step(Struct, frozen=True):
    """One public entry of the history after the report itself; `status` is the one it led to, "" for words only."""

    at: float
    actor: Literal["citizen", "official", "system", "operator"]
    status: str
    words: str
    photos: tuple[Photo, ...] = ()


class Report(Struct, frozen=True, kw_only=True):
    """A ticket as its body is told of it, in the body's `language`; with a `step`, that is what is told.

    `code` is the ticket's number as stored, `shown` as people write it; `category` and `group` are ids of the pack;
    `where` is the place in one line; `lat` and `lon` are WGS84 degrees; `opened` is in Unix seconds; `url` is the
    public page, "" without a public address; `joined` is how many people joined it. `seq` counts the steps of its
    history up to what is told.
    """

    code: str
    shown: str
    body: Body
    category: str
    group: str
    category_name: str
    city: str
    where: str
    lat: float | None
    lon: float | None
    words: str
    status: str
    opened: float
    seq: int
    language: str
    timezone: str
    url: str
    photos: tuple[Photo, ...] = ()
    joined: int = 0
    step: Step | None = None

    @property
    def at(self) -> float:
        """When it happened that is told."""
        return self.step.at if self.step else self.opened

    @property
    def shown_photos(self) -> tuple[Photo, ...]:
        """The files of what is told."""
        return self.step.photos if self.step else self.photos


class Receipt(Struct, frozen=True):
    """What the far side said: "accepted" with its own id, or "sent" where that never comes, or later for a `token`.

    `note` is for the operator: what went wrong beside it.
    """

    status: Literal["sent", "accepted"]
    remote_id: str = ""
    token: str = ""
    note: str = ""


class UndeliveredError(Exception):
    """The far side did not take it. `line` may be logged; `full` quotes the far side, for the operator alone."""

    def __init__(self, line: str, quoted: str = "") -> None:
        super().__init__(line)
        self.line = line
        self.full = f"{line}: {quoted}" if quoted else line


class UnknownServiceError(UndeliveredError):
    """The far side has no name for the category: to try again is of no use before the pack was mended."""


def w3c(at: float) -> str:
    """A time as Open311 and webhooks write it, without fractions of a second: "2026-11-21T15:00:00Z"."""
    return f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%dT%H:%M:%S}Z"


def read_w3c(text: str) -> float | None:
    """The Unix seconds of a time with its zone; None for anything else. One without a zone is taken for UTC."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
