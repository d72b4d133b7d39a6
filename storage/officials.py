"""Officials and their invitations. A code is shown once and kept only as a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import and_, bindparam, delete, exists, select, update

from storage import groups
from storage.schema import address, invite, official

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row

    from storage.people import Person
    from storage.work import Work

# From the least to the most; each may do what those before it may.
ROLES = ("agent", "dispatcher", "manager")
DAYS_VALID = 7
# So much of an invitation's hash names it to whoever takes it back.
MARK = 8
# No vowels and nothing that looks like something else: codes are read out over the phone.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"


class Office(Struct, frozen=True):
    """One role of one official for one body; `name` is shown to citizens only where the body wants it."""

    body: str
    role: str
    name: str = ""
    proved: bool = False

    @property
    def acts_as(self) -> str:
        """The role whose rights it has: a manager's begin with her second proof."""
        return "agent" if self.role == "manager" and not self.proved else self.role


class Hearer(Struct, frozen=True):
    """Somebody who hears for a body: a person at an address, in a role; where that is, as far as it was asked."""

    person_id: int
    address_id: int
    role: str
    account: str = ""
    external: str = ""


# Built once: to build one costs as much as to run it.
HEARERS = (
    select(official.c.person_id, official.c.address_id, official.c.role, address.c.account, address.c.external)
    .join(address, address.c.id == official.c.address_id)
    .where(official.c.body == bindparam("body"))
    .order_by(official.c.id)
)
OFFICES = select(
    official.c.person_id,
    official.c.address_id,
    official.c.body,
    official.c.role,
    official.c.name,
    official.c.proved_at,
).order_by(official.c.body, official.c.id)
HELD = OFFICES.where(official.c.address_id.in_(bindparam("addresses", expanding=True)))
# Of one alone, which is what comes most: a list of parameters costs as much as all the rest.
HELD_BY_ONE = OFFICES.where(official.c.address_id == bindparam("address"))
# Asked of each office, which are few, and not of the addresses, which are many.
HELD_BY_GROUP = OFFICES.where(exists().where(address.c.id == official.c.address_id, groups.IN_GROUP))


class Invite(Struct, frozen=True):
    """What an invitation makes somebody: for which bodies, in which role, under which name."""

    bodies: list[str]
    role: str
    name: str


class Pending(Struct, frozen=True):
    """An invitation that was made: `mark` is what it is called by, `made_by` a person's id, None for the operator."""

    mark: str
    bodies: list[str]
    role: str
    name: str
    made_by: int | None
    used_by: int | None
    created_at: float
    expires_at: float
    used_at: float | None
    revoked_at: float | None


def make_invite_code(draw: Any) -> str:
    """A new one-time code such as "BCDF-2345-GHJK": about 57 bits."""
    letters = [_ALPHABET[draw(len(_ALPHABET))] for _ in range(12)]
    return "-".join("".join(letters[i : i + 4]) for i in (0, 4, 8))


def hash_code(code: str) -> str:
    """What is kept of an invitation's code."""
    return hashlib.sha256("".join(c for c in code.upper() if c.isalnum()).encode()).hexdigest()


def new_invite_code(work: Work) -> str:
    """The same where no lots are at hand: drawn from what the transaction has of chance."""
    drawn = int(work.new_digits(18))

    def draw(below: int) -> int:
        nonlocal drawn
        drawn, lot = divmod(drawn, below)
        return lot

    return make_invite_code(draw)


def add_invite(
    work: Work,
    code: str,
    bodies: Sequence[str],
    role: str,
    name: str = "",
    made_by: int | None = None,
    second: str = "",
) -> None:
    """Write an invitation down; it works once, for DAYS_VALID days. `name` is shown only by bodies that want it.

    `second` is the telephone (E.164) to which a manager's code goes; see `storage.proofs`.
    """
    work.add(
        invite,
        code_hash=hash_code(code),
        bodies=" ".join(bodies),
        role=role,
        name=name,
        created_at=work.now,
        expires_at=work.now + DAYS_VALID * 86400,
        made_by=made_by,
        second=second,
    )


async def look_at_invite(work: Work, code: str) -> Invite | None:
    """What a code gives, which stays as it is; None when it is wrong, old, used or taken back."""
    here = select(invite).where(invite.c.code_hash == hash_code(code), *_valid(work))
    row = await work.first(here)
    return None if row is None else Invite(row.bodies.split(), row.role, row.name)


async def use_invite(work: Work, code: str, person_id: int | None = None) -> Invite | None:
    """What a valid code gives, which is spent by this; None when it is wrong, old, used or taken back."""
    claimed = (
        update(invite)
        .where(invite.c.code_hash == hash_code(code), *_valid(work))
        .values(used_at=work.now, used_by=person_id)
        .returning(invite.c.bodies, invite.c.role, invite.c.name)
    )
    row = await work.first(claimed)
    return None if row is None else Invite(row.bodies.split(), row.role, row.name)


async def invites(work: Work, *, usable: bool = False) -> list[Pending]:
    """Every invitation, newest first; `usable` leaves out those that are spent, old or taken back."""
    among = _valid(work) if usable else []
    rows = await work.rows(select(invite).where(*among).order_by(invite.c.created_at.desc(), invite.c.code_hash))
    return [_pending(row) for row in rows]


async def revoke(work: Work, mark: str) -> bool:
    """Take an invitation back before it is used; False when there is none that is called so."""
    named = invite.c.code_hash.startswith(mark, autoescape=True)
    return len(mark) == MARK and bool(
        await work.execute(update(invite).where(named, *_valid(work)).values(revoked_at=work.now))
    )


def _valid(work: Work) -> list[ColumnElement[bool]]:
    return [invite.c.used_at.is_(None), invite.c.revoked_at.is_(None), invite.c.expires_at > work.now]


def _pending(row: Row[Any]) -> Pending:
    kept = {name: getattr(row, name) for name in Pending.__struct_fields__ if name not in ("mark", "bodies")}
    return Pending(mark=row.code_hash[:MARK], bodies=row.bodies.split(), **kept)


async def appoint(
    work: Work, person_id: int, address_id: int, bodies: Sequence[str], role: str, name: str = ""
) -> None:
    """Make a person at an address act for these bodies; who has a lower role rises, nobody falls."""
    here = (official.c.person_id == person_id, official.c.address_id == address_id)
    known = {row.body: row.role for row in await work.rows(select(official.c.body, official.c.role).where(*here))}
    for body in bodies:
        if body in known and ROLES.index(known[body]) < ROLES.index(role):
            work.people_changed = True
            risen = update(official).where(*here, official.c.body == body)
            await work.execute(risen.values(role=role, since=work.now, proved_at=None, confirmed=""))
        elif body not in known:
            work.people_changed = True
            work.add(
                official, person_id=person_id, address_id=address_id, body=body, role=role, name=name, since=work.now
            )


async def offices(work: Work, person: Person) -> list[Office]:
    """For which bodies this person acts here: by herself, or in a body's group chat for that body and no other.

    An office hangs on the address where it was given. What is said in a group everybody in it reads: one held in
    private stays out of it; and whoever has a number that was joined with an official's chat acts for nobody.
    """
    # Where she writes alone, whether she has any is known with her; but a message may change that.
    if not (person.official or person.group or work.people_changed):
        return []
    rows = await (_held_by_group(work, person) if person.group else _held(work, person))
    # A group's topics may hold a body's office in several roles: the highest counts.
    rows = sorted(rows, key=lambda row: (row.body, ROLES.index(row.role), row.proved_at is not None))
    found = {row.body: Office(row.body, row.role, row.name, row.proved_at is not None) for row in rows}
    return list(found.values())


async def _held(work: Work, person: Person) -> Sequence[Row[Any]]:
    """Asked of every official in the batch at once: many who are told something together cost what one does."""
    others = {each.person.address_id for each in work.sessions.values() if each.person.official}
    where = sorted(others | {person.address_id})
    if len(where) == 1:
        rows = await work.kept_rows(official, f"held at {where}", lambda: HELD_BY_ONE, {"address": where[0]})
    else:
        rows = await work.kept_rows(official, f"held at {where}", lambda: HELD, {"addresses": where})
    return [row for row in rows if (row.person_id, row.address_id) == (person.id, person.address_id)]


async def _held_by_group(work: Work, person: Person) -> Sequence[Row[Any]]:
    where = groups.group_values(person.account, person.chat)
    return await work.kept_rows(official, f"held by {where}", lambda: HELD_BY_GROUP, where)


def held_here(person: Person) -> ColumnElement[bool]:
    """True of the offices that this person holds where she writes; see `offices`."""
    if person.group:
        return of_group(person.account, person.chat)
    return and_(official.c.person_id == person.id, official.c.address_id == person.address_id)


async def hearers(work: Work, body: str) -> list[Hearer]:
    """Everybody who hears for a body, in the order in which they came to it."""
    rows = await work.kept_rows(official, body, lambda: HEARERS, {"body": body})
    return [Hearer(*tuple(row)) for row in rows]


async def addresses_of(work: Work, body: str) -> list[int]:
    """Where the officials of a body hear of its tickets, each once."""
    return list(dict.fromkeys(each.address_id for each in await hearers(work, body)))


async def acts_at(work: Work, address_id: int) -> bool:
    """True when anybody acts for a body at this address."""
    return await work.first(select(official.c.id).where(official.c.address_id == address_id).limit(1)) is not None


async def acts_anywhere(work: Work, person_id: int) -> bool:
    """True when this person acts for any body at any of her addresses: by herself, or inside its group."""
    if await work.first(select(official.c.id).where(official.c.person_id == person_id).limit(1)) is not None:
        return True
    hers = (address.c.person_id == person_id, address.c.external.contains("/"))
    for row in await work.rows(select(address.c.account, address.c.external).where(*hers)):
        group = of_group(row.account, row.external.partition("/")[0])
        if await work.first(select(official.c.id).where(group).limit(1)) is not None:
            return True
    return False


async def dismiss_group(work: Work, account: str, chat: str) -> None:
    """Nobody acts for a body in this group any more, in whichever of its topics."""
    work.people_changed = True
    await work.execute(delete(official).where(of_group(account, chat)))


def of_group(account: str, chat: str) -> ColumnElement[bool]:
    """True of the offices that a group holds, in whichever of its topics they were given."""
    # Asked of each office, which are few, and not of the addresses, which are many.
    return exists().where(address.c.id == official.c.address_id, groups.in_group(account, chat))
