"""What Prometheus reads: one registry, a method for each thing that happens, no personal data in any label."""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from web.guard import is_local
from web.parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.backlog import Count
    from storage.costs import Spending
    from storage.indicators import Indicators

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# Of docs/indicators.md, by body.
TICKETS = (
    ("overdue", "", "Open tickets whose target for closing has passed."),
    ("unanswered", "", "Open tickets that no official has answered."),
    ("received", "_today", "Reports made since midnight."),
    ("closed", "_today", "Tickets closed since midnight."),
)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics:
    """Counts for one process. Accounts are ours ("telegram:123"), outcomes and groups come from short lists."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._inbound = Counter(
            "baldosa_inbound", "What reached us and was handled.", ("account", "kind"), registry=registry
        )
        self._handled = Histogram(
            "baldosa_handled_seconds", "From taking a message to its commit.", buckets=FAST, registry=registry
        )
        self._batch = Histogram("baldosa_batch_size", "Messages in one commit.", buckets=SIZES, registry=registry)
        self._sends = Counter(
            "baldosa_sends", "Attempts to send, by how they ended.", ("account", "outcome"), registry=registry
        )
        self._media = Counter("baldosa_media", "Files fetched, by how it ended.", ("outcome",), registry=registry)
        self._opened = Counter(
            "baldosa_tickets_opened", "Tickets opened, by group of category.", ("group",), registry=registry
        )
        self._requests = Histogram(
            "baldosa_http_seconds", "HTTP requests, by route.", ("route", "status"), buckets=FAST, registry=registry
        )
        self._sockets = Gauge("baldosa_sockets", "Open WebSockets of the web chat.", registry=registry)
        self._rows = Gauge("baldosa_outbox_rows", "Rows in the outbox.", ("account", "status"), registry=registry)
        self._oldest = Gauge(
            "baldosa_outbox_oldest_due_seconds", "Age of the row longest due.", ("account", "status"), registry=registry
        )

        self._segments = Counter(
            "baldosa_segments",
            "SMS segments and WhatsApp messages paid for.",
            ("account",),
            registry=registry,
        )
        self._spent = Gauge(
            "baldosa_segments_today", "What was spent since midnight.", ("account", "body"), registry=registry
        )
        self._messages = Gauge(
            "baldosa_messages_today", "What was sent for it since midnight.", ("account", "body"), registry=registry
        )
        self._ceilings = Gauge(
            "baldosa_daily_ceiling_segments", "What a body may spend in a day.", ("body",), registry=registry
        )
        self._open = Gauge(
            "baldosa_tickets_open", "Open tickets, by the time since the report.", ("body", "age"), registry=registry
        )
        self._tickets = {
            name: Gauge(f"baldosa_tickets_{name}{when}", told, ("body",), registry=registry)
            for name, when, told in TICKETS
        }

    def inbound(self, account: str, kind: str) -> None:
        """One thing that reached us was committed."""
        self._inbound.labels(account, kind).inc()

    def handled(self, seconds: float) -> None:
        """A message took this long from being taken to its commit."""
        self._handled.observe(seconds)

    def batch(self, size: int) -> None:
        """A commit held this many messages."""
        self._batch.observe(size)

    def sent(self, account: str, outcome: str) -> None:
        """An attempt ended: "sent", or the class of its error (bot.channels.ErrorClass)."""
        self._sends.labels(account, outcome).inc()

    def media(self, outcome: str) -> None:
        """A file was fetched: kept, or the reason for which it was not."""
        self._media.labels(outcome).inc()

    def opened(self, group: str) -> None:
        """A ticket was opened in this group of categories."""
        self._opened.labels(group).inc()

    def request(self, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered."""
        self._requests.labels(route, str(status)).observe(seconds)

    def sockets(self, change: int) -> None:
        """A WebSocket of the web chat opened (1) or closed (-1)."""
        self._sockets.inc(change)

    def backlog(self, counts: Sequence[Count], now: float) -> None:
        """What waits in the outbox now; what no longer waits disappears."""
        self._rows.clear()
        self._oldest.clear()
        for count in counts:
            self._rows.labels(count.account, count.status).set(count.rows)
            self._oldest.labels(count.account, count.status).set(max(0.0, now - count.oldest_due))

    def paid(self, account: str, segments: int) -> None:
        """A message was taken for so many segments."""
        self._segments.labels(account).inc(segments)

    def spending(self, spending: Spending) -> None:
        """What was spent today, whichever process spent it."""
        for gauge in (self._spent, self._messages, self._ceilings):
            gauge.clear()
        for cost in spending.costs:
            self._spent.labels(cost.account, cost.body).set(cost.segments)
            self._messages.labels(cost.account, cost.body).set(cost.messages)
        for body, ceiling in spending.ceilings.items():
            self._ceilings.labels(body).set(ceiling)

    def figures(self, today: Indicators) -> None:
        """How each body stands, as docs/indicators.md defines it."""
        for gauge in (self._open, *self._tickets.values()):
            gauge.clear()
        for row in today.rows:
            for age in row.figures.ages.__struct_fields__:
                self._open.labels(row.key, age).set(getattr(row.figures.ages, age))
            for name, gauge in self._tickets.items():
                gauge.labels(row.key).set(getattr(row.figures, name))

    def text(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self.registry)


async def metrics(request: web.Request) -> web.Response:
    """Answer Prometheus, on this machine or with the token; nobody else learns that there is anything here."""
    rooms = request.app[PARTS].rooms
    if not (_has_token(request, rooms.metrics_token) or is_local(request)):
        raise web.HTTPNotFound
    rooms.metrics.backlog(await rooms.backlog(), time.time())
    if rooms.spending is not None:
        rooms.metrics.spending(await rooms.spending())
    if rooms.figures is not None:
        rooms.metrics.figures(await rooms.figures())
    return web.Response(body=rooms.metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _has_token(request: web.Request, token: str) -> bool:
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    return bool(token) and hmac.compare_digest(given, f"Bearer {token}".encode())
