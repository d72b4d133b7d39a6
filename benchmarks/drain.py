"""Rows per second out of the outbox: claimed, sent, written down, each step on disk before the next.

The peer sends the same messages straight from memory with python-telegram-bot's Bot, which forgets them when it stops.
Both end in this process, so what is measured is what the outbox costs.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from sqlalchemy import func, select
from telegram import Bot

from benchmarks.ours import until_sent
from benchmarks.peer import instant_bot
from benchmarks.walk import FIRST_CHAT
from bot.jobs import Job, Perform
from bot.messages import Outbound
from bot.sender import Sender
from storage import people, schema
from storage.database import Database, migrate
from storage.work import Work

ACCOUNT = "telegram:123456"
AT_ONCE = 64
EACH = 3
WORDS = "Tu reclamo {} ya está en manos de la comuna. Te aviso por acá cuando haya novedades."


async def drain(chats: int, rounds: int) -> None:
    """Measure with so many chats, three rows for each, and print; raises where something was not sent."""
    bot, request = instant_bot()
    rows = chats * EACH
    sides: dict[str, Callable[[Database], Awaitable[None]]] = {
        "outbox, sent by nobody": lambda database: from_outbox(database, nothing, rows),
        "outbox, sent by Bot.send_message": lambda database: from_outbox(database, sends(bot), rows),
        "Bot.send_message from memory": lambda database: from_memory(bot, chats),
    }
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            rates[name].append(await measure(side, chats))
    if request.sent != 2 * rounds * rows:
        raise AssertionError(f"{request.sent} were sent, not {2 * rounds * rows}")
    show(rates, rows)


def show(rates: dict[str, list[tuple[float, float]]], rows: int) -> None:
    """The rates of each side, and those of the outbox by the peer's."""
    print(f"\nDrain: {rows:,} messages, {AT_ONCE} at once, {len(next(iter(rates.values())))} rounds\n")
    print(f"{'messages per second, median':66} {'of cpu':>8} {'of clock':>8}")
    for name, found in rates.items():
        cpu, wall = (statistics.median(each[kind] for each in found) for kind in (0, 1))
        print(f"  {name:64} {cpu:8,.0f} {wall:8,.0f}")
    _, kept, forgotten = rates.values()
    ratios = sorted(one[0] / other[0] for one, other in zip(kept, forgotten, strict=True))
    middle = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} - {ratios[-1]:.2f})"
    print(f"\n  {'the second by the third, cpu, median (least - most)':64} {middle}")


async def measure(side: Callable[[Database], Awaitable[None]], chats: int) -> tuple[float, float]:
    """Messages per second by the processor and by the clock, on a fresh outbox."""
    with tempfile.TemporaryDirectory(prefix="baldosa-bench-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'outbox.db'}"
        await migrate(url)
        database = Database(url)
        await fill(database, chats)
        cpu, wall = time.process_time(), time.perf_counter()
        await side(database)
        took = time.process_time() - cpu, time.perf_counter() - wall
        await database.close()
    return chats * EACH / took[0], chats * EACH / took[1]


async def fill(database: Database, chats: int) -> None:
    """Write what is to be sent, the chats mixed."""
    now = time.time()
    for start in range(0, chats, 500):
        keys = {(ACCOUNT, str(FIRST_CHAT + chat)): "es" for chat in range(start, min(start + 500, chats))}
        async with database.write() as connection:
            sessions = await people.load_sessions(connection, keys, now, "es")
            work = Work(connection, now, str, str)
            for number in range(EACH):
                for session in sessions.values():
                    lane = str(session.person.address_id)
                    words = Outbound(text=WORDS.format(number))
                    work.post(account=ACCOUNT, lane=lane, seq=number, kind="message", payload=words,
                              effect_key=f"{lane}#{number}", address_id=session.person.address_id)  # fmt: skip
            await work.flush()


async def from_outbox(database: Database, perform: Perform, rows: int) -> None:
    """Let a sender empty the outbox, and look whether it did."""
    sender = Sender(database, ACCOUNT, perform, lanes_at_once=AT_ONCE)
    running = asyncio.create_task(sender.run())
    await until_sent(sender, rows)
    await sender.stop()
    await running
    async with database.read() as connection:
        left = select(func.count()).where(schema.outbox.c.done_at.is_(None))
        if (await connection.execute(left)).scalar_one():
            raise AssertionError("something was left in the outbox")


async def nothing(job: Job) -> str:
    """Say it to nobody."""
    return "1"


def sends(bot: Bot) -> Perform:
    """Say it with the peer's own Bot."""

    async def perform(job: Job) -> str:
        text = msgspec.json.decode(job.payload, type=Outbound).text
        return str((await bot.send_message(int(job.address), text)).message_id)

    return perform


async def from_memory(bot: Bot, chats: int) -> None:
    """Say the same, as many at once."""
    waiting = iter([(FIRST_CHAT + chat, WORDS.format(number)) for number in range(EACH) for chat in range(chats)])

    async def say() -> None:
        for chat, words in waiting:
            await bot.send_message(chat, words)

    await asyncio.gather(*(say() for _ in range(AT_ONCE)))
