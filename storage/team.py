"""A body's team: who is in it, and how somebody leaves it without leaving her tickets behind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import delete, exists, func, or_, select, update

from storage import tickets
from storage.officials import ROLES
from storage.people import is_group
from storage.schema import address, official, ticket
from storage.statuses import OPEN
from storage.updates import Change

if TYPE_CHECKING:
    from storage.work import Work


class Member(Struct, frozen=True):
    """One person, or one team's group, who acts for a body; `open` is how many open tickets of it she has taken.

    `id` is the office's own: the first where she holds it at several addresses. `since` is in Unix seconds. `hands` are
    those who took a group's open tickets, each by her person's id and with how many; nobody but for a group.
    `confirmed` is why an operator let a manager's rights begin, "" where her second proof did.
    """

    id: int
    person_id: int
    address_id: int
    account: str
    external: str
    body: str
    role: str
    name: str
    since: float
    proved: bool
    open: int = 0
    hands: tuple[tuple[int, int], ...] = ()
    confirmed: str = ""

    @property
    def group(self) -> bool:
        """True of a whole group chat."""
        return is_group(self.external)

    @property
    def channel(self) -> str:
        """The kind of channel: telegram, whatsapp, sms, browser."""
        return self.account.partition(":")[0]


async def members(work: Work, bodies: Collection[str] | None = None, *, lock: bool = False) -> list[Member]:
    """Who acts for these bodies (None: for any), each once a body: managers first, then by seniority.

    With `lock` nobody else lets one of them go meanwhile: of two managers who leave at once one is the last, and no
    ticket is given to somebody who has just left.
    """
    among = [] if bodies is None else [official.c.body.in_(list(bodies))]
    statement = (
        select(official, address.c.account, address.c.external)
        .join(address, address.c.id == official.c.address_id)
        .where(*among)
        .order_by(official.c.id)
    )
    rows = await work.rows(statement.with_for_update(of=official) if lock else statement)
    taken = await _taken(work, bodies)
    found: dict[tuple[int, str], Member] = {}
    for row in rows:
        key = row.person_id, row.body
        office = Member(
            id=row.id,
            person_id=row.person_id,
            address_id=row.address_id,
            account=row.account,
            external=row.external,
            body=row.body,
            role=row.role,
            name=row.name,
            since=row.since,
            proved=row.proved_at is not None,
            open=taken.get(key, 0),
            confirmed=row.confirmed,
        )
        if office.group:
            office = await _count_group(work, office, taken)
        if key not in found or _rank(office) > _rank(found[key]):
            found[key] = office
    return sorted(found.values(), key=lambda each: (each.body, -ROLES.index(each.role), each.since, each.id))


async def _count_group(work: Work, office: Member, taken: dict[tuple[int, str], int]) -> Member:
    """What those have at work who act in a group and nowhere else, all together and each."""
    counted = [(each, taken.get((each, office.body), 0)) for each in await _hands_of(work, office)]
    hands = sorted(((each, number) for each, number in counted if number), key=lambda hand: (-hand[1], hand[0]))
    return replace(office, open=sum(number for _, number in hands), hands=tuple(hands))


def is_last_manager(team: Sequence[Member], leaver: Member) -> bool:
    """True when nobody would be left who may look after the team."""
    others = [each for each in team if each.body == leaver.body and each.person_id != leaver.person_id]
    leads = leaver.role == "manager" and leaver.proved
    return leads and not any(each.role == "manager" and each.proved for each in others)


async def hand_over(
    work: Work, leaver: Member, heir: Member | None, *, told: str, by: tuple[int, int] | None = None, why: str = ""
) -> list[str]:
    """Take a member's rights for the body, and give her open tickets to an heir, or back to everybody (None).

    Returns the codes of these tickets. `told` names, in each one's own history, whose it is now; `by` is (person id,
    address id) of who did it, None for the operator, who says `why`.
    """
    work.people_changed = True
    mine = (official.c.person_id == leaver.person_id, official.c.body == leaver.body)
    await work.execute(delete(official).where(*mine))
    theirs = (
        ticket.c.taken_by.in_(await _hands_of(work, leaver)),
        ticket.c.body == leaver.body,
        ticket.c.status.in_(OPEN),
    )
    rows = await work.rows(select(ticket).where(*theirs).order_by(ticket.c.code).with_for_update(key_share=True))
    given = update(ticket).where(ticket.c.code.in_([row.code for row in rows]))
    await work.execute(given.values(taken_by=heir.person_id if heir else None))
    person_id, address_id = by or (None, None)
    entry = Change(
        actor="official" if by else "operator",
        person_id=person_id,
        address_id=address_id,
        body=leaver.body,
        reason=told,
        words=why,
        public=False,
        action="assigned",
        whom=heir.person_id if heir else None,
    )
    for row in rows:
        await tickets.append(work, tickets.read_row(row), entry)
    return [row.code for row in rows]


async def _hands_of(work: Work, leaver: Member) -> list[int]:
    """Whose tickets are given on: her own; of a group, those of everybody who acted there and nowhere else."""
    if not leaver.group:
        return [leaver.person_id]
    a, group = address.c, leaver.external.partition(":")[0]
    inside = or_(*(a.external.startswith(f"{group}{mark}", autoescape=True) for mark in "/:"))
    elsewhere = exists().where(official.c.person_id == a.person_id, official.c.body == leaver.body)
    rows = await work.rows(select(a.person_id).where(a.account == leaver.account, inside, ~elsewhere).distinct())
    return [leaver.person_id, *(row.person_id for row in rows)]


def _rank(office: Member) -> tuple[int, bool]:
    return ROLES.index(office.role), office.proved


async def _taken(work: Work, bodies: Collection[str] | None) -> dict[tuple[int, str], int]:
    """(who, body): how many of these bodies' open tickets she has taken."""
    theirs = [] if bodies is None else [ticket.c.body.in_(list(bodies))]
    counted = (
        select(ticket.c.taken_by, ticket.c.body, func.count().label("open"))
        .where(ticket.c.taken_by.is_not(None), ticket.c.status.in_(OPEN), *theirs)
        .group_by(ticket.c.taken_by, ticket.c.body)
    )
    return {(row.taken_by, row.body): row.open for row in await work.rows(counted)}
