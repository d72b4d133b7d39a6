"""Several addresses of one person: how they become one, and how one leaves again with what was done over it.

An office never travels: it hangs on the address, or the group, where it was given (see storage/officials.py).
Whoever changes persons here holds the addresses' rows first, so that a report sent meanwhile is not left behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from sqlalchemy import and_, delete, exists, insert, or_, select, update

from storage import phones, verdicts
from storage.people import NEW_PERSON, is_private
from storage.schema import address, joining, official, person, phone_proof, supporter, ticket
from storage.schema import update as ticket_update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.people import Person
    from storage.work import Work

# Operators give a number to somebody else after some months of silence. Who proved it longer ago may have lost it
# since: a newcomer with the number is joined with the number alone.
PROOF_LASTS = 90 * 86400.0


class Sibling(Struct, frozen=True):
    """A private address of a person; `phone` is the number that was proved there, at `verified_at`."""

    address_id: int
    account: str
    external: str
    phone: str
    verified_at: float | None


async def siblings(work: Work, found: Person, *, lock: bool = True) -> list[Sibling]:
    """The person's other private addresses, oldest first; locked, but for a mere look."""
    return [each for each in await _private(work, found.id, lock=lock) if each.address_id != found.address_id]


class Joined(NamedTuple):
    """Whom a joining concerns but for who asked: those who are one person now, and those whom the number left."""

    together: list[Sibling]
    left: list[Sibling]


async def join(work: Work, found: Person, line: phones.Line) -> Joined:
    """Make one person of this one and of whoever has the number's own address.

    Both have proved the number: the one typed the code, at the other the code arrived.
    """
    work.people_changed = True
    if line.person_id == found.id:
        return Joined([], [])
    before = await siblings(work, found)
    others = await _private(work, line.person_id)
    rest = [each for each in others if each.address_id != line.address_id]
    if any(_lapsed(each, work.now) for each in rest):
        await _take_number_away(work, line, rest)
        await _move_addresses(work, [line.address_id], line.person_id, found.id)
        number = [each for each in others if each.address_id == line.address_id]
        return Joined([*number, *before], rest)
    moving = await _addresses(work, line.person_id)
    await _move_person(work, line.person_id, found.id)
    await _move_addresses(work, moving, line.person_id, found.id)
    return Joined([*others, *before], [])


async def separate(work: Work, found: Person) -> list[Sibling]:
    """Give this address a person of its own again, with the reports made and joined over it; the others, to be told.

    Nobody is left with a number that the leaving address denies, nor told by SMS what was agreed when they were one.
    """
    others = await siblings(work, found)
    if not others:
        return []
    work.people_changed = True
    leaving = await _addresses(work, found.id, found)
    home = await _home(work, found)
    for table in (ticket, supporter):
        mine = (table.c.person_id == found.id, table.c.address_id.in_(leaving))
        await work.execute(update(table).where(*mine).values(person_id=home))
    await _move_offices(work, leaving, found.id, home)
    await work.execute(update(address).where(address.c.id.in_(leaving)).values(person_id=home))
    await work.execute(update(person).where(person.c.id.in_((home, found.id))).values(fallback_address_id=None))
    await _close(work, leaving, found.id, home, alone=len(others) == 1)
    await _deny(work, found, others)
    return others


async def forget(work: Work, found: Person) -> None:
    """What `erasing.erase_person` does not know of: words written as who she was before, proofs, joinings."""
    mine = select(address.c.id).where(address.c.person_id == found.id)
    j, u = joining.c, ticket_update.c
    once = select(j.person_from).where(j.person_to == found.id)
    hers = select(ticket.c.code).where(ticket.c.person_id == found.id)
    # Who left keeps what she wrote elsewhere, except on the reports that left with this one.
    said = or_(u.person_id.in_(once.where(j.undone_at.is_(None))), and_(u.person_id.in_(once), u.ticket.in_(hers)))
    spoken = update(ticket_update).where(said, u.actor == "citizen")
    await work.execute(spoken.values(person_id=None, address_id=None, words="", public_words=None))
    reached = or_(person.c.id == found.id, person.c.fallback_address_id.in_(mine))
    await work.execute(update(person).where(reached).values(fallback_address_id=None))
    await phones.erase_proofs(work, mine)
    await work.execute(delete(joining).where(j.address_id.in_(mine)))
    here = update(address).where(address.c.id == found.address_id)
    await work.execute(here.values(verified_at=None))
    await work.execute(here.where(address.c.phone != address.c.external).values(phone=""))


def _lapsed(each: Sibling, now: float) -> bool:
    return each.verified_at is None or each.verified_at < now - PROOF_LASTS


async def _private(work: Work, person_id: int, *, lock: bool = True) -> list[Sibling]:
    a = address.c
    columns = select(a.id, a.account, a.external, a.phone, a.verified_at)
    statement = columns.where(a.person_id == person_id, is_private(a.external)).order_by(a.id)
    rows = await work.rows(statement.with_for_update(key_share=True) if lock else statement)
    return [Sibling(row.id, row.account, row.external, row.phone, row.verified_at) for row in rows]


async def _addresses(work: Work, person_id: int, only: Person | None = None) -> list[int]:
    """The ids of a person's addresses, locked: all of them, or one's with those of the same user in groups."""
    a = address.c
    one = []
    if only is not None:
        in_groups = a.external.endswith(f"/{only.external}", autoescape=True)
        one = [a.account == only.account, or_(a.external == only.external, in_groups)]
    statement = select(a.id).where(a.person_id == person_id, *one).order_by(a.id)
    return [row.id for row in await work.rows(statement.with_for_update(key_share=True))]


async def _move_person(work: Work, old: int, new: int) -> None:
    """All that one person has becomes another's, without doubles."""
    await work.execute(update(ticket).where(ticket.c.person_id == old).values(person_id=new))
    s, twin = supporter.c, supporter.alias()
    both = exists().where(twin.c.ticket == s.ticket, twin.c.person_id == new)
    await work.execute(delete(supporter).where(s.person_id == old, both))
    await work.execute(update(supporter).where(s.person_id == old).values(person_id=new))
    await verdicts.move(work, old, new)
    await work.execute(
        update(joining).where(joining.c.person_to == old, joining.c.undone_at.is_(None)).values(person_to=new)
    )
    row = await work.first(select(person.c.low_data, person.c.fallback_address_id).where(person.c.id == old))
    if row is None:
        return
    kept = update(person).where(person.c.id == new)
    if row.low_data:
        await work.execute(kept.values(low_data=True))
    if row.fallback_address_id is not None:
        await work.execute(
            kept.where(person.c.fallback_address_id.is_(None)).values(fallback_address_id=row.fallback_address_id)
        )


async def _move_addresses(work: Work, moving: Sequence[int], old: int, new: int) -> None:
    await _move_offices(work, moving, old, new)
    await work.execute(update(address).where(address.c.id.in_(moving)).values(person_id=new))
    rows = [{"address_id": one, "person_from": old, "person_to": new, "at": work.now} for one in moving]
    await work.execute(insert(joining), rows)


async def _move_offices(work: Work, moving: Sequence[int], old: int, new: int) -> None:
    held = select(official.c.body).where(official.c.address_id.in_(moving))
    at_work = update(ticket).where(ticket.c.taken_by == old, ticket.c.body.in_(held))
    await work.execute(at_work.values(taken_by=new))
    mine = (official.c.address_id.in_(moving), official.c.person_id == old)
    await work.execute(update(official).where(*mine).values(person_id=new))


async def _take_number_away(work: Work, line: phones.Line, left: Sequence[Sibling]) -> None:
    """The number goes to somebody else; its earlier owner keeps all reports, and hears of them where she still is."""
    heir = left[0].address_id
    for table in (ticket, supporter):
        there = (table.c.person_id == line.person_id, table.c.address_id == line.address_id)
        await work.execute(update(table).where(*there).values(address_id=heir))
    await work.execute(delete(official).where(official.c.address_id == line.address_id))
    closing = update(joining).where(joining.c.person_to == line.person_id, joining.c.address_id == line.address_id)
    await work.execute(closing.where(joining.c.undone_at.is_(None)).values(undone_at=work.now))
    gone = (person.c.id == line.person_id, person.c.fallback_address_id == line.address_id)
    await work.execute(update(person).where(*gone).values(fallback_address_id=None))
    await _unprove(work, [each.address_id for each in left])


async def _home(work: Work, found: Person) -> int:
    """The person that this address was before it was joined, if nobody is that person now; else a new one."""
    j = joining.c
    lived = exists().where(address.c.person_id == j.person_from)
    past = select(j.person_from).where(j.address_id == found.address_id, j.undone_at.is_(None), ~lived)
    row = await work.first(past.order_by(j.id).limit(1))
    if row is None:
        row = await work.first(NEW_PERSON.values(created_at=work.now))
    return int(row[0]) if row is not None else found.id


async def _close(work: Work, leaving: Sequence[int], old: int, home: int, *, alone: bool) -> None:
    j = joining.c
    over = j.person_to == old if alone else j.address_id.in_(leaving)
    await work.execute(update(joining).where(over, j.undone_at.is_(None)).values(undone_at=work.now))
    # So that her words of the time in between are found when she asks to be forgotten.
    times = {"person_from": old, "person_to": home, "at": work.now, "undone_at": work.now}
    await work.execute(insert(joining), [{"address_id": one, **times} for one in leaving])


async def _deny(work: Work, found: Person, others: Sequence[Sibling]) -> None:
    row = await work.first(select(address.c.phone).where(address.c.id == found.address_id))
    phone = row.phone if row is not None else ""
    claimed = [each.address_id for each in others if phone == found.external and each.phone == phone]
    await _unprove(work, [found.address_id, *claimed])


async def _unprove(work: Work, address_ids: Sequence[int]) -> None:
    a, p = address.c, phone_proof.c
    here = update(address).where(a.id.in_(address_ids))
    await work.execute(here.values(verified_at=None))
    await work.execute(here.where(a.phone != a.external).values(phone=""))
    open_ = (p.address_id.in_(address_ids), p.used_at.is_(None), p.expires_at > work.now)
    await work.execute(update(phone_proof).where(*open_).values(expires_at=work.now, code_hash=""))
