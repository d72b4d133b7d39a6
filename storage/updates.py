"""The append-only history of tickets: what was done and said, by whom, with which files."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import bindparam, select

from storage.schema import media, ticket_media, update
from storage.statuses import Actor

if TYPE_CHECKING:
    from sqlalchemy import Row

    from storage.work import Work


class Update(Struct, frozen=True):
    """One entry of a ticket's history; `status` is the one it led to, "" when it holds words only.

    `action` names what no status tells ("assigned", "noted"), `address_id` is from where it was done, `public_words`
    what the public reads instead of the words (None: the words). `whom` is whose the ticket is by it (a person's id),
    `about` what of it was meant: an entry's number, a file's id; neither is for the public.
    """

    seq: int
    at: float
    actor: Actor
    person_id: int | None
    body: str
    status: str
    reason: str
    words: str
    public: bool
    media: tuple[str, ...] = ()
    address_id: int | None = None
    action: str = ""
    public_words: str | None = None
    whom: int | None = None
    about: str = ""


class Change(Struct, frozen=True, kw_only=True):
    """What is to be appended: who, from where, which status or action (or none), words, files.

    `public` ones reach the citizen; `public_words` is what the public reads of them instead, None for the same.
    `whom` is whose the ticket is by it, `about` what of it is meant, `look_at` when the clock is to look at the ticket
    after it, where that is known; None for at once.
    """

    actor: Actor
    person_id: int | None = None
    address_id: int | None = None
    body: str = ""
    status: str = ""
    reason: str = ""
    words: str = ""
    public: bool = True
    action: str = ""
    media: tuple[str, ...] = ()
    public_words: str | None = None
    whom: int | None = None
    about: str = ""
    look_at: float | None = None


_NAMES = Update.__struct_fields__
_MEDIA = _NAMES.index("media")
# Built once: to build one of these costs as much as to run it. An entry's row comes as often as it has files.
HISTORY = (
    select(*(update.c[name] for name in _NAMES if name != "media"), media.c.id.label("file"), ticket_media.c.hidden_at)
    .outerjoin(ticket_media, (ticket_media.c.ticket == update.c.ticket) & (ticket_media.c.update_seq == update.c.seq))
    .outerjoin(media, (media.c.id == ticket_media.c.media_id) & (media.c.status != "refused"))
    .where(update.c.ticket == bindparam("code"))
    .order_by(update.c.seq, ticket_media.c.position)
)


def add_update(work: Work, code: str, seq: int, entry: Change) -> None:
    """Write an entry of a ticket's history down; what it does to the ticket is its caller's to write."""
    values: dict[str, Any] = {
        name: getattr(entry, name)
        for name in ("actor", "person_id", "address_id", "body", "status", "action", "reason", "words", "public")
    }
    values |= {"public_words": entry.public_words, "whom": entry.whom, "about": entry.about}
    # Here, because nothing that happens to a ticket goes another way.
    if seq > 1:
        work.moved[code] = seq
    work.add(update, ticket=code, seq=seq, at=work.now, **values)
    for position, media_id in enumerate(entry.media):
        work.add(ticket_media, ticket=code, media_id=media_id, update_seq=seq, position=position)


async def history(work: Work, code: str, *, public_only: bool) -> list[Update]:
    """A ticket's updates, oldest first, each with the ids of its files that are not refused."""
    rows = await work.kept_rows(update, code, lambda: HISTORY, {"code": code})
    entries = [_update(list(same), shown_only=public_only) for _, same in groupby(rows, _seq)]
    return [each for each in entries if each.public or not public_only]


async def step(work: Work, code: str, seq: int) -> Update | None:
    """One entry of a ticket's history."""
    return next((each for each in await history(work, code, public_only=False) if each.seq == seq), None)


async def media_of(work: Work, code: str) -> tuple[str, ...]:
    """The files of the report itself."""
    opening = await step(work, code, 1)
    return opening.media if opening else ()


async def first_photos(work: Work, codes: Sequence[str]) -> dict[str, str]:
    """The id of the first photo of each of these reports; those without are missing."""
    statement = (
        select(ticket_media.c.ticket, ticket_media.c.media_id)
        .join(media, media.c.id == ticket_media.c.media_id)
        .where(ticket_media.c.ticket.in_(codes), media.c.kind == "photo", media.c.status != "refused")
        .where(ticket_media.c.hidden_at.is_(None))
        .order_by(ticket_media.c.update_seq.desc(), ticket_media.c.position.desc())
    )
    return {row.ticket: row.media_id for row in await work.rows(statement)}


async def previous_status(work: Work, code: str) -> str:
    """The status a ticket had before it began to wait for the citizen."""
    rows = await work.rows(
        select(update.c.status).where(update.c.ticket == code, update.c.status != "").order_by(update.c.seq.desc())
    )
    past = [row.status for row in rows if row.status != "waiting_citizen"]
    return past[0] if past and past[0] in ("planned", "in_progress") else "acknowledged"


_seq = itemgetter(_NAMES.index("seq"))


def _update(rows: Sequence[Row[Any]], *, shown_only: bool) -> Update:
    """An entry from its rows, one for each of its files, or the only one where it has none."""
    first, files = rows[0], ()
    if first.file or rows[1:]:
        files = tuple(row.file for row in rows if row.file and not (shown_only and row.hidden_at is not None))
    return Update(*(*first[:_MEDIA], files, *first[_MEDIA:-2]))
