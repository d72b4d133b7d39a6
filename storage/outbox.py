"""The outbox, from the claim on: what the sender takes, settles and leaves behind.

A row is open as long as `done_at` is empty. A lane's head is its first open row by (seq, id); only heads are taken, so
a head that waits or is being sent keeps its lane. Timers alone stand in nobody's way: they go when they are due.
Whoever calls holds the account's lease in the same transaction; `token` is the lease's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import (
    Boolean,
    Float,
    Integer,
    String,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
    update,
)

from storage import costs, editing
from storage.chats import move_chat
from storage.heads import PENDING, Head, Holding, find_heads, read
from storage.leases import HELD
from storage.schema import address, outbox
from storage.windows import close_address

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

OPEN = outbox.c.done_at.is_(None)


class Row(Struct, frozen=True):
    """A claimed row. `external` is the address's id on its channel, `home` that channel's account; "" for no address.

    `sending_since` is of an earlier attempt: while one is in doubt, of the first that may have arrived. `edits` is the
    provider's id of the message whose place this one takes; "" where it takes none, or that was not sent when claimed.
    """

    id: int
    lane: str
    kind: str
    effect_key: str
    address_id: int | None
    external: str
    ticket: str
    bulk: bool
    payload: str
    attempts: int
    doubts: int
    plain: bool
    error_class: str
    expires_at: float | None
    sending_since: float | None = None
    window_until: float | None = None
    home: str = ""
    edits: str = ""


class Claim(Struct):
    """What a claim took. `more` says that another one, going on from `after`, may find more at once.

    `all_due` says that it left nothing behind that was due, not even behind what it took; `refused` is how many heads
    were not allowed now.
    """

    rows: list[Row]
    more: bool = False
    after: str = ""
    refused: int = 0
    all_due: bool = False


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a row. `status` "pending" means again at `due_at`, "held" when the person writes again.

    `blocked`: nobody is there, `opted_out`: she told the provider to stop; both close the address and drop what else
    waits in the lane. `moved_to`: the chat's new id. `segments` is what it cost. `settled`: nothing is left to be
    written down of it.
    """

    id: int
    status: Literal["pending", "sent", "failed", "unknown", "dropped", "held"]
    provider_id: str = ""
    error_class: str = ""
    error: str = ""
    due_at: float | None = None
    attempts: int = 0
    doubts: int = 0
    plain: bool = False
    blocked: bool = False
    opted_out: bool = False
    moved_to: str = ""
    segments: int = 0
    settled: bool = False


async def claim(
    connection: AsyncConnection,
    account: str,
    token: int,
    now: float,
    limit: int,
    *,
    bulk_limit: int | None = None,
    allows: Callable[[Row], bool] = lambda row: True,
    refused: int = 0,
    after: str = "",
    holding: Holding | None = None,
) -> Claim:
    """Take up to `limit` heads that are due, at most `bulk_limit` of them bulk; interactive first, then the oldest.

    `allows` may refuse a row for now (its chat rests); `refused` and `after` are the last claim's. Rows that lost
    their point (expired, nobody there, not wanted) are dropped on the way. With `holding` nothing is taken where that
    lease is not held; without, the caller holds it.
    """
    heads = await find_heads(connection, account, now, limit + refused, after, holding)
    wanted = _within(heads.found, limit if bulk_limit is None else bulk_limit)
    picked = _Picked(limit, allows, dict(heads.brought))
    for start in range(0, len(wanted), limit):
        if len(picked.rows) >= limit:
            break
        await picked.look_at(connection, wanted[start : start + limit], now)
    rows = await _find_edited(connection, await _take(connection, picked.rows, token, now))
    all_due = not heads.crowded and len(picked.rows) == heads.met
    full = len(picked.rows) >= limit and not all_due
    more = full or picked.dropped > 0 or heads.after != "" or (heads.crowded and picked.refused > refused)
    return Claim(rows, more, heads.after, picked.refused, all_due)


def _within(heads: list[Head], bulk_limit: int) -> list[int]:
    bulk = [head.id for head in heads if head.bulk]
    return [head.id for head in heads if not head.bulk] + bulk[:bulk_limit]


class _Picked:
    """What a claim has chosen so far; `brought` are rows that need not be read."""

    def __init__(self, limit: int, allows: Callable[[Row], bool], brought: dict[int, Any]) -> None:
        self.limit = limit
        self.allows = allows
        self.brought = brought
        self.rows: list[Row] = []
        self.refused = 0
        self.dropped = 0

    async def look_at(self, connection: AsyncConnection, ids: Sequence[int], now: float) -> None:
        """Choose among the rows with these ids, and drop what lost its point."""
        self.brought |= await read(connection, [one for one in ids if one not in self.brought])
        rows = [(_row(self.brought[one]), self.brought[one]) for one in ids if one in self.brought]
        pointless = {row.id: reason for row, state in rows if (reason := _reason_to_drop(row, state, now))}
        if pointless:
            self.dropped += await _drop(connection, pointless, now)
        for row, _ in rows:
            if row.id in pointless or len(self.rows) >= self.limit:
                continue
            if self.allows(row):
                self.rows.append(row)
            else:
                self.refused += 1


def _row(brought: Any) -> Row:
    return Row(*brought[:COLUMNS])


def _reason_to_drop(row: Row, state: Any, now: float) -> str:
    """Why a row has lost its point, "" when it has not.

    What was written in the very moment of opting out is the goodbye, and goes.
    """
    if row.expires_at is not None and row.expires_at <= now:
        return "stale"
    if row.kind != "message" or row.address_id is None:
        return ""
    if state.known is None:
        return "erased"
    if state.blocked_at is not None:
        return "gone"
    return "opted-out" if state.opted_out_at not in (None, state.created_at) else ""


async def _drop(connection: AsyncConnection, reasons: dict[int, str], now: float) -> int:
    rows = [{"row": row, "reason": reason, "now": now} for row, reason in reasons.items()]
    await connection.execute(DROP, rows)
    return len(reasons)


async def _take(connection: AsyncConnection, rows: Sequence[Row], token: int, now: float) -> list[Row]:
    """Mark the rows as being sent; without those that somebody cancelled or erased meanwhile."""
    if not rows:
        return []
    values: dict[str, Any] = {"token": token, "now": now}
    if len(rows) == 1:
        alone = await connection.execute(TAKE_ONE, values | {"row": rows[0].id})
        return list(rows) if alone.rowcount else []
    taken = {row.id for row in await connection.execute(TAKE, values | {"ids": [row.id for row in rows]})}
    return [row for row in rows if row.id in taken]


async def _find_edited(connection: AsyncConnection, rows: list[Row]) -> list[Row]:
    """The rows, each with what it edits."""
    known = await editing.find_edited(connection, {row.id: row.payload for row in rows})
    return [replace(row, edits=known[row.id]) for row in rows] if known else rows


async def settle(
    connection: AsyncConnection, outcomes: Sequence[Outcome], account: str, token: int, now: float, day: str = ""
) -> None:
    """Write down what became of rows claimed under `token`; what they cost counts for `day` ("2026-11-21").

    Rows that are not ours any more, or erased, or settled already are left alone: the same outcomes may come twice.
    """
    if not outcomes:
        return
    segments = {outcome.id: outcome.segments for outcome in outcomes if outcome.segments}
    await costs.add_claimed(connection, day, account, segments, token)
    # Addresses first, as the intake does, so that the two never wait for each other.
    for outcome in outcomes:
        if _concerns_address(outcome):
            await _settle_address(connection, outcome, account, token, now)
    await connection.execute(SETTLE, [_values(outcome, token, now) for outcome in outcomes])


async def settle_alone(connection: AsyncConnection, outcome: Outcome, holding: Holding, now: float) -> bool:
    """Write down an outcome that concerns its row alone, if the lease is held: then nobody can take it meanwhile.

    False when nothing was written, for whatever reason: `settle` finds out.
    """
    if outcome.segments or _concerns_address(outcome):
        return False
    held = {"held_name": holding.name, "held_token": holding.token}
    result = await connection.execute(SETTLE_WHILE_HELD, _values(outcome, holding.token, now) | held)
    return result.rowcount > 0


def _concerns_address(outcome: Outcome) -> bool:
    return outcome.blocked or outcome.opted_out or outcome.moved_to != ""


# Built once: to build one of these costs as much as to run it.
COLUMNS = Row.__struct_fields__.index("edits")
NOW = bindparam("now", type_=Float)
TOKEN = bindparam("token", type_=Integer)
IN_DOUBT = (outbox.c.doubts > 0) & outbox.c.sending_since.is_not(None)
# Whoever finds out whether a doubtful attempt happened looks from where the first of them began.
SINCE = case((IN_DOUBT, outbox.c.sending_since), else_=NOW)
SENDING = update(outbox).where(PENDING).values(status="sending", claim_token=TOKEN, sending_since=SINCE)
TAKE = SENDING.where(outbox.c.id.in_(bindparam("ids", expanding=True))).returning(outbox.c.id)
# Most are taken alone, and a list of ids costs twice as much.
TAKE_ONE = SENDING.where(outbox.c.id == bindparam("row"))
DROP = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"), PENDING)
    .values(status="dropped", done_at=NOW, error_class=bindparam("reason", type_=String))
)
SETTLE = (
    update(outbox)
    .where(
        outbox.c.id == bindparam("row"),
        outbox.c.status == literal_column("'sending'"),
        outbox.c.claim_token == TOKEN,
    )
    .values(
        status=bindparam("new_status", type_=String),
        provider_id=bindparam("new_provider_id", type_=String),
        error_class=bindparam("new_error_class", type_=String),
        error=bindparam("new_error", type_=String),
        attempts=bindparam("new_attempts", type_=Integer),
        doubts=bindparam("new_doubts", type_=Integer),
        plain=bindparam("new_plain", type_=Boolean),
        due_at=func.coalesce(bindparam("new_due_at", type_=Float), outbox.c.due_at),
        done_at=bindparam("new_done_at", type_=Float),
        segments=outbox.c.segments + bindparam("new_segments", type_=Integer),
    )
)
# Not as a common table expression: of an update that begins with one SQLite's driver tells no number of rows.
SETTLE_WHILE_HELD = SETTLE.where(exists(select(HELD.subquery("held").c.token)))


def _values(outcome: Outcome, token: int, now: float) -> dict[str, Any]:
    return {
        "row": outcome.id,
        "token": token,
        "new_status": outcome.status,
        "new_provider_id": _fit(outcome.provider_id, outbox.c.provider_id.type),
        "new_error_class": outcome.error_class,
        "new_error": _fit(outcome.error, outbox.c.error.type),
        "new_attempts": outcome.attempts,
        "new_doubts": outcome.doubts,
        "new_plain": outcome.plain,
        "new_due_at": outcome.due_at,
        "new_segments": outcome.segments,
        "new_done_at": None if outcome.status == "pending" else now,
    }


def _fit(words: str, column: Any) -> str:
    """What PostgreSQL takes for a text of this length: a provider's words must not stop the queue."""
    return words.replace("\x00", "")[: column.length]


async def _settle_address(connection: AsyncConnection, outcome: Outcome, account: str, token: int, now: float) -> None:
    """Close or move the address of a row that is still ours."""
    c, a = outbox.c, address.c
    mine = (c.id == outcome.id, c.status == "sending", c.claim_token == token)
    statement = select(c.lane, a.id, a.external).join(address, a.id == c.address_id).where(*mine)
    row = (await connection.execute(statement)).first()
    if row is None:
        return
    if outcome.moved_to:
        await move_chat(connection, account, row.external.partition("/")[0], outcome.moved_to)
    if outcome.blocked or outcome.opted_out:
        await close_address(connection, row.id, now, opted_out=outcome.opted_out)
        waiting = (c.account == account, c.lane == row.lane, OPEN, PENDING, c.kind == "message")
        reason = "opted-out" if outcome.opted_out else "gone"
        dropping = update(outbox).where(*waiting).values(status="dropped", done_at=now, error_class=reason)
        await connection.execute(dropping)


async def recover(connection: AsyncConnection, account: str, token: int) -> list[Row]:
    """Take over the rows that an owner before us left half sent; nobody knows whether they arrived."""
    left = (outbox.c.account == account, OPEN, outbox.c.status == "sending", outbox.c.claim_token != token)
    statement = update(outbox).where(*left).values(claim_token=token).returning(outbox.c.id)
    ids = [row.id for row in await connection.execute(statement)]
    found = await read(connection, ids)
    return [_row(found[one]) for one in ids if one in found]


async def put_back(connection: AsyncConnection, account: str, token: int, held: Iterable[int]) -> int:
    """Return to the queue what is ours by the database but not in our hands: it was claimed and never begun."""
    ours = (outbox.c.account == account, OPEN, outbox.c.status == "sending", outbox.c.claim_token == token)
    statement = update(outbox).where(*ours, outbox.c.id.not_in(list(held))).values(status="pending")
    return (await connection.execute(statement)).rowcount
