"""A manager's second proof: a code that goes to another address, and that she writes where she was invited.

Whoever invited her names that address: a telephone of hers, or else the inviter's own chat, who asks her in person. So
somebody who got hold of the invitation cannot manage by it. Only a keyed hash is kept of a code. A wrong try leaves a
row without a hash, so that tries are counted where they are made.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from sqlalchemy import delete, func, select, update

from storage.schema import invite, official, second_proof

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

DIGITS = 6
CODE_VALID = 600.0
HOUR, DAY = 3600.0, 86400.0
MOST_SENT, MOST_TRIES = 5, 5
MOST_REASON = 300

Verdict = Literal["proved", "wrong", "spent"]


class Proof(Struct, frozen=True):
    """What came of a try: who tried is proved for these `bodies`, where it was right."""

    verdict: Verdict
    bodies: list[str] = []


class Named(Struct, frozen=True):
    """Where a manager's code may go: a telephone in E.164 ("": none was named), and the address of who invited her.

    `who` is what she was called in the invitation; `address_id` is None where who invited her manages no more, or was
    the operator.
    """

    phone: str = ""
    address_id: int | None = None
    who: str = ""


async def may_send(work: Work, address_id: int) -> bool:
    """False when as many codes were sent for this address lately as are good for anybody."""
    return await _count(work, address_id, tries=False) < MOST_SENT


async def named_by(work: Work, person_id: int, bodies: Collection[str]) -> Named:
    """What the last invitation to manage says that this person used."""
    i, o = invite.c, official.c
    used = select(i.second, i.made_by, i.name).where(i.used_by == person_id, i.role == "manager")
    row = await work.first(used.order_by(i.used_at.desc()).limit(1))
    if row is None:
        return Named()
    manages = (o.person_id == row.made_by, o.body.in_(bodies), o.role == "manager", o.proved_at.is_not(None))
    inviter = await work.first(select(o.address_id).where(*manages, o.person_id != person_id).order_by(o.id))
    return Named(row.second, inviter.address_id if inviter else None, row.name)


async def send(work: Work, person_id: int, address_id: int, code_hash: str, sent_to: int) -> None:
    """Write down that a code for this address went to another; one that went before is good for nothing now."""
    p = second_proof.c
    await work.execute(update(second_proof).where(p.address_id == address_id).values(expires_at=work.now))
    _write(work, person_id, address_id, code_hash, sent_to)


async def try_code(work: Work, person_id: int, address_id: int, code_hash: str) -> Proof:
    """Whether this is the hash of the code that was last sent for this address; a right one is spent and proves."""
    if await _count(work, address_id, tries=True) >= MOST_TRIES:
        return Proof("spent")
    p = second_proof.c
    live = (p.address_id == address_id, p.code_hash == code_hash, p.used_at.is_(None), p.expires_at > work.now)
    row = await work.first(select(p.id).where(*live).with_for_update())
    if row is None:
        _write(work, person_id, address_id, "", None)
        return Proof("wrong")
    await work.execute(update(second_proof).where(p.id == row.id).values(used_at=work.now, code_hash=""))
    return Proof("proved", await prove(work, person_id, address_id))


async def prove(work: Work, person_id: int, address_id: int, *, confirmed: str = "") -> list[str]:
    """Let a manager's rights begin at an address; the bodies for which they do so now.

    `confirmed` is why an operator lets them begin without the proof, "" with it.
    """
    work.people_changed = True
    o = official.c
    hers = (o.person_id == person_id, o.address_id == address_id, o.role == "manager", o.proved_at.is_(None))
    rows = await work.rows(select(o.body).where(*hers).order_by(o.body))
    await work.execute(update(official).where(*hers).values(proved_at=work.now, confirmed=confirmed[:MOST_REASON]))
    # The number was for this, and for nothing else.
    await work.execute(update(invite).where(invite.c.used_by == person_id).values(second=""))
    return [row.body for row in rows]


async def forget_old(connection: AsyncConnection, before: float) -> int:
    """Forget codes and tries of before then, and the numbers in invitations that are over; how many codes."""
    over = update(invite).where(invite.c.expires_at < before, invite.c.second != "")
    await connection.execute(over.values(second=""))
    return (await connection.execute(delete(second_proof).where(second_proof.c.created_at < before))).rowcount


async def _count(work: Work, address_id: int, *, tries: bool) -> int:
    p = second_proof.c
    lately = (p.address_id == address_id, p.created_at > work.now - HOUR)
    # A code that was used has no hash either, and is no try: a try is used by nobody.
    kind = (p.code_hash == "", p.used_at.is_(None)) if tries else (p.code_hash != "",)
    row = await work.first(select(func.count().label("n")).where(*lately, *kind))
    return int(row.n) if row else 0


def _write(work: Work, person_id: int, address_id: int, code_hash: str, sent_to: int | None) -> None:
    work.add(
        second_proof,
        person_id=person_id,
        address_id=address_id,
        code_hash=code_hash,
        created_at=work.now,
        expires_at=work.now + CODE_VALID if code_hash else work.now,
        sent_to=sent_to,
    )
