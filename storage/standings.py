"""How tickets stood at a moment: as their rows tell where nothing has happened since, else as their histories do.

So the figures of a time that is over stay what they were, whatever happens to its tickets afterwards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Float, and_, bindparam, func, or_, select

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
# A period, and the bodies that are meant: what the statements that are built once are given.
START, END = bindparam("start", type_=Float), bindparam("end", type_=Float)
BODIES: Any = bindparam("bodies", expanding=True)
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
    values = {"start": period.start, "end": period.end, **named(bodies)}
    for statement in (_rested(bodies is not None), _long_open(bodies is not None)):
        async for page in _pages(connection, statement, values):
            for row in page:
                yield Standing(*row)
    async for standing, steps in read_steps(connection, period.end, bodies, period.end):
        yield as_it_stood(standing, steps)


async def read_steps(
    connection: AsyncConnection, since: float, bodies: Sequence[str] | None, until: float
) -> AsyncIterator[tuple[Standing, list[Step]]]:
    """Tickets to which anything happened `since` then, each with the steps that were taken before `until`."""
    values = {"start": since, "end": until, **named(bodies)}
    held: list[Any] = []
    async for page in _pages(connection, _stepped(bodies is not None), values):
        held += page
        # The last ticket of a page may go on in the next one.
        whole = [row for row in held if row.code != held[-1].code]
        for each in _by_ticket(whole):
            yield each
        held = held[len(whole) :]
    for each in _by_ticket(held):
        yield each


def touched(code: ColumnElement[str]) -> ColumnElement[bool]:
    """True of the code of a ticket to which anything happened since `start`: a set that is found by its index first."""
    return code.in_(select(ticket.c.code).where(ticket.c.updated_at >= START))


def counted(among: bool) -> list[ColumnElement[bool]]:
    """What is true of tickets that count: led by `bodies`, and nobody has still to look whether they are meant."""
    # By no index of bodies, which concat("") puts out of reach: a body has had many tickets, and few of them lately.
    here = [ticket.c.body.concat("").in_(BODIES)] if among else []
    return [ticket.c.held_at.is_(None), *here]


def named(bodies: Sequence[str] | None) -> dict[str, Any]:
    """The parameter that says which bodies are meant; none for all."""
    return {} if bodies is None else {"bodies": list(bodies)}


@cache
def _rested(among: bool) -> Select[Any]:
    t = ticket.c
    return select(*COLUMNS).where(t.updated_at >= START, t.updated_at < END, *counted(among))


@cache
def _long_open(among: bool) -> Select[Any]:
    t = ticket.c
    # Whoever looks for what is open by the time of its last entry looks at almost everything.
    long_open = select(*COLUMNS).where(t.closed_at.is_(None), t.updated_at + 0 < START, *counted(False))
    return long_open.where(t.body.in_(BODIES)) if among else long_open


@cache
def _stepped(among: bool) -> Select[Any]:
    u = update.c
    telling = or_(u.status != "", and_(u.actor == "official", u.public))
    return (
        select(*COLUMNS, *STEPS)
        .join(update, and_(u.ticket == ticket.c.code, u.at < END, telling))
        .where(touched(ticket.c.code), ticket.c.created_at < END, *counted(among))
        .order_by(ticket.c.code, u.seq)
    )


def _by_ticket(rows: Sequence[Any]) -> Iterable[tuple[Standing, list[Step]]]:
    cut = len(COLUMNS)
    for _, group in groupby(rows, key=lambda row: row.code):
        found = list(group)
        yield Standing(*found[0][:cut]), [Step(*row[cut:]) for row in found]


async def _pages(
    connection: AsyncConnection, statement: Select[Any], values: dict[str, Any]
) -> AsyncIterator[Sequence[Any]]:
    result = await connection.stream(statement, values)
    async for page in result.partitions(PAGE):
        yield page
