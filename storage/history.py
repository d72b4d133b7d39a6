"""What one address has said and heard, as a page shows it: inbox rows and outbox rows, merged by time.

A bot's line is shown from the moment its row has been claimed (`sending`), so a reader never waits for the sender's
bookkeeping. Rows of one address are claimed in the order of `seq`: (inbox id, outbox seq) is a cursor without gaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Select, and_, func, or_, select

from bot.messages import Inbound, Outbound
from storage.schema import address, inbox, media, outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

MOST_LINES = 200
SHOWN = ("sending", "sent", "unknown")
# `dead` are messages that our own fault left without an answer: the person said them all the same.
HEARD = ("done", "dead")
_CURSOR = re.compile(r"(\d{1,18})\.(\d{1,18})")


class Cursor(NamedTuple):
    """How far a reader has come: the newest inbox id and the newest outbox seq that it has."""

    heard: int = 0
    said: int = 0

    def __str__(self) -> str:
        return f"{self.heard}.{self.said}"


def read_cursor(text: str) -> Cursor | None:
    """The cursor in `text`, None when it is none of ours."""
    found = _CURSOR.fullmatch(text)
    return Cursor(int(found[1]), int(found[2])) if found else None


class Line(Struct, frozen=True):
    """One thing said by the person (an Inbound) or by the bot (an Outbound).

    `key` never changes and is unique in a talk: the id the page gave its own message, or "o" and the outbox row's id.
    `provider_id` is what a reply to a bot's line names, "" while the line is on its way. One that was `edited` takes
    the place of the line with its key that the reader has.
    """

    key: str
    at: float
    what: Inbound | Outbound
    provider_id: str = ""
    edited: bool = False


class Lines(Struct, frozen=True):
    """Lines in order; `fresh` when they do not follow the cursor that was given and replace all that was shown."""

    lines: tuple[Line, ...]
    cursor: Cursor
    fresh: bool


class Picture(Struct, frozen=True):
    """What became of a file: its status, and where it and its thumbnail are kept ("" while or because they are not)."""

    status: str
    kind: str
    reason: str = ""
    key: str = ""
    thumbnail: str = ""
    mime: str = ""
    width: int = 0
    height: int = 0


class Pictures(NamedTuple):
    """Files by their ids, and by the moment in which they were sent."""

    by_id: dict[str, Picture]
    by_moment: dict[float, list[Picture]]

    def of(self, line: Line) -> list[Picture | None]:
        """A line's files, None for each that is not there or cannot be told from another line's."""
        if isinstance(line.what, Outbound):
            return [self.by_id.get(each) for each in line.what.media]
        sent: list[Picture | None] = list(self.by_moment.get(line.at, ())) if line.what.attachments else []
        count = len(line.what.attachments)
        return sent if len(sent) == count else [None] * count


async def read_lines(
    connection: AsyncConnection, account: str, external: str, after: Cursor | None = None, most: int = MOST_LINES
) -> Lines:
    """What `external` has said and heard after a cursor, at most the newest `most` of each side."""
    top = (await newest(connection, account, [external])).get(external, Cursor())
    # A cursor ahead of everything: rows were erased, or the database is another one. Begin again.
    follows = after is not None and top.heard >= after.heard and top.said >= after.said
    start = after if after is not None and follows else Cursor()
    heard = await _heard(connection, account, external, start, most)
    said = await _said(connection, account, external, start, most)
    changed = await _changed(connection, said)
    # Not `top`: a row may have come between two reads, and what was not read must not be passed.
    cursor = Cursor(
        max((row.id for row in heard), default=start.heard), max((row.seq for row in said), default=start.said)
    )
    fresh = not follows or most in (len(heard), len(said))
    return Lines(tuple(_merge(heard, said, changed)[-most if fresh else 0 :]), cursor, fresh)


def _merge(heard: Sequence[Any], said: Sequence[Any], changed: dict[str, int]) -> list[Line]:
    """Both sides by time; each side keeps its own order whatever the clocks say.

    What changes an earlier line takes its place; `changed` are the ids of those lines by their effect keys.
    """
    lines: list[tuple[float, int, int, Line]] = []
    at: dict[str, int] = {}
    latest = 0.0
    for row in said:
        latest = max(latest, row.done_at or row.sending_since or row.due_at)
        if not row.payload:  # erased when old
            continue
        out = msgspec.json.decode(row.payload, type=Outbound)
        known = out.card in changed
        # What it changed is long forgotten: it stands for itself, and the next change of the same takes its place.
        first = changed.setdefault(out.card, row.id) if out.card else row.id
        line = Line(f"o{first}", latest, out, "" if known else row.provider_id)
        if out.card and line.key in at:
            when, side, seq, before = lines[at[line.key]]
            lines[at[line.key]] = (when, side, seq, msgspec.structs.replace(before, what=out))
            continue
        at[line.key] = len(lines)
        lines.append((latest, 1, row.seq, msgspec.structs.replace(line, edited=known)))
    for row in heard:
        if row.body:  # erased when old or when the person asked for it
            what = msgspec.json.decode(row.body, type=Inbound)
            lines.append((row.received_at, 0, row.id, Line(what.message or f"i{row.id}", row.received_at, what)))
    return [line for *_, line in sorted(lines, key=lambda entry: entry[:3])]


async def _changed(connection: AsyncConnection, said: Sequence[Any]) -> dict[str, int]:
    """The ids of the rows whose lines these rows change, by their effect keys."""
    payloads = [row.payload for row in said if '"card":' in row.payload]
    keys = {msgspec.json.decode(payload, type=Outbound).card for payload in payloads} - {""}
    if not keys:
        return {}
    rows = await connection.execute(select(outbox.c.id, outbox.c.effect_key).where(outbox.c.effect_key.in_(keys)))
    return {row.effect_key: row.id for row in rows}


async def _heard(connection: AsyncConnection, account: str, external: str, after: Cursor, most: int) -> Sequence[Any]:
    statement = (
        select(inbox.c.id, inbox.c.body, inbox.c.received_at)
        .join(address, _lives_at(inbox.c.address_id, account, external))
        .where(inbox.c.kind == "message", inbox.c.status.in_(HEARD), inbox.c.id > after.heard)
        .order_by(inbox.c.id.desc())
        .limit(most)
    )
    return list(reversed((await connection.execute(statement)).all()))


async def _said(connection: AsyncConnection, account: str, external: str, after: Cursor, most: int) -> Sequence[Any]:
    o = outbox.c
    statement = (
        select(o.id, o.seq, o.payload, o.provider_id, o.due_at, o.sending_since, o.done_at)
        .join(address, _lives_at(o.address_id, account, external))
        .where(o.kind == "message", o.status.in_(SHOWN), o.seq > after.said)
        .order_by(o.seq.desc())
        .limit(most)
    )
    return list(reversed((await connection.execute(statement)).all()))


async def newest(connection: AsyncConnection, account: str, externals: Iterable[str]) -> dict[str, Cursor]:
    """How far each of these addresses has come; who never wrote is absent."""
    names = list(externals)
    tops: dict[str, Cursor] = {}
    for begin in range(0, len(names), 500):
        for row in await connection.execute(_tops(account, names[begin : begin + 500])):
            tops[row.external] = Cursor(row.heard or 0, row.said or 0)
    return tops


def _tops(account: str, externals: list[str]) -> Select[tuple[str, int, int]]:
    heard = select(func.max(inbox.c.id)).where(
        inbox.c.address_id == address.c.id, inbox.c.kind == "message", inbox.c.status.in_(HEARD)
    )
    said = select(func.max(outbox.c.seq)).where(
        outbox.c.address_id == address.c.id, outbox.c.kind == "message", outbox.c.status.in_(SHOWN)
    )
    return select(
        address.c.external, heard.scalar_subquery().label("heard"), said.scalar_subquery().label("said")
    ).where(address.c.account == account, address.c.external.in_(externals))


async def provider_id(connection: AsyncConnection, account: str, external: str, outbox_id: int) -> str:
    """The name that the channel gave to a bot's line of this address; "" when there is none."""
    statement = (
        select(outbox.c.provider_id)
        .join(address, _lives_at(outbox.c.address_id, account, external))
        .where(outbox.c.id == outbox_id)
    )
    return str((await connection.execute(statement)).scalar() or "")


async def read_pictures(
    connection: AsyncConnection, account: str, external: str, ids: Iterable[str], moments: Iterable[float]
) -> Pictures:
    """The files with these ids, and those that this address sent in these moments.

    A file's row is written in the transaction of the message it came with, so both have the same time; the reference
    that it came under is forgotten once it has been fetched.
    """
    wanted, times = set(ids), set(moments)
    found = Pictures({}, {})
    if not wanted and not times:
        return found
    own = select(address.c.id).where(address.c.account == account, address.c.external == external).scalar_subquery()
    sent = and_(media.c.address_id == own, media.c.created_at.in_(times))
    statement = select(media, sent.label("sent")).where(or_(media.c.id.in_(wanted), sent)).order_by(media.c.id)
    for row in await connection.execute(statement):
        picture = Picture(**{name: getattr(row, name) for name in Picture.__struct_fields__})
        if row.id in wanted:
            found.by_id[row.id] = picture
        if row.sent:
            found.by_moment.setdefault(row.created_at, []).append(picture)
    return found


def _lives_at(column: Any, account: str, external: str) -> Any:
    return and_(column == address.c.id, address.c.account == account, address.c.external == external)
