"""A chat that gets a new id on its channel, as a Telegram group does when it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from storage.schema import address, official, outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def move_chat(connection: AsyncConnection, account: str, old: str, new: str) -> None:
    """Give a chat, and those who write in it, its new id.

    Where the new id is known already (somebody wrote there before we learned of the move), what waits for the old
    address and who is an official there go over to the new one.
    """
    belongs = or_(address.c.external == old, address.c.external.startswith(f"{old}/", autoescape=True))
    chats = select(address.c.id, address.c.external).where(address.c.account == account, belongs)
    for row in (await connection.execute(chats)).all():
        moved = new + row.external[len(old) :]
        taken = select(address.c.id).where(address.c.account == account, address.c.external == moved)
        heir = (await connection.execute(taken)).scalar_one_or_none()
        if heir is None:
            await connection.execute(update(address).where(address.c.id == row.id).values(external=moved))
        else:
            await _inherit(connection, row.id, heir)


async def _inherit(connection: AsyncConnection, old: int, heir: int) -> None:
    await connection.execute(
        update(outbox).where(outbox.c.address_id == old, outbox.c.done_at.is_(None)).values(address_id=heir)
    )
    await connection.execute(update(official).where(official.c.address_id == old).values(address_id=heir))
