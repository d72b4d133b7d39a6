"""When an address takes messages: its window opens and what was held goes, or its door is shut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, null, text, update

from storage.schema import address, outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

# As text, because a partial index serves only a query that spells its condition.
HELD = text("status = 'held'")


async def open_window(work: Work, address_id: int, until: float) -> None:
    """Note that an address takes free words until then, in Unix seconds, and let go what waited for that."""
    later = func.coalesce(address.c.window_until, 0.0) < until
    await work.execute(update(address).where(address.c.id == address_id, later).values(window_until=until))
    await release_held(work, address_id)


async def release_held(work: Work, address_id: int) -> int:
    """Let go what waited for this person to write, in its old place before everything newer; how many rows."""
    c = outbox.c
    held = update(outbox).where(HELD, c.address_id == address_id)
    rows = await work.rows(held.values(status="pending", done_at=null(), due_at=work.now).returning(c.account))
    work.accounts.update(row.account for row in rows)
    return len(rows)


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
