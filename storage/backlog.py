"""What the outbox holds and could not deliver: for operators, metrics and the sweep of what is old."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import func, literal, null, select, text, union_all, update

from storage.schema import outbox
from storage.windows import HELD

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

# As text, because a partial index serves only a query that spells its condition.
UNDELIVERED = text("status IN ('failed', 'unknown')")


class Undelivered(Struct, frozen=True):
    """A row that failed, stayed unknown or is held until the person writes, for the operator: no words in it."""

    id: int
    account: str
    lane: str
    kind: str
    ticket: str
    status: str
    error_class: str
    error: str
    attempts: int
    created_at: float
    done_at: float
    repeatable: bool


class Count(Struct, frozen=True):
    """How many rows of an account are in a status, and when the oldest of them was due."""

    account: str
    status: str
    rows: int
    oldest_due: float


async def failed(connection: AsyncConnection, account: str | None = None, most: int = 1000) -> list[Undelivered]:
    """What could not be delivered, may not have been, or is held; the newest first."""
    c = outbox.c
    found: list[Undelivered] = []
    for condition in (UNDELIVERED, HELD):
        statement = (
            select(c.id, c.account, c.lane, c.kind, c.ticket, c.status, c.error_class, c.error, c.attempts)
            .add_columns(c.created_at, c.done_at, (c.payload != "").label("repeatable"))
            .where(condition, *([] if account is None else [c.account == account]))
            .order_by(c.id.desc())
            .limit(most)
        )
        found += [Undelivered(*row) for row in await connection.execute(statement)]
    return sorted(found, key=lambda row: -row.id)[:most]


async def retry(connection: AsyncConnection, ids: Iterable[int] | None, now: float) -> int:
    """Send these undelivered rows again (all for None); return how many go. Those whose words were erased do not.

    They go before what their lanes hold by now. Whatever may have arrived is marked so when it is repeated.
    """
    chosen = [] if ids is None else [outbox.c.id.in_(list(ids))]
    again = update(outbox).where(UNDELIVERED, outbox.c.payload != "", *chosen)
    result = await connection.execute(
        # What a provider told of the attempt that failed says nothing of the next one.
        again.values(
            status="pending", due_at=now, done_at=null(), expires_at=null(), attempts=0, provider_id="", receipt=""
        )
    )
    return result.rowcount


async def counts(connection: AsyncConnection) -> list[Count]:
    """Open, undelivered and held rows by account and status, for the metrics."""
    c = outbox.c
    columns = (c.account, c.status, func.count(), func.min(c.due_at))
    parts = [
        select(*columns).where(condition).group_by(c.account, c.status)
        for condition in (c.done_at.is_(None), UNDELIVERED, HELD)
    ]
    return [Count(*row) for row in await connection.execute(union_all(*parts))]


async def drop_held(connection: AsyncConnection, before: float, now: float) -> int:
    """Give up what is held since before then: she has not written for so long; how many rows."""
    c = outbox.c
    dropping = update(outbox).where(HELD, c.done_at < before)
    return (await connection.execute(dropping.values(status="dropped", error_class="stale", done_at=now))).rowcount


async def sweep(connection: AsyncConnection, words_before: float, rows_before: float, most: int = 1000) -> int:
    """Erase the words of rows done before `words_before` and forget rows done before `rows_before`.

    A row's effect key must outlive every redelivery of what caused it, so `rows_before` lies days back. At most `most`
    rows each; return how many were touched, 0 when there is nothing left to sweep.
    """
    c = outbox.c
    worded = select(c.id).where(text("done_at IS NOT NULL AND payload <> ''"), c.done_at < words_before)
    bare = select(c.id).where(text("done_at IS NOT NULL AND payload = ''"), c.done_at < rows_before)
    blank = update(outbox).where(c.id.in_(worded.order_by(c.done_at).limit(most))).values(payload=literal(""))
    forget = outbox.delete().where(c.id.in_(bare.order_by(c.done_at).limit(most)))
    return sum([(await connection.execute(statement)).rowcount for statement in (blank, forget)])
