"""What happened to tickets in a period and stands in no column of theirs: found by its time, counted group by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, literal, select

from storage.schema import supporter, ticket, update, verdict
from storage.standings import BODIES, END, START, counted, named, touched

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
    values = {"start": period.start, "end": period.end, **named(bodies)}
    # Counted here: asked to group by body, a database walks through every ticket in the order of bodies.
    found: Counter[tuple[str, str]] = Counter()
    *happened, ratings = _statements(by, bodies is not None)
    for statement in happened:
        found.update((row[0], row[1]) for row in await connection.execute(statement, values))
    for group, rating in await connection.execute(ratings, values):
        found[group, "rated"] += 1
        found[group, "points"] += rating
    return [(group, name, number) for (group, name), number in found.items()]


@cache
def _statements(by: str, among: bool) -> tuple[Select[Any], ...]:
    """What happened, and last the ratings; `among` some bodies only."""
    key = ticket.c[by] if by else literal("")
    giver = update.c.body if by == "body" else key
    return (
        _reopened(key, among=among),
        _passed_on(giver, among=among),
        _joined(key, among=among),
        _verdicts(key, among=among),
        _ratings(key, among=among),
    )


def _reopened(key: ColumnElement[Any], *, among: bool) -> Select[Any]:
    """Whoever parts two tickets opens one again, and nobody was unsatisfied."""
    u = update.c
    happened = [u.status == "reopened", u.actor != "official", *_entered()]
    joined = select(key, literal("reopened")).join_from(update, ticket, u.ticket == ticket.c.code)
    return joined.where(*happened, *counted(among))


def _passed_on(key: ColumnElement[Any], *, among: bool) -> Select[Any]:
    """Counted with the body that gave it away."""
    u, taken = update.c, update.alias()
    next_one = and_(taken.c.ticket == u.ticket, taken.c.seq == u.seq + 1)
    given = [u.status == "not_responsible", taken.c.status == "received", *_entered()]
    mine = [u.body.in_(BODIES)] if among else []
    joined = select(key, literal("passed_on")).join_from(update, ticket, u.ticket == ticket.c.code)
    return joined.join(taken, next_one).where(*given, *counted(False), *mine)


def _joined(key: ColumnElement[Any], *, among: bool) -> Select[Any]:
    s = supporter.c
    # By no index of codes: a database would look for the supporters of each ticket, of which there are many more.
    joined = select(key, literal("joined")).join_from(supporter, ticket, s.ticket.concat("") == ticket.c.code)
    return joined.where(s.joined_at >= START, s.joined_at < END, *counted(among))


def _verdicts(key: ColumnElement[Any], *, among: bool) -> Select[Any]:
    v = verdict.c
    said = [v.answer.in_(("yes", "no")), v.at >= START, v.at < END]
    # By no index of codes, for the same reason.
    joined = select(key, v.answer).join_from(verdict, ticket, v.ticket.concat("") == ticket.c.code)
    return joined.where(*said, *counted(among))


def _ratings(key: ColumnElement[Any], *, among: bool) -> Select[Any]:
    """A ticket has one rating, whoever gave it; it counts when somebody last gave one."""
    u, t = update.c, ticket.c
    last = select(func.max(u.at)).where(u.ticket == t.code, u.action == "rated").scalar_subquery()
    given = [t.rating.is_not(None), touched(t.code), last >= START, last < END]
    return select(key, t.rating).select_from(ticket).where(*given, *counted(among))


def _entered() -> list[ColumnElement[bool]]:
    """Entries of the period, found through their tickets: nothing else has an index by time."""
    u = update.c
    return [touched(u.ticket), u.at >= START, u.at < END]
