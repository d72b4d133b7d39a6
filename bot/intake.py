"""How messages come in: one transaction for all that wait, and only then is anybody told that they were taken.

{remember the message under its unique key, run its conversation, save its answers, write the outbox} is one commit;
messages that arrive meanwhile share the next one (group commit). A conversation's fault costs its citizen an apology
and touches nobody else: the batch runs again with that message marked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.desk import Broken, Desk, Key
from bot.messages import Inbound, Outbound
from storage import choices, inbox, orders, people, windows
from storage.database import is_away, is_conflict
from storage.work import Work

if TYPE_CHECKING:
    from bot.room import Room
    from storage.orders import Order
    from storage.people import Session

log = structlog.get_logger(__name__)

MOST_TOGETHER = 256
# What is kept of a message that cannot be read, in bytes, and how long a key may be in `inbox`.
MOST_BURIED, MOST_KEY = 4000, 200
# More faults than this in one batch, and its messages are better off alone than run again for each of them.
MOST_BROKEN = 4
# How often a message that another transaction gets in the way of is tried again at once.
MOST_CONFLICTS = 5


class Unavailable(Exception):
    """The database is away: nothing was taken, send it again."""


_Waiting = tuple[Inbound, "asyncio.Future[Outbound | None]", float]


class Committed(NamedTuple):
    """What one commit did: which accounts got something to send, what was new in it, which categories got tickets.

    `answers` is what is said in passing, by the keys of the messages answered.
    """

    accounts: set[str]
    taken: list[Inbound]
    opened: list[str]
    answers: Mapping[Key, Outbound] = {}


# Who counts: the seconds are those from taking each message of the batch to its commit.
Observer = Callable[[Committed, list[float]], None]


class Intake:
    """The way in. `take` returns when the message is committed; `run` is the loop that commits."""

    def __init__(self, room: Room, *, observe: Observer | None = None) -> None:
        self._room = room
        self._waiting: list[_Waiting] = []
        self._orders: dict[Key, Order] = {}
        self._arrived = asyncio.Event()
        self._stopping = False
        self._observe = observe

    async def take(self, inbound: Inbound, order: Order | None = None) -> Outbound | None:
        """Handle a message and return once that is on disk, with what is to be said in passing, if anything.

        The `order` that brought it is done by the same commit, if it can be. Raises Unavailable when the database is
        away.
        """
        if self._stopping:
            raise Unavailable("stopping")
        future: asyncio.Future[Outbound | None] = asyncio.get_running_loop().create_future()
        inbound = _storable(inbound)
        self._waiting.append((inbound, future, time.perf_counter()))
        self._arrived.set()
        if order is None:
            return await future
        key = inbound.account, inbound.key
        self._orders[key] = order
        try:
            return await future
        finally:
            if self._orders.get(key) is order:
                del self._orders[key]

    async def bury(self, account: str, key: str, raw: bytes, error: str) -> None:
        """Keep what could not be read as dead, so that its sender's next messages are not held up by it."""
        words = raw[:MOST_BURIED].decode("utf-8", "replace").replace("\0", "�")
        await self._note(account, key, words, status="dead", error=error[:200])

    async def ignore(self, account: str, key: str) -> None:
        """Know a message that asks nothing of us when it comes again."""
        await self._note(account, key, "", status="ignored")

    async def _note(self, account: str, key: str, words: str, **ended: str) -> None:
        row = _inbox_row(account, key[:MOST_KEY], None, "message", words, self._room.clock())
        try:
            async with self._room.database.write() as connection:
                await inbox.remember(connection, [row | ended])
        except (SQLAlchemyError, OSError) as fault:
            raise Unavailable(type(fault).__name__) from fault

    async def run(self) -> None:
        """Commit batches until `stop`; what arrived before is still finished."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._finish(self._next_batch())
            if self._stopping:
                return

    def stop(self) -> None:
        """Take nothing more; `run` ends when what waits is done."""
        self._stopping = True
        self._arrived.set()

    def _next_batch(self) -> list[_Waiting]:
        """What is handled together. A chat that moves ends a batch: what is written to its new id comes after."""
        size = min(len(self._waiting), MOST_TOGETHER)
        moves = [index for index in range(size) if self._waiting[index][0].kind == "migrated"]
        size = min(size, max(moves[0], 1)) if moves else size
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        return batch

    async def _finish(self, batch: list[_Waiting]) -> None:
        try:
            committed = await self._commit([inbound for inbound, _, _ in batch], {})
        except Exception as error:
            await self._fail(batch, error)
            return
        self._confirm(batch, committed)

    def _confirm(self, batch: list[_Waiting], committed: Committed) -> None:
        for inbound, future, _ in batch:
            if not future.done():
                future.set_result(committed.answers.get((inbound.account, inbound.key)))
        if self._observe:
            now = time.perf_counter()
            self._observe(committed, [now - since for _, _, since in batch])

    async def _fail(self, batch: list[_Waiting], error: Exception) -> None:
        """One by one where that may help (a deadlock, a key taken by another process), else all are to come again."""
        rest = list(batch)
        try:
            while rest and not is_away(error):
                self._confirm(rest[:1], await self._persist(rest[0][0], error))
                del rest[0]
        except Exception as fault:
            error = fault
        if rest:
            self._refuse(rest, error)

    def _refuse(self, batch: list[_Waiting], error: Exception) -> None:
        """Have these come again, and what waits behind them: it may be of the same chats, and must not overtake."""
        log.error("not_taken", size=len(batch), waiting=len(self._waiting), fault=type(error).__name__)
        refused, self._waiting = [*batch, *self._waiting], []
        for _, future, _ in refused:
            if not future.done():
                future.set_exception(Unavailable(type(error).__name__))

    async def _persist(self, inbound: Inbound, error: Exception) -> Committed:
        """One message alone, some times over. What cannot be handled even so is apologised for, or at least buried.

        Nothing but an absent database may hold it up: its provider would bring it again, and nothing else of its chat.
        """
        for attempt in range(MOST_CONFLICTS):
            try:
                return await self._commit([inbound], {})
            except Exception as fault:
                error = fault
                if not is_conflict(fault):
                    break
                await asyncio.sleep(0.01 * attempt)
        if is_away(error):
            raise error
        log.error("message_broken", key=inbound.key, exc_info=error)
        reason = type(error).__name__
        try:
            return await self._commit([inbound], {(inbound.account, inbound.key): reason})
        except Exception as fault:
            if is_away(fault):
                raise
            await self.bury(inbound.account, inbound.key, msgspec.json.encode(inbound), reason)
            return Committed(set(), [], [])

    async def _commit(self, batch: list[Inbound], broken: dict[Key, str]) -> Committed:
        while True:
            try:
                committed = await self._transact(batch, broken)
            except Broken as fault:
                # Everything of this try is rolled back; only the faulty message is treated differently in the next.
                log.error("conversation_failed", key=fault.key[1], exc_info=fault.__cause__)
                if fault.key in broken or (len(broken) >= MOST_BROKEN and len(batch) > 1):
                    raise
                broken[fault.key] = fault.reason
                continue
            self._room.wake(committed.accounts)
            return committed

    async def _transact(self, batch: list[Inbound], broken: dict[Key, str]) -> Committed:
        room, now = self._room, self._room.clock()
        async with room.database.write() as connection:
            work = Work(connection, now, room.new_code, room.new_id)
            work.calm = room.calm()
            sessions = await people.load_sessions(connection, _languages(batch), now, room.language)
            work.sessions = sessions
            rows = [self._row(each, sessions[each.account, each.address], now) for each in _unique(batch)]
            fresh = await inbox.remember(connection, rows)
            taken = []
            for each in batch:
                if (each.account, each.key) in fresh:
                    fresh.discard((each.account, each.key))
                    taken.append(each)
                    if work.people_changed:
                        await people.refresh(work, sessions.values())
                    await Desk(room, work, sessions[each.account, each.address], broken).handle(each)
            await people.save_sessions(connection, sessions.values())
            await windows.open_windows(work)
            await work.flush()
            await people.take_timers_back(connection, sessions.values())
            await choices.write(work)
            ordered = [order for each in batch if (order := self._orders.get((each.account, each.key)))]
            await orders.fulfil(connection, ordered, now)
        for order in ordered:
            order.done = True
        for event, ids in work.notes:
            log.warning(event, **ids)
        return Committed(work.accounts, taken, work.opened, work.answers)

    def _row(self, inbound: Inbound, session: Session, now: float) -> dict[str, Any]:
        kept = msgspec.structs.replace(inbound, network="") if inbound.network else inbound
        body = msgspec.json.encode(kept).decode()
        return _inbox_row(inbound.account, inbound.key, session.person.address_id, inbound.kind, body, now)


def _languages(batch: list[Inbound]) -> dict[Key, str]:
    """The chats of a batch, each with the first language that its channel claims."""
    languages: dict[Key, str] = {}
    for each in batch:
        chat = each.account, each.address
        languages[chat] = languages.get(chat) or each.language
    return languages


def _storable(inbound: Inbound) -> Inbound:
    """The message without what no database and no provider takes: NULs and halves of surrogate pairs."""
    try:
        raw = msgspec.json.encode(inbound)
    except UnicodeEncodeError:
        raw = b"\\u0000"
    return msgspec.convert(_mended(msgspec.to_builtins(inbound)), Inbound) if b"\\u0000" in raw else inbound


def _mended(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode()
        case dict():
            return {_mended(name): _mended(each) for name, each in value.items()}
        case list() | tuple():
            return [_mended(each) for each in value]
        case _:
            return value


def _unique(batch: list[Inbound]) -> list[Inbound]:
    """The batch in its order, without doubles: one statement may not insert the same key twice."""
    first: dict[Key, Inbound] = {}
    for each in batch:
        first.setdefault((each.account, each.key), each)
    return list(first.values())


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
