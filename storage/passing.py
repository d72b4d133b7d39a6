"""Passing a ticket on: which bodies have it, which had it, and the steps by which it went from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from sqlalchemy import bindparam, delete, select
from sqlalchemy import update as change

from bot.messages import Place
from storage import tickets
from storage.schema import ticket, ticket_body
from storage.updates import Change

if TYPE_CHECKING:
    from storage.tickets import Ticket
    from storage.updates import Update
    from storage.work import Work


class Pass(Struct, frozen=True):
    """One body gave a ticket to another, with its reason."""

    giver: str
    taker: str
    reason: str
    at: float


def stand_beside(work: Work, code: str, bodies: Sequence[str]) -> None:
    """Let these bodies have the ticket too, beside the one that leads."""
    for body in bodies:
        work.add(ticket_body, ticket=code, body=body, since=work.now)


BESIDE = select(ticket_body.c.body).where(ticket_body.c.ticket == bindparam("code")).order_by(ticket_body.c.body)


async def beside(work: Work, code: str) -> list[str]:
    """The bodies that have the ticket beside the one that leads, in the order of their ids."""
    rows = await work.kept_rows(ticket_body, f"beside {code}", lambda: BESIDE, {"code": code})
    return [row.body for row in rows]


def passes(history: Sequence[Update]) -> list[Pass]:
    """How a ticket went from body to body, read off its history (all of it, oldest first)."""
    return [
        Pass(given.body, taken.body, given.reason, given.at)
        for given, taken in pairwise(history)
        if given.status == "not_responsible" and taken.status == "received"
    ]


async def pass_on(work: Work, found: Ticket, body: str, given: Change) -> Ticket:
    """Give a ticket to another body: the one that had it is not responsible, the other one receives it.

    `given` tells who gave it and why. Raises Forbidden for a ticket that is closed, ReasonMissing without a reason.
    """
    given = msgspec.structs.replace(given, body=found.body, status="not_responsible")
    after = await tickets.append(work, found, given)
    await assign(work, found.code, body)
    return await tickets.append(work, msgspec.structs.replace(after, body=body), _received(body))


async def assign(work: Work, code: str, body: str, others: Sequence[str] | None = None) -> None:
    """Let `body` lead a ticket from now on, taken by nobody of it yet, with `others` (None: as before) beside it."""
    await work.execute(change(ticket).where(ticket.c.code == code).values(body=body, taken_by=None))
    gone = [ticket_body.c.ticket == code, *([ticket_body.c.body == body] if others is None else [])]
    await work.execute(delete(ticket_body).where(*gone))
    stand_beside(work, code, others or ())


async def refile(work: Work, found: Ticket, *, category: str, area: str, place: Place) -> None:
    """Set right what a ticket is about and where; who has it is another matter (`assign`)."""
    where = tickets.place_values(place)
    await work.execute(change(ticket).where(ticket.c.code == found.code).values(category=category, area=area, **where))


def _received(body: str) -> Change:
    return Change(actor="system", body=body, status="received")
