"""Phone numbers that people prove to be theirs: the codes sent there, and where a number is reached.

Of a code only a keyed hash is kept. Its words stand in the outbox until it is used, replaced or old, and no longer.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import structlog
from sqlalchemy import and_, case, delete, exists, func, insert, literal, or_, select, update

from storage import people
from storage.schema import address, conversation, official, outbox, person, phone_proof

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

log = structlog.get_logger(__name__)

DIGITS = 6
CODE_VALID = 600.0
MOST_TRIES = 5
HOUR, DAY = 3600.0, 86400.0
# Per number and per address: a number must not be plagued, and six digits must not be guessed by asking often.
MOST_AN_HOUR, MOST_A_DAY = 3, 10
# In all: whoever earns by SMS that somebody else pays for asks from a thousand chats for a thousand numbers. More than
# a big city's newcomers need.
MOST_OF_ALL_AN_HOUR, MOST_OF_ALL_A_DAY = 200, 1000

KeyedHash = Callable[[str], str]
Verdict = Literal["proved", "wrong", "expired", "spent"]


def make_keyed_hash(secret: str) -> KeyedHash:
    """A hash in 64 characters that nobody without the secret can make."""
    return lambda text: hmac.digest(secret.encode(), f"phone-code\0{text}".encode(), sha256).hex()


class Line(NamedTuple):
    """Where a number is reached by SMS: the address, and whose it is."""

    address_id: int
    person_id: int


async def line_of(work: Work, account: str, phone: str, language: str) -> Line:
    """The SMS address of a number, locked; written down as a stranger's when it never wrote."""
    wanted = select(address.c.id, address.c.person_id).where(address.c.account == account, address.c.external == phone)
    row = await work.first(wanted.with_for_update(key_share=True))
    if row is None:
        return Line(*await people.make_chat_address(work, account, phone, language))
    return Line(row.id, row.person_id)


async def may_send(work: Work, address_id: int, phone: str) -> bool:
    """False when this address has asked for, or this number has got, as many codes as are good for anybody.

    Also when all together have: a few more pass at the same moment, never many.
    """
    p = phone_proof.c
    lately = func.coalesce(func.sum(case((p.created_at > work.now - HOUR, 1), else_=0)), 0)
    of_all = select(func.count().label("day"), lately.label("hour")).where(p.created_at > work.now - DAY)
    if (row := await work.first(of_all)) and (row.day >= MOST_OF_ALL_A_DAY or row.hour >= MOST_OF_ALL_AN_HOUR):
        log.warning("codes_used_up", hour=row.hour, day=row.day)
        return False
    for mine in (p.address_id == address_id, p.phone == phone):
        sent = await work.rows(select(p.created_at).where(mine, p.created_at > work.now - DAY))
        fresh = [row for row in sent if row.created_at > work.now - HOUR]
        if len(sent) >= MOST_A_DAY or len(fresh) >= MOST_AN_HOUR:
            return False
    return True


async def add_proof(work: Work, address_id: int, phone: str, code_hash: str) -> None:
    """Write down that a code went to a number; one that this address was sent before is good for nothing now."""
    await _end_proofs(work, address_id)
    row = {"address_id": address_id, "phone": phone, "code_hash": code_hash, "created_at": work.now}
    await work.execute(insert(phone_proof).values(**row, expires_at=work.now + CODE_VALID))


async def try_code(work: Work, address_id: int, phone: str, code_hash: str) -> Verdict:
    """Whether this is the hash of the code that this address was last sent; a right one is spent by it."""
    p = phone_proof.c
    newest = select(phone_proof).where(p.address_id == address_id, p.phone == phone).order_by(p.id.desc()).limit(1)
    row = await work.first(newest.with_for_update())
    if row is None or row.used_at is not None or row.expires_at <= work.now:
        return "expired"
    if row.tries >= MOST_TRIES:
        return "spent"
    right = hmac.compare_digest(row.code_hash, code_hash)
    changes: dict[str, Any] = {"used_at": work.now, "code_hash": ""} if right else {}
    await work.execute(update(phone_proof).where(p.id == row.id).values(tries=row.tries + 1, **changes))
    if right:
        return "proved"
    return "wrong" if row.tries + 1 < MOST_TRIES else "spent"


async def set_proved(work: Work, address_id: int, phone: str) -> None:
    """Note that whoever writes at this address has this number."""
    await work.execute(update(address).where(address.c.id == address_id).values(phone=phone, verified_at=work.now))


async def set_fallback(work: Work, person_id: int, address_id: int | None) -> None:
    """Where an important follow-up goes when a person's own channel fails; None for nowhere."""
    await work.execute(update(person).where(person.c.id == person_id).values(fallback_address_id=address_id))


def code_lane(address_id: int) -> str:
    """The outbox lane of the codes that an address asks for: they wait for nothing else."""
    return f"code:{address_id}"


async def forget_code(work: Work, address_id: int, *, only_old: bool = False) -> None:
    """Take the codes that this address asked for out of the outbox; what was not sent yet never is."""
    o = outbox.c
    old = [o.expires_at <= work.now] if only_old else []
    mine = (o.lane == code_lane(address_id), o.kind == "message", o.payload != "", *old)
    await work.execute(
        update(outbox)
        .where(*mine, o.status.in_(("pending", "held")))
        .values(status="dropped", done_at=work.now, error_class="stale", payload=literal(""))
    )
    # One that is being sent right now is not to be tried again without its words.
    await work.execute(update(outbox).where(*mine).values(payload=literal(""), expires_at=work.now))


def forget_code_later(work: Work, address_id: int) -> None:
    """Have the words of a code that was sent just now taken out of the outbox when it is good for nothing."""
    work.post(
        account="local",
        lane=f"forget-code:{work.cause}",
        kind="timer",
        payload={"name": "expired"},
        effect_key=f"forget-code:{work.cause}",
        address_id=address_id,
        due_at=work.now + CODE_VALID,
    )


async def erase_proofs(work: Work, mine: Select[Any]) -> None:
    """Forget what these addresses proved, but not how often a number was written to: that stays at the number's own."""
    p, own = phone_proof.c, address.alias()
    for row in await work.rows(select(p.address_id).where(p.address_id.in_(mine)).distinct()):
        await forget_code(work, row.address_id)
    at_home = and_(own.c.external == p.phone, own.c.account.startswith("sms:"))
    number = select(func.min(own.c.id)).where(at_home).scalar_subquery()
    moved = update(phone_proof).where(p.address_id.in_(mine), number.is_not(None))
    await work.execute(moved.values(address_id=number, code_hash="", expires_at=work.now))
    stays = select(address.c.id).where(address.c.external == p.phone)
    await work.execute(delete(phone_proof).where(p.address_id.in_(mine), p.address_id.not_in(stays)))


async def forget_old(connection: AsyncConnection, before: float, most: int = 1000) -> int:
    """Forget codes sent before then, and numbers that were only ever typed by others; how many rows, 0 for no more."""
    p, a = phone_proof.c, address.c
    old = select(p.id).where(p.created_at < before).limit(most)
    forgotten = (await connection.execute(delete(phone_proof).where(p.id.in_(old)))).rowcount
    found = select(a.id, a.person_id).where(*_only_typed(before)).limit(most).with_for_update(skip_locked=True)
    rows = (await connection.execute(found)).all()
    # Asked once more: whoever wrote before they were locked is seen only now.
    typed = delete(address).where(a.id.in_([row.id for row in rows]), *_only_typed(before))
    forgotten += (await connection.execute(typed)).rowcount
    nobody = (person.c.id.in_([row.person_id for row in rows]), ~exists().where(a.person_id == person.c.id))
    await connection.execute(delete(person).where(*nobody))
    return forgotten


def _only_typed(before: float) -> list[ColumnElement[bool]]:
    """Nobody wrote from there, proved it, agreed to it or stopped it: all that it has is somebody's word."""
    a, c = address.c, conversation.c
    return [
        a.account.startswith("sms:"),
        a.created_at < before,
        a.verified_at.is_(None),
        a.opted_out_at.is_(None),
        exists().where(c.address_id == a.id, c.last_in_at == 0),
        ~exists().where(person.c.fallback_address_id == a.id),
        ~exists().where(official.c.address_id == a.id),
    ]


async def _end_proofs(work: Work, address_id: int) -> None:
    p = phone_proof.c
    open_ = (p.address_id == address_id, or_(p.expires_at > work.now, p.code_hash != ""), p.used_at.is_(None))
    await work.execute(update(phone_proof).where(*open_).values(expires_at=work.now, code_hash=""))
    await forget_code(work, address_id)
