"""What the outbox holds and could not deliver: for operators, metrics and the sweep of what is old."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import func, literal, null, select, text, union_all, update

from storage.schema import outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

# As text, because a partial index serves only a query that spells its condition.
UNDELIVERED = text("status IN ('failed', 'unknown')")


class Undelivered(Struct, frozen=True):
    """A row that failed or stayed unknown, for the operator: no words in it."""

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
    """What could not be delivered or may not have been, the newest first."""
    c = outbox.c
    statement = (
        select(c.id, c.account, c.lane, c.kind, c.ticket, c.status, c.error_class, c.error, c.attempts)
        .add_columns(c.created_at, c.done_at, (c.payload != "").label("repeatable"))
        .where(UNDELIVERED, *([] if account is None else [c.account == account]))
        .order_by(c.id.desc())
        .limit(most)
    )
    return [Undelivered(*row) for row in await connection.execute(statement)]


async def retry(connection: AsyncConnection, ids: Iterable[int] | None, now: float) -> int:
    """Send these undelivered rows again (all for None); return how many go. Those whose words were erased do not.

    They go before what their lanes hold by now. Whatever may have arrived is marked so when it is repeated.
    """
    chosen = [] if ids is None else [outbox.c.id.in_(list(ids))]
    again = update(outbox).where(UNDELIVERED, outbox.c.payload != "", *chosen)
    result = await connection.execute(
        again.values(status="pending", due_at=now, done_at=null(), expires_at=null(), attempts=0)
    )
    return result.rowcount


async def counts(connection: AsyncConnection) -> list[Count]:
    """Open and undelivered rows by account and status, for the metrics."""
    c = outbox.c
    columns = (c.account, c.status, func.count(), func.min(c.due_at))
    parts = [
        select(*columns).where(condition).group_by(c.account, c.status)
        for condition in (c.done_at.is_(None), UNDELIVERED)
    ]
    return [Count(*row) for row in await connection.execute(union_all(*parts))]


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
