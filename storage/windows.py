"""When an address takes messages: its window opens and what was held goes, or its door is shut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, null, text, update

from storage.schema import address, outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

# As text, because a partial index serves only a query that spells its condition.
HELD = text("status = 'held'")
OPEN = (
    update(address)
    .where(address.c.id == bindparam("of"), func.coalesce(address.c.window_until, 0.0) < bindparam("until"))
    .values(window_until=bindparam("until"))
)
RELEASE = (
    update(outbox)
    .where(HELD, outbox.c.address_id.in_(bindparam("noted", expanding=True)))
    .values(status="pending", done_at=null(), due_at=bindparam("now"))
    .returning(outbox.c.account)
)


def note_window(work: Work, address_id: int, until: float) -> None:
    """Have an address take free words until then, in Unix seconds, when `open_windows` is called."""
    work.windows[address_id] = max(until, work.windows.get(address_id, until))


async def open_windows(work: Work) -> None:
    """Open what was noted and let go what waited for it, in its old place before everything newer."""
    if not work.windows:
        return
    noted, work.windows = work.windows, {}
    await work.execute(OPEN, [{"of": address_id, "until": until} for address_id, until in noted.items()])
    rows = await work.rows(RELEASE, {"noted": list(noted), "now": work.now})
    work.accounts.update(row.account for row in rows)


async def close_window(connection: AsyncConnection, address_id: int, now: float) -> None:
    """Note that an address takes no free words any more: the provider said so."""
    a = address.c
    ajar = func.coalesce(a.window_until, now + 1.0) > now
    await connection.execute(update(address).where(a.id == address_id, ajar).values(window_until=now))


async def close_address(connection: AsyncConnection, address_id: int, now: float, *, opted_out: bool) -> None:
    """Note that an address takes nothing any more: its owner told the provider to stop, or nobody is there."""
    a = address.c
    closing = update(address).where(a.id == address_id)
    if opted_out:
        closing = closing.where(a.opted_out_at.is_(None)).values(opted_out_at=now, opted_out_by="provider")
    else:
        closing = closing.where(a.blocked_at.is_(None)).values(blocked_at=now)
    await connection.execute(closing)
