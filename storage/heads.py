"""Which rows of the outbox may be taken next: the heads of lanes whose time has come.

Two looks, both bounded, so that a claim costs the same whether ten rows wait or a hundred thousand. The first walks
along what is due, in its order, and keeps the heads; it sees everything, unless many due rows stand behind heads that
wait. Then the second jumps from lane to lane, some hundred a time. The walk brings along all that it takes to send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct
from sqlalchemy import (
    Float,
    Integer,
    String,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from storage.leases import HELD
from storage.schema import address, outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

# Literal, because a partial index serves only a query that spells its condition.
PENDING = outbox.c.status == literal_column("'pending'")
ACCOUNT = bindparam("account", type_=String)
# How many lanes one claim jumps through.
MOST_LANES = 500


class Head(NamedTuple):
    """What is needed to choose among heads; sorts by what goes first."""

    bulk: bool
    due_at: float
    id: int


class Heads(Struct, frozen=True):
    """Due heads, what goes first first; `brought` has rows of theirs by their ids, as `read` gives them.

    `crowded` says that the walk did not reach the end of what is due, `after` from which lane the jumps go on ("" when
    they have seen all). `met` is how many due rows the walk came past, heads and others.
    """

    found: list[Head]
    brought: dict[int, Any]
    met: int
    crowded: bool = False
    after: str = ""


class Holding(NamedTuple):
    """A lease and the token under which it is held."""

    name: str
    token: int


async def find_heads(
    connection: AsyncConnection,
    account: str,
    now: float,
    wanted: int,
    after: str = "",
    holding: Holding | None = None,
) -> Heads:
    """About `wanted` due heads of the account's lanes, interactive before bulk, the oldest first.

    Finds nothing where the lease of `holding` is not held; where it finds anything, nobody can take the lease before
    this transaction ends.
    """
    looks = 2 * wanted + 50
    near = await _walk(connection, {"account": account, "now": now, "looks": looks}, holding)
    brought = {row.id: row for row in near if row.payload is not None}
    heads: dict[str, Head] = {}
    for row in brought.values():
        head = Head(row.bulk, row.due_at, row.id)
        # Of two timers in one lane the earlier goes.
        heads[row.lane] = min(head, heads.get(row.lane, head))
    crowded = [bulk for bulk in (False, True) if sum(row.bulk == bulk for row in near) >= looks]
    # What goes before a kind counts for it: bulk is not looked for when there is enough interactive.
    if all(sum(head.bulk <= bulk for head in heads.values()) >= wanted for bulk in crowded):
        return Heads(sorted(heads.values()), brought, len(near), crowded != [])
    lanes = (await connection.execute(LANES, {"account": account, "after": after, "most": MOST_LANES})).all()
    for row in await connection.execute(AMONG, {"ids": [row.id for row in lanes], "now": now}):
        heads.setdefault(row.lane, Head(row.bulk, row.due_at, row.id))
    end = lanes[-1].lane if len(lanes) >= MOST_LANES else ""
    return Heads(sorted(heads.values()), brought, len(near), True, end)


async def _walk(connection: AsyncConnection, values: dict[str, Any], holding: Holding | None) -> Sequence[Any]:
    statement = DUE
    if holding is not None:
        statement = DUE_WHILE_HELD
        values |= {"held_name": holding.name, "held_token": holding.token}
    return list(await connection.execute(statement, values))


async def read(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, Any]:
    """Rows by their ids: what it takes to send them, in the order of `storage.outbox.Row`, and whether to send them."""
    if not ids:
        return {}
    return {row.id: row for row in await connection.execute(READ, {"ids": ids})}


async def look_ahead(connection: AsyncConnection, account: str, now: float, since: float) -> tuple[bool, float | None]:
    """Whether something is due at all, and when the next row falls due that was not due at `since`.

    What is due may stand behind a head that waits: no reason to claim again at once when a claim found nothing.
    """
    row = (await connection.execute(AHEAD, {"account": account, "since": since})).one()
    first, later = ([time for time in row[part] if time is not None] for part in (slice(0, 2), slice(2, 4)))
    return any(time <= now for time in first), min(later, default=None)


def _head_of(lane: ColumnElement[str]) -> Any:
    """The id of the lane's first open row."""
    c = outbox.alias("head").c
    mine = (c.account == ACCOUNT, c.lane == lane, c.done_at.is_(None))
    return select(c.id).where(*mine).order_by(c.seq, c.id).limit(1).scalar_subquery()


NEEDED = (
    "id lane kind effect_key address_id ticket bulk payload attempts doubts plain error_class expires_at sending_since "
    "due_at created_at"
)


def _brought(c: Any, payload: Any) -> list[Any]:
    """What is read of a row and its address; `c` are the columns of `outbox`, or of what stands for it."""
    a = address.c
    return [
        *(c.id, c.lane, c.kind, c.effect_key, c.address_id, func.coalesce(a.external, ""), c.ticket, c.bulk, payload),
        *(c.attempts, c.doubts, c.plain, c.error_class, c.expires_at, c.sending_since),
        *(a.window_until, func.coalesce(a.account, "")),
        *(c.due_at, c.created_at, a.id.label("known"), a.opted_out_at, a.blocked_at),
    ]


def _due_statement() -> Select[Any]:
    """The rows due the longest, interactive and bulk apart; only what heads its lane has a payload here."""
    c = outbox.c
    mine = (c.account == ACCOUNT, PENDING, c.due_at <= bindparam("now", type_=Float))
    looks = bindparam("looks", type_=Integer)
    columns = [c[name] for name in NEEDED.split()]
    parts = [
        select(select(*columns).where(*mine, c.bulk == bulk).order_by(c.due_at, c.id).limit(looks).subquery())
        for bulk in (false(), true())
    ]
    near = union_all(*parts).subquery("near")
    is_head = or_(near.c.kind == "timer", near.c.id == _head_of(near.c.lane))
    # A long lane's words stay where they are until their turn comes.
    payload = case((is_head, near.c.payload)).label("payload")
    return select(*_brought(near.c, payload)).join_from(near, address, address.c.id == near.c.address_id, isouter=True)


def _read_statement() -> Select[Any]:
    columns = select(*_brought(outbox.c, outbox.c.payload))
    joined = columns.join_from(outbox, address, address.c.id == outbox.c.address_id, isouter=True)
    return joined.where(outbox.c.id.in_(bindparam("ids", expanding=True)))


def _ahead_statement() -> Select[Any]:
    """The first due time of all and the first after `since`, of interactive and bulk: one look in the index each."""
    c = outbox.c
    first = select(func.min(c.due_at)).where(c.account == ACCOUNT, PENDING)
    later = first.where(c.due_at > bindparam("since", type_=Float))
    return select(
        *(times.where(c.bulk == bulk).scalar_subquery() for times in (first, later) for bulk in (false(), true()))
    )


def _next_lane(lane: ColumnElement[str]) -> Any:
    c = outbox.alias("other").c
    mine = (c.account == ACCOUNT, c.lane > lane, c.done_at.is_(None))
    return select(c.lane).where(*mine).order_by(c.lane).limit(1).scalar_subquery()


def _lanes_statement() -> Select[Any]:
    """The heads of the lanes that come after `after`, one jump in the index a lane, however long the lanes are."""
    first = select(_next_lane(bindparam("after", type_=String)).label("lane"), literal(1).label("number"))
    lanes = first.cte("lanes", recursive=True)
    going_on = (lanes.c.lane.is_not(None), lanes.c.number < bindparam("most", type_=Integer))
    lanes = lanes.union_all(select(_next_lane(lanes.c.lane), lanes.c.number + 1).where(*going_on))
    return (
        select(lanes.c.lane, _head_of(lanes.c.lane).label("id"))
        .where(lanes.c.lane.is_not(None))
        .order_by(lanes.c.number)
    )


def _among_statement() -> Select[Any]:
    """Those of some heads that are due. Not joined to the jumps: PostgreSQL would rather read the whole table."""
    c = outbox.c
    is_due = (PENDING, c.due_at <= bindparam("now", type_=Float))
    return select(c.id, c.lane, c.bulk, c.due_at).where(c.id.in_(bindparam("ids", expanding=True)), *is_due)


DUE = _due_statement()
DUE_WHILE_HELD = DUE.where(exists(select(HELD.cte("held").c.token)))
READ = _read_statement()
AHEAD = _ahead_statement()
LANES = _lanes_statement()
AMONG = _among_statement()
