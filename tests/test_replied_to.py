"""Which ticket a reply speaks of: the message's own, or what is being sent when there is no doubt; never another."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from storage.inbox import ticket_of_message
from storage.schema import outbox
from storage.work import Work
from tests.machine import Machine

AT = 1_770_000_000.0
SENDING = {"status": "sending", "sending_since": AT - 2}


async def told(machine: Machine, *rows: dict[str, object]) -> None:
    """Write what address 1 was sent: a row for each ticket, with what is said of it."""

    async def do(work: Work) -> None:
        for number, row in enumerate(rows):
            work.post(
                account="a", lane="1", kind="message", payload={}, effect_key=f"{number}", address_id=1,
                ticket=str(row["ticket"]),
            )  # fmt: skip
        await work.flush()
        for number, row in enumerate(rows):
            await work.execute(update(outbox).where(outbox.c.effect_key == f"{number}").values(**row))

    await machine.work(do)


async def replied(machine: Machine, provider_id: str, *, at: float = AT, counts: bool = True) -> str:
    found: str = await machine.work(lambda work: ticket_of_message(work, [1], provider_id, at, counts=counts))
    return found


async def test_a_reply_speaks_of_the_ticket_of_the_message(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await told(machine, {"ticket": "AAA", "status": "sent", "provider_id": "7"}, {"ticket": "BBB", **SENDING})
        assert await replied(machine, "7") == "AAA"


@pytest.mark.parametrize("counts", [True, False])
async def test_whoever_is_quick_answers_what_is_being_sent(sqlite_url: str, counts: bool) -> None:
    async with Machine(sqlite_url) as machine:
        await told(machine, {"ticket": "AAA", "status": "sent", "provider_id": "7"}, {"ticket": "BBB", **SENDING})
        assert await replied(machine, "8", counts=counts) == "BBB"


async def test_a_reply_to_an_albums_other_photo_reaches_nobody_else(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await told(machine, {"ticket": "AAA", "status": "sent", "provider_id": "9"}, {"ticket": "BBB", **SENDING})
        assert await replied(machine, "8") == ""


async def test_of_two_tickets_under_way_none_is_taken(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await told(machine, {"ticket": "AAA", **SENDING}, {"ticket": "BBB", **SENDING})
        assert await replied(machine, "8", counts=False) == ""


async def test_who_wrote_before_it_was_sent_means_something_else(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await told(machine, {"ticket": "BBB", **SENDING})
        assert await replied(machine, "8", at=AT - 60, counts=False) == ""
