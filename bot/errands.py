"""What is done outside a transaction and answered into a conversation: files are fetched, services are asked.

An errand is idempotent: it may be performed again after a crash, and its result is taken once, under its own key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from bot.channels import Channel, File, SendError
from bot.intake import Unavailable
from bot.jobs import Sent
from bot.messages import Inbound
from storage import files
from storage.formats import MAX_BYTES, Refused
from storage.media import MediaStore, MediaStoreError
from storage.orders import Order

if TYPE_CHECKING:
    from bot.intake import Intake
    from bot.sender import Job
    from storage.database import Database
    from storage.workbench import Workbench

# A file that could not be had after this many tries is given up, and the citizen told.
MOST_FETCHES = 5
# A provider that will not delete a file after this many tries keeps it; the operator is told.
MOST_FORGETS = 5

Service = Callable[[dict[str, Any]], Awaitable[Any]]
Forget = Callable[[str], Awaitable[None]]

log = structlog.get_logger(__name__)


class Errands:
    """Performs the rows of the account "errands": `services` are the look-ups by their "do"."""

    def __init__(
        self,
        *,
        database: Database,
        intake: Intake,
        store: MediaStore,
        workbench: Workbench,
        channels: Mapping[str, Channel],
        services: Mapping[str, Service],
        observe: Callable[[str], None] | None = None,
    ) -> None:
        self._database = database
        self._intake = intake
        self._store = store
        self._workbench = workbench
        self._channels = channels
        self._services = services
        self._observe = observe or (lambda outcome: None)

    async def perform(self, job: Job) -> str:
        """Do one errand and hand its result to the intake."""
        request = msgspec.json.decode(job.payload)
        if request["do"] == "fetch":
            await self._fetch(str(request["media"]), job)
        else:
            await self._ask(request, job)
        return ""

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        """A kept file for a channel to send: see `bot.channels.Files`."""
        async with self._database.read() as connection:
            row = await files.read(connection, media_id)
        if row is None or row.status == "refused":
            return None
        if row.status == "pending":
            raise SendError("not_yet", "a file is still being fetched")
        key = row.thumbnail if thumbnail and row.thumbnail else row.key
        try:
            return File(await self._store.get(key), row.mime, row.kind)
        except FileNotFoundError:
            return None
        except MediaStoreError as error:
            raise SendError("not_sent", "the media store is away") from error

    async def _fetch(self, media_id: str, job: Job) -> None:
        async with self._database.read() as connection:
            row = await files.read(connection, media_id)
        if row is None:
            return
        if row.status == "pending":
            row = await self._keep(row, job)
        if row.external:
            data: dict[str, object] = {"media": msgspec.to_builtins(row.media)}
            await self._answer(row.account, row.external, f"media:{media_id}", "media", data)
        forget = self._forgetter(row.account)
        if row.status != "pending" and row.ref and forget:
            await self._forget(row, job, forget)

    def _forgetter(self, account: str) -> Forget | None:
        """How a channel has its provider delete files, None where none are kept there."""
        return getattr(self._channels.get(account), "forget", None)

    async def _forget(self, row: files.FileRow, job: Job, forget: Forget) -> None:
        """Have the provider delete what we hold now, or do not want; who waits for the file has heard of it."""
        try:
            await forget(row.ref)
        except SendError as error:
            if job.attempts + 1 < MOST_FORGETS:
                # Whatever it was, the whole errand comes again; its other steps are done and do nothing more.
                raise SendError("server", f"not deleted at the provider: {error.detail}") from error
            log.warning("file_stays_at_provider", account=row.account, kind=error.kind, detail=error.detail)
        async with self._database.write() as connection:
            await files.drop_ref(connection, row.id)

    async def _keep(self, row: files.FileRow, job: Job) -> files.FileRow:
        channel = self._channels.get(row.account)
        try:
            if channel is None:
                raise SendError("content", f"no channel {row.account}")
            data = await channel.fetch(row.ref, MAX_BYTES)
        except SendError as error:
            if error.kind == "content" and "large" in error.detail:
                return await self._refuse(row, "media-too-large", seen=True)
            if error.kind in ("content", "gone") or job.attempts + 1 >= MOST_FETCHES:
                return await self._refuse(row, "media-gone")
            raise
        prepared = await self._workbench.prepare(data, row.kind)
        if isinstance(prepared, Refused):
            return await self._refuse(row, prepared.reason, seen=True)
        try:
            key = await self._store.put(prepared.data, prepared.mime)
            thumbnail = await self._store.put(prepared.thumbnail, "image/jpeg") if prepared.thumbnail else ""
        except MediaStoreError as error:
            # No fault of the file: the citizen is told nothing, and it is fetched again later.
            raise SendError("not_sent", "the media store is away") from error
        ref = row.ref if self._forgetter(row.account) else ""
        async with self._database.write() as connection:
            await files.keep(connection, row.id, prepared, key, thumbnail, ref=ref)
        self._observe("kept")
        return await self._again(row)

    async def _refuse(self, row: files.FileRow, reason: str, *, seen: bool = False) -> files.FileRow:
        """Say that a file cannot be used; what nobody has `seen` stays where it is, in case it is needed after all."""
        ref = row.ref if seen and self._forgetter(row.account) else ""
        async with self._database.write() as connection:
            await files.refuse(connection, row.id, reason, ref=ref)
        self._observe(reason)
        return await self._again(row)

    async def _again(self, row: files.FileRow) -> files.FileRow:
        async with self._database.read() as connection:
            found = await files.read(connection, row.id)
        return found or row

    async def _ask(self, request: dict[str, Any], job: Job) -> None:
        service = self._services.get(str(request["do"]))
        value = await service(request) if service else None
        # An errand without a talk is an order, not a look-up: nobody waits for its answer.
        if job.address_id is not None and "talk" in request:
            data = {"talk": request["talk"], "name": request["name"], "stamp": request["stamp"], "value": value}
            if job.home:
                await self._answer(job.home, job.address, job.effect_key, "look-up", data)

    async def _answer(self, account: str, address: str, key: str, name: str, data: dict[str, object]) -> None:
        await _hand(
            self._intake, Inbound(account=account, key=key, address=address, kind="result", name=name, data=data)
        )


async def _hand(intake: Intake, inbound: Inbound, order: Order | None = None) -> None:
    try:
        await intake.take(inbound, order)
    except Unavailable as error:
        raise SendError("not_sent", "the intake is away") from error


class Local:
    """Performs the rows of the account "local": notices and timers go back to the intake as messages of our own."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def perform(self, job: Job) -> Sent:
        """Hand a notice or a timer to the conversation of its address; it is done once that is on disk."""
        payload = msgspec.json.decode(job.payload)
        if not job.home:
            return Sent("")
        # What was claimed by no sender is settled by whoever hands it over.
        order = Order(job.id, job.token) if job.token else None
        await _hand(
            self._intake,
            Inbound(
                account=job.home,
                address=job.address,
                key=job.effect_key,
                kind="timer" if job.kind == "timer" else "notice",
                name=str(payload["name"]),
                data=payload.get("data", {}),
            ),
            order,
        )
        return Sent("", settled=order is not None and order.done)
