"""What was sent for whom on which day, and what it cost in SMS segments: small sums that outlive the outbox.

A day is the municipality's own, written "2026-11-21"; a message that belongs to no ticket belongs to no body ("").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import cost, outbox, ticket

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection


def day_in(timezone: str, now: float) -> str:
    """The day that it is at `now` (Unix seconds) in a timezone."""
    return datetime.fromtimestamp(now, ZoneInfo(timezone)).date().isoformat()


def until_midnight(timezone: str, now: float) -> float:
    """Seconds until the next day begins there; a day may have 23 hours, or 25."""
    zone = ZoneInfo(timezone)
    tomorrow = datetime.fromtimestamp(now, zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC).timestamp() - now


class Cost(Struct, frozen=True):
    """What one account sent for one body on one day."""

    day: str
    account: str
    body: str
    messages: int
    segments: int


class Spending(Struct, frozen=True):
    """What was spent on one day, and the segments a day of bodies that have a ceiling."""

    day: str
    costs: list[Cost]
    ceilings: dict[str, int]

    def reached(self) -> dict[str, int]:
        """The bodies that have spent what they may, each with what it has spent."""
        spent: Counter[str] = Counter()
        for each in self.costs:
            spent[each.body] += each.segments
        return {body: spent[body] for body, ceiling in self.ceilings.items() if spent[body] >= ceiling}


def bodies_of(*conditions: ColumnElement[bool]) -> Select[Any]:
    """The ids of outbox rows, each with the body of its ticket ("" without one) as `body`."""
    joined = outbox.outerjoin(ticket, ticket.c.code == outbox.c.ticket)
    return select(outbox.c.id, func.coalesce(ticket.c.body, "").label("body")).select_from(joined).where(*conditions)


async def add(
    connection: AsyncConnection, day: str, account: str, sent: Sequence[tuple[str, int]], *, messages: int = 1
) -> None:
    """Count messages as (body, segments) each; `messages` 0 adds segments to some that were counted before."""
    segments: Counter[str] = Counter()
    for body, count in sent:
        segments[body] += count
    number = Counter(body for body, _ in sent)
    # Always in one order, so that two transactions never wait for each other.
    for body in sorted(segments):
        await _add(connection, Cost(day, account, body, messages * number[body], segments[body]))


async def add_claimed(
    connection: AsyncConnection, day: str, account: str, segments: Mapping[int, int], token: int
) -> None:
    """Count what rows cost, by their ids, that are being sent under `token`: others were counted when they ended."""
    if segments:
        found = await connection.execute(CLAIMED, {"ids": list(segments), "token": token})
        await add(connection, day, account, [(row.body, segments[row.id]) for row in found])


async def _add(connection: AsyncConnection, more: Cost) -> None:
    await connection.execute(ADD[connection.dialect.name], asdict(more))


def _add_statement(insertion: Any) -> Any:
    c, more = cost.c, insertion.excluded
    return insertion.on_conflict_do_update(
        index_elements=["day", "account", "body"],
        set_={"messages": c.messages + more.messages, "segments": c.segments + more.segments},
    )


# Locked, because a receipt may settle one of them at the same moment.
CLAIMED = bodies_of(
    outbox.c.id.in_(bindparam("ids", expanding=True)),
    outbox.c.status == literal_column("'sending'"),
    outbox.c.claim_token == bindparam("token"),
).with_for_update(of=outbox)
ADD = {"sqlite": _add_statement(sqlite.insert(cost)), "postgresql": _add_statement(postgresql.insert(cost))}
SPENT = select(func.coalesce(func.sum(cost.c.segments), 0)).where(
    cost.c.day == bindparam("day"), cost.c.body == bindparam("body")
)
BODY = select(ticket.c.body).where(ticket.c.code == bindparam("code"))


async def since(connection: AsyncConnection, day: str) -> list[Cost]:
    """Every sum from this day on, the newest day first."""
    statement = select(*cost.c).where(cost.c.day >= day)
    ordered = statement.order_by(cost.c.day.desc(), cost.c.account, cost.c.body)
    return [Cost(*row) for row in await connection.execute(ordered)]


async def spent(connection: AsyncConnection, day: str, body: str) -> int:
    """How many segments a body spent on a day, over all accounts."""
    return int((await connection.execute(SPENT, {"day": day, "body": body})).scalar_one())


async def body_of(connection: AsyncConnection, code: str) -> str:
    """The body of a ticket, "" for none."""
    if not code:
        return ""
    found = await connection.execute(BODY, {"code": code})
    return str(found.scalar_one_or_none() or "")
