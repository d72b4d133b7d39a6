"""How messages come in: one transaction for all that wait, and only then is anybody told that they were taken.

{remember the message under its unique key, run its conversation, save its answers, write the outbox} is one commit;
messages that arrive meanwhile share the next one (group commit). A conversation's fault costs its citizen an apology
and touches nobody else: the batch runs again with that message marked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from bot.desk import Broken, Desk, Room
from bot.messages import Inbound
from storage import inbox, people
from storage.database import is_away
from storage.work import Work

if TYPE_CHECKING:
    from storage.people import Session

log = structlog.get_logger(__name__)

MOST_TOGETHER = 256


class Unavailable(Exception):
    """The database is away: nothing was taken, send it again."""


_Waiting = tuple[Inbound, "asyncio.Future[None]"]


class Intake:
    """The way in. `take` returns when the message is committed; `run` is the loop that commits."""

    def __init__(self, room: Room, *, observe: Callable[[int, float], None] | None = None) -> None:
        self._room = room
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._stopping = False
        self._observe = observe

    async def take(self, inbound: Inbound) -> None:
        """Handle a message and return once that is on disk. Raises Unavailable when the database is away."""
        if self._stopping:
            raise Unavailable("stopping")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((inbound, future))
        self._arrived.set()
        await future

    async def bury(self, account: str, key: str, raw: bytes, error: str) -> None:
        """Keep what could not be read as dead, so that its sender's next messages are not held up by it."""
        row = _inbox_row(account, key, None, "message", raw[:4000].decode("utf-8", "replace"), self._room.clock())
        try:
            async with self._room.database.write() as connection:
                await inbox.remember(connection, [row | {"status": "dead", "error": error[:200]}])
        except (DBAPIError, OSError) as fault:
            raise Unavailable(type(fault).__name__) from fault

    async def run(self) -> None:
        """Commit batches until `stop`; what arrived before is still finished."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
                await self._finish(batch)
            if self._stopping:
                return

    def stop(self) -> None:
        """Take nothing more; `run` ends when what waits is done."""
        self._stopping = True
        self._arrived.set()

    async def _finish(self, batch: list[_Waiting]) -> None:
        started = time.perf_counter()
        try:
            await self._commit([inbound for inbound, _ in batch])
        except Exception as error:
            await self._fail(batch, error)
            return
        for _, future in batch:
            if not future.done():
                future.set_result(None)
        if self._observe:
            self._observe(len(batch), time.perf_counter() - started)

    async def _fail(self, batch: list[_Waiting], error: Exception) -> None:
        """One by one where that may help (a deadlock, a key taken by another process), else all are to come again."""
        if len(batch) > 1 and not is_away(error):
            for each in batch:
                await self._finish([each])
            return
        log.error("batch_failed", size=len(batch), fault=type(error).__name__)
        for _, future in batch:
            if not future.done():
                future.set_exception(Unavailable(type(error).__name__))

    async def _commit(self, batch: list[Inbound]) -> None:
        broken: dict[int, str] = {}
        for _ in range(len(batch) + 1):
            try:
                accounts = await self._transact(batch, broken)
            except Broken as fault:
                # Everything of this try is rolled back; only the faulty message is treated differently in the next.
                broken[fault.index] = fault.reason
                log.error("conversation_failed", key=batch[fault.index].key, exc_info=fault.__cause__)
                continue
            self._room.wake(accounts)
            return

    async def _transact(self, batch: list[Inbound], broken: dict[int, str]) -> set[str]:
        room, now = self._room, self._room.clock()
        async with room.database.write() as connection:
            work = Work(connection, now, room.new_code, room.new_id)
            keys = {(i.account, i.address): i.language for i in batch}
            sessions = await people.load_sessions(connection, keys, now, room.language)
            rows = [self._row(each, sessions[each.account, each.address], now) for each in _unique(batch)]
            fresh = await inbox.remember(connection, rows)
            for index, each in enumerate(batch):
                if (each.account, each.key) in fresh:
                    fresh.discard((each.account, each.key))
                    session = sessions[each.account, each.address]
                    await Desk(room, work, session).handle(each, index, broken)
            await people.save_sessions(connection, sessions.values())
            await work.flush()
        return work.accounts

    def _row(self, inbound: Inbound, session: Session, now: float) -> dict[str, Any]:
        body = msgspec.json.encode(inbound).decode()
        return _inbox_row(inbound.account, inbound.key, session.person.address_id, inbound.kind, body, now)


def _unique(batch: list[Inbound]) -> list[Inbound]:
    """The batch without doubles: one statement may not insert the same key twice."""
    return list({(each.account, each.key): each for each in reversed(batch)}.values())[::-1]


def _inbox_row(account: str, key: str, address_id: int | None, kind: str, body: str, now: float) -> dict[str, Any]:
    return {
        "account": account,
        "key": key,
        "address_id": address_id,
        "kind": kind,
        "status": "done",
        "error": "",
        "body": body,
        "received_at": now,
    }
