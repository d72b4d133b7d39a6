"""What becomes of a claimed row: dropped, settled, blocked, moved or left half sent, on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage import leases, outbox
from storage.database import Database
from storage.heads import Holding
from storage.outbox import Outcome
from tests.claiming import NOW, TOKEN, claim, claim_ids, sent, settle
from tests.rows import ACCOUNT, put, put_address, read, read_address, row, statuses

# --- what has lost its point


async def test_what_has_lost_its_point_is_dropped_when_its_turn_comes(database: Database) -> None:
    blocked = await put_address(database, "1", blocked_at=50.0)
    opted_out = await put_address(database, "2", opted_out_at=150.0)
    ids = await put(
        database,
        row("stale", 1, expires_at=NOW),
        row("blocked", 1, address_id=blocked),
        row("opted out", 1, address_id=opted_out),
        row("erased", 1, address_id=424242),
        row("fresh", 1, expires_at=NOW + 1),
    )
    found = await claim(database)
    assert [row.id for row in found.rows] == [ids[4]]
    assert found.more
    dropped = [await read(database, number) for number in ids[:4]]
    assert [(row.status, row.error_class, row.done_at) for row in dropped] == [
        ("dropped", "stale", NOW),
        ("dropped", "gone", NOW),
        ("dropped", "opted-out", NOW),
        ("dropped", "erased", NOW),
    ]


async def test_the_goodbye_written_in_the_moment_of_opting_out_still_goes(database: Database) -> None:
    where = await put_address(database, "1", opted_out_at=150.0)
    ids = await put(
        database,
        row("a", 1, address_id=where, created_at=140.0),
        row("a", 2, address_id=where, created_at=150.0),
        row("a", 3, address_id=where, created_at=160.0),
    )
    assert await claim_ids(database) == []
    assert await claim_ids(database) == [ids[1]]
    await settle(database, sent(ids[1]))
    await claim(database)
    assert await statuses(database) == ["dropped", "sent", "dropped"]


async def test_errands_and_timers_do_not_ask_whether_the_address_is_open(database: Database) -> None:
    blocked = await put_address(database, "1", blocked_at=50.0)
    ids = await put(
        database, row("a", 1, kind="errand", address_id=blocked), row("b", 1, kind="timer", address_id=424242)
    )
    assert await claim_ids(database) == ids


# --- settling


async def test_a_sent_row_keeps_the_providers_id_and_is_done(database: Database) -> None:
    [number] = await put(database, row())
    await claim(database)
    await settle(database, sent(number), now=NOW + 1)
    kept = await read(database, number)
    assert (kept.status, kept.provider_id, kept.done_at) == ("sent", f"provider-{number}", NOW + 1)


async def test_a_row_for_later_keeps_what_the_next_attempt_must_know(database: Database) -> None:
    [number] = await put(database, row())
    await claim(database)
    later = Outcome(
        id=number, status="pending", due_at=300.0, error_class="server", error="500", attempts=3, doubts=1, plain=True
    )
    await settle(database, later)
    kept = await read(database, number)
    assert (kept.status, kept.due_at, kept.done_at) == ("pending", 300.0, None)
    [found] = (await claim(database, now=300.0)).rows
    assert (found.attempts, found.doubts, found.plain, found.error_class) == (3, 1, True, "server")


@pytest.mark.parametrize("status", ["sent", "failed", "unknown", "dropped"])
async def test_whatever_the_end_is_the_lane_goes_on(database: Database, status: Any) -> None:
    ids = await put(database, row("a", 1), row("a", 2))
    await claim(database)
    await settle(database, Outcome(id=ids[0], status=status))
    assert await claim_ids(database) == [ids[1]]


async def test_the_result_of_a_fenced_owner_is_discarded(database: Database) -> None:
    [number] = await put(database, row())
    await claim(database, token=1)
    async with database.write() as connection:
        assert [row.id for row in await outbox.recover(connection, ACCOUNT, 2)] == [number]
    await settle(database, sent(number), token=1)
    assert (await read(database, number)).status == "sending"
    await settle(database, Outcome(id=number, status="pending", due_at=NOW, doubts=1), token=2)
    await settle(database, sent(number), token=1)
    assert (await read(database, number)).status == "pending"


async def test_settling_twice_is_settling_once(database: Database) -> None:
    ids = await put(database, row("a", 1), row("a", 2))
    await claim(database)
    await settle(database, sent(ids[0]), now=NOW + 1)
    await settle(database, Outcome(id=ids[0], status="failed"), now=NOW + 2)
    kept = await read(database, ids[0])
    assert (kept.status, kept.done_at) == ("sent", NOW + 1)


async def acquire(database: Database, owner: str, now: float) -> int:
    async with database.write() as connection:
        token = await leases.acquire(connection, "sender", owner, now, 10)
        assert token is not None
        return token


async def settle_alone(database: Database, outcome: Outcome, token: int) -> bool:
    async with database.write() as connection:
        return await outbox.settle_alone(connection, outcome, Holding("sender", token), NOW)


async def test_a_row_alone_is_settled_as_among_others(database: Database) -> None:
    token = await acquire(database, "ana", NOW)
    ids = await put(database, row("a", 1), row("b", 1))
    await claim(database, token=token)
    await settle(database, sent(ids[0]), token=token)
    assert await settle_alone(database, sent(ids[1]), token)
    one, other = [await read(database, number) for number in ids]
    assert (one.status, one.done_at) == (other.status, other.done_at) == ("sent", NOW)
    assert other.provider_id == f"provider-{ids[1]}"
    assert not await settle_alone(database, sent(ids[1]), token), "it is settled already"


async def test_a_row_alone_is_not_settled_under_a_lease_that_another_holds(database: Database) -> None:
    late = await acquire(database, "ana", NOW)
    [number] = await put(database, row("a", 1))
    await claim(database, token=late)
    await acquire(database, "beto", NOW + 20)
    assert not await settle_alone(database, sent(number), late)
    assert await statuses(database) == ["sending"]


async def test_a_lease_stays_while_a_row_is_settled_alone(database: Database) -> None:
    token = await acquire(database, "ana", NOW)
    [number] = await put(database, row("a", 1))
    await claim(database, token=token)
    async with database.write() as connection:
        assert await outbox.settle_alone(connection, sent(number), Holding("sender", token), NOW)
        thief = asyncio.create_task(acquire(database, "beto", NOW + 20))
        await asyncio.sleep(0.1)
        assert not thief.done()
    assert await thief == token + 1


@pytest.mark.parametrize("more", [{"blocked": True}, {"opted_out": True}, {"moved_to": "9"}, {"segments": 2}])
async def test_what_concerns_more_than_its_row_is_not_settled_alone(sqlite: Database, more: dict[str, Any]) -> None:
    token = await acquire(sqlite, "ana", NOW)
    [number] = await put(sqlite, row("a", 1))
    await claim(sqlite, token=token)
    assert not await settle_alone(sqlite, Outcome(id=number, status="sent", **more), token)
    assert await statuses(sqlite) == ["sending"]


async def test_a_providers_long_or_odd_words_do_not_stop_the_queue(database: Database) -> None:
    [number] = await put(database, row())
    await claim(database)
    await settle(database, Outcome(id=number, status="failed", error="x\x00" * 400, provider_id="y" * 400))
    kept = await read(database, number)
    assert (kept.error, kept.provider_id) == ("x" * 300, "y" * 120)


async def test_who_blocked_us_is_remembered_and_nothing_more_of_the_lane_is_tried(database: Database) -> None:
    where = await put_address(database, "7")
    ids = await put(
        database,
        *(row("a", seq, address_id=where) for seq in (1, 2, 3)),
        row("a", 4, address_id=where, kind="errand"),
        row("b", 1),
    )
    await claim(database, 1)
    await settle(database, Outcome(id=ids[0], status="dropped", error_class="gone", blocked=True))
    assert (await read_address(database, where)).blocked_at == NOW
    assert await statuses(database) == ["dropped", "dropped", "dropped", "pending", "pending"]
    assert (await read(database, ids[2])).error_class == "gone"


async def test_a_fenced_owner_blocks_nobody(database: Database) -> None:
    where = await put_address(database, "7")
    ids = await put(database, row("a", 1, address_id=where), row("a", 2, address_id=where))
    await claim(database, token=1)
    await settle(database, Outcome(id=ids[0], status="dropped", blocked=True), token=2)
    assert (await read_address(database, where)).blocked_at is None
    assert await statuses(database) == ["sending", "pending"]


async def test_a_moved_group_takes_everyone_who_writes_in_it_along(database: Database) -> None:
    group = await put_address(database, "-5")
    member = await put_address(database, "-5/7")
    other = await put_address(database, "-55/7")
    [number] = await put(database, row("-5", 1, address_id=member))
    await claim(database)
    await settle(database, Outcome(id=number, status="pending", due_at=NOW, moved_to="-100"))
    assert [(await read_address(database, one)).external for one in (group, member, other)] == [
        "-100",
        "-100/7",
        "-55/7",
    ]
    [found] = (await claim(database)).rows
    assert found.external == "-100/7"


async def test_what_waits_for_a_moved_chat_goes_to_the_address_that_is_known_there(database: Database) -> None:
    old = await put_address(database, "-5")
    new = await put_address(database, "-100")
    ids = await put(database, row("-5", 1, address_id=old), row("-5", 2, address_id=old))
    await claim(database)
    await settle(database, Outcome(id=ids[0], status="pending", due_at=NOW, moved_to="-100"))
    assert (await read_address(database, old)).external == "-5"
    [found] = (await claim(database)).rows
    assert (found.id, found.address_id, found.external) == (ids[0], new, "-100")
    assert (await read(database, ids[1])).address_id == new


# --- after a crash


async def test_what_a_dead_owner_left_half_sent_is_found_once(database: Database) -> None:
    ids = await put(database, row("a", 1), row("b", 1), row("c", 1, account="telegram:2"))
    await claim(database, token=1)
    async with database.write() as connection:
        assert {row.id for row in await outbox.recover(connection, ACCOUNT, 2)} == set(ids[:2])
        assert await outbox.recover(connection, ACCOUNT, 2) == []
        assert await outbox.recover(connection, "telegram:2", 2) == []


async def test_what_was_claimed_and_never_begun_goes_back_without_doubt(database: Database) -> None:
    ids = await put(database, row("a", 1), row("b", 1), row("c", 1))
    await claim(database)
    async with database.write() as connection:
        assert await outbox.put_back(connection, ACCOUNT, TOKEN, held={ids[1]}) == 2
    assert await statuses(database) == ["pending", "sending", "pending"]
    assert (await read(database, ids[0])).doubts == 0
