"""What orders a body's work on a ticket: the day that was promised, and how pressing it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlalchemy import update as change

from storage.schema import ticket

if TYPE_CHECKING:
    from storage.work import Work

# From the least pressing; "" is the usual.
PRIORITIES = ("low", "", "high", "urgent")


# Built once: to build one of these costs as much as to run it.
PROMISE, PRIORITISE, ASSIGN = (
    change(ticket).where(ticket.c.code == bindparam("of")).values({name: bindparam("to")})
    for name in ("planned_for", "priority", "taken_by")
)


async def promise(work: Work, code: str, at: float | None) -> None:
    """Note until when it was promised (Unix seconds, the end of a day's work); None takes it back."""
    await work.execute(PROMISE, {"of": code, "to": at})


async def prioritise(work: Work, code: str, priority: str) -> None:
    """Note how pressing it is: one of PRIORITIES."""
    await work.execute(PRIORITISE, {"of": code, "to": priority})


async def assign(work: Work, code: str, person_id: int | None) -> None:
    """Note who works on it; None for nobody in particular."""
    await work.execute(ASSIGN, {"of": code, "to": person_id})
