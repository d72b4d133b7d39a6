"""Nobody's phone rings for what can wait: notices that nobody waits for get a later due time, in the same transaction.

Whoever wrote within the last hour is awake and is answered at once, and what was kept back for her before that comes
along, in its order. Urgent tickets pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sqlalchemy import Float, and_, bindparam, collate, exists, func, literal_column, or_, select, update

from storage.schema import address, conversation, official, outbox, ticket

if TYPE_CHECKING:
    from sqlalchemy import Select

    from storage.work import Work

# Who wrote as lately as this has the phone in her hand; in seconds.
AWAKE = 3600.0


class Calm(Protocol):
    """What knows a municipality's hours: the pack's timetable."""

    def quiet_until(self, at: float, *, official: bool) -> float:
        """When somebody may be told what can wait; now at the earliest."""
        ...

    def is_urgent(self, category_id: str, priority: str = "", /) -> bool:
        """True for what cannot wait."""
        ...


class Waiting(NamedTuple):
    """A row of the outbox that may wait, and the ticket that it speaks of ("" for none)."""

    row: dict[str, Any]
    code: str


class Listener(NamedTuple):
    """Whether officials hear at an address, and when somebody last wrote there, in a team's group any of them."""

    is_official: bool
    wrote_at: float


async def keep_back(work: Work, calm: Calm, waiting: Sequence[Waiting]) -> None:
    """Set the due time of rows that are about to be written, wherever it is quiet now."""
    until = {each: calm.quiet_until(work.now, official=each) for each in (False, True)}
    if max(until.values()) <= work.now:
        return
    hears = await _listeners(work, {each.row["address_id"] for each in waiting})
    urgent = await _urgent(work, calm, {each.code for each in waiting})
    at_once: set[str] = set()
    for row, code in waiting:
        listener = hears.get(row["address_id"])
        later = until[bool(listener and listener.is_official)]
        awake = listener is not None and work.now - listener.wrote_at < AWAKE
        if awake or code in urgent:
            at_once.add(row["lane"])
        elif later > work.now:
            row["due_at"] = later
    await _let_go(work, at_once)


async def _listeners(work: Work, address_ids: set[int]) -> dict[int, Listener]:
    rows = await _read(work, LISTENERS, {"addresses": list(address_ids)})
    inside = await _members_awake(work, [(row.account, row.external) for row in rows if row.is_official])
    latest = {row.id: max(row.wrote_at, inside.get((row.account, row.external), 0.0)) for row in rows}
    return {row.id: Listener(bool(row.is_official), latest[row.id]) for row in rows}


async def _members_awake(work: Work, teams: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """When somebody of a team's group wrote in it just now, by the group; whose members are "group/member"."""
    if not teams:
        return {}
    values: dict[str, Any] = {"since": work.now - AWAKE}
    for index, (account, group) in enumerate(teams):
        values |= {f"account_{index}": account, f"first_{index}": f"{group}/", f"last_{index}": f"{group}0"}
    found: dict[tuple[str, str], float] = {}
    for row in await _read(work, _members_statement(len(teams), work.connection.dialect.name), values):
        where = (row.account, row.external.rpartition("/")[0])
        found[where] = max(row.last_in_at, found.get(where, 0.0))
    return found


async def _urgent(work: Work, calm: Calm, codes: set[str]) -> set[str]:
    if not (named := codes - {""}):
        return set()
    rows = await _read(work, TICKETS, {"codes": list(named)})
    return {row.code for row in rows if calm.is_urgent(row.category, row.priority)}


async def _let_go(work: Work, lanes: set[str]) -> None:
    """What was kept back on these lanes must not keep back what follows it."""
    if lanes:
        await work.connection.execute(LET_GO, {"lanes": list(lanes), "now": work.now})


async def _read(work: Work, statement: Any, values: dict[str, Any] | None = None) -> Sequence[Any]:
    """Read past the transaction's gathering, which is being written just now."""
    return (await work.connection.execute(statement, values)).all()


def _listeners_statement() -> Select[Any]:
    a, c = address.c, conversation.c
    is_official = exists().where(official.c.address_id == a.id)
    wrote_at = func.coalesce(c.last_in_at, 0.0)
    told = select(a.id, a.account, a.external, is_official.label("is_official"), wrote_at.label("wrote_at"))
    joined = told.outerjoin(conversation, c.address_id == a.id)
    return joined.where(a.id.in_(bindparam("addresses", expanding=True)))


@cache
def _members_statement(teams: int, dialect: str) -> Select[Any]:
    """Who wrote in so many groups since then."""
    a, c = address.c, conversation.c
    # As a range, which an index finds, and byte by byte: in a language's order the signs count for nothing.
    name = collate(a.external, "C") if dialect == "postgresql" else a.external
    ranges = [
        and_(
            a.account == bindparam(f"account_{index}"),
            name > bindparam(f"first_{index}"),
            name < bindparam(f"last_{index}"),
        )
        for index in range(teams)
    ]
    wrote = select(a.account, a.external, c.last_in_at).join(conversation, c.address_id == a.id)
    return wrote.where(or_(*ranges), c.last_in_at > bindparam("since"))


LISTENERS = _listeners_statement()
TICKETS = select(ticket.c.code, ticket.c.category, ticket.c.priority).where(
    ticket.c.code.in_(bindparam("codes", expanding=True))
)
NOW = bindparam("now", type_=Float)
LET_GO = (
    update(outbox)
    .where(
        outbox.c.account == "local",
        outbox.c.lane.in_(bindparam("lanes", expanding=True)),
        outbox.c.kind == "notice",
        # Open and pending; literal, because a partial index serves only a query that spells its condition.
        outbox.c.done_at.is_(None),
        outbox.c.status == literal_column("'pending'"),
        outbox.c.due_at > NOW,
    )
    .values(due_at=NOW)
)
