"""What officials decide that the public sees: words shown otherwise or not at all, files hidden, reports held.

The originals stay; who did it and why is in the ticket's history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from sqlalchemy import update as change

from storage.schema import media, ticket, ticket_media, update

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work


async def show_instead(work: Work, code: str, seq: int, words: str | None) -> None:
    """Have the public read these words instead of the report's (`seq` 1) or an entry's; None: what was written."""
    if seq == 1:
        statement = change(ticket).where(ticket.c.code == code).values(public_words=words)
    else:
        statement = change(update).where(update.c.ticket == code, update.c.seq == seq).values(public_words=words)
    await work.execute(statement)


async def hide_files(work: Work, code: str, at: float | None) -> int:
    """Hide all files of a ticket from the public, or show them again (None); how many there are."""
    return await work.execute(change(ticket_media).where(ticket_media.c.ticket == code).values(hidden_at=at))


async def let_go(work: Work, code: str) -> None:
    """Hold a ticket no longer."""
    await work.execute(change(ticket).where(ticket.c.code == code).values(held_at=None))


async def count_files(work: Work, code: str, *, hidden: bool = False) -> int:
    """How many files a ticket has that the public sees, or that are `hidden`."""
    where = ticket_media.c.hidden_at.is_not(None) if hidden else ticket_media.c.hidden_at.is_(None)
    row = await work.first(select(func.count()).select_from(ticket_media).where(ticket_media.c.ticket == code, where))
    return int(row[0]) if row else 0


async def is_hidden(connection: AsyncConnection, key: str) -> bool:
    """True for the key in the store of a file, or of its thumbnail, that was hidden."""
    found = (
        select(ticket_media.c.ticket)
        .join(media, media.c.id == ticket_media.c.media_id)
        .where(ticket_media.c.hidden_at.is_not(None), or_(media.c.key == key, media.c.thumbnail == key))
        .limit(1)
    )
    return (await connection.execute(found)).first() is not None
