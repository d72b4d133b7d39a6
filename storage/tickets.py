"""Tickets: opened, found, led from status to status."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, bindparam, exists, func, or_, select
from sqlalchemy import update as change

from bot.messages import Place
from storage import deadlines, deliveries
from storage.codes import near_codes
from storage.grid import cell_at
from storage.schema import delivery, supporter, ticket, ticket_body, update
from storage.statuses import CLOSED, GRAPH, NEED_REASON, OPEN, Forbidden, ReasonMissing
from storage.updates import Change, add_update

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work


class Ticket(Struct, frozen=True):
    """One service request as stored. `taken_by` is the person id of the official who works on it.

    `duplicate_of` is the code of the ticket that it was merged into; `incident_at` since when it stands for an outage.
    `answer_by` and `close_by` are its targets, `answered_at` when a human first answered, `closed_at` when it was last
    closed (None while it is open), `planned_for` the day that was promised, `watch_at` when the clock looks at it next
    and `rung` how far up the ladder its silence went, `broken_at` when somebody spoke in time then (None: nobody).
    `priority` is "", "low", "high" or "urgent", `rating` one to five. `public_words` is what the public reads instead
    of the words, None for the words themselves; `held_at` since when it waits for somebody to look whether it is meant.
    Times are Unix seconds.
    """

    code: str
    person_id: int | None
    address_id: int | None
    category: str
    body: str
    area: str
    place: Place
    words: str
    status: str
    language: str
    update_seq: int
    taken_by: int | None
    created_at: float
    updated_at: float
    duplicate_of: str = ""
    incident_at: float | None = None
    priority: str = ""
    planned_for: float | None = None
    answer_by: float | None = None
    answered_at: float | None = None
    close_by: float | None = None
    closed_at: float | None = None
    watch_at: float | None = None
    rung: int = 0
    rating: int | None = None
    public_words: str | None = None
    held_at: float | None = None
    broken_at: float | None = None

    @property
    def open(self) -> bool:
        """Open311's open: everything before resolved."""
        return self.status in OPEN


def open_ticket(
    work: Work,
    *,
    person_id: int,
    address_id: int,
    category: str,
    body: str,
    area: str,
    place: Place,
    words: str,
    media_ids: Sequence[str],
    language: str,
    public_words: str | None = None,
    held: bool = False,
    priority: str = "",
    targets: tuple[float, float] | None = None,
    watch_at: float | None = None,
) -> str:
    """Open a ticket and write its first update; returns its code. One that is `held` waits for somebody to look.

    `targets` are the moments until when it is to be answered and closed, `watch_at` when the clock looks at it first,
    None for at once.
    """
    code = work.new_code()
    work.opened.append(category)
    if person_id in work.opened_at:
        work.opened_at[person_id].append(work.now)
    work.add(
        ticket,
        code=code,
        person_id=person_id,
        address_id=address_id,
        category=category,
        body=body,
        area=area,
        **place_values(place),
        words=words,
        status="received",
        language=language,
        update_seq=1,
        priority=priority,
        answer_by=targets[0] if targets else None,
        close_by=targets[1] if targets else None,
        watch_at=work.now if watch_at is None else watch_at,
        created_at=work.now,
        updated_at=work.now,
        public_words=public_words,
        held_at=work.now if held else None,
    )
    files = tuple(media_ids)
    opening = Change(actor="citizen", person_id=person_id, address_id=address_id, status="received", media=files)
    add_update(work, code, 1, opening)
    return code


def place_values(place: Place) -> dict[str, Any]:
    """What a ticket's row holds of its place: all of it, and its position once more to search by."""
    cell = cell_at(place.lat, place.lon)
    return {"place": msgspec.json.encode(place).decode(), "lat": place.lat, "lon": place.lon, "cell": cell}


# Built once: to build one of these costs as much as to run it.
FOLLOWED_BY = select(func.count()).where(supporter.c.ticket == ticket.c.code).correlate(ticket).scalar_subquery()
TICKET = select(ticket, FOLLOWED_BY.label("joined")).where(ticket.c.code == bindparam("code"))
LOCKED = TICKET.with_for_update(key_share=True)
JOINED = select(supporter.c.ticket).where(
    supporter.c.ticket == bindparam("code"), supporter.c.person_id == bindparam("person")
)


async def by_code(work: Work, code: str, *, lock: bool = True) -> Ticket | None:
    """The ticket with this code, locked against others until the transaction ends; a mere look needs no lock."""
    locks = lock and code not in work.locked
    if locks:
        # Whoever had it locked until now may have changed what was read of it without.
        work.look_again(ticket, update, ticket_body)
    rows = await work.kept_rows(ticket, code, lambda: LOCKED if locks else TICKET, {"code": code})
    if not rows:
        return None
    if locks:
        work.locked.add(code)
    return read_row(rows[0])


async def count_joined(work: Work, code: str) -> int:
    """How many persons joined the ticket; it is read with it."""
    rows = await work.kept_rows(ticket, code, lambda: TICKET, {"code": code})
    return int(rows[0].joined) if rows else 0


async def similar(work: Work, code: str, most: int = 3) -> list[str]:
    """Existing codes one slip away from a mistyped one."""
    rows = await work.rows(select(ticket.c.code).where(ticket.c.code.in_(sorted(near_codes(code)))).limit(most))
    return [row.code for row in rows]


async def append(work: Work, found: Ticket, entry: Change, *, heard: tuple[str, str] | None = None) -> Ticket:
    """Append an update and follow its status; the ticket as it is now. Raises Forbidden, ReasonMissing.

    The history counts on from what is stored, and an arrow starts at the stored status, however old `found` is. A
    public one goes on to everyone the ticket was handed to, but not to whom it was `heard` from, (body, method).
    """
    if entry.status:
        _check_arrow(found, entry)
    if entry.actor == "official":
        work.set_apart(found.code, entry.person_id)
    moved: dict[str, Any] = {"updated_at": work.now}
    if entry.status:
        moved |= {"status": entry.status, "closed_at": _closed_at(work, found, entry)}
    if entry.actor == "official" and entry.public and found.answered_at is None:
        moved["answered_at"] = work.now
    moved |= await deadlines.moved_by(work, found, entry)
    row = await _step(work, found, moved, keeps_to=found.status if entry.status else None)
    if row is None:
        raise Forbidden("another status meanwhile", entry.status, entry.actor)
    add_update(work, found.code, row.update_seq, entry)
    # What nobody else can have handed over meanwhile is known already.
    if entry.public and (row.handed_over or found.code not in work.locked):
        await deliveries.pass_on(work, found.code, row.update_seq, but=heard)
    return read_row(row)


async def _step(work: Work, found: Ticket, moved: dict[str, Any], *, keeps_to: str | None) -> Row[Any] | None:
    """Write what moves at a ticket; None where its status is not (any more) the one that it keeps to."""
    # What is counted on from the row itself is seldom, and no parameter.
    counted = {name: value for name, value in moved.items() if isinstance(value, ColumnElement)}
    plain = tuple(name for name in moved if name not in counted)
    statement = _stepping(plain, keeps=keeps_to is not None)
    values = {f"b_{name}": moved[name] for name in plain} | {"b_code": found.code}
    if keeps_to is not None:
        values["b_before"] = keeps_to
    return await work.first(statement.values(**counted) if counted else statement, values)


@cache
def _stepping(names: tuple[str, ...], *, keeps: bool) -> Any:
    """The statement that sets these columns; there are as many as there are kinds of steps."""
    here = [ticket.c.code == bindparam("b_code"), *([ticket.c.status == bindparam("b_before")] if keeps else [])]
    values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
    if "answered_at" in names:
        values["answered_due"] = ticket.c.answer_by
    step = change(ticket).where(*here).values(update_seq=ticket.c.update_seq + 1, **values)
    return step.returning(ticket, exists().where(delivery.c.ticket == ticket.c.code).label("handed_over"))


async def of_person(work: Work, person_id: int, most: int = 10) -> list[Ticket]:
    """The newest tickets that a person opened or joined."""
    joined = select(supporter.c.ticket).where(supporter.c.person_id == person_id)
    statement = (
        select(ticket)
        .where(or_(ticket.c.person_id == person_id, ticket.c.code.in_(joined)))
        .order_by(ticket.c.created_at.desc())
        .limit(most)
    )
    return [read_row(row) for row in await work.rows(statement)]


async def of_bodies(
    work: Work, bodies: Sequence[str], most: int, offset: int = 0, *, held: bool = False
) -> list[Ticket]:
    """Open tickets of these bodies, or those that are `held`: reopened and new first, then the oldest."""
    statement = (
        select(ticket)
        .where(*open_of(bodies, held=held))
        .order_by(ticket.c.status != "reopened", ticket.c.status != "received", ticket.c.created_at, ticket.c.code)
        .limit(most)
        .offset(offset)
    )
    return [read_row(row) for row in await work.rows(statement)]


def open_of(bodies: Sequence[str], *, held: bool = False) -> list[ColumnElement[bool]]:
    """What is true of the open tickets at which these bodies work; with `held` of those nobody has looked at yet."""
    looked_at = ticket.c.held_at.is_not(None) if held else ticket.c.held_at.is_(None)
    return [had_by(bodies), ticket.c.status.in_(OPEN), looked_at]


def had_by(bodies: Sequence[str]) -> ColumnElement[bool]:
    """True of the tickets that these bodies have, whether they lead or stand beside."""
    beside = select(ticket_body.c.ticket).where(ticket_body.c.body.in_(bodies))
    return or_(ticket.c.body.in_(bodies), ticket.c.code.in_(beside))


async def supports(work: Work, code: str, person_id: int) -> bool:
    """True when this person joined the ticket, over whichever address."""
    return await work.first(JOINED, {"code": code, "person": person_id}) is not None


async def counts_by_category(connection: AsyncConnection) -> dict[str, int]:
    """How many tickets each category has, for "most used first"."""
    rows = await connection.execute(select(ticket.c.category, func.count()).group_by(ticket.c.category))
    return {row[0]: row[1] for row in rows}


def _check_arrow(found: Ticket, entry: Change) -> None:
    if entry.actor not in GRAPH[found.status].get(entry.status, ()):
        raise Forbidden(found.status, entry.status, entry.actor)
    if entry.status in NEED_REASON and not (entry.reason or entry.words).strip():
        raise ReasonMissing(entry.status)


def _closed_at(work: Work, found: Ticket, entry: Change) -> float | None:
    """A confirmation closes nothing: it was resolved before."""
    return (found.closed_at or work.now) if entry.status in CLOSED else None


# Read by their numbers, and not by their names: of nothing there are so many rows.
_AT = [list(ticket.c).index(ticket.c[name]) for name in Ticket.__struct_fields__]
_PLACE = Ticket.__struct_fields__.index("place")
_before, _after = itemgetter(*_AT[:_PLACE]), itemgetter(*_AT[_PLACE + 1 :])
_read_place = msgspec.json.Decoder(Place).decode


def read_row(row: Row[Any]) -> Ticket:
    """A ticket from a row that begins with the columns of its table, in their order."""
    return Ticket(*(*_before(row), _read_place(row[_AT[_PLACE]]), *_after(row)))
