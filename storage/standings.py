"""How tickets stood at a moment: as their rows tell where nothing has happened since, else as their histories do.

So the figures of a time that is over stay what they were, whatever happens to its tickets afterwards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import and_, func, or_, select

from storage.schema import ticket, update
from storage.statuses import CLOSED, OPEN
from storage.taken_back import what_stands

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.periods import Period

# Rows fetched at once: a city's tickets never lie in memory together.
PAGE = 2000
COLUMNS = (
    ticket.c.code,
    ticket.c.body,
    ticket.c.category,
    ticket.c.area,
    ticket.c.created_at,
    ticket.c.status,
    ticket.c.answered_at,
    ticket.c.closed_at,
    # What was answered is judged by the target that counted then, and not by a later body's.
    func.coalesce(ticket.c.answered_due, ticket.c.answer_by).label("answer_by"),
    ticket.c.close_by,
)
STEPS = (
    update.c.at,
    update.c.actor,
    update.c.status,
    update.c.public,
    update.c.seq,
    update.c.person_id,
    update.c.action,
)


class Standing(Struct, frozen=True):
    """A ticket at a moment: who leads it, where it had come to, when a human first answered, when it was last closed.

    Times are Unix seconds; `closed_at` is None while it is open. The target to answer is the one that counted
    when it was answered; where it was not, and for closing, it is the one that it has now.
    """

    code: str
    body: str
    category: str
    area: str
    created_at: float
    status: str
    answered_at: float | None
    closed_at: float | None
    answer_by: float | None
    close_by: float | None

    @property
    def open(self) -> bool:
        """True before resolved, as everywhere."""
        return self.status in OPEN


class Step(NamedTuple):
    """What of an entry of a ticket's history decides where it stands."""

    at: float
    actor: str
    status: str
    public: bool
    seq: int = 0
    person_id: int | None = None
    action: str = ""


def as_it_stood(found: Standing, steps: Iterable[Step]) -> Standing:
    """The ticket after these steps of its history, the oldest first; what was taken back is none."""
    status, answered_at, closed_at = "received", None, None
    for step in what_stands(list(steps)):
        if answered_at is None and step.actor == "official" and step.public:
            answered_at = step.at
        if step.status:
            closing = step.status in CLOSED
            closed_at = (step.at if closed_at is None else closed_at) if closing else None
            status = step.status
    return replace(found, status=status, answered_at=answered_at, closed_at=closed_at)


async def read_standings(
    connection: AsyncConnection, period: Period, bodies: Sequence[str] | None
) -> AsyncIterator[Standing]:
    """Every ticket as it stood at the period's end, if it was open then or anything happened to it since its start.

    Of these bodies, None for all; none that is held.
    """
    t = ticket.c
    rested = [t.updated_at >= period.start, t.updated_at < period.end, *counted(bodies)]
    # Whoever looks for what is open by the time of its last entry looks at almost everything.
    long_open = [t.closed_at.is_(None), t.updated_at + 0 < period.start, *counted(None)]
    here = [] if bodies is None else [t.body.in_(bodies)]
    for conditions in (rested, [*long_open, *here]):
        async for page in _pages(connection, select(*COLUMNS).where(*conditions)):
            for row in page:
                yield Standing(*row)
    async for standing, steps in read_steps(connection, period.end, [t.created_at < period.end], bodies, period.end):
        yield as_it_stood(standing, steps)


async def read_steps(
    connection: AsyncConnection,
    since: float,
    conditions: Sequence[ColumnElement[bool]],
    bodies: Sequence[str] | None,
    until: float,
) -> AsyncIterator[tuple[Standing, list[Step]]]:
    """Tickets to which anything happened `since` then, each with the steps that were taken before `until`."""
    u = update.c
    telling = or_(u.status != "", and_(u.actor == "official", u.public))
    statement = (
        select(*COLUMNS, *STEPS)
        .join(update, and_(u.ticket == ticket.c.code, u.at < until, telling))
        .where(touched(ticket.c.code, since), *conditions, *counted(bodies))
        .order_by(ticket.c.code, u.seq)
    )
    held: list[Any] = []
    async for page in _pages(connection, statement):
        held += page
        # The last ticket of a page may go on in the next one.
        whole = [row for row in held if row.code != held[-1].code]
        for each in _by_ticket(whole):
            yield each
        held = held[len(whole) :]
    for each in _by_ticket(held):
        yield each


def touched(code: ColumnElement[str], since: float) -> ColumnElement[bool]:
    """True of the code of a ticket to which anything happened since then: a set that is found by its index first."""
    return code.in_(select(ticket.c.code).where(ticket.c.updated_at >= since))


def counted(bodies: Sequence[str] | None) -> list[ColumnElement[bool]]:
    """What is true of tickets that count: led by these bodies, and nobody has still to look whether they are meant."""
    # By no index of bodies, which concat("") puts out of reach: a body has had many tickets, and few of them lately.
    here = [] if bodies is None else [ticket.c.body.concat("").in_(bodies)]
    return [ticket.c.held_at.is_(None), *here]


def _by_ticket(rows: Sequence[Any]) -> Iterable[tuple[Standing, list[Step]]]:
    cut = len(COLUMNS)
    for _, group in groupby(rows, key=lambda row: row.code):
        found = list(group)
        yield Standing(*found[0][:cut]), [Step(*row[cut:]) for row in found]


async def _pages(connection: AsyncConnection, statement: Select[Any]) -> AsyncIterator[Sequence[Any]]:
    result = await connection.stream(statement)
    async for page in result.partitions(PAGE):
        yield page
