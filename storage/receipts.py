"""What a provider told of messages it had taken: kept as it came, and drawn together into how far each one is.

Callbacks come late, doubled, in any order, and sometimes before the call that sent the message has returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import String, bindparam, func, null, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import costs
from storage.schema import address, outbox, receipt

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

# How far a message came by each status, as Twilio's names have it; those that end badly have no rank.
RANK = {"accepted": 0, "scheduled": 0, "queued": 0, "sending": 1, "sent": 2, "delivered": 3, "read": 4}
ENDED_BADLY = ("failed", "undelivered", "canceled")
ARRIVED = ("delivered", "read")
REMEMBER = {
    name: insert(receipt).on_conflict_do_nothing().returning(receipt.c.id)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


class Receipt(Struct, frozen=True, kw_only=True):
    """One thing told of one message. `outbox_id` is our own id from the callback's address, None when it has none."""

    account: str
    provider_id: str
    status: str
    code: str = ""
    outbox_id: int | None = None


class Told(Struct, frozen=True):
    """A row that a receipt speaks of, as it stands."""

    id: int
    account: str
    status: str
    provider_id: str
    receipt: str
    address_id: int | None
    doubts: int

    @property
    def in_doubt(self) -> bool:
        """True while nobody knows whether it was taken."""
        return self.status == "unknown" or (self.status == "pending" and self.doubts > 0)


class Silent(Struct, frozen=True):
    """A row that was taken and of which too little was told."""

    id: int
    account: str
    provider_id: str
    done_at: float


async def keep(connection: AsyncConnection, given: Receipt, now: float) -> bool:
    """Write a receipt down; False when the same was told before."""
    values = {
        "account": given.account,
        "provider_id": given.provider_id[:120],
        "outbox_id": given.outbox_id,
        "status": given.status[:16],
        "code": given.code[:10],
        "at": now,
    }
    return (await connection.execute(REMEMBER[connection.dialect.name], values)).first() is not None


async def find(connection: AsyncConnection, given: Receipt, to: str = "") -> Told | None:
    """The row that a receipt speaks of: by our own id, else by the provider's among those sent to the address `to`.

    It stays locked until the end of the transaction: either its sender sees the receipt when it settles the row, or
    the receipt sees the row as it was settled.
    """
    if given.outbox_id is not None:
        found = await connection.execute(BY_ID, {"row": given.outbox_id, "account": given.account})
    else:
        sent = {"account": given.account, "to": to, "provider_id": given.provider_id}
        found = await connection.execute(BY_ADDRESS, sent)
    row = found.first()
    return None if row is None else Told(*row)


def _find_statements() -> tuple[Select[Any], Select[Any]]:
    """The row by our own id, and by the provider's at an address."""
    c, account = outbox.c, bindparam("account", type_=String)
    columns = select(c.id, c.account, c.status, c.provider_id, c.receipt, c.address_id, c.doubts)
    by_id = columns.where(c.id == bindparam("row"), c.account == account)
    where = select(address.c.id).where(address.c.account == account, address.c.external == bindparam("to"))
    sent = (c.address_id == where.scalar_subquery(), c.provider_id == bindparam("provider_id"))
    return by_id.limit(1).with_for_update(), columns.where(*sent).limit(1).with_for_update()


BY_ID, BY_ADDRESS = _find_statements()


async def account_of(connection: AsyncConnection, outbox_id: int) -> str:
    """The account of a row, "" when there is none."""
    found = await connection.execute(select(outbox.c.account).where(outbox.c.id == outbox_id))
    return str(found.scalar_one_or_none() or "")


async def statuses(connection: AsyncConnection, account: str, provider_id: str) -> set[str]:
    """Everything that was told of one message."""
    c = receipt.c
    found = select(c.status).where(c.account == account, c.provider_id == provider_id[:120])
    return {row.status for row in await connection.execute(found)}


async def failures(connection: AsyncConnection, outbox_id: int) -> int:
    """How many messages that a row sent ended badly."""
    return int((await connection.execute(FAILURES, {"row": outbox_id})).scalar_one())


FAILURES = select(func.count(receipt.c.provider_id.distinct())).where(
    receipt.c.outbox_id == bindparam("row"), receipt.c.status.in_(ENDED_BADLY)
)


async def of_rows(connection: AsyncConnection, outbox_ids: Sequence[int], since: float = 0.0) -> list[Receipt]:
    """What was told of these rows since then, oldest first."""
    c = receipt.c
    statement = select(c.account, c.provider_id, c.status, c.code, c.outbox_id)
    mine = (c.outbox_id.in_(outbox_ids), c.at >= since)
    found = await connection.execute(statement.where(*mine).order_by(c.id))
    return [Receipt(account=row[0], provider_id=row[1], status=row[2], code=row[3], outbox_id=row[4]) for row in found]


async def of_attempts(connection: AsyncConnection, outbox_ids: Sequence[int]) -> list[Receipt]:
    """What was told of these rows, oldest first, without the failures of attempts before the last or doubtful one.

    Those had their consequences when they were told.
    """
    c = receipt.c
    statement = select(c.account, c.provider_id, c.status, c.code, c.outbox_id).join(outbox, outbox.c.id == c.outbox_id)
    begun = func.coalesce(outbox.c.sending_since, 0.0)
    mine = (c.outbox_id.in_(outbox_ids), c.status.not_in(ENDED_BADLY) | (c.at >= begun))
    found = await connection.execute(statement.where(*mine).order_by(c.id))
    return [Receipt(account=row[0], provider_id=row[1], status=row[2], code=row[3], outbox_id=row[4]) for row in found]


async def move_on(connection: AsyncConnection, row: Told, given: Receipt) -> bool:
    """Note how far a sent row came, never backwards."""
    lower = [status for status, rank in RANK.items() if rank < RANK[given.status]]
    behind = outbox.c.receipt.in_(["", *lower])
    return await _change(connection, row, behind, receipt=given.status)


async def adopt(connection: AsyncConnection, row: Told, given: Receipt, now: float) -> bool:
    """Let a row that was in doubt be sent: its provider has it."""
    known = {"provider_id": given.provider_id[:120], "receipt": given.status[:16]}
    return await _change(connection, row, status="sent", done_at=now, error_class="", error="", **known)


async def send_again(
    connection: AsyncConnection, row: Told, due_at: float, error_class: str, error: str, *, lane: str = ""
) -> bool:
    """Put back a row that was not delivered, in its own place or at the end of another lane.

    False when its words were erased meanwhile, or somebody else decided about it.
    """
    again: dict[str, Any] = {"status": "pending", "due_at": due_at, "done_at": null(), "doubts": 0, "plain": False}
    fresh = {"provider_id": "", "receipt": "", "error_class": error_class, "error": error}
    moved = {"lane": lane} if lane else {}
    return await _change(connection, row, outbox.c.payload != "", **again, **fresh, **moved)


async def give_up(
    connection: AsyncConnection, row: Told, given: Receipt, now: float, error_class: str, *, status: str = "failed"
) -> bool:
    """End a row that its provider could not deliver, for the operator to see: of that there is no doubt any more."""
    known = {"provider_id": given.provider_id[:120], "receipt": given.status[:16], "doubts": 0}
    why = {"error_class": error_class, "error": f"{given.status} {given.code}".strip()[:300]}
    return await _change(connection, row, status=status, done_at=now, **known, **why)


async def adopted(connection: AsyncConnection, address_id: int, provider_ids: Sequence[str]) -> set[str]:
    """Those of the provider's ids that rows to this address have already."""
    c = outbox.c
    found = select(c.provider_id).where(c.address_id == address_id, c.provider_id.in_(provider_ids))
    return {str(row.provider_id) for row in await connection.execute(found)}


async def ended(connection: AsyncConnection, account: str, provider_ids: Sequence[str]) -> set[str]:
    """Those of the provider's ids of which it was told that they did not arrive, whichever row had sent them."""
    c = receipt.c
    mine = (c.account == account, c.provider_id.in_(provider_ids), c.status.in_(ENDED_BADLY))
    return {str(row.provider_id) for row in await connection.execute(select(c.provider_id).where(*mine))}


async def silent(
    connection: AsyncConnection, accounts: Sequence[str], since: float, before: float, most: int
) -> list[Silent]:
    """Rows taken between the two times of which nobody told how they ended, or what they cost.

    "sent" is no end: that a carrier gave up may have been told to a process that was just dying.
    """
    c = outbox.c
    # As text, because a partial index serves only a query that spells its condition.
    taken = (text("done_at IS NOT NULL AND payload <> ''"), c.done_at >= since, c.done_at <= before)
    early = [status for status, rank in RANK.items() if rank < RANK["sent"]]
    unclear = c.receipt.in_(["", *early]) | (c.segments == 0) | (c.receipt == "sent")
    statement = select(c.id, c.account, c.provider_id, c.done_at).where(
        *taken, c.account.in_(accounts), c.status == "sent", c.provider_id != "", unclear
    )
    # Many a carrier tells no more than "sent", ever: those come last, or they would keep the silent ones out.
    ordered = statement.order_by(c.receipt == "sent", ~c.important, c.done_at)
    return [Silent(*row) for row in await connection.execute(ordered.limit(most))]


async def count_late(connection: AsyncConnection, row_id: int, account: str, segments: int, day: str) -> bool:
    """Count what a row cost that was found to be sent afterwards; a row that is counted already stays so."""
    uncounted = update(outbox).where(outbox.c.id == row_id, outbox.c.segments == 0, outbox.c.status == "sent")
    if (await connection.execute(uncounted.values(segments=segments))).rowcount == 0:
        return False
    body = (await connection.execute(costs.bodies_of(outbox.c.id == row_id))).one().body
    await costs.add(connection, day, account, [(body, segments)])
    return True


async def forget_old(connection: AsyncConnection, before: float, most: int = 1000) -> int:
    """Forget what was told before then, `most` of it; how many rows, 0 when nothing is left."""
    c = receipt.c
    old = select(c.id).where(c.at < before).order_by(c.at).limit(most)
    return (await connection.execute(receipt.delete().where(c.id.in_(old)))).rowcount


async def _change(connection: AsyncConnection, row: Told, *also: ColumnElement[bool], **values: Any) -> bool:
    """Change a row that is still as it was read: its sender may be at it in the same moment."""
    c = outbox.c
    same = (c.id == row.id, c.status == row.status, c.provider_id == row.provider_id, c.doubts == row.doubts)
    return (await connection.execute(update(outbox).where(*same, *also).values(**values))).rowcount > 0
