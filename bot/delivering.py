"""The performer of the account "deliveries": what was handed over leaves, and what became of it is written down.

A report is retried at once, after five minutes, and then every half hour for as long as it takes: an operator mends
what is wrong and nothing is lost. One that the far side has no name for waits for a mended pack. What has left is
known by its row, so that a crash in between repeats nothing that the far side could not recognise.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec
import structlog
from msgspec import Struct

from bot.channels import SendError
from bot.ways import HeldError
from routing.deliveries import METHODS
from routing.deliveries.report import UndeliveredError, UnknownServiceError
from storage import deliveries, far_sides

if TYPE_CHECKING:
    from bot.jobs import Job
    from bot.reporting import Gathered, Reporting
    from bot.ways import Way
    from bot.workplace import Workplace
    from routing.deliveries.report import Receipt, Report
    from routing.records import Body
    from storage.deliveries import Delivery

log = structlog.get_logger(__name__)

# FixMyStreet's: at once, after five minutes, then every half hour without end. In seconds, by the failures so far.
DELAYS = (1.0, 300.0, 1800.0)
# What is held is looked at as often.
HELD_SECONDS = 1800.0
# A step that came while the report itself waits for its id on the far side.
NO_ID_SECONDS = 60.0
# The kind of the row that has the operator told in the morning.
SUMMARY = "summary"
# A photo is fetched in seconds; a report waits no longer for one.
PHOTO_PATIENCE = 90.0


class Order(Struct, frozen=True):
    """What a row of the outbox asks for: a ticket's step `seq`, for a body, by a method."""

    do: Literal["deliver", "update"]
    ticket: str
    body: str
    method: str
    seq: int


class Delivering:
    """Performs deliveries; `ways` are the methods by their names, `summarise` tells the operator of the rest."""

    def __init__(
        self,
        place: Workplace,
        reporting: Reporting,
        ways: Mapping[str, Way],
        summarise: Callable[[], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._place = place
        self._reporting = reporting
        self._ways = ways
        self._summarise = summarise
        self._clock = clock

    async def perform(self, job: Job) -> str:
        """Deliver a report or a later step; the far side's id of it. Raises SendError."""
        if job.kind == SUMMARY:
            await self._summarise()
            return ""
        order = msgspec.json.decode(job.payload, type=Order)
        if (body := self._place.pack().body(order.body)) is None:
            raise SendError("ceiling", f"the pack has no body {order.body} any more", retry_after=HELD_SECONDS)
        row, gathered = await self._read(order, body)
        if row is None or gathered is None:
            return ""
        if order.do == "deliver":
            return await self._deliver(order, job, row, gathered)
        return await self._tell(order, job, row, gathered)

    async def _read(self, order: Order, body: Body) -> tuple[Delivery | None, Gathered | None]:
        async with self._place.database.read() as connection:
            step = None if order.do == "update" else order.seq
            row = await deliveries.find(connection, order.ticket, order.body, order.method, step)
            if row is None:
                return None, None
            work = self._place.make_work(connection)
            return row, await self._reporting.gather(work, order.ticket, body, order.seq, step=order.do == "update")

    async def _deliver(self, order: Order, job: Job, row: Delivery, gathered: Gathered) -> str:
        if row.status in ("sent", "accepted"):
            return row.remote_id  # it left before a crash kept the outbox from knowing
        if gathered.pending and self._clock() - gathered.report.opened < PHOTO_PATIENCE:
            raise SendError("not_yet", "a photo is still being fetched")
        again = job.attempts > 0 or row.failures > 0
        try:
            receipt = await self._way(order.method).hand(await self._whole(order, gathered), again=again)
        except HeldError as error:
            await self._note(row, error=str(error))
            raise SendError("ceiling", str(error), retry_after=HELD_SECONDS) from None
        except UnknownServiceError as error:
            async with self._place.database.write() as connection:
                await deliveries.give_up(self._place.make_work(connection), self._place.pack(), row)
            log.warning("no_service_code", ticket=row.ticket, body=row.body, detail=error.line)
            return ""
        except UndeliveredError as error:
            async with self._place.database.write() as connection:
                await deliveries.note_failed(connection, row.id, error.full)
            raise _later(error, row.failures) from None
        await self._arrived(row, receipt)
        return receipt.remote_id

    async def _tell(self, order: Order, job: Job, row: Delivery, gathered: Gathered) -> str:
        if not gathered.public or gathered.actor not in METHODS[order.method].hears:
            return ""
        if not row.remote_id:
            raise SendError("ceiling", "the report has no id on the far side yet", retry_after=NO_ID_SECONDS)
        try:
            way = self._way(order.method)
            ids = await way.tell(await self._whole(order, gathered), row.remote_id)
        except HeldError as error:
            raise SendError("ceiling", str(error), retry_after=HELD_SECONDS) from None
        except UndeliveredError as error:
            await self._note(row, error=f"step {order.seq}: {error.full}")
            raise _later(error, job.attempts) from None
        await self._told(row, ids, way.source(gathered.report.body))
        return ids[0] if ids else ""

    async def _told(self, row: Delivery, ids: tuple[str, ...], source: str) -> None:
        """Remember what the far side will tell back, so that it is not heard as news."""
        async with self._place.database.write() as connection:
            work = self._place.make_work(connection)
            for number in ids if source else ():
                await far_sides.remember_update(work, source, number, row.ticket, 0.0)
            if row.error:
                await deliveries.note(connection, row.id, error="")

    def _way(self, name: str) -> Way:
        if name not in self._ways:
            raise UndeliveredError(f"there is no method {name}")
        return self._ways[name]

    async def _whole(self, order: Order, gathered: Gathered) -> Report:
        return await self._reporting.with_photos(gathered) if METHODS[order.method].inside else gathered.report

    async def _arrived(self, row: Delivery, receipt: Receipt) -> None:
        await self._note(
            row,
            status=receipt.status,
            remote_id=receipt.remote_id[:200],
            token=receipt.token[:200],
            error=receipt.note,
            sent_at=self._clock(),
        )

    async def _note(self, row: Delivery, **values: object) -> None:
        async with self._place.database.write() as connection:
            await deliveries.note(connection, row.id, **values)


def _later(error: UndeliveredError, failures: int) -> SendError:
    return SendError("not_sent", error.line, retry_after=DELAYS[min(failures, len(DELAYS) - 1)])
