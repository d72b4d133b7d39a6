"""Which rows of the outbox may be taken next: the heads of lanes whose time has come.

Two looks, both bounded, so that a claim costs the same whether ten rows wait or a hundred thousand. The first walks
along what is due, in its order, and keeps the heads; it sees everything, unless many due rows stand behind heads that
wait. Then the second jumps from lane to lane, some hundred a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct
from sqlalchemy import (
    Float,
    Integer,
    String,
    bindparam,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from storage.schema import outbox

if TYPE_CHECKING:
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
    """Due heads, what goes first first.

    `crowded` says that the walk did not reach the end of what is due, `after` from which lane the jumps go on ("" when
    they have seen all).
    """

    found: list[Head]
    crowded: bool = False
    after: str = ""


async def find_heads(connection: AsyncConnection, account: str, now: float, wanted: int, after: str = "") -> Heads:
    """About `wanted` due heads of the account's lanes, interactive before bulk, the oldest first."""
    looks = 2 * wanted + 50
    near = (await connection.execute(DUE, {"account": account, "now": now, "looks": looks})).all()
    # Reversed, so that of two timers in one lane the earlier stays.
    heads = {row.lane: Head(row.bulk, row.due_at, row.id) for row in reversed(near) if row.is_head}
    crowded = [bulk for bulk in (False, True) if sum(row.bulk == bulk for row in near) >= looks]
    # What goes before a kind counts for it: bulk is not looked for when there is enough interactive.
    if all(sum(head.bulk <= bulk for head in heads.values()) >= wanted for bulk in crowded):
        return Heads(sorted(heads.values()), crowded != [])
    lanes = (await connection.execute(LANES, {"account": account, "after": after, "most": MOST_LANES})).all()
    for row in await connection.execute(AMONG, {"ids": [row.id for row in lanes], "now": now}):
        heads.setdefault(row.lane, Head(row.bulk, row.due_at, row.id))
    return Heads(sorted(heads.values()), True, lanes[-1].lane if len(lanes) >= MOST_LANES else "")


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


def _due_statement() -> Select[Any]:
    """The rows due the longest, interactive and bulk apart, each with whether it is its lane's head."""
    c = outbox.c
    mine = (c.account == ACCOUNT, PENDING, c.due_at <= bindparam("now", type_=Float))
    looks = bindparam("looks", type_=Integer)
    parts = [
        select(
            select(c.id, c.lane, c.bulk, c.due_at, c.kind)
            .where(*mine, c.bulk == bulk)
            .order_by(c.due_at, c.id)
            .limit(looks)
            .subquery()
        )
        for bulk in (false(), true())
    ]
    near = union_all(*parts).subquery("near")
    is_head = or_(near.c.kind == "timer", near.c.id == _head_of(near.c.lane))
    return select(near.c.id, near.c.lane, near.c.bulk, near.c.due_at, is_head.label("is_head"))


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
AHEAD = _ahead_statement()
LANES = _lanes_statement()
AMONG = _among_statement()
