"""A manager's second proof: a code that she is shown at one address and writes from another one of hers.

Only a keyed hash is kept of a code. A wrong try leaves a row without a hash, so that tries are counted where they are
made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from sqlalchemy import delete, func, select, update

from storage.schema import address, official, second_proof

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

DIGITS = 6
CODE_VALID = 600.0
HOUR, DAY = 3600.0, 86400.0
MOST_SHOWN, MOST_TRIES = 5, 5
# Where writing from there shows that something else is hers; anybody can open a page.
PROVING = ("sms", "whatsapp", "telegram")

Verdict = Literal["proved", "wrong", "spent", "same"]


class Proof(Struct, frozen=True):
    """What came of a try: `person_id` is proved at `address_id` for these `bodies`, where it was right."""

    verdict: Verdict
    person_id: int = 0
    address_id: int = 0
    bodies: list[str] = []


async def may_show(work: Work, address_id: int) -> bool:
    """False when this address was shown as many codes lately as are good for anybody."""
    return await _count(work, address_id, tries=False) < MOST_SHOWN


async def show(work: Work, person_id: int, address_id: int, code_hash: str) -> None:
    """Write down that a code was shown there; one that was shown before is good for nothing now."""
    p = second_proof.c
    await work.execute(update(second_proof).where(p.address_id == address_id).values(expires_at=work.now))
    _write(work, person_id, address_id, code_hash)


async def try_code(work: Work, person_id: int, address_id: int, code_hash: str) -> Proof:
    """Whether this is the hash of a code that a manager was just shown at another address; a right one is spent."""
    if await _count(work, address_id, tries=True) >= MOST_TRIES:
        return Proof("spent")
    p, shown = second_proof.c, address.alias("shown")
    live = (p.code_hash == code_hash, p.used_at.is_(None), p.expires_at > work.now)
    row = await work.first(
        select(p.id, p.person_id, p.address_id, shown.c.account)
        .join(shown, shown.c.id == p.address_id)
        .where(*live)
        .with_for_update(of=second_proof)
    )
    if row is None:
        _write(work, person_id, address_id, "")
        return Proof("wrong")
    if not await _is_another(work, address_id, row.account):
        return Proof("same")
    await work.execute(update(second_proof).where(p.id == row.id).values(used_at=work.now, code_hash=""))
    return Proof("proved", row.person_id, row.address_id, await prove(work, row.person_id, row.address_id))


async def prove(work: Work, person_id: int, address_id: int) -> list[str]:
    """Let a manager's rights begin at an address; the bodies for which they do so now."""
    work.people_changed = True
    o = official.c
    hers = (o.person_id == person_id, o.address_id == address_id, o.role == "manager", o.proved_at.is_(None))
    rows = await work.rows(select(o.body).where(*hers).order_by(o.body))
    await work.execute(update(official).where(*hers).values(proved_at=work.now))
    return [row.body for row in rows]


async def forget_old(connection: AsyncConnection, before: float) -> int:
    """Forget codes and tries of before then; how many."""
    return (await connection.execute(delete(second_proof).where(second_proof.c.created_at < before))).rowcount


async def _is_another(work: Work, address_id: int, account: str) -> bool:
    """True of an address of another kind of channel, where not everybody may write without being somebody."""
    row = await work.first(select(address.c.account, address.c.external).where(address.c.id == address_id))
    kind = row.account.partition(":")[0] if row else ""
    return kind in PROVING and kind != account.partition(":")[0] and "/" not in (row.external if row else "/")


async def _count(work: Work, address_id: int, *, tries: bool) -> int:
    p = second_proof.c
    lately = (p.address_id == address_id, p.created_at > work.now - HOUR)
    # A code that was used has no hash either, and is no try: a try is used by nobody.
    kind = (p.code_hash == "", p.used_at.is_(None)) if tries else (p.code_hash != "",)
    row = await work.first(select(func.count().label("n")).where(*lately, *kind))
    return int(row.n) if row else 0


def _write(work: Work, person_id: int, address_id: int, code_hash: str) -> None:
    work.add(
        second_proof,
        person_id=person_id,
        address_id=address_id,
        code_hash=code_hash,
        created_at=work.now,
        expires_at=work.now + CODE_VALID if code_hash else work.now,
    )
