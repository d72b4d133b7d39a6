"""A notice or a timer is done by the very commit that takes it in, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select, update

from bot.errands import Local
from bot.intake import Unavailable
from bot.messages import Inbound
from bot.retry import IDEMPOTENT
from bot.sender import Sender
from storage.orders import Order
from storage.schema import outbox
from tests.machine import ACCOUNT, HOUR, Machine, texts
from tests.walking import walk

REMINDER = "Te quedó un reclamo sin mandar"


def local(machine: Machine) -> Sender:
    return Sender(
        machine.database,
        "local",
        Local(machine.intake).perform,
        policy=IDEMPOTENT,
        clock=lambda: machine.now,
        lease_seconds=30 * HOUR,
    )


async def the_timer(machine: Machine) -> Any:
    (row,) = await machine.rows(select(outbox).where(outbox.c.kind == "timer"))
    return row


async def claimed(machine: Machine, token: int) -> tuple[Inbound, int]:
    """The message of the timer that was set, and its row, which is being sent under `token`."""
    row = await the_timer(machine)
    await machine.work(
        lambda work: work.execute(
            update(outbox).where(outbox.c.id == row.id).values(status="sending", claim_token=token)
        )
    )
    return Inbound(account=ACCOUNT, key=row.effect_key, address="ana", kind="timer", name="draft"), row.id


async def test_a_timer_is_done_with_the_commit_that_takes_it(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, sender = machine.phone("ana"), local(machine)
        await walk(ana, 2)
        await sender.send_due()
        machine.now += HOUR
        commits = 0

        def count(_connection: Any) -> None:
            nonlocal commits
            commits += 1

        event.listen(machine.database.engine.sync_engine, "commit", count)
        await sender.send_due()
        event.remove(machine.database.engine.sync_engine, "commit", count)
        assert commits == 2, "one that claims it, one that takes it in and is done with it"
        assert sender.tally == {"sent": 1}
        assert REMINDER in texts(await ana.news())[0]
        (done,) = await machine.rows(select(outbox).where(outbox.c.kind == "timer", outbox.c.done_at.is_not(None)))
        assert (done.status, done.done_at) == ("sent", machine.now)


async def test_notices_of_many_people_are_all_done_and_what_follows_from_them_as_well(database_url: str) -> None:
    async with Machine(database_url) as machine:
        phones = [machine.phone(f"ana{number}") for number in range(5)]
        for phone in phones:
            await walk(phone, 2)
        sender = local(machine)
        machine.now += HOUR
        await sender.send_due()
        assert sender.tally == {"sent": 5}
        for phone in phones:
            assert REMINDER in texts(await phone.news())[0]
        assert await machine.count(outbox, outbox.c.account == "local", outbox.c.status == "sending") == 0


async def test_a_row_that_another_has_taken_over_is_left_to_him(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await walk(machine.phone("ana"), 2)
        message, row = await claimed(machine, token=8)
        await machine.intake.take(message, Order(row, 7))
        assert (await the_timer(machine)).status == "sending"
        mine = Order(row, 8)
        await machine.intake.take(message, mine)
        assert mine.done, "it is known already, and its row done even so"
        assert (await the_timer(machine)).status == "sent"


async def test_what_was_not_committed_is_not_done(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await walk(machine.phone("ana"), 2)
        message, row = await claimed(machine, token=8)
        machine.intake.stop()
        order = Order(row, 8)
        with pytest.raises(Unavailable):
            await machine.intake.take(message, order)
        assert not order.done
        assert (await the_timer(machine)).status == "sending"
