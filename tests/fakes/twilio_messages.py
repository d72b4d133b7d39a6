"""The messages that the fake Twilio keeps, and how its API tells of them and lists them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from tests.fakes.twilio_trouble import ApiError

Resource = dict[str, Any]


@dataclass
class Message:
    """A message, from or to a person; `to` and `sender` as Twilio writes them, times in Unix seconds."""

    sid: str
    to: str
    sender: str
    body: str
    direction: str
    status: str
    created: float
    segments: int = 1
    media: int = 0
    sent: float | None = None
    error: int = 0
    service: str = ""
    form: list[tuple[str, str]] = field(default_factory=list)

    @property
    def callback(self) -> str:
        """Where what becomes of it is told."""
        return dict(self.form).get("StatusCallback", "")

    def resource(self, account: str) -> Resource:
        """What the API tells of it."""
        here = f"/2010-04-01/Accounts/{account}/Messages/{self.sid}"
        return {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": written(self.created),
            "date_sent": None if self.sent is None else written(self.sent),
            "date_updated": written(self.sent or self.created),
            "direction": self.direction,
            "error_code": self.error or None,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": self.service or None,
            "num_media": str(self.media),
            # A messaging service has not chosen a sender yet, and does not know (twilio.com/docs/messaging/api).
            "num_segments": "0" if self.status == "accepted" else str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{here}/Media.json"},
            "to": self.to,
            "uri": f"{here}.json",
        }


class Messages:
    """All of them, in the order in which they were made."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: dict[str, Message] = {}
        self._numbers = itertools.count(1)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._kept.values())

    def new(self, to: str, sender: str, body: str, direction: str, status: str, **more: Any) -> Message:
        """Write one down."""
        kind = "MM" if more.get("media") else "SM"
        message = Message(f"{kind}{next(self._numbers):032x}", to, sender, body, direction, status, self._now(), **more)
        self._kept[message.sid] = message
        return message

    def get(self, sid: str) -> Message:
        """One; raises ApiError."""
        if sid not in self._kept:
            raise ApiError(404, 20404, f"The requested resource /Messages/{sid}.json was not found")
        return self._kept[sid]

    def outgoing(self, to: str = "") -> list[Message]:
        """What the bot had sent (to somebody), oldest first."""
        return [each for each in self._kept.values() if each.direction == "outbound-api" and to in ("", each.to)]

    def page(self, account: str, given: Mapping[str, str], most: int = 1000) -> Resource:
        """A page of the list: newest first; the dates of the filters are whole days in GMT."""
        rows = [each for each in reversed(self._kept.values()) if _fits(each, given)]
        size, number = min(int(given.get("PageSize", 50)), most), int(given.get("Page", 0))
        address = f"/2010-04-01/Accounts/{account}/Messages.json"
        found = page(address, given, rows, "messages", size, number)
        return found | {"messages": [each.resource(account) for each in found["messages"]]}


def page(address: str, given: Mapping[str, str], rows: list[Any], name: str, size: int, number: int) -> Resource:
    """A page as the 2010 API lays it out; the next one is a path."""
    shown = rows[number * size : (number + 1) * size]
    more = (number + 1) * size < len(rows)
    query = dict(given) | {"PageSize": str(size), "Page": str(number + 1), "PageToken": f"PA{number}"}
    return {
        name: shown,
        "page": number,
        "page_size": size,
        "first_page_uri": f"{address}?{urlencode(query | {'Page': '0'})}",
        "next_page_uri": f"{address}?{urlencode(query)}" if more else None,
        "uri": address,
    }


def _fits(message: Message, given: Mapping[str, str]) -> bool:
    if given.get("To", message.to) != message.to or given.get("From", message.sender) != message.sender:
        return False
    if not any(name.startswith("DateSent") for name in given):
        return True
    day = "" if message.sent is None else datetime.fromtimestamp(message.sent, UTC).date().isoformat()
    return (
        given.get("DateSent", day)[:10] == day
        and (not given.get("DateSent>") or (day != "" and day >= given["DateSent>"][:10]))
        and (not given.get("DateSent<") or (day != "" and day <= given["DateSent<"][:10]))
    )


def written(at: float) -> str:
    """A time as the 2010 API writes it."""
    return format_datetime(datetime.fromtimestamp(at, UTC))
