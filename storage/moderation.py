"""What officials decide that the public sees: words shown otherwise or not at all, files hidden, reports held.

The originals stay; who did it and why is in the ticket's history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy import update as change

from storage.schema import media, ticket, ticket_media, update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work


class Shown(NamedTuple):
    """A file that the public sees; its kind is "photo", "video" or "voice"."""

    media_id: str
    kind: str


async def show_instead(work: Work, code: str, seq: int, words: str | None) -> None:
    """Have the public read these words instead of the report's (`seq` 1) or an entry's; None: what was written."""
    if seq == 1:
        statement = change(ticket).where(ticket.c.code == code).values(public_words=words)
    else:
        statement = change(update).where(update.c.ticket == code, update.c.seq == seq).values(public_words=words)
    await work.execute(statement)


async def hide_files(work: Work, code: str, at: float) -> list[int]:
    """Hide all files of a ticket from the public; the numbers of the entries of those that are hidden by it."""
    shown = (ticket_media.c.ticket == code, ticket_media.c.hidden_at.is_(None))
    return await _set_hidden(work, shown, at)


async def show_files(work: Work, code: str, ids: Sequence[str]) -> list[int]:
    """Show these files of a ticket again; the numbers of the entries that they belong to, 1 for the report."""
    return await _set_hidden(work, (ticket_media.c.ticket == code, ticket_media.c.media_id.in_(ids)), None)


async def _set_hidden(work: Work, which: Sequence[ColumnElement[bool]], at: float | None) -> list[int]:
    rows = await work.rows(select(ticket_media.c.update_seq).where(*which).distinct())
    await work.execute(change(ticket_media).where(*which).values(hidden_at=at))
    return sorted({max(row.update_seq, 1) for row in rows})


async def carry_over(work: Work, code: str, into: str) -> None:
    """Have the public read and see of a report no more than of the one that it goes on from."""
    words = select(ticket.c.public_words).where(ticket.c.code == code).scalar_subquery()
    await work.execute(change(ticket).where(ticket.c.code == into).values(public_words=words))
    files = ticket_media.c
    hidden = select(files.media_id).where(files.ticket == code, files.hidden_at.is_not(None))
    again = change(ticket_media).where(files.ticket == into, files.media_id.in_(hidden))
    await work.execute(again.values(hidden_at=work.now))


async def let_go(work: Work, code: str) -> None:
    """Hold a ticket no longer."""
    await work.execute(change(ticket).where(ticket.c.code == code).values(held_at=None))


async def shown_files(work: Work, code: str) -> list[Shown]:
    """The files of a ticket that the public sees, in the order in which they came."""
    return await _files(work, code, ticket_media.c.hidden_at.is_(None))


async def hidden_files(work: Work, code: str) -> list[Shown]:
    """The files of a ticket that were hidden from the public, in the order in which they came."""
    return await _files(work, code, ticket_media.c.hidden_at.is_not(None))


async def _files(work: Work, code: str, which: ColumnElement[bool]) -> list[Shown]:
    t = ticket_media.c
    statement = (
        select(t.media_id, media.c.kind)
        .join(media, media.c.id == t.media_id)
        .where(t.ticket == code, which, media.c.status != "refused")
        .order_by(t.update_seq, t.position)
    )
    return [Shown(row.media_id, row.kind) for row in await work.rows(statement)]


async def hide_file(work: Work, code: str, media_id: str, at: float) -> list[int]:
    """Hide one file of a ticket from the public; the number of the entry that it belongs to, 1 for the report."""
    here = (ticket_media.c.ticket == code, ticket_media.c.media_id == media_id, ticket_media.c.hidden_at.is_(None))
    return await _set_hidden(work, here, at)


async def is_hidden(connection: AsyncConnection, key: str) -> bool:
    """True for the key in the store of a file, or of its thumbnail, that was hidden."""
    found = (
        select(ticket_media.c.ticket)
        .join(media, media.c.id == ticket_media.c.media_id)
        .where(ticket_media.c.hidden_at.is_not(None), or_(media.c.key == key, media.c.thumbnail == key))
        .limit(1)
    )
    return (await connection.execute(found)).first() is not None
