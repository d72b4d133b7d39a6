"""Senders die by `kill -9` at any moment: nothing is lost, nothing changes places, doubles are few and say so.

The provider is a real HTTP server on loopback that only this process can stop; the senders are processes of their own.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, web
from sqlalchemy import select

from bot.channels import SendError
from bot.retry import Policy
from bot.sender import Job, Sender
from storage.database import Database
from storage.schema import lease, outbox
from tests.rows import ACCOUNT, put, row, statuses

ROOT = Path(__file__).parent.parent
LANES, LENGTH, KILLS, AT_ONCE = 6, 20, 3, 4
LEASE_SECONDS = 0.8


class Provider:
    """Takes effects over HTTP, needs a moment for each, and remembers what arrived."""

    def __init__(self) -> None:
        self.arrived: list[dict[str, Any]] = []
        self.under_way = 0
        self.url = ""
        # Called in a moment when every attempt of the sender is here and none is answered.
        self.when_full: Callable[[], object] = bool

    def has(self, count: int) -> bool:
        return len(self.arrived) >= count

    async def take(self, request: web.Request) -> web.Response:
        self.under_way += 1
        self.arrived.append(await request.json())
        if self.under_way == AT_ONCE and self.has(20):
            self.when_full()
        await asyncio.sleep(random.uniform(0.005, 0.04))
        self.under_way -= 1
        return web.json_response({"id": str(len(self.arrived))})

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/", self.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        try:
            yield
        finally:
            await runner.cleanup()


async def send_until_killed(url: str, provider: str) -> None:
    """Be a sender's process: what the killed ones run."""
    database = Database(url)
    async with ClientSession() as session:

        async def perform(job: Job) -> str:
            try:
                async with session.post(provider, json={"key": job.effect_key, "again": job.again}) as response:
                    return str((await response.json())["id"])
            except ClientError as error:
                raise SendError("ambiguous", type(error).__name__) from error

        policy = Policy(repeat_after=0.05)
        sender = Sender(
            database, ACCOUNT, perform, policy=policy, lanes_at_once=AT_ONCE, lease_seconds=LEASE_SECONDS, poll=0.05
        )
        await sender.run()


async def start_sender(url: str, provider: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.test_sender_crash", url, provider, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.wait()


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110 - other processes make it happen
            await asyncio.sleep(0.001)


async def everything_is_done(database: Database) -> bool:
    await asyncio.sleep(0.05)
    return not {"pending", "sending"} & set(await statuses(database))


async def find_leader(database: Database) -> int:
    """Return the process id of the sender that holds the lease: its owner's name holds it."""
    async with database.read() as connection:
        owner = (await connection.execute(select(lease.c.owner))).scalar_one()
    return int(owner.split(":")[1])


async def kill_again_and_again(database: Database, provider: Provider) -> None:
    """Kill whoever sends, in the middle of it, until everything is done; one stands by and takes over."""
    senders = [await start_sender(database.url, provider.url) for _ in range(2)]
    try:
        for _ in range(KILLS):
            wanted = len(provider.arrived) + random.randint(5, 20)
            await until(partial(provider.has, wanted))
            leader = await find_leader(database)
            [dead] = [sender for sender in senders if sender.pid == leader]
            await end(dead)
            senders = [sender for sender in senders if sender is not dead]
            senders.append(await start_sender(database.url, provider.url))
        async with asyncio.timeout(30):
            while not await everything_is_done(database):
                pass
    finally:
        await asyncio.gather(*(end(sender) for sender in senders))


async def stall_between_transactions(
    sender: asyncio.subprocess.Process, database: Database, provider: Provider
) -> None:
    """Stop a sender that has all its attempts under way; never inside a transaction, which would stop everybody."""
    path = database.url.partition("///")[2]
    stalled = asyncio.Event()

    def stall() -> None:
        if stalled.is_set():
            return
        os.kill(sender.pid, signal.SIGSTOP)
        with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                stalled.set()
            except sqlite3.OperationalError:
                os.kill(sender.pid, signal.SIGCONT)

    provider.when_full = stall
    async with asyncio.timeout(20):
        await stalled.wait()


async def check(database: Database, arrived: list[dict[str, Any]]) -> None:
    """Hold the promises: nothing lost, nothing out of its place, few doubles, each saying that it may be one."""
    async with database.read() as connection:
        ends = {
            end.effect_key: end.status for end in await connection.execute(select(outbox.c.effect_key, outbox.c.status))
        }
        # Each change of owner may double what the last one had under way; a loaded machine has more than ours.
        changes = (await connection.execute(select(lease.c.token))).scalar_one() - 1
    keys = [effect["key"] for effect in arrived]
    # A row whose sender died in the middle of it twice stays unknown: it alone may be missing, and an operator sees it.
    assert set(ends.values()) <= {"sent", "unknown"}
    assert {key for key in ends if key not in keys} <= {key for key, status in ends.items() if status == "unknown"}
    assert Counter(ends.values())["unknown"] <= changes * AT_ONCE // 2
    for lane in range(LANES):
        numbers = [int(key.split(".")[1]) for key in keys if key.startswith(f"{lane}.")]
        assert numbers == sorted(numbers)
    doubles = [effect for position, effect in enumerate(arrived) if effect["key"] in keys[:position]]
    assert all(effect["again"] for effect in doubles)
    assert 0 < len(doubles) <= changes * AT_ONCE, "a crash in the middle of sending shows itself"
    assert max(Counter(keys).values()) <= 2


async def fill(database: Database) -> None:
    lanes = [(lane, seq) for seq in range(LENGTH) for lane in range(LANES)]
    await put(database, *(row(str(lane), seq, effect_key=f"{lane}.{seq}", due_at=1.0) for lane, seq in lanes))


async def test_killed_senders_lose_nothing_and_keep_every_lanes_order(database: Database) -> None:
    provider = Provider()
    await fill(database)
    async with provider.serving():
        await kill_again_and_again(database, provider)
    await check(database, provider.arrived)


async def test_a_sender_that_stalls_and_wakes_up_late_changes_nothing(sqlite: Database) -> None:
    provider = Provider()
    await fill(sqlite)
    async with provider.serving():
        stalled = await start_sender(sqlite.url, provider.url)
        await stall_between_transactions(stalled, sqlite, provider)
        seen = len(provider.arrived)
        other = await start_sender(sqlite.url, provider.url)
        try:
            await until(partial(provider.has, seen + 40))
            os.kill(stalled.pid, signal.SIGCONT)
            async with asyncio.timeout(30):
                while not await everything_is_done(sqlite):
                    pass
        finally:
            await asyncio.gather(end(stalled), end(other))
    await check(sqlite, provider.arrived)


if __name__ == "__main__":
    asyncio.run(send_until_killed(*sys.argv[1:]))
