"""The photos of a ticket: what it looked like before, and how many more who follows it may add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from storage.schema import media, ticket_media
from storage.schema import update as ticket_update

if TYPE_CHECKING:
    from sqlalchemy import Select

    from storage.tickets import Ticket
    from storage.work import Work

# So many photos are as many as anybody looks at; and what was finished long ago is another problem.
MOST_PHOTOS = 8
RESOLVED_FOR = 30 * 86400.0


def takes_files(found: Ticket, now: float) -> bool:
    """True while something may be added to a ticket: as long as it is open, and for a while after it was resolved."""
    if found.status in ("resolved", "confirmed"):
        return found.closed_at is None or found.closed_at > now - RESOLVED_FOR
    return found.open


def _theirs() -> Select[Any]:
    """The files that citizens sent of a ticket, the first ones first."""
    u, m = ticket_update.c, ticket_media.c
    sent = (u.ticket == m.ticket) & (u.seq == m.update_seq) & (u.actor == "citizen")
    return (
        select(media.c.id)
        .join(ticket_media, m.media_id == media.c.id)
        .join(ticket_update, sent)
        .where(m.ticket == bindparam("code"), media.c.status != "refused")
        .order_by(m.update_seq, m.position)
    )


# Built once: to build one of these costs as much as to run it.
NUMBER = _theirs().with_only_columns(func.count().label("n")).order_by(None)
BEFORE = (
    _theirs()
    .where(media.c.kind == "photo", ticket_media.c.hidden_at.is_(None), ticket_media.c.update_seq < bindparam("seq"))
    .limit(1)
)
KINDS = select(media.c.kind).where(media.c.id.in_(bindparam("ids", expanding=True)))


async def room_for(work: Work, found: Ticket) -> int:
    """How many photos more who follows it may add to a ticket; nothing to one that takes none."""
    if not takes_files(found, work.now):
        return 0
    row = await work.first(NUMBER, {"code": found.code})
    return max(MOST_PHOTOS - (int(row.n) if row else 0), 0)


async def before(work: Work, code: str, seq: int) -> str:
    """The id of the first photo that a citizen sent of it before an entry of its history; "" when there is none."""
    row = await work.first(BEFORE, {"code": code, "seq": seq})
    return "" if row is None else str(row.id)


async def has_photo(work: Work, media_ids: tuple[str, ...]) -> bool:
    """True when there is a photo among these files."""
    return "photo" in await _kinds(work, media_ids)


async def is_voice(work: Work, media_ids: tuple[str, ...]) -> bool:
    """True when there is nothing to see among these files, and something to hear."""
    return await _kinds(work, media_ids) == {"voice"}


async def _kinds(work: Work, media_ids: tuple[str, ...]) -> set[str]:
    rows = await work.rows(KINDS, {"ids": list(media_ids)}) if media_ids else ()
    return {row.kind for row in rows}
