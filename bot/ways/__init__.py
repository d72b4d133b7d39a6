"""How reports leave: adding a method is a file here, its wire form in routing/deliveries, and a line in both.

`Way.hand` delivers a report, `Way.tell` a step of it that came later. Both raise UndeliveredError with one line for the
operator, and `gate.HeldError` where nothing may leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from bot.ways.calls import Calls
from bot.ways.email import EmailWay, Post
from bot.ways.gate import Gate, HeldError
from bot.ways.open311 import Open311Way
from bot.ways.webhook import WebhookWay

if TYPE_CHECKING:
    from routing.deliveries.report import Receipt, Report
    from routing.records import Body

__all__ = ["Calls", "Gate", "HeldError", "Outside", "Post", "Way", "make_ways"]


class Way(Protocol):
    """One method."""

    async def hand(self, report: Report, *, again: bool) -> Receipt:
        """Deliver a report; `again` says that an earlier attempt may have arrived."""
        ...

    async def tell(self, report: Report, remote_id: str) -> tuple[str, ...]:
        """Deliver a later step of the report that the far side calls `remote_id`.

        Returns the ids under which the far side may tell it back to us.
        """
        ...

    def source(self, body: Body) -> str:
        """The name under which is remembered what a body's far side told, "" where it tells nothing."""
        ...


class Outside(Struct, frozen=True):
    """What lies outside: web servers, the mail server (None where none is set), and the pack's secrets by name."""

    calls: Calls
    post: Post | None
    secrets: Mapping[str, str]


def make_ways(outside: Outside) -> dict[str, Way]:
    """Every method by its name."""
    return {
        "email": EmailWay(outside.post),
        "open311": Open311Way(outside.calls, outside.secrets),
        "webhook": WebhookWay(outside.calls, outside.secrets),
    }
