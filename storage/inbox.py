"""Everything that reached us, once: the unique key makes a redelivered message harmless."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, literal, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import inbox, outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work


# As text, because a partial index serves only a query that spells its condition.
WORDED = text("body <> ''")

# Keys in one question: databases limit the parameters of a statement.
MOST_ASKED = 500

# Built once: to build one costs as much as to run it.
MARK = (
    update(inbox)
    .where(inbox.c.account == bindparam("b_account"), inbox.c.key == bindparam("b_key"))
    .values(status=bindparam("b_status"), error=bindparam("b_error"))
)
_OURS = outbox.c.address_id.in_(bindparam("addresses", expanding=True))
SPOKEN_OF = select(outbox.c.ticket).where(_OURS, outbox.c.provider_id == bindparam("said")).limit(1)
UNDER_WAY = select(outbox.c.ticket, outbox.c.sending_since).where(_OURS, outbox.c.status == "sending")
NUMBERS = select(outbox.c.provider_id).where(_OURS, outbox.c.provider_id != "")
REMEMBER = {
    name: insert(inbox).on_conflict_do_nothing().returning(inbox.c.account, inbox.c.key)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


async def remember(connection: AsyncConnection, rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Insert the messages and return (account, key) of those that are new; the others were here before."""
    found = await connection.execute(REMEMBER[connection.dialect.name], rows)
    return {(row.account, row.key) for row in found}


async def known(connection: AsyncConnection, account: str, keys: Sequence[str]) -> set[str]:
    """Those of the keys that an account's messages have already."""
    found: set[str] = set()
    for start in range(0, len(keys), MOST_ASKED):
        asked = inbox.c.key.in_(keys[start : start + MOST_ASKED])
        found |= set((await connection.execute(select(inbox.c.key).where(inbox.c.account == account, asked))).scalars())
    return found


async def span(connection: AsyncConnection, account: str) -> tuple[float, float] | None:
    """When the oldest and the newest of an account's messages came, None before the first."""
    ours = select(inbox.c.received_at).where(inbox.c.account == account).limit(1)
    oldest = (await connection.execute(ours.order_by(inbox.c.id))).scalar_one_or_none()
    newest = (await connection.execute(ours.order_by(inbox.c.id.desc()))).scalar_one_or_none()
    return None if oldest is None or newest is None else (oldest, newest)


async def mark(work: Work, key: tuple[str, str], status: str, error: str) -> None:
    """Say of a message, by (account, key), that it is dead (a handler failed on it) or ignored."""
    account, name = key
    await work.execute(MARK, {"b_account": account, "b_key": name, "b_status": status, "b_error": error})


async def ticket_of_message(work: Work, address_ids: list[int], provider_id: str, at: float, *, counts: bool) -> str:
    """The code of the ticket that a message of ours spoke of, "" when it spoke of none or is not ours.

    `at` is when the reply to it was written (Unix seconds); `counts` is true of a provider that numbers the messages of
    a chat in their order.
    """
    row = await work.first(SPOKEN_OF, {"addresses": address_ids, "said": provider_id})
    if row is not None:
        return str(row.ticket)
    if counts and not await _is_newest(work, address_ids, provider_id):
        return ""
    return await _being_sent(work, address_ids, at)


async def _being_sent(work: Work, address_ids: list[int], at: float) -> str:
    """Whoever is quick answers before we have written down which id her provider gave: the one that is being sent.

    Any other message whose id we do not know, such as an album's second photo, leads to no ticket but by chance.
    """
    rows = await work.rows(UNDER_WAY, {"addresses": address_ids})
    # Providers tell whole seconds.
    before = [row.ticket for row in rows if row.sending_since is not None and row.sending_since < at + 1]
    return str(before[0]) if len(before) == len(rows) and len(set(before)) == 1 else ""


async def _is_newest(work: Work, address_ids: list[int], provider_id: str) -> bool:
    """True for a number that is above all that a chat's messages of ours have had."""
    known = await work.rows(NUMBERS, {"addresses": address_ids})
    numbers = [int(row.provider_id) for row in known if row.provider_id.isdecimal()]
    return provider_id.isdecimal() and int(provider_id) > max(numbers, default=0)


async def erase_old(connection: AsyncConnection, before: float, most: int = 1000) -> int:
    """Erase what messages said that came before a time, `most` of them; return how many, 0 when none is left.

    The keys stay, so that dedupe still holds.
    """
    old = select(inbox.c.id).where(WORDED, inbox.c.received_at < before).order_by(inbox.c.received_at).limit(most)
    return (await connection.execute(update(inbox).where(inbox.c.id.in_(old)).values(body=literal("")))).rowcount
