"""Does by hand what the outbox of the tests' machine holds for the bot itself: notices, timers and errands."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import func, literal, select, update

from bot.errands import Local
from bot.jobs import job_of
from bot.messages import Inbound, Place
from storage import files
from storage.formats import Prepared
from storage.schema import address, outbox

if TYPE_CHECKING:
    from tests.machine import Machine

# What the look-ups of the tests find, by their "do".
SERVICES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "shout": lambda request: str(request["words"]).upper(),
    "fail": lambda request: None,
}


# Rows of the outbox, each with the channel (`home`) and the id there of whom it is about.
ORDERS = (
    select(outbox, address.c.window_until)
    .add_columns(func.coalesce(address.c.account, "").label("home"), literal("").label("edits"))
    .add_columns(func.coalesce(address.c.external, "").label("external"))
    .join(address, address.c.id == outbox.c.address_id, isouter=True)
)


class Stagehand:
    """Works for one machine. Photos that know where they were taken were taken `there`."""

    def __init__(self, machine: Machine, there: Place) -> None:
        self._machine = machine
        self._there = there
        self._local = Local(machine.intake)

    async def next_due(self, until: float) -> Any:
        """Return the first row that is due until then, None when there is none."""
        mine = outbox.c.account.in_(("local", "errands"))
        due = ORDERS.where(mine, outbox.c.done_at.is_(None), outbox.c.due_at <= until)
        statement = due.order_by(outbox.c.due_at, outbox.c.id).limit(1)
        async with self._machine.database.read() as connection:
            return (await connection.execute(statement)).first()

    async def perform(self, row: Any) -> None:
        """Do what a row orders, and write that it is done."""
        if row.account == "local":
            await self._local.perform(job_of(row, row.account))
        else:
            await self.run_errand(row)
        async with self._machine.database.write() as connection:
            done = update(outbox).where(outbox.c.id == row.id).values(status="sent", done_at=self._machine.now)
            await connection.execute(done)

    async def run_errand(self, row: Any) -> None:
        """Fetch a file or look something up; the intake takes what was found."""
        request = msgspec.json.decode(row.payload)
        if request["do"] == "fetch":
            await self._fetch(request["media"])
        elif request["do"] in self._machine.answers:
            found_out = self._machine.answers[request["do"]](request)
            data = {**request, "value": await found_out if inspect.isawaitable(found_out) else found_out}
            await self._machine.intake.take(
                Inbound(
                    account=row.home,
                    key=row.effect_key,
                    address=row.external,
                    kind="result",
                    name="look-up",
                    data=data,
                )
            )

    async def _fetch(self, media_id: str) -> None:
        async with self._machine.database.write() as connection:
            file = await files.read(connection, media_id)
            assert file
            if file.ref.startswith("never"):
                return
            if file.ref.startswith("bad"):
                await files.refuse(connection, media_id, "media-broken")
            elif file.status == "pending":
                place = self._there if file.ref.startswith("there") else None
                prepared = Prepared(kind=file.kind, mime="image/jpeg", data=b"jpeg", place=place)
                await files.keep(connection, media_id, prepared, hashlib.sha256(file.ref.encode()).hexdigest(), "")
            file = await files.read(connection, media_id)
            assert file
        data: dict[str, object] = {"media": msgspec.to_builtins(file.media)}
        await self._machine.intake.take(
            Inbound(
                account=file.account,
                key=f"media:{media_id}",
                address=file.external,
                kind="result",
                name="media",
                data=data,
            )
        )
