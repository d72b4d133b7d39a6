"""Rooms for the web's tests: a real database, real files, and an intake that follows a script and writes the real rows.

It stands where the conversation machine stands: the same transaction, the same tables, the same way of sending.
"""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image
from sqlalchemy import insert, select, update

from bot.channels.browser import BrowserChannel, Hub, Uploads
from bot.intake import Unavailable
from bot.messages import Inbound, Link, Option, Outbound, Place
from storage import inbox, people
from storage.backlog import counts
from storage.database import Database
from storage.media import MediaStore
from storage.schema import media, outbox
from web.metrics import Metrics
from web.pages import TicketFile, TicketPage, TicketStep
from web.rooms import DemoBody, Rooms
from web.server import make_app

Script = Callable[[Inbound], Sequence[Outbound]]
Client = TestClient[web.Request, web.Application]

SECRET = "a secret that only the tests know about"
BODIES = (DemoBody("verdes", "Espacios Verdes"), DemoBody("alumbrado", "Alumbrado Público"), DemoBody("c1", "Comuna 1"))
# Four rough blocks side by side, drawn for these tests.
OUTLINE: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": "Polygon", "coordinates": [[[w, s], [w + 0.05, s], [w + 0.05, n], [w, n], [w, s]]]},
        }
        for name, w, s, n in (
            ("Norte", -58.46, -34.58, -34.54),
            ("Centro", -58.41, -34.62, -34.56),
            ("Oeste", -58.51, -34.66, -34.58),
            ("Sur", -58.46, -34.67, -34.59),
        )
    ],
}


def jpeg(width: int = 320, height: int = 240, colour: str = "#8a7350") -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG")
    return out.getvalue()


def echo(inbound: Inbound) -> list[Outbound]:
    """The plainest script: say what was heard."""
    return [Outbound(text=f"eco: {inbound.text or inbound.tapped}")]


def report(inbound: Inbound) -> list[Outbound]:
    """A short report with everything that a page must show."""
    said = (inbound.text or inbound.tapped).casefold()
    if inbound.attachments:
        return [Outbound(text=SUMMARY, options=SEND_OR_CHANGE, columns=2)]
    if inbound.place:
        return [Outbound(text="Anotado 📍 Mandame hasta 4 fotos, así se entiende mejor.", wants="photos",
                         options=(Option("skip", "Sin fotos"),))]  # fmt: skip
    if said in ("bache", "2"):
        return [Outbound(text="Un bache 🕳️\n\n¿Dónde está? Mandame la ubicación o escribí la dirección.", wants="place")]
    if said == "send":
        return [Outbound(text="¡Gracias! Ya lo tiene Comuna 1. Tu reclamo es el K7Q4-2MX: /estado K7Q4-2MX.",
                         ticket="K7Q42MX", link=Link("Seguir el reclamo", "/t/K7Q4-2MX"),
                         place=Place(lat=-34.6037, lon=-58.3816))]  # fmt: skip
    return [Outbound(text="¡Hola! 👋 Soy Baldosa. ¿Qué está roto en tu calle?", options=CHOICES, columns=2)]


SUMMARY = "Así lo van a ver:\n\n🕳️ Bache\n📍 Av. Corrientes y Callao\n«Pozo enorme frente a la parada»\n\n¿Lo mando?"
SEND_OR_CHANGE = (Option("send", "Mandar", "✅"), Option("change", "Cambiar algo"))
CHOICES = tuple(
    Option(tap, label, icon)
    for tap, label, icon in (
        ("vereda", "Vereda rota", "🧱"),
        ("bache", "Bache", "🕳️"),
        ("luz", "Luminaria apagada", "💡"),
        ("arbol", "Árbol", "🌳"),
        ("basura", "Basura", "🗑️"),
        ("otro", "Otra cosa", "➕"),
    )
)


class ScriptedIntake:
    """Takes messages as the intake does, answers by a script, and sends while it is `going`."""

    def __init__(self, database: Database, channel: BrowserChannel, script: Script = echo) -> None:
        self.database = database
        self.channel = channel
        self.script = script
        self.away = False
        self.going = asyncio.Event()
        self.going.set()
        self.taken: list[Inbound] = []
        self.passing: Outbound | None = None
        self.sending: set[asyncio.Task[None]] = set()
        self._files = 0
        self._lane = asyncio.Lock()

    async def take(self, inbound: Inbound) -> Outbound | None:
        """One transaction: remember, answer, commit; the answers leave after it, but for one to a tap in passing."""
        if self.away:
            raise Unavailable("OperationalError")
        now, answer = time.time(), self.passing if inbound.tapped else None
        async with self.database.write() as connection:
            key = (inbound.account, inbound.address)
            session = (await people.load_sessions(connection, {key: "es"}, now, "es"))[key]
            row = {
                "account": inbound.account,
                "key": inbound.key,
                "address_id": session.person.address_id,
                "kind": "message",
                "status": "beside" if answer else "done",
                "error": "",
                "body": msgspec.json.encode(inbound).decode(),
                "received_at": now,
            }
            if not await inbox.remember(connection, [row]):
                return None
            self.taken.append(inbound)
            for attachment in inbound.attachments:
                await self._ask_for(connection, session.person.address_id, inbound.account, attachment, now)
            ids = [await self._post(connection, session, out, now) for out in self.script(inbound)]
            session.changed = True
            await people.save_sessions(connection, [session])
        self._send_soon(inbound.address, ids)
        return answer

    async def say(self, external: str, out: Outbound) -> int:
        """Something the bot says by itself; returns the outbox row's id."""
        now = time.time()
        async with self.database.write() as connection:
            key = (self.channel.account, external)
            session = (await people.load_sessions(connection, {key: "es"}, now, "es"))[key]
            row = await self._post(connection, session, out, now)
            session.changed = True
            await people.save_sessions(connection, [session])
        self._send_soon(external, [row])
        return row

    async def _post(self, connection: Any, session: people.Session, out: Outbound, now: float) -> int:
        session.out_seq += 1
        row = insert(outbox).values(
            account=session.person.account,
            lane=str(session.person.address_id),
            seq=session.out_seq,
            kind="message",
            effect_key=f"{session.person.address_id}:{session.out_seq}",
            address_id=session.person.address_id,
            payload=msgspec.json.encode(out).decode(),
            due_at=now,
            created_at=now,
        )
        return int((await connection.execute(row.returning(outbox.c.id))).scalar_one())

    async def _ask_for(self, connection: Any, address_id: int, account: str, attachment: Any, now: float) -> None:
        self._files += 1
        values = {"id": f"m{self._files}", "ref": attachment.ref, "kind": attachment.kind, "status": "pending"}
        await connection.execute(insert(media).values(**values, address_id=address_id, account=account, created_at=now))

    def _send_soon(self, external: str, ids: Sequence[int]) -> None:
        task = asyncio.create_task(self._send(external, ids))
        self.sending.add(task)
        task.add_done_callback(self.sending.discard)

    async def _send(self, external: str, ids: Sequence[int]) -> None:
        async with self._lane:  # one after the other, as the sender does in a lane
            for row in ids:
                await self.going.wait()
                await self.mark(row, status="sending", sending_since=time.time())
                name = await self.channel.send(external, await self._outbound(row), again=False, plain=False)
                await self.mark(row, status="sent", done_at=time.time(), provider_id=name)

    async def _outbound(self, row: int) -> Outbound:
        async with self.database.read() as connection:
            payload = (await connection.execute(select(outbox.c.payload).where(outbox.c.id == row))).scalar_one()
        return msgspec.json.decode(payload, type=Outbound)

    async def mark(self, row: int, **values: Any) -> None:
        """Change an outbox row, as the sender does."""
        async with self.database.write() as connection:
            await connection.execute(update(outbox).where(outbox.c.id == row).values(**values))

    async def keep(self, store: MediaStore, ref: str, data: bytes) -> str:
        """Do the fetching errand's work for one upload: it is kept now. Returns its key."""
        key = await store.put(data, "image/jpeg")
        values = {
            "status": "kept",
            "key": key,
            "thumbnail": key,
            "mime": "image/jpeg",
            "width": 320,
            "height": 240,
            "ref": "",
        }
        async with self.database.write() as connection:
            await connection.execute(update(media).where(media.c.ref == ref).values(**values))
        return key


async def ticket(code: str, language: str) -> TicketPage | None:
    """One ticket that everybody may see."""
    if code.upper().replace("-", "") != "K7Q42MX":
        return None
    return TicketPage(
        code="K7Q4-2MX", category="Bache en la calzada", icon="🕳️", status="En obra", state="open", body="Comuna 1",
        words="Pozo enorme frente a la parada del 24.\nYa se cayeron dos motos.", place="Av. Corrientes y Callao",
        area="Comuna 1", lat=-34.6037, lon=-58.3916, opened=1_763_000_000.0, supporters=3,
        steps=(
            TicketStep(1_763_000_000.0, "Vecina", "Recibido"),
            TicketStep(1_763_010_000.0, "Comuna 1", "Visto", "Gracias por avisar, mañana pasa una cuadrilla."),
            TicketStep(1_763_090_000.0, "Comuna 1", "En obra"),
        ),
    )  # fmt: skip


async def near_tickets(code: str) -> list[str]:
    """The ticket above for whoever is one slip away."""
    return ["K7Q4-2MX"] if code.startswith("K7Q4") else []


@dataclass
class House:
    """Everything that a test may touch."""

    rooms: Rooms
    intake: ScriptedIntake
    store: MediaStore
    channel: BrowserChannel
    invited: list[list[str]] = field(default_factory=list)
    health: dict[str, str] = field(default_factory=lambda: {"database": "ok", "migrations": "ok", "senders": "ok"})

    @asynccontextmanager
    async def open(self, **changes: Any) -> AsyncIterator[Client]:
        """A client of a server in these rooms, with some of them changed."""
        server = TestServer(make_app(replace(self.rooms, **changes)), host="127.0.0.1")
        async with TestClient(server) as client:
            yield client

    @asynccontextmanager
    async def pictured(self, count: int = 1) -> AsyncIterator[None]:
        """The ticket with photos in it."""
        keys = [await self.store.put(jpeg(colour=f"#{number}a7350"), "image/jpeg") for number in range(2, 2 + count)]
        files = tuple(TicketFile(key=key, thumbnail=key) for key in keys)

        async def with_files(code: str, language: str) -> TicketPage | None:
            found = await ticket(code, language)
            return found and msgspec.structs.replace(found, files=files)

        plain, self.rooms = self.rooms, replace(self.rooms, ticket=with_files)
        yield
        self.rooms = plain


@asynccontextmanager
async def make_house(url: str, folder: Path, script: Script = echo) -> AsyncIterator[House]:
    """The rooms over a migrated, empty database; files live in `folder`."""
    database = Database(url)
    hub, uploads = Hub(), Uploads(folder / "uploads")
    channel = BrowserChannel(hub, uploads)
    store = MediaStore.open((folder / "media").as_uri())
    intake = ScriptedIntake(database, channel, script)

    async def backlog() -> Sequence[Any]:
        async with database.read() as connection:
            return await counts(connection)

    async def invite(bodies: Sequence[str]) -> str:
        house.invited.append(list(bodies))
        return "J7KQ-2MX9"

    async def ready() -> dict[str, str]:
        return house.health

    rooms = Rooms(
        secret=SECRET, database=database, intake=intake, hub=hub, uploads=uploads, kept=store, metrics=Metrics(),
        ticket=ticket, near_tickets=near_tickets, ready=ready, map_outline=lambda: json.dumps(OUTLINE).encode(),
        bodies=lambda language: BODIES, invite=invite, backlog=backlog,
    )  # fmt: skip
    house = House(rooms, intake, store, channel)
    try:
        yield house
    finally:
        intake.going.set()
        await asyncio.gather(*intake.sending)
        await database.close()


def own(client: Client) -> dict[str, str]:
    """Return the headers of a page of ours that asks."""
    return {"Origin": str(client.make_url("/").origin())}
