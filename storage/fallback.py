"""Important messages that did not reach their person: found, and what may be done about each.

They leave the index as soon as `fallback_at` is set, so a look costs what is open and not what ever was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from sqlalchemy import and_, bindparam, case, exists, func, insert, null, or_, select, text, update

from storage.schema import address, outbox, person, supporter, ticket
from storage.schema import update as ticket_update

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from storage.tickets import Ticket
    from storage.work import Work

Why = Literal["blocked", "stopped", "window", "failed", "unknown", "unread"]
# Whether an address can be told something now: "sms" stands for another way that she agreed to.
Reach = Literal["open", "sms", "stopped", "blocked"]

# As text, because a partial index serves only a query that spells its condition.
OPEN = text("outbox.important AND outbox.fallback_at IS NULL")
# Whoever opens the chat lets held words out; who does not within this time is told in another way. In seconds.
HELD_PATIENCE = 600.0
# A doubtful send is asked about at the provider meanwhile.
UNKNOWN_PATIENCE = 3600.0
# A provider tries to deliver an SMS for ten hours (Twilio's ValidityPeriod) and may say only then that it could not.
SETTLED_AFTER = 86400.0
# No person and no address has this id.
NOBODY = 0
NOT_DELIVERED = ("undelivered", "failed", "canceled")
# Accounts whose provider says when a message was read.
TELLS_READING = outbox.c.account.startswith("whatsapp:")
STOPPED = ("opted-out", "opted_out")
POINTLESS = ("erased", "stale", "undone")


class Lost(Struct, frozen=True):
    """An important message that did not reach its person. `to` is the address that she agreed to, if there is one.

    `reporter` is true when she opened the ticket, false when she joined it; `seq` is the step that it told of, 0 when
    it tells of no ticket; `arrived` means that her phone has it, unread.
    """

    id: int
    ticket: str
    body: str
    seq: int
    why: Why
    arrived: bool
    reporter: bool
    to: int | None


async def find_lost(work: Work, unread_after: float, most: int) -> list[Lost]:
    """The oldest messages that did not reach their person, locked; `unread_after` in seconds, 0 for never."""
    statement = lost_statement(work.now, unread_after, most)
    return [
        Lost(row.id, row.ticket, row.body, row.seq, row.why, bool(row.arrived), bool(row.reporter), row.agreed)
        for row in await work.rows(statement)
    ]


def lost_statement(now: float, unread_after: float, most: int) -> Select[Any]:
    """The select behind `find_lost`."""
    c = outbox.c
    why = _why(now, unread_after)
    return (
        select(c.id, c.ticket, func.coalesce(ticket.c.body, "").label("body"), func.coalesce(_step(), 0).label("seq"))
        .add_columns(why.label("why"), and_(c.status == "sent", c.receipt == "delivered").label("arrived"))
        .add_columns(_reported().label("reporter"), _agreed().label("agreed"))
        .select_from(outbox)
        .join(ticket, ticket.c.code == c.ticket, isouter=True)
        .where(OPEN, why.is_not(None))
        .order_by(c.created_at, c.id)
        .limit(most)
        .with_for_update(of=outbox, skip_locked=True)
    )


async def give_up_looking(work: Work, ids: Iterable[int]) -> None:
    """Note that another way was taken for these messages, or that there is none."""
    await work.execute(update(outbox).where(outbox.c.id.in_(list(ids))).values(fallback_at=work.now))


async def settle_reached(work: Work, unread_after: float, most: int) -> int:
    """Look no more at messages that reached their persons, or that nothing more is heard of; how many there were."""
    c = outbox.c
    old = c.done_at < work.now - max(SETTLED_AFTER, unread_after)
    reached = and_(c.status == "sent", or_(c.receipt == "read", old))
    pointless = and_(c.status == "dropped", c.error_class.in_(POINTLESS))
    found = select(c.id).where(OPEN, or_(reached, pointless)).order_by(c.created_at).limit(most)
    return await work.execute(update(outbox).where(c.id.in_(found)).values(fallback_at=work.now))


async def known_keys(work: Work, keys: Sequence[str]) -> set[str]:
    """Those of these effects that are in the outbox already."""
    rows = await work.rows(KNOWN, {"keys": list(keys)}) if keys else []
    return {row.effect_key for row in rows}


async def reach_of(work: Work, address_ids: Sequence[int]) -> dict[int, Reach]:
    """How these addresses can be reached, in their order; one that is no more is missing."""
    rows = await work.rows(REACH, {"ids": list(address_ids)}) if address_ids else []
    found = {row.id: _reach(row) for row in rows}
    return {each: found[each] for each in address_ids if each in found}


async def reach_of_followers(work: Work, found: Ticket) -> dict[int, Reach]:
    """How those can be reached who hear of a ticket's public updates, the reporter first; where is no more is missing.

    They are the reporter's address, and where each supporter joined. Who reported it in one chat and joined it in
    another is one person now, and hears of it where she reported.
    """
    values = {"ticket": found.code, "reporter": found.person_id or NOBODY, "at": found.address_id or NOBODY}
    reach = {row.id: _reach(row) for row in await work.rows(FOLLOWING, values)}
    mine = [found.address_id] if found.address_id in reach else []
    return {each: reach[each] for each in [*mine, *sorted(reach)] if each is not None}


async def note_unreached(work: Work, address_id: int, account: str, code: str, key: str, *, stopped: bool) -> None:
    """Write down that a follow-up was not even said, because its address is closed."""
    row = {
        "account": account,
        "lane": str(address_id),
        "seq": 0,
        "kind": "message",
        "effect_key": key,
        "address_id": address_id,
        "ticket": code,
        "payload": "",
        "status": "dropped",
        "error_class": "opted-out" if stopped else "gone",
        "important": True,
        "due_at": work.now,
        "created_at": work.now,
        "done_at": work.now,
    }
    await work.execute(insert(outbox).values(row))


def _reach(row: Any) -> Reach:
    if row.opted_out_at is not None:
        return "stopped"
    if row.blocked_at is None:
        return "open"
    return "blocked" if row.other is None else "sms"


def _why(now: float, unread_after: float) -> ColumnElement[Any]:
    """Why a message did not reach its person, NULL while it may."""
    c = outbox.c
    since = func.coalesce(c.done_at, c.sending_since, c.created_at)
    unread = (
        [(and_(TELLS_READING, c.status == "sent", c.receipt != "read", since < now - unread_after), "unread")]
        if unread_after
        else []
    )
    return case(
        (and_(c.status == "dropped", c.error_class.in_(STOPPED)), "stopped"),
        (and_(c.status == "dropped", c.error_class == "gone"), "blocked"),
        (and_(c.status == "dropped", c.error_class.not_in(POINTLESS)), "failed"),
        (and_(c.status == "held", since < now - HELD_PATIENCE), "window"),
        (c.status == "failed", "failed"),
        (and_(c.status == "sent", c.receipt.in_(NOT_DELIVERED)), "failed"),
        (and_(c.status == "unknown", since < now - UNKNOWN_PATIENCE), "unknown"),
        *unread,
        else_=null(),
    )


def _step() -> Any:
    """The step that a message told of: the last public one before it was written."""
    u, c = ticket_update.c, outbox.c
    before = select(func.max(u.seq)).where(u.ticket == c.ticket, u.public, u.at <= c.created_at)
    return before.correlate(outbox).scalar_subquery()


def _reported() -> ColumnElement[bool]:
    """Whether the message was for who opened its ticket (and did not merely join it), at whichever address."""
    c, a, p = outbox.c, address.c, person.c
    hers = exists().where(a.id == c.address_id, a.person_id == ticket.c.person_id)
    agreed = exists().where(p.id == ticket.c.person_id, p.fallback_address_id == c.address_id)
    return or_(ticket.c.address_id == c.address_id, hers, agreed)


def _agreed() -> Any:
    """The address that the message's person agreed to, when it may be used.

    A number that was only vouched for may be somebody else's chat: what that one agreed to is about other tickets.
    """
    c, a, s = outbox.c, address.c, supporter.c
    joined = exists().where(s.ticket == c.ticket, s.person_id == a.person_id).correlate(outbox, address)
    hers = or_(ticket.c.person_id == a.person_id, joined)
    owner = select(a.person_id).where(a.id == c.address_id, hers).correlate(outbox, ticket).scalar_subquery()
    return _agreed_by(owner, c.address_id)


def _agreed_by(person_id: Any, address_id: Any) -> Any:
    other, hers = address.alias("other"), address.alias("hers")
    # Her messenger vouched for the number, or she joined it by a code: then it is one of her addresses.
    vouched = exists().where(
        hers.c.person_id == person.c.id, hers.c.phone == other.c.external, hers.c.verified_at.is_not(None)
    )
    statement: Select[Any] = (
        select(other.c.id)
        .join(person, person.c.fallback_address_id == other.c.id)
        .where(person.c.id == person_id, other.c.id != address_id, other.c.account.startswith("sms:"))
        .where(or_(other.c.person_id == person.c.id, vouched))
        .where(other.c.opted_out_at.is_(None), other.c.blocked_at.is_(None))
    )
    return statement.correlate(address, outbox).scalar_subquery()


def _reach_where(these: ColumnElement[bool]) -> Select[Any]:
    """How addresses can be reached; only of those that block us it matters whether there is another way."""
    a = address.c
    other = case((a.blocked_at.is_not(None), _agreed_by(a.person_id, a.id))).label("other")
    return select(a.id, a.opted_out_at, a.blocked_at, other).where(these)


def _joined_at() -> Select[Any]:
    """Where each supporter of a ticket joined, but who reported it."""
    home, s = address.alias("home"), supporter.c
    others = (s.ticket == bindparam("ticket"), s.person_id != bindparam("reporter"))
    each = select(func.coalesce(s.address_id, func.max(home.c.id))).join(home, s.person_id == home.c.person_id)
    return each.where(*others).group_by(s.person_id, s.address_id)


# Built once: to build one costs as much as to run it.
KNOWN = select(outbox.c.effect_key).where(outbox.c.effect_key.in_(bindparam("keys", expanding=True)))
REACH = _reach_where(address.c.id.in_(bindparam("ids", expanding=True)))
FOLLOWING = _reach_where(or_(address.c.id == bindparam("at"), address.c.id.in_(_joined_at())))
