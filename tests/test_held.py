"""What may not be said before she writes again: put aside, let go, forgotten; and who told the provider to stop."""

from __future__ import annotations

from sqlalchemy import select

from bot.channels import SendError
from bot.jobs import job_of, outcome_of
from bot.retry import Held, OptedOut
from storage import backlog, outbox, windows
from storage.database import Database
from storage.outbox import Claim, Outcome, Row
from storage.schema import outbox as outbox_table
from storage.work import Work
from tests.machine import NOON, Machine
from tests.rows import ACCOUNT, change, put, put_address, read, read_address, row, statuses

NOW, TOKEN = 200.0, 7


async def claim(database: Database, now: float = NOW) -> Claim:
    async with database.write() as connection:
        return await outbox.claim(connection, ACCOUNT, TOKEN, now, 10)


async def settle(database: Database, *outcomes: Outcome, now: float = NOW) -> None:
    async with database.write() as connection:
        await outbox.settle(connection, outcomes, ACCOUNT, TOKEN, now)


def make_work(connection: object, now: float) -> Work:
    return Work(connection, now, str, str)  # type: ignore[arg-type]


async def write_in(database: Database, address_id: int, now: float, until: float) -> Work:
    """Let the person write at `now`: her window opens."""
    async with database.write() as connection:
        work = make_work(connection, now)
        windows.note_window(work, address_id, until)
        await windows.open_windows(work)
        return work


def held(taken: Row) -> Outcome:
    return outcome_of(taken, SendError("window", "free words are over"), Held("free words are over"))


async def test_what_is_held_lets_its_lane_go_on(database: Database) -> None:
    where = await put_address(database, "+5491155550000")
    ids = await put(database, row("a", 1, address_id=where), row("a", 2, address_id=where))
    [first] = (await claim(database)).rows
    await settle(database, held(first))
    kept = await read(database, ids[0])
    assert (kept.status, kept.done_at, kept.error_class) == ("held", NOW, "window")
    assert [each.id for each in (await claim(database)).rows] == [ids[1]]


async def test_what_was_held_goes_first_and_in_order_when_she_writes_again(database: Database) -> None:
    where, other = await put_address(database, "+5491155550000"), await put_address(database, "+5491155550001")
    ids = await put(database, *(row("a", seq, address_id=where) for seq in (1, 2, 3)), row("b", 1, address_id=other))
    for number in (ids[0], ids[1], ids[3]):
        await change(database, number, status="held", done_at=150.0)
    work = await write_in(database, where, 300.0, 86_700.0)
    assert work.accounts == {ACCOUNT}
    assert await statuses(database) == ["pending", "pending", "pending", "held"]
    order = []
    for _ in range(3):
        [taken] = (await claim(database, 300.0)).rows
        assert taken.window_until == 86_700.0
        order.append(taken.id)
        await settle(database, Outcome(id=taken.id, status="sent"), now=300.0)
    assert order == ids[:3]


async def test_a_message_that_comes_late_does_not_shorten_the_window(database: Database) -> None:
    where = await put_address(database, "+5491155550000", window_until=500.0)
    await write_in(database, where, 300.0, 400.0)
    assert (await read_address(database, where)).window_until == 500.0
    await write_in(database, where, 300.0, 600.0)
    assert (await read_address(database, where)).window_until == 600.0


async def test_what_was_held_too_long_is_dropped_and_no_longer_sent(database: Database) -> None:
    where = await put_address(database, "+5491155550000")
    ids = await put(database, row("a", 1, address_id=where), row("a", 2, address_id=where))
    await change(database, ids[0], status="held", done_at=100.0)
    await change(database, ids[1], status="held", done_at=300.0)
    async with database.write() as connection:
        assert await backlog.drop_held(connection, 200.0, NOW) == 1
    dropped = await read(database, ids[0])
    assert (dropped.status, dropped.error_class, dropped.done_at) == ("dropped", "stale", NOW)
    await write_in(database, where, 300.0, 400.0)
    assert await statuses(database) == ["dropped", "pending"]


async def test_what_is_held_is_shown_to_the_operator_and_counted(database: Database) -> None:
    where = await put_address(database, "+5491155550000")
    [number] = await put(database, row("a", 1, address_id=where))
    await change(database, number, status="held", done_at=150.0, error_class="window")
    async with database.read() as connection:
        assert [(each.id, each.status) for each in await backlog.failed(connection)] == [(number, "held")]
        assert [(each.status, each.rows) for each in await backlog.counts(connection)] == [("held", 1)]


async def test_all_that_failed_is_repeated_but_not_what_is_held(database: Database) -> None:
    ids = await put(database, row("a", 1), row("b", 1))
    await change(database, ids[0], status="held", done_at=150.0)
    await change(database, ids[1], status="failed", done_at=150.0)
    async with database.write() as connection:
        assert await backlog.retry(connection, None, NOW) == 1
    assert await statuses(database) == ["held", "pending"]


async def test_a_stop_at_the_provider_closes_the_address_and_drops_what_waits(database: Database) -> None:
    where = await put_address(database, "+5491155550000")
    ids = await put(database, row("a", 1, address_id=where), row("a", 2, address_id=where))
    [first] = (await claim(database)).rows
    await settle(database, outcome_of(first, SendError("opted_out", "21610"), OptedOut()))
    closed = await read_address(database, where)
    assert (closed.opted_out_at, closed.opted_out_by, closed.blocked_at) == (NOW, "provider", None)
    assert await statuses(database) == ["dropped", "dropped"]
    assert [(await read(database, number)).error_class for number in ids] == ["opted_out", "opted-out"]


async def test_while_in_doubt_a_row_remembers_when_the_doubt_began(database: Database) -> None:
    await put(database, row())
    [first] = (await claim(database, 200.0)).rows
    assert job_of(first, ACCOUNT).since is None
    again = Outcome(id=first.id, status="pending", due_at=220.0, doubts=1)
    await settle(database, again, now=215.0)
    [second] = (await claim(database, 230.0)).rows
    assert (job_of(second, ACCOUNT).again, job_of(second, ACCOUNT).since) == (True, 200.0)
    await settle(database, again, now=245.0)
    [third] = (await claim(database, 260.0)).rows
    assert job_of(third, ACCOUNT).since == 200.0


async def test_a_failure_without_doubt_is_no_beginning_of_one(database: Database) -> None:
    await put(database, row())
    [first] = (await claim(database, 200.0)).rows
    await settle(database, Outcome(id=first.id, status="pending", due_at=210.0, attempts=1), now=201.0)
    [second] = (await claim(database, 230.0)).rows
    assert job_of(second, ACCOUNT).since is None
    await settle(database, Outcome(id=first.id, status="pending", due_at=240.0, doubts=1), now=231.0)
    [third] = (await claim(database, 260.0)).rows
    assert job_of(third, ACCOUNT).since == 230.0


async def test_whoever_writes_opens_the_window_of_her_channel_and_hears_first_what_waited(database_url: str) -> None:
    async with Machine(database_url) as machine:
        machine.window = 86_400.0
        ana = machine.phone("ana")
        await ana.says("hola")
        [said] = await machine.rows(select(outbox_table).where(outbox_table.c.kind == "message"))
        assert (await read_address(machine.database, said.address_id)).window_until == NOON + 86_400
        await change(machine.database, said.id, status="held", done_at=NOON)
        machine.now += 2 * 86_400
        machine.woken.clear()
        await ana.says("hola", at=machine.now - 600)
        first, *later = await machine.rows(select(outbox_table).where(outbox_table.c.kind == "message").order_by("seq"))
        assert (first.id, first.status, first.done_at, first.due_at) == (said.id, "pending", None, machine.now)
        assert later
        assert said.account in machine.woken
        # The provider counts from when she wrote, not from when we heard of it.
        assert (await read_address(machine.database, said.address_id)).window_until == machine.now - 600 + 86_400


async def test_a_channel_without_a_window_notes_none(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        [said] = await machine.rows(select(outbox_table).where(outbox_table.c.kind == "message"))
        assert (await read_address(machine.database, said.address_id)).window_until is None
