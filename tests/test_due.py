"""Until when a ticket is due is one thing: in the inbox, on its card, and for the clock that alarms of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from bot.messages import Place
from routing.silence import Facts
from storage import tickets
from storage.inboxes import DUE, due_of
from storage.schema import ticket
from storage.work import Work
from tests.machine import DAY, Machine

ANSWER, CLOSE = 10 * DAY, 20 * DAY


@pytest.mark.parametrize(
    ("status", "answered_at", "planned_for", "due"),
    [
        ("received", None, None, ANSWER),
        ("acknowledged", DAY, None, CLOSE),
        ("planned", DAY, 15 * DAY, CLOSE),
        ("planned", DAY, 30 * DAY, 30 * DAY),
        ("planned", DAY, None, CLOSE),
        ("in_progress", DAY, 30 * DAY, CLOSE),
        ("reopened", DAY, 30 * DAY, ANSWER),
    ],
)
async def test_a_ticket_is_due_at_one_time_wherever_it_is_asked(
    database_url: str, status: str, answered_at: float | None, planned_for: float | None, due: float
) -> None:
    async def do(work: Work) -> tuple[float | None, float | None]:
        code = tickets.open_ticket(
            work, person_id=1, address_id=1, category="bache", body="comuna-14", area="comuna-14",
            place=Place(words="acá"), words="enorme", media_ids=[], language="es", targets=(ANSWER, CLOSE),
        )  # fmt: skip
        await work.flush()
        values = {"status": status, "answered_at": answered_at, "planned_for": planned_for}
        await work.execute(update(ticket).where(ticket.c.code == code).values(**values))
        found = await tickets.by_code(work, code)
        row = await work.first(select(DUE.label("due")))
        assert found
        assert row
        return due_of(found), row.due

    async with Machine(database_url) as machine:
        assert await machine.work(do) == (due, due)
    heard_at = answered_at if status != "reopened" else None
    facts = Facts(
        status=status, since=0.0, answer_by=ANSWER, close_by=CLOSE, heard_at=heard_at, planned_for=planned_for
    )
    assert facts.due_by == due
