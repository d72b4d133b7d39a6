"""Deliveries: which ticket was handed to which body by which method, and what became of it.

A body hears of a ticket over every method that its pack names. What its officials' chat takes is the outbox's own
business; every other method has a row here and rows in the outbox (account "deliveries"), one lane for each ticket,
body and method: what happens later never overtakes the report itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec
from msgspec import Struct
from sqlalchemy import and_, bindparam, delete, exists, func, or_, select, text, union, update

from storage import officials
from storage.schema import delivery, outbox, ticket, ticket_body

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

ACCOUNT = "deliveries"
CHAT = "chat"
# How long the outbox's lanes may be called.
MOST_LANE = 120

Status = Literal["waiting", "sent", "accepted", "failed", "unclaimed"]


class Known(Protocol):
    """Whatever has the id of a body."""

    @property
    def id(self) -> str:
        """The body's slug."""
        ...


class Bodies(Protocol):
    """What tells how a body receives: the pack."""

    def body(self, body_id: str, /) -> Known | None:
        """A body by its id."""
        ...

    def receiving(self, body_id: str, category_id: str, /) -> tuple[str, ...]:
        """The methods by which a body can receive a ticket of a category."""
        ...


class Delivery(Struct, frozen=True):
    """One row. `remote_id` is the far side's own id of it, `token` what is asked with until that is known."""

    id: int
    ticket: str
    body: str
    method: str
    seq: int
    status: Status
    remote_id: str
    token: str
    remote_status: str
    failures: int
    error: str
    created_at: float
    sent_at: float | None
    polled_at: float | None


class Waiting(Struct, frozen=True):
    """How many open tickets wait for a body that cannot receive them, and since when the oldest does."""

    body: str
    tickets: int
    oldest: float


class Trouble(Struct, frozen=True):
    """Something that has not arrived: what was wrong, how many tries failed, when it is tried `again` (None: never)."""

    ticket: str
    body: str
    method: str
    error: str
    tries: int
    since: float
    again: float | None


async def hand_over(work: Work, pack: Bodies, code: str, category: str, bodies: Iterable[Known], seq: int) -> list[str]:
    """Hand a ticket of a category, at the step `seq` of its history, to these bodies.

    Returns the ids of those that nobody receives for yet.

    Their tickets wait: `claim_waiting` hands them over when that has changed. Who has no name for a category where it
    receives does not receive it. What is held goes nowhere; at its first step whoever opens or frees it knows.
    """
    unclaimed: list[str] = []
    if seq > 1 and await _is_held(work, code):
        return unclaimed
    for body in bodies:
        methods = pack.receiving(body.id, category) if pack.body(body.id) else (CHAT,)
        for method in methods:
            if method != CHAT:
                _add(work, code, body.id, method, seq, "waiting")
                _post(work, "deliver", code, body.id, method, seq)
        if set(methods) <= {CHAT} and not await officials.addresses_of(work, body.id):
            _add(work, code, body.id, CHAT, seq, "unclaimed")
            unclaimed.append(body.id)
    return unclaimed


async def _is_held(work: Work, code: str) -> bool:
    return await work.first(HELD, {"code": code}) is not None


async def pass_on(work: Work, code: str, seq: int, *, but: tuple[str, str] | None = None) -> None:
    """Have a public step of a ticket's history told to everyone it was handed to; not to `but`, (body, method)."""
    for row in await work.rows(RECEIVERS, {"code": code}):
        if (row.body, row.method) != but:
            _post(work, "update", code, row.body, row.method, seq)


async def claim_waiting(work: Work, pack: Bodies, most: int = 200) -> list[str]:
    """Hand over what waited for bodies that can receive by now, the oldest first; the codes of these tickets."""
    d, t = delivery.c, ticket.c
    claimed = []
    unclaimed = select(d.body, t.category).join(ticket, t.code == d.ticket).where(OPEN, d.status == "unclaimed")
    for row in await work.rows(unclaimed.distinct().order_by(d.body, t.category)):
        body = pack.body(row.body)
        if body is None:
            continue
        methods = pack.receiving(body.id, row.category)
        if set(methods) <= {CHAT} and not await officials.addresses_of(work, body.id):
            continue
        of_kind = (d.body == body.id, d.status == "unclaimed", t.category == row.category)
        oldest = select(d.id).join(ticket, t.code == d.ticket).where(OPEN, *of_kind).order_by(d.id).limit(most)
        mine = delete(delivery).where(d.id.in_(oldest)).returning(d.ticket, d.seq)
        for waited in await work.rows(mine):
            await _forget_tries(work, waited.ticket, body.id, methods, waited.seq)
            await hand_over(work, pack, waited.ticket, row.category, [body], waited.seq)
            claimed.append(str(waited.ticket))
    return claimed


async def give_up(work: Work, pack: Bodies, row: Delivery) -> None:
    """End a delivery that is of no use before the pack was mended: the ticket waits, unless the body has it elsewhere.

    The same that `hand_over` would have done with this pack.
    """
    methods = pack.receiving(row.body, await _category_of(work, row.ticket))
    if set(methods) <= {CHAT} and not await officials.addresses_of(work, row.body):
        await note(work.connection, row.id, status="unclaimed", method=CHAT, error="")
    else:
        await work.execute(delete(delivery).where(delivery.c.id == row.id))


def lane_of(code: str, body: str, method: str) -> str:
    """The lane of everything that one body hears of a ticket by one method."""
    lane = f"delivery:{code}:{body}:{method}"
    if len(lane) <= MOST_LANE:
        return lane
    return f"delivery:{code}:{hashlib.sha256(lane.encode()).hexdigest()[:32]}"


async def find(
    connection: AsyncConnection, code: str, body: str, method: str, seq: int | None = None
) -> Delivery | None:
    """The row of a step, or else the newest of this ticket, body and method."""
    d = delivery.c
    step = [] if seq is None else [d.seq == seq]
    statement = (
        select_deliveries().where(d.ticket == code, d.body == body, d.method == method, *step).order_by(d.seq.desc())
    )
    row = (await connection.execute(statement.limit(1))).first()
    return None if row is None else Delivery(*row)


async def of_ticket(connection: AsyncConnection, code: str, method: str) -> list[Delivery]:
    """What was handed over of a ticket by a method, the newest first."""
    d = delivery.c
    found = await connection.execute(
        select_deliveries().where(d.ticket == code, d.method == method).order_by(d.id.desc())
    )
    return [Delivery(*row) for row in found]


async def bodies_of(work: Work, code: str) -> set[str]:
    """The bodies that answer for a ticket: its own, and those beside it."""
    return {row.body for row in await work.rows(BODIES, {"code": code})}


async def note(connection: AsyncConnection, number: int, **values: Any) -> None:
    """Change what is known of a delivery."""
    if "error" in values:
        values["error"] = str(values["error"])[: delivery.c.error.type.length]  # type: ignore[attr-defined]
    await connection.execute(update(delivery).where(delivery.c.id == number).values(**values))


async def note_failed(connection: AsyncConnection, number: int, error: str) -> None:
    """Count a failure of a report that is not delivered yet."""
    await note(connection, number, status="failed", failures=delivery.c.failures + 1, error=error)


async def in_trouble(connection: AsyncConnection, most: int = 1000) -> list[Trouble]:
    """What was tried and did not arrive, or is held; the oldest first."""
    o, d = outbox.c, delivery.c
    statement = (
        select(o.payload, o.attempts, o.error, o.status, o.due_at, o.created_at)
        .where(o.account == ACCOUNT, o.kind == "delivery", or_(and_(o.done_at.is_(None), o.error != ""), ENDED))
        .order_by(o.id)
        .limit(most)
    )
    found: dict[tuple[str, str, str], Trouble] = {}
    for row in await connection.execute(statement):
        order = msgspec.json.decode(row.payload or "{}", type=dict[str, Any])
        key = str(order.get("ticket", "")), str(order.get("body", "")), str(order.get("method", ""))
        again = row.due_at if row.status in ("pending", "sending") else None
        found.setdefault(key, Trouble(*key, row.error, row.attempts, row.created_at, again))
    # What the far side said is told here alone; and a letter that came back was sent, as far as the outbox knows.
    for row in await connection.execute(select_deliveries().where(d.error != "").order_by(d.id).limit(most)):
        key = row.ticket, row.body, row.method
        if key in found:
            found[key] = msgspec.structs.replace(found[key], error=row.error)
        elif row.status == "failed":
            found[key] = Trouble(*key, row.error, row.failures, row.created_at, None)
    return list(found.values())


async def unclaimed_by_size(connection: AsyncConnection) -> list[Waiting]:
    """Bodies that nobody receives for, the one with the most tickets first."""
    d = delivery.c
    number = func.count(d.ticket.distinct())
    statement = (
        select(d.body, number, func.min(d.created_at))
        .where(OPEN, d.status == "unclaimed")
        .group_by(d.body)
        .order_by(number.desc(), d.body)
    )
    return [Waiting(*row) for row in await connection.execute(statement)]


async def hurry(connection: AsyncConnection, now: float) -> int:
    """Try everything at once that waits for its next try; how many rows."""
    o = outbox.c
    waits = (o.account == ACCOUNT, o.status == "pending", o.due_at > now)
    return (await connection.execute(update(outbox).where(*waits).values(due_at=now))).rowcount


# As text, because a partial index serves only a query that spells its condition.
OPEN = text("delivery.status IN ('waiting', 'failed', 'unclaimed')")
ENDED = text("outbox.status IN ('failed', 'unknown')")


def select_deliveries() -> Select[Any]:
    """The columns of a `Delivery`."""
    return select(*(delivery.c[name] for name in Delivery.__struct_fields__))


def _receivers() -> Select[Any]:
    """(body, method) of everyone a ticket was handed to and who answers for it still."""
    d, t = delivery.c, ticket_body.c
    beside = exists().where(t.ticket == d.ticket, t.body == d.body)
    return (
        select(d.body, d.method)
        .join(ticket, ticket.c.code == d.ticket)
        .where(d.ticket == bindparam("code"), d.status != "unclaimed", or_(ticket.c.body == d.body, beside))
        .distinct()
        .order_by(d.body, d.method)
    )


# Built once: to build one of these costs as much as to run it.
RECEIVERS = _receivers()
BODIES = union(
    select(ticket.c.body).where(ticket.c.code == bindparam("code")),
    select(ticket_body.c.body).where(ticket_body.c.ticket == bindparam("code")),
)
HELD = select(ticket.c.code).where(ticket.c.code == bindparam("code"), ticket.c.held_at.is_not(None))


async def _category_of(work: Work, code: str) -> str:
    row = await work.first(select(ticket.c.category).where(ticket.c.code == code))
    return str(row.category) if row else ""


async def _forget_tries(work: Work, code: str, body: str, methods: Iterable[str], seq: int) -> None:
    """Let what was tried in vain be done once more: an effect is known by its key."""
    keys = [_key("deliver", code, body, method, seq) for method in methods]
    await work.execute(delete(outbox).where(outbox.c.effect_key.in_(keys)))


def _key(do: str, code: str, body: str, method: str, seq: int) -> str:
    return f"{do}:{code}:{body}:{method}:{seq}"


def _add(work: Work, code: str, body: str, method: str, seq: int, status: Status) -> None:
    work.add(delivery, ticket=code, body=body, method=method, seq=seq, status=status, created_at=work.now)


def _post(work: Work, do: str, code: str, body: str, method: str, seq: int) -> None:
    work.post(
        account="deliveries",
        lane=lane_of(code, body, method),
        seq=seq,
        kind="delivery",
        payload={"do": do, "ticket": code, "body": body, "method": method, "seq": seq},
        effect_key=_key(do, code, body, method, seq),
        ticket=code,
    )
