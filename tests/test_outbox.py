"""Which rows of the outbox a claim takes, and what it costs, on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update

from storage import heads, leases, outbox
from storage.database import Database
from storage.heads import Holding
from storage.outbox import Row
from storage.schema import outbox as table
from tests.claiming import NOW, TOKEN, claim, claim_ids, sent, settle
from tests.rows import ACCOUNT, change, put, put_address, read, row, statuses

# --- which rows are taken


async def test_only_the_head_of_a_lane_is_taken(database: Database) -> None:
    ids = await put(database, row("a", 1), row("a", 2), row("b", 5), row("b", 4))
    assert await claim_ids(database) == [ids[0], ids[3]]
    assert await statuses(database) == ["sending", "pending", "pending", "sending"]


async def test_a_lane_with_a_row_on_its_way_waits_for_it(database: Database) -> None:
    ids = await put(database, row("a", 1), row("a", 2))
    assert await claim_ids(database) == [ids[0]]
    assert await claim_ids(database) == []
    await settle(database, sent(ids[0]))
    assert await claim_ids(database) == [ids[1]]


async def test_a_head_that_is_not_due_holds_its_lane(database: Database) -> None:
    ids = await put(database, row("a", 1, due_at=300.0), row("a", 2), row("b", 1))
    assert await claim_ids(database) == [ids[2]]
    assert await claim_ids(database, now=299.9) == []
    assert await claim_ids(database, now=300.0) == [ids[0]]


async def test_a_timer_goes_when_it_is_due_whatever_stands_before_it(database: Database) -> None:
    ids = await put(
        database,
        row("timer:1", 1, kind="timer", due_at=900.0),
        row("timer:1", 2, kind="timer", due_at=150.0),
    )
    assert await claim_ids(database) == [ids[1]]


async def test_a_row_with_the_same_seq_waits_for_the_one_written_before_it(database: Database) -> None:
    ids = await put(database, row("a", 1), row("a", 1))
    assert await claim_ids(database) == [ids[0]]


async def test_interactive_goes_before_bulk_and_the_oldest_first(database: Database) -> None:
    ids = await put(
        database,
        row("bulk:a", 1, bulk=True, due_at=10.0),
        row("a", 1, due_at=30.0),
        row("b", 1, due_at=20.0),
        row("bulk:b", 1, bulk=True, due_at=5.0),
    )
    assert await claim_ids(database, 3) == [ids[2], ids[1], ids[3]]


async def test_bulk_takes_no_more_than_its_share(database: Database) -> None:
    ids = await put(database, *(row(f"bulk:{lane}", 1, bulk=True) for lane in range(5)), row("a", 1))
    assert await claim_ids(database, bulk_limit=2) == [ids[5], ids[0], ids[1]]
    assert await claim_ids(database, bulk_limit=0) == []


async def test_accounts_do_not_see_each_others_rows(database: Database) -> None:
    await put(database, row("a", 1, account="telegram:2"))
    assert await claim_ids(database) == []


async def test_a_refused_row_stays_and_another_goes_instead(database: Database) -> None:
    ids = await put(database, *(row(f"a{lane}", 1, due_at=float(lane)) for lane in range(9)))
    found = await claim(database, 2, allows=lambda row: row.lane not in {"a0", "a1", "a2", "a3"})
    assert [row.id for row in found.rows] == ids[4:6]
    assert found.refused == 4
    assert (await statuses(database))[:4] == ["pending"] * 4


async def test_many_rows_that_are_refused_do_not_hide_the_one_that_is_not(database: Database) -> None:
    ids = await put(database, *(row(f"-1/{member}", 1) for member in range(500)), row("z", 1, due_at=150.0))
    taken: list[Row] = []
    refused = 0
    for _ in range(20):
        found = await claim(database, 5, allows=lambda row: row.lane == "z", refused=refused)
        refused, taken = found.refused, found.rows
        if taken or not found.more:
            break
    assert [row.id for row in taken] == [ids[-1]]


async def test_a_claimed_row_brings_all_that_is_needed_to_send_it(database: Database) -> None:
    where = await put_address(database, "-100/7")
    [number] = await put(database, row("a", 1, address_id=where, ticket="K7Q42MX", bulk=True, effect_key="in:1#0"))
    await change(database, number, attempts=2, doubts=1, plain=True, error_class="server", expires_at=999.0)
    [found] = (await claim(database)).rows
    assert found == Row(
        id=number,
        lane="a",
        kind="message",
        effect_key="in:1#0",
        address_id=where,
        external="-100/7",
        home=ACCOUNT,
        ticket="K7Q42MX",
        bulk=True,
        payload='{"text":"hola"}',
        attempts=2,
        doubts=1,
        plain=True,
        error_class="server",
        expires_at=999.0,
    )
    kept = await read(database, number)
    assert (kept.status, kept.claim_token, kept.sending_since) == ("sending", TOKEN, NOW)


async def test_a_claimed_row_brings_the_id_of_the_message_whose_place_it_takes(database: Database) -> None:
    [number] = await put(database, row("a", 1, effect_key="in:1#1"))
    await claim(database)
    await settle(database, sent(number))
    changes = ['{"text":"Visto","card":"in:1#1"}', '{"text":"Visto","card":"in:9#9"}', '{"card":7}', '{"card":']
    ids = await put(database, *(row(f"b{index}", 1, payload=words) for index, words in enumerate(changes)))
    assert {row.id: row.edits for row in (await claim(database)).rows} == {
        ids[0]: f"provider-{number}",
        ids[1]: "",
        ids[2]: "",
        ids[3]: "",
    }


async def test_thousands_of_rows_behind_heads_that_wait_hide_nobody(database: Database) -> None:
    """The walk along what is due sees only the blocked; the jumps find the one lane that is not, at the end."""
    blocked = [
        row(f"lane {lane:04}", seq, due_at=900.0 if seq == 1 else 100.0) for lane in range(1200) for seq in (1, 2)
    ]
    free = row("zone", 1, due_at=150.0)
    *_, number = await put(database, *blocked, free)
    taken: list[Row] = []
    after, looks = "", 0
    while not taken and looks < 10:
        found = await claim(database, 5, after=after)
        after, taken, looks = found.after, found.rows, looks + 1
        assert found.more or taken
    assert [row.id for row in taken] == [number]
    assert looks <= 3


async def test_one_long_lane_moves_one_by_one(database: Database) -> None:
    ids = await put(database, *(row("a", seq) for seq in range(400)))
    for number in ids[:3]:
        found = await claim(database, 5)
        assert [row.id for row in found.rows] == [number]
        assert not found.more
        await settle(database, sent(number))


async def test_a_claim_knows_whether_it_left_anything_that_was_due(database: Database) -> None:
    ids = await put(database, row("a", 1), row("b", 1), row("b", 2, due_at=NOW + 1), row("t", 1, kind="timer"))
    assert not (await claim(database, 2)).all_due
    found = await claim(database, 2)
    assert ([row.id for row in found.rows], found.all_due, found.more) == ([ids[3]], True, False)
    for number in (ids[0], ids[1], ids[3]):
        await settle(database, sent(number))
    await put(database, row("a", 2), row("a", 3))
    assert not (await claim(database)).all_due, "there is one behind it"
    assert not (await claim(database, now=NOW + 1)).all_due


@pytest.mark.parametrize("how", [{"allows": lambda row: row.lane != "a"}, {"bulk_limit": 0}])
async def test_what_may_not_go_now_is_left_behind(database: Database, how: dict[str, Any]) -> None:
    await put(database, row("a", 1), row("b", 1), row("bulk:c", 1, bulk=True))
    assert not (await claim(database, **how)).all_due
    assert (await claim(database)).all_due


async def test_nothing_is_taken_under_a_lease_that_somebody_else_holds(database: Database) -> None:
    async with database.write() as connection:
        mine = await leases.acquire(connection, "sender", "ana", NOW, 10)
        assert mine is not None
    await put(database, row("a", 1))
    assert not (await claim(database, token=mine, holding=Holding("sender", mine + 1))).rows
    assert not (await claim(database, token=mine, holding=Holding("another", mine))).rows
    assert len((await claim(database, token=mine, holding=Holding("sender", mine))).rows) == 1


async def test_nobody_takes_a_lease_under_which_something_was_found(database: Database) -> None:
    async with database.write() as connection:
        mine = await leases.acquire(connection, "sender", "ana", NOW, 10)
        assert mine is not None
    await put(database, row("a", 1))

    async def steal() -> int | None:
        async with database.write() as connection:
            return await leases.acquire(connection, "sender", "beto", NOW + 20, 10)

    async with database.write() as connection:
        found = await outbox.claim(connection, ACCOUNT, mine, NOW, 10, holding=Holding("sender", mine))
        thief = asyncio.create_task(steal())
        await asyncio.sleep(0.1)
        assert (len(found.rows), thief.done()) == (1, False)
    assert await thief == mine + 1


async def test_looking_ahead_tells_what_is_due_and_what_will_be(database: Database) -> None:
    async def look(now: float, since: float) -> tuple[bool, float | None]:
        async with database.read() as connection:
            return await heads.look_ahead(connection, ACCOUNT, now, since)

    assert await look(NOW, NOW) == (False, None)
    await put(database, row("a", 1, due_at=300.0), row("b", 1, due_at=250.0, bulk=True), row("c", 1, due_at=400.0))
    assert await look(NOW, NOW) == (False, 250.0)
    assert await look(260.0, 250.0) == (True, 300.0)
    assert await look(500.0, 400.0) == (True, None)


# --- what it costs


async def count_steps(database: Database, rows: list[dict[str, Any]]) -> int:
    """How many hundred instructions SQLite's machine runs for one claim."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    async with database.write() as connection:
        await connection.execute(insert(table), rows)
        raw: Any = (await connection.get_raw_connection()).driver_connection
        await raw.set_progress_handler(count, 100)
        await outbox.claim(connection, ACCOUNT, TOKEN, NOW, 20)
        await raw.set_progress_handler(None, 100)
        await connection.execute(delete(table))
    return steps


@pytest.mark.parametrize("rows_a_lane", [1, 2, 80, 8000])
@pytest.mark.parametrize("waiting", [False, True], ids=["free", "waiting"])
async def test_a_claim_costs_the_same_however_much_is_waiting(sqlite_url: str, rows_a_lane: int, waiting: bool) -> None:
    """Few long lanes or many short ones, free or behind heads that wait: from 1,000 rows on the cost stays flat."""

    def rows(number: int) -> list[dict[str, Any]]:
        lanes = max(1, number // rows_a_lane)
        return [
            row(f"{index % lanes:06}", index, due_at=900.0 if waiting and index < lanes and index % 500 else 100.0)
            for index in range(number)
        ]

    database = Database(sqlite_url)
    few, many = await count_steps(database, rows(1000)), await count_steps(database, rows(8000))
    await database.close()
    assert 0 < many < 1.7 * few + 60


async def test_postgres_finds_the_heads_by_the_indexes(postgres_url: str) -> None:
    database = Database(postgres_url)
    await put(database, *(row(f"{index % 100}", index, due_at=float(index)) for index in range(5000)))
    async with database.write() as connection:
        await connection.execute(update(table).where(table.c.seq < 4500).values(status="sent", done_at=1.0))
        await connection.execute(text("ANALYZE outbox"))
        for statement in (heads.DUE, heads.DUE_WHILE_HELD, heads.READ, heads.LANES, heads.AHEAD, heads.AMONG):
            bound = statement.params(account=ACCOUNT, now=NOW, looks=90, after="", most=500, since=NOW, ids=[1, 2])
            bound = bound.params(held_name="sender", held_token=TOKEN)
            words = bound.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
            plan = "\n".join(line[0] for line in await connection.execute(text(f"EXPLAIN {words}")))
            assert "Seq Scan on outbox" not in plan, plan
    await database.close()
