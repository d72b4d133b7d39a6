"""Officials and their invitations. A code is shown once and kept only as a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import delete, select, update

from storage.schema import address, invite, official

if TYPE_CHECKING:
    from storage.people import Person
    from storage.work import Work

# From the least to the most; each may do what those before it may.
ROLES = ("agent", "dispatcher", "manager")
DAYS_VALID = 7
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


class Invite(Struct, frozen=True):
    """What an invitation makes somebody: for which bodies, in which role, under which name."""

    bodies: list[str]
    role: str
    name: str


def make_invite_code(draw: Any) -> str:
    """A new one-time code such as "BCDF-2345-GHJK": about 57 bits."""
    letters = [_ALPHABET[draw(len(_ALPHABET))] for _ in range(12)]
    return "-".join("".join(letters[i : i + 4]) for i in (0, 4, 8))


def hash_code(code: str) -> str:
    """What is kept of an invitation's code."""
    return hashlib.sha256("".join(c for c in code.upper() if c.isalnum()).encode()).hexdigest()


def add_invite(work: Work, code: str, bodies: Sequence[str], role: str, name: str = "") -> None:
    """Write an invitation down; it works once, for DAYS_VALID days. `name` is shown only by bodies that want it."""
    work.add(
        invite,
        code_hash=hash_code(code),
        bodies=" ".join(bodies),
        role=role,
        name=name,
        created_at=work.now,
        expires_at=work.now + DAYS_VALID * 86400,
    )


async def use_invite(work: Work, code: str) -> Invite | None:
    """What a valid code gives, which is spent by this; None when it is wrong, old or used."""
    claimed = (
        update(invite)
        .where(invite.c.code_hash == hash_code(code), invite.c.used_at.is_(None), invite.c.expires_at > work.now)
        .values(used_at=work.now)
        .returning(invite.c.bodies, invite.c.role, invite.c.name)
    )
    row = await work.first(claimed)
    return None if row is None else Invite(row.bodies.split(), row.role, row.name)


async def appoint(
    work: Work, person_id: int, address_id: int, bodies: Sequence[str], role: str, name: str = ""
) -> None:
    """Make a person at an address act for these bodies; harmless when she already does."""
    held = select(official.c.body).where(official.c.person_id == person_id, official.c.address_id == address_id)
    known = {row.body for row in await work.rows(held)}
    for body in bodies:
        if body not in known:
            work.people_changed = True
            work.add(
                official, person_id=person_id, address_id=address_id, body=body, role=role, name=name, since=work.now
            )


async def offices(work: Work, person: Person) -> list[Office]:
    """For which bodies this person acts here: by herself, or in a body's group chat for that body and no other.

    An office hangs on the address where it was given. What is said in a group everybody in it reads: one held in
    private stays out of it; and whoever has a number that was joined with an official's chat acts for nobody.
    """
    group = select(address.c.id).where(address.c.account == person.account, address.c.external == person.chat)
    here = [official.c.person_id == person.id, official.c.address_id == person.address_id]
    where = [official.c.address_id.in_(group)] if person.group else here
    rows = await work.rows(select(official).where(*where).order_by(official.c.body))
    found = {row.body: Office(row.body, row.role, row.name, row.proved_at is not None) for row in rows}
    return list(found.values())


async def addresses_of(work: Work, body: str) -> list[int]:
    """Where the officials of a body hear of its tickets."""
    rows = await work.kept_rows(
        official, body, lambda: select(official.c.address_id).where(official.c.body == body).distinct()
    )
    return [row.address_id for row in rows]


async def dismiss_address(work: Work, address_id: int) -> None:
    """Nobody acts for a body at this address any more."""
    work.people_changed = True
    await work.execute(delete(official).where(official.c.address_id == address_id))
