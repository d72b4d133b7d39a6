"""What one signed webhook costs: its body read, its signature proved, its conversation run, all of it on disk.

The peer proves the same signatures with Twilio's own RequestValidator and commits one row for each, in an aiohttp
handler and without any server. Each side runs in a process of its own, whose processor time is what counts; the
caller's is not in it. Every commit is synced to disk.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web
from multidict import MultiDict
from sqlalchemy import func, insert, select
from twilio.request_validator import RequestValidator

from benchmarks.ours import Ours
from benchmarks.side import Done
from benchmarks.walk import LANGUAGE, STEPS, WORDS, Message, Walk, address, chosen
from bot.channels.twilio_parse import Way
from bot.logs import set_up_logs
from bot.spool import Spool
from storage import schema
from storage.database import Database, migrate
from web.twilio_signature import PROOF_HEADER, Signatures
from web.twilio_webhook import PATHS, Door

PUBLIC = "https://baldosa.example"
TOKEN = "nobody's"  # noqa: S105 - it opens nothing
ACCOUNTS: dict[Way, str] = {"whatsapp": "whatsapp:+5491150000001"}
PATH = PATHS["whatsapp"]
ROW = insert(schema.inbox)


class Call(NamedTuple):
    """A webhook: its body and what signs it."""

    body: bytes
    signature: str


class Result(NamedTuple):
    """Milliseconds of the processor for one webhook, round by round; and what was done in all."""

    cost: list[float]
    done: Done


class Served(Ours):
    """Ours, behind the webhook that a deployment serves."""

    async def open(self, folder: Path) -> None:
        await super().open(folder)
        spool = Spool(folder / "spool")
        spool.open()
        door = Door(Signatures(PUBLIC, [TOKEN]), self.intake, ACCOUNTS, spool)
        self.runner, self.port = await serve(door.routes())

    async def close(self) -> Done:
        await self.runner.cleanup()
        return await super().close()


class Bare:
    """The peer: RequestValidator, and one row in one commit."""

    port = 0

    async def open(self, folder: Path) -> None:
        url = f"sqlite+aiosqlite:///{folder / 'bare.db'}"
        await migrate(url)
        self.database = Database(url)
        self.validator = RequestValidator(TOKEN)

    async def handle(self, body: bytes, signature: str) -> bool:
        """One webhook; False when it is not Twilio's."""
        form = MultiDict(parse_qsl(body.decode(), keep_blank_values=True))
        if not self.validator.validate(PUBLIC + PATH, form, signature):
            return False
        row = {"account": "bare", "key": form["MessageSid"], "kind": "message", "status": "done", "error": ""}
        async with self.database.write() as connection:
            await connection.execute(ROW, row | {"body": body.decode(), "received_at": time.time()})
        return True

    async def take(self, calls: Sequence[Call], in_flight: int) -> None:
        """All of these, so many at a time."""
        waiting = iter(calls)

        async def bring() -> None:
            for call in waiting:
                if not await self.handle(*call):
                    raise AssertionError("a signature was refused")

        await asyncio.gather(*(bring() for _ in range(in_flight)))

    async def close(self) -> Done:
        async with self.database.read() as connection:
            rows = (await connection.execute(select(func.count()).select_from(schema.inbox))).scalar_one()
        await self.database.close()
        return Done(replies=rows, tickets=0)


class BareServed(Bare):
    """The same in an aiohttp handler."""

    async def open(self, folder: Path) -> None:
        await super().open(folder)

        async def handler(request: web.Request) -> web.Response:
            good = await self.handle(await request.read(), request.headers[PROOF_HEADER])
            return web.Response(text="<Response/>", content_type="text/xml", status=200 if good else 403)

        self.runner, self.port = await serve([web.post(PATH, handler)])

    async def close(self) -> Done:
        await self.runner.cleanup()
        return await super().close()


OURS, SERVED, BARE = "ours", "bare-served", "bare"
SIDES: dict[str, Callable[[], Any]] = {OURS: Served, SERVED: BareServed, BARE: Bare}
SENTENCES = {
    OURS: "ours: served, proved, talked, ticketed, replies in the outbox",
    SERVED: "RequestValidator and one row, in an aiohttp handler",
    BARE: "RequestValidator and one row, without a server",
}


def webhook(chats: int, walkers: int, rounds: int, in_flight: Sequence[int]) -> None:
    """Measure and print; raises where a side has not done all of the work."""
    walk = Walk(chats, min(walkers, chats), rounds)
    for most in in_flight:
        found = compete(walk, most)
        for name, result in found.items():
            check(name, result, walk)
        show(found, walk, most)


def compete(walk: Walk, in_flight: int) -> dict[str, Result]:
    """Every side handles the whole walk, round by round in turns."""
    with _contestants() as pipes:
        ports = {name: pipe.recv() for name, pipe in pipes.items()}
        costs: dict[str, list[list[float]]] = {name: [] for name in pipes}
        for wave in walk.waves():
            for name in pipes:
                costs[name].append([])
            for messages in wave:
                calls = [call(message) for message in messages]
                for name, pipe in pipes.items():
                    costs[name][-1].append(_lap(pipe, ports[name], calls, in_flight))
        return {name: Result(_rounds(costs[name]), _finish(pipe)) for name, pipe in pipes.items()}


def check(name: str, result: Result, walk: Walk) -> None:
    """Nobody is fast by leaving work out."""
    messages = walk.chats + walk.walkers * (STEPS - 1)
    if result.done != Done(replies=messages, tickets=walk.walkers if name == OURS else 0):
        raise AssertionError(f"{name} did {result.done} of {messages} webhooks, {walk.walkers} to a ticket")


def show(found: dict[str, Result], walk: Walk, in_flight: int) -> None:
    """Each side's cost, and ours by the peers'."""
    messages = walk.chats + walk.walkers * (STEPS - 1)
    print(f"\nWebhook: {messages:,} signed, {in_flight} in flight, {walk.rounds} rounds")
    print(f"\n{'milliseconds of cpu for one webhook, median (least - most)':66}")
    for name, result in found.items():
        print(f"  {SENTENCES[name]:64} {_spread(result.cost, 3)}")
    print("\nours by the peer's, median (least - most)")
    for name in (SERVED, BARE):
        ratios = [one / other for one, other in zip(found[OURS].cost, found[name].cost, strict=True)]
        print(f"  {OURS + ' / ' + name:64} {_spread(ratios, 2)}")


def call(message: Message) -> Call:
    """One message as Twilio brings it, signed."""
    given = form(message)
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + PATH, given)
    return Call(urlencode(given).encode(), signature)


def form(message: Message) -> dict[str, str]:
    """A WhatsApp message: every second citizen taps and shares a pin, the others type everything."""
    number, chat, step = message
    sid, phone = f"SM{number:032x}", f"549115{chat:07d}"
    common = {"SmsMessageSid": sid, "SmsSid": sid, "MessageSid": sid, "NumMedia": "0", "NumSegments": "1"}
    who = {
        "From": f"whatsapp:+{phone}",
        "To": "whatsapp:+5491150000001",
        "WaId": phone,
        "ProfileName": f"Vecina {chat}",
    }
    rest = {"AccountSid": "AC" + "0" * 32, "ApiVersion": "2010-04-01", "SmsStatus": "received"}
    said = _tapped(chat, step) if chat % 2 == 0 and step in (1, 2, 3, 5) else _typed(chat, step)
    return {**common, **who, **rest, **said}


def _typed(chat: int, step: int) -> dict[str, str]:
    group, leaf = chosen()
    typed = ("Hola", group.name(LANGUAGE), leaf.name(LANGUAGE), address(chat), WORDS.format(chat), "Sí")
    return {"Body": typed[step], "MessageType": "text"}


def _tapped(chat: int, step: int) -> dict[str, str]:
    group, leaf = chosen()
    if step == 3:
        lat, lon = -34.6 - chat % 97 / 1e4, -58.43 - chat % 89 / 1e4
        return {"Body": "", "MessageType": "location", "Latitude": f"{lat}", "Longitude": f"{lon}"}
    taps = {
        1: (f"q1.category.{group.id}", group.name(LANGUAGE)),
        2: (f"q1.subcategory.{leaf.id}", leaf.name(LANGUAGE)),
        5: ("q1.send.send", "Mandar"),
    }
    payload, label = taps[step]
    return {"Body": label, "MessageType": "button", "ButtonPayload": payload, "ButtonText": label}


async def serve(routes: Sequence[web.RouteDef]) -> tuple[web.AppRunner, int]:
    """Serve on a free port of this machine."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, int(runner.addresses[0][1])


@contextmanager
def _contestants() -> Iterator[dict[str, Connection]]:
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = {}, []
    try:
        for name in SIDES:
            pipes[name], theirs = spawn.Pipe()
            processes.append(spawn.Process(target=contend, args=(name, theirs), daemon=True))
            processes[-1].start()
            theirs.close()
        yield pipes
    finally:
        for process in processes:
            process.kill()


def contend(name: str, pipe: Connection) -> None:
    """The other process."""
    set_up_logs("warning", "console")
    asyncio.run(_contend(SIDES[name](), pipe))


async def _contend(side: Any, pipe: Connection) -> None:
    with tempfile.TemporaryDirectory(prefix="baldosa-bench-") as folder:
        await side.open(Path(folder))
        pipe.send(side.port)
        # The server goes on while the next order is awaited.
        while (order := await asyncio.to_thread(pipe.recv)) is not None:
            if order:
                await side.take(*order)
            pipe.send(time.process_time())
        pipe.send(await side.close())


def _lap(pipe: Connection, port: int, calls: list[Call], in_flight: int) -> float:
    """Milliseconds of the other process's processor for one of these calls."""
    before = _order(pipe, ())
    if port:
        asyncio.run(bring(port, calls, in_flight))
        after = _order(pipe, ())
    else:
        after = _order(pipe, (calls, in_flight))
    return 1000 * (after - before) / len(calls)


def _order(pipe: Connection, order: tuple[Any, ...]) -> float:
    pipe.send(order)
    return float(pipe.recv())


def _finish(pipe: Connection) -> Done:
    pipe.send(None)
    done: Done = pipe.recv()
    return done


async def bring(port: int, calls: Sequence[Call], in_flight: int) -> None:
    """Call as Twilio does, so many at a time."""
    waiting = iter(calls)
    connector = aiohttp.TCPConnector(limit=in_flight)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector, headers=kind) as session:

        async def post() -> None:
            for body, signature in waiting:
                async with session.post(PATH, data=body, headers={PROOF_HEADER: signature}) as answer:
                    if answer.status != 200:
                        raise AssertionError(f"a webhook was answered {answer.status}")

        await asyncio.gather(*(post() for _ in range(in_flight)))


def _rounds(waves: list[list[float]]) -> list[float]:
    """The first wave may be longer than the others, so each step counts alike."""
    return [statistics.mean(costs) for costs in zip(*waves, strict=True)]


def _spread(values: Sequence[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} - {max(values):.{digits}f})"
