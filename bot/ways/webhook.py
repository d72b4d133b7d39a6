"""Reports by signed webhook: an event for the report and for each thing that happens to it later."""

from __future__ import annotations

import time
from collections.abc import Mapping

from bot.ways.calls import Calls
from bot.ways.secrets import require_secret
from routing.deliveries.report import Receipt, Report, UndeliveredError
from routing.deliveries.webhook import event, event_id, signed_headers
from routing.records import Body


class WebhookWay:
    """The method "webhook"."""

    def __init__(self, calls: Calls, secrets: Mapping[str, str]) -> None:
        self._calls = calls
        self._secrets = secrets

    async def hand(self, report: Report, *, again: bool) -> Receipt:
        """Send the event; the receiver knows a repeated one by its id."""
        return Receipt("sent", await self._send(report))

    async def tell(self, report: Report, remote_id: str) -> tuple[str, ...]:
        """Send the event of a later step."""
        return (await self._send(report),)

    def source(self, body: Body) -> str:
        """Nothing is told back."""
        return ""

    async def _send(self, report: Report) -> str:
        way = report.body.webhook
        if way is None:
            raise UndeliveredError("the pack no longer says where its webhook is")
        body, number = event(report), event_id(report)
        headers = signed_headers(require_secret(self._secrets, way.secret), number, int(time.time()), body)
        got = await self._calls.post(way.url, body, headers)
        if not 200 <= got.status < 300:
            raise UndeliveredError(f"its webhook answers {got.status}")
        return number
