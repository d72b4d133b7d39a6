"""Deliveries on a stage: the real outbox, performer and chores on loopback, the clock turned by hand.

async with Stage(url, tmp_path, open311=Open311Way(...)) as stage:
    code = await stage.opens("pérdida de agua")
    await stage.delivers()                       # what is due now, each row once
    await stage.later(300)                       # time passes, and what is due then is tried
    await stage.updates(code, actor="citizen", words="sigue igual")
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec.structs import replace
from pydantic import SecretStr
from sqlalchemy import select

from bot.channels import SendError
from bot.jobs import attempt_of, job_of, outcome_of, sent
from bot.messages import Place
from bot.outreach import Outreach
from bot.retry import IDEMPOTENT, decide
from bot.settings import Settings
from routing.pack import Pack
from routing.ways import EmailWay, Open311Way, WebhookWay
from storage import deliveries, leases, outbox, people, tickets, updates
from storage.deliveries import Delivery
from storage.media import MediaStore
from storage.schema import delivery as delivery_table
from storage.schema import outbox as outbox_table
from storage.workbench import Workbench
from tests.handset import Phone
from tests.machine import CONGRESS, Machine, demo_pack

KEY = "a key of thirty-two characters, or more"
CATEGORY = "cano-roto"
BODY = "agua"
OTHER = "ciudad"
WORDS = "pierde agua desde ayer"
FROM = "Baldosa <baldosa@baldosa.test>"
ANSWERS = "answers@baldosa.test"


def pack_with(*, other: dict[str, Any] | None = None, **ways: Any) -> Pack:
    """The demo pack, its water works receiving in these ways, and another body in others."""
    records = demo_pack().records
    changed = {BODY: ways, OTHER: other or {}}
    bodies = tuple(_receiving(body, changed[body.id]) if changed.get(body.id) else body for body in records.bodies)
    return Pack(replace(records, bodies=bodies))


def _receiving(body: Any, ways: dict[str, Any]) -> Any:
    kinds = (EmailWay, Open311Way, WebhookWay)
    methods = tuple(name for name, way in ways.items() if isinstance(way, kinds))
    return replace(body, **{"delivery": methods, **ways})


class Stage:
    """See the module. `settings` are added to those of a test machine that may speak to itself."""

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        settings: dict[str, Any] | None = None,
        secrets: dict[str, str] | None = None,
        pack: Pack | None = None,
        **ways: Any,
    ) -> None:
        self.machine = Machine(url, pack=pack or pack_with(**ways))
        self.secrets = {"AGUA": "clave", "HOOK": "un secreto"} | (secrets or {})
        self.folder = folder
        usual: dict[str, Any] = {
            "secret_key": SecretStr(KEY),
            "data_dir": folder,
            "public_url": "https://baldosa.test",
            "deliveries": "loopback",
        }
        self.settings = Settings(**usual | (settings or {}))
        self.errors: list[str] = []

    async def __aenter__(self) -> Self:
        await self.machine.__aenter__()
        self.workbench = Workbench()
        self.store = MediaStore.open((self.folder / "media").as_uri())
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.outreach.close()
        await self.workbench.close()
        await self.machine.__aexit__(kind, error, trace)

    def start(self) -> None:
        """Begin with nothing but the database, as a new process does."""
        machine = self.machine
        self.outreach = Outreach(
            self.settings,
            self.secrets,
            machine.workplace("stage"),
            self.store,
            self.workbench,
            lambda: machine.now,
        )

    @property
    def now(self) -> float:
        """What time it is."""
        return self.machine.now

    def work(self, connection: Any) -> Any:
        """A transaction's work at this stage's time."""
        return self.machine.workplace().make_work(connection)

    async def opens(self, words: str = WORDS, *, who: Phone | None = None, body: str = BODY, **values: Any) -> str:
        """Open a ticket and hand it over; its code."""
        phone = who or self.machine.phone("rosa")
        person, address = await self._ids(phone)
        usual: dict[str, Any] = {
            "category": CATEGORY,
            "area": "comuna-1",
            "place": Place(lat=CONGRESS.lat, lon=CONGRESS.lon, words="Rivadavia 1800"),
            "media_ids": (),
            "language": "es",
        }

        async def do(work: Any) -> str:
            told = usual | values
            code = tickets.open_ticket(work, person_id=person, address_id=address, body=body, words=words, **told)
            found = self.machine.pack.body(body)
            assert found is not None
            self.unclaimed = await deliveries.hand_over(work, self.machine.pack, code, told["category"], [found], 1)
            return code

        return str(await self.machine.work(do))

    async def updates(self, code: str, **entry: Any) -> None:
        """Append to a ticket's history, as a conversation does."""

        async def do(work: Any) -> None:
            found = await tickets.by_code(work, code)
            assert found is not None
            await tickets.append(work, found, updates.Change(**entry))

        await self.machine.work(do)

    async def delivers(self) -> int:
        """Try what is due, each row once; how many were tried."""
        database, tried = self.machine.database, 0
        async with database.write() as connection:
            token = await leases.acquire(connection, "sender:deliveries", "stage", self.now, 3600.0)
            assert token is not None
            claim = await outbox.claim(connection, deliveries.ACCOUNT, token, self.now, 100)
        for row in claim.rows:
            tried += 1
            try:
                outcome = sent(row, await self.outreach.perform(job_of(row, deliveries.ACCOUNT)))
            except SendError as error:
                self.errors.append(f"{error.kind}: {error.detail}")
                outcome = outcome_of(row, error, decide(error, attempt_of(row), IDEMPOTENT, self.now))
            async with database.write() as connection:
                await outbox.settle(connection, [outcome], deliveries.ACCOUNT, token, self.now)
        return tried

    async def delivers_all(self) -> None:
        """Try what is due until nothing is."""
        while await self.delivers():
            pass

    async def later(self, seconds: float) -> int:
        """Let time pass, and try what is due then."""
        self.machine.now += seconds
        return await self.delivers()

    async def rows(self) -> list[Delivery]:
        """Every delivery, in the order of their ids."""
        columns = [delivery_table.c[name] for name in Delivery.__struct_fields__]
        return [Delivery(*row) for row in await self.machine.rows(select(*columns).order_by(delivery_table.c.id))]

    async def row(self) -> Delivery:
        """The only delivery."""
        (found,) = await self.rows()
        return found

    async def due(self) -> list[float]:
        """In how many seconds each open row is tried."""
        c = outbox_table.c
        waiting = (c.account == deliveries.ACCOUNT, c.done_at.is_(None))
        rows = await self.machine.rows(select(c.due_at).where(*waiting).order_by(c.id))
        return [row.due_at - self.now for row in rows]

    async def history(self, code: str) -> list[tuple[str, str, str]]:
        """(who, status, words) of a ticket's steps after the report."""
        async with self.machine.database.read() as connection:
            entries = await updates.history(self.work(connection), code, public_only=False)
        return [(entry.actor, entry.status, entry.words) for entry in entries[1:]]

    async def ticket(self, code: str) -> tickets.Ticket:
        """A ticket as it stands."""
        async with self.machine.database.read() as connection:
            found = await tickets.by_code(self.work(connection), code, lock=False)
        assert found is not None
        return found

    async def _ids(self, phone: Phone) -> tuple[int, int]:
        """Who somebody is to the database; she need not have written."""
        key = phone.account, phone.who
        async with self.machine.database.write() as connection:
            sessions = await people.load_sessions(connection, {key: ""}, self.now, "es")
        person = sessions[key].person
        return person.id, person.address_id
