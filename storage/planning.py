"""What orders a body's work on a ticket: the day that was promised, and how pressing it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update as change

from storage.schema import ticket

if TYPE_CHECKING:
    from storage.work import Work

# From the least pressing; "" is the usual.
PRIORITIES = ("low", "", "high", "urgent")


async def promise(work: Work, code: str, at: float | None) -> None:
    """Note until when it was promised (Unix seconds, the end of a day's work); None takes it back."""
    await work.execute(change(ticket).where(ticket.c.code == code).values(planned_for=at))


async def prioritise(work: Work, code: str, priority: str) -> None:
    """Note how pressing it is: one of PRIORITIES."""
    await work.execute(change(ticket).where(ticket.c.code == code).values(priority=priority))


async def assign(work: Work, code: str, person_id: int | None) -> None:
    """Note who works on it; None for nobody in particular."""
    await work.execute(change(ticket).where(ticket.c.code == code).values(taken_by=person_id))
