"""One sender holds the lease: what becomes of it, and of its rows, when it stops, stalls, dies or has no database."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import select, text

from storage import leases
from storage.database import Database
from storage.schema import lease
from tests.postgres import Server
from tests.provider import NEVER, Provider, all_done, sending, until
from tests.rows import ACCOUNT, change, put, read, row, statuses


async def test_a_stop_finishes_what_it_holds_and_begins_nothing_more(sqlite: Database) -> None:
    ids = await put(sqlite, row("a", 1, effect_key="a1"), row("a", 2, effect_key="a2"))
    provider = Provider(a1=[0.2])
    async with sending(sqlite, provider) as sender:
        await until(lambda: provider.keys == ["a1"])
        await sender.stop(5)
        assert not sender.leading
    assert provider.keys == ["a1"]
    assert await statuses(sqlite) == ["sent", "pending"]
    assert (await read(sqlite, ids[1])).doubts == 0


async def test_a_stop_gives_the_lease_to_the_next_at_once(database: Database) -> None:
    await put(database, row("a", 1, effect_key="a1"))
    async with sending(database, Provider(), lease_seconds=NEVER):
        await all_done(database)
    await put(database, row("a", 2, effect_key="a2"))
    provider = Provider()
    async with sending(database, provider, lease_seconds=NEVER):
        await until(lambda: provider.keys == ["a2"], within=2)


async def test_a_stop_cuts_off_what_takes_too_long_and_leaves_it_in_doubt(sqlite: Database) -> None:
    [number] = await put(sqlite, row(effect_key="one"))
    provider = Provider(one=[NEVER])
    async with sending(sqlite, provider) as sender:
        await until(lambda: provider.keys == ["one"])
        begun = time.time()
        await sender.stop(0.1)
        assert time.time() - begun < 2
    kept = await read(sqlite, number)
    assert (kept.status, kept.doubts) == ("pending", 1)


async def test_of_two_senders_one_stands_by_and_takes_over(database: Database) -> None:
    first, second = Provider(), Provider()
    await put(database, *(row("a", seq) for seq in range(3)))
    async with sending(database, second, lease_seconds=1.0) as standby:
        await until(lambda: standby.leading)
        async with sending(database, first, lease_seconds=1.0) as other:
            await all_done(database)
            await asyncio.sleep(0.3)
            assert (standby.leading, other.leading) == (True, False)
            await standby.stop(1)
            await until(lambda: other.leading)
            await put(database, row("a", 9, effect_key="last"))
            other.wake()
            await all_done(database)
    assert len(second.jobs) == 3
    assert first.keys == ["last"]


async def test_a_stalled_owner_is_fenced_and_its_result_discarded(database: Database) -> None:
    """The first hangs in an attempt while its lease runs out; the second repeats it; the first's late yes is void."""
    stalled = 1e6
    [number] = await put(database, row(effect_key="one"))
    slow, quick = Provider(one=[0.5]), Provider()
    async with sending(database, slow, lease_seconds=NEVER) as late:
        await until(lambda: slow.keys == ["one"])
        async with sending(database, quick, clock=lambda: time.time() + stalled) as new:
            await until(lambda: quick.keys == ["one"])
            await until(lambda: new.tally["sent"] == 1)
            await until(lambda: not late.leading)
            assert late.tally["sent"] == 0
    assert [job.again for job in quick.jobs] == [True]
    kept = await read(database, number)
    assert (kept.status, kept.claim_token) == ("sent", 2)


async def test_what_a_dead_owner_left_is_repeated_once_and_bulk_is_not(database: Database) -> None:
    ids = await put(database, row("a", 1, effect_key="a1"), row("b", 1, bulk=True), row("c", 1, effect_key="c1"))
    for number in ids:
        await change(database, number, status="sending", claim_token=0)
    await change(database, ids[2], doubts=1)
    provider = Provider()
    async with sending(database, provider):
        await all_done(database)
    assert [(job.effect_key, job.again) for job in provider.jobs] == [("a1", True)]
    assert await statuses(database) == ["sent", "unknown", "unknown"]


async def test_a_broken_database_loses_nothing_that_happened_meanwhile(database: Database) -> None:
    async def rename(old: str, new: str) -> None:
        async with database.write() as connection:
            await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    ids = await put(database, row("a", 1, effect_key="a1"), row("a", 2, effect_key="a2"), row("b", 1, due_at=1e12))
    provider = Provider(a1=[0.2])
    async with sending(database, provider) as sender:
        await until(lambda: provider.keys == ["a1"])
        await rename("lease", "lease_away")
        await until(lambda: provider.under_way == set())
        await asyncio.sleep(0.3)
        # As after a claim whose commit was never heard of: ours by the database, in nobody's hands.
        async with database.read() as connection:
            token = (await connection.execute(text("SELECT token FROM lease_away"))).scalar_one()
        await change(database, ids[2], status="sending", claim_token=token, due_at=1.0)
        await rename("lease_away", "lease")
        await all_done(database)
        await until(lambda: sender.tally["sent"] == 3)
    assert provider.keys[0] == "a1"
    assert sorted(provider.keys[1:]) == sorted(["a2", (await read(database, ids[2])).effect_key])
    assert not any(job.again for job in provider.jobs)


async def test_a_server_that_goes_away_is_waited_for(postgres: Server, postgres_url: str) -> None:
    database = Database(postgres_url)
    name = postgres_url.rpartition("/")[2].partition("?")[0]
    await put(database, row("a", 1, effect_key="a1"), row("a", 2, effect_key="a2"))
    provider = Provider(a1=[0.3])
    async with sending(database, provider) as sender:
        await until(lambda: provider.keys == ["a1"])
        await asyncio.to_thread(postgres.execute, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        kick = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
        await asyncio.to_thread(postgres.execute, kick)
        await asyncio.sleep(0.7)
        assert provider.keys == ["a1"]
        await asyncio.to_thread(postgres.execute, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await all_done(database)
        await until(lambda: sender.tally == {"sent": 2})
    assert [(job.effect_key, job.again) for job in provider.jobs] == [("a1", False), ("a2", False)]
    await database.close()


async def test_a_stop_gives_up_on_a_database_that_stays_away(sqlite: Database) -> None:
    await put(sqlite, row(effect_key="one"))
    provider = Provider(one=[0.1])
    async with sending(sqlite, provider) as sender:
        await until(lambda: provider.keys == ["one"])
        async with sqlite.write() as connection:
            await connection.execute(text("ALTER TABLE lease RENAME TO lease_away"))
        begun = time.time()
        await sender.stop(0.2)
        assert time.time() - begun < 3
    assert await statuses(sqlite) == ["sending"]


async def test_the_lease_is_renewed_as_long_as_it_is_needed(sqlite: Database) -> None:
    async with sending(sqlite, Provider(), lease_seconds=0.3) as sender:
        await until(lambda: sender.leading)
        await asyncio.sleep(1.0)
        assert sender.leading
        async with sqlite.write() as connection:
            assert await leases.acquire(connection, f"sender:{ACCOUNT}", "thief", time.time(), 1) is None
            assert (await connection.execute(select(lease.c.token))).scalar_one() == 1
