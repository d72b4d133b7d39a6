"""What happened to tickets in a period and stands in no column of theirs: found by its time, counted group by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, literal, select

from storage.schema import supporter, ticket, update, verdict
from storage.standings import counted, touched

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.periods import Period

# (the group's key, what is counted, how many)
Occurrence = tuple[str, str, int]


async def read_occurrences(
    connection: AsyncConnection, period: Period, by: str, bodies: Sequence[str] | None
) -> list[Occurrence]:
    """How often each thing happened, by the group's key ("" without groups).

    reopened, passed_on, rated and points (their sum), yes and no (whether it was fixed), joined.
    """
    key = ticket.c[by] if by else literal("")
    giver = update.c.body if by == "body" else key
    # Counted here: asked to group by body, a database walks through every ticket in the order of bodies.
    found: Counter[tuple[str, str]] = Counter()
    for statement in (
        _reopened(period, bodies, key),
        _passed_on(period, bodies, giver),
        _joined(period, bodies, key),
        _verdicts(period, bodies, key),
    ):
        found.update((row[0], row[1]) for row in await connection.execute(statement))
    for group, rating in await connection.execute(_ratings(period, bodies, key)):
        found[group, "rated"] += 1
        found[group, "points"] += rating
    return [(group, name, number) for (group, name), number in found.items()]


def _reopened(period: Period, bodies: Sequence[str] | None, key: ColumnElement[Any]) -> Select[Any]:
    """Whoever parts two tickets opens one again, and nobody was unsatisfied."""
    u = update.c
    happened = [u.status == "reopened", u.actor != "official", *_entered(period)]
    joined = select(key, literal("reopened")).join_from(update, ticket, u.ticket == ticket.c.code)
    return joined.where(*happened, *counted(bodies))


def _passed_on(period: Period, bodies: Sequence[str] | None, key: ColumnElement[Any]) -> Select[Any]:
    """Counted with the body that gave it away."""
    u, taken = update.c, update.alias()
    next_one = and_(taken.c.ticket == u.ticket, taken.c.seq == u.seq + 1)
    given = [u.status == "not_responsible", taken.c.status == "received", *_entered(period)]
    mine = [] if bodies is None else [u.body.in_(bodies)]
    joined = select(key, literal("passed_on")).join_from(update, ticket, u.ticket == ticket.c.code)
    return joined.join(taken, next_one).where(*given, *counted(None), *mine)


def _joined(period: Period, bodies: Sequence[str] | None, key: ColumnElement[Any]) -> Select[Any]:
    s = supporter.c
    # By no index of codes: a database would look for the supporters of each ticket, of which there are many more.
    joined = select(key, literal("joined")).join_from(supporter, ticket, s.ticket.concat("") == ticket.c.code)
    return joined.where(s.joined_at >= period.start, s.joined_at < period.end, *counted(bodies))


def _verdicts(period: Period, bodies: Sequence[str] | None, key: ColumnElement[Any]) -> Select[Any]:
    v = verdict.c
    said = [v.answer.in_(("yes", "no")), v.at >= period.start, v.at < period.end]
    # By no index of codes, for the same reason.
    joined = select(key, v.answer).join_from(verdict, ticket, v.ticket.concat("") == ticket.c.code)
    return joined.where(*said, *counted(bodies))


def _ratings(period: Period, bodies: Sequence[str] | None, key: ColumnElement[Any]) -> Select[Any]:
    """A ticket has one rating, whoever gave it; it counts when somebody last gave one."""
    u, t = update.c, ticket.c
    last = select(func.max(u.at)).where(u.ticket == t.code, u.action == "rated").scalar_subquery()
    given = [t.rating.is_not(None), touched(t.code, period.start), last >= period.start, last < period.end]
    return select(key, t.rating).select_from(ticket).where(*given, *counted(bodies))


def _entered(period: Period) -> list[ColumnElement[bool]]:
    """Entries of the period, found through their tickets: nothing else has an index by time."""
    u = update.c
    return [touched(u.ticket, period.start), u.at >= period.start, u.at < period.end]
