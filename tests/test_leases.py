"""Leases, on both databases: one owner at a time, and a token that tells the late from the living."""

from __future__ import annotations

import asyncio

from storage import leases
from storage.database import Database

NAME = "sender:telegram:1"


async def acquire(database: Database, owner: str, now: float) -> int | None:
    async with database.write() as connection:
        return await leases.acquire(connection, NAME, owner, now, 10)


async def renew(database: Database, token: int, now: float) -> bool:
    async with database.write() as connection:
        return await leases.renew(connection, NAME, token, now, 10)


async def holds(database: Database, token: int) -> bool:
    async with database.write() as connection:
        return await leases.hold(connection, NAME, token)


async def test_one_owner_at_a_time(database: Database) -> None:
    assert await acquire(database, "ana", 100) == 1
    assert await acquire(database, "beto", 105) is None
    assert await acquire(database, "beto", 110) == 2


async def test_a_renewed_lease_is_not_given_away(database: Database) -> None:
    token = await acquire(database, "ana", 100)
    assert token is not None
    assert await renew(database, token, 108)
    assert await acquire(database, "beto", 112) is None
    assert await acquire(database, "beto", 118) is not None


async def test_who_wakes_up_late_finds_the_lease_taken(database: Database) -> None:
    late = await acquire(database, "ana", 100)
    assert late is not None
    new = await acquire(database, "beto", 120)
    assert new is not None
    assert new > late
    assert not await renew(database, late, 121)
    assert not await holds(database, late)
    assert await holds(database, new)


async def test_a_lease_that_ran_out_unnoticed_is_still_its_owners_while_nobody_wants_it(database: Database) -> None:
    token = await acquire(database, "ana", 100)
    assert token is not None
    assert await renew(database, token, 500)
    assert await acquire(database, "beto", 505) is None


async def test_an_owner_that_asks_again_gets_a_new_token(database: Database) -> None:
    first = await acquire(database, "ana", 100)
    again = await acquire(database, "ana", 101)
    assert first is not None
    assert again is not None
    assert again > first
    assert not await holds(database, first)


async def test_a_lease_given_back_is_free_at_once_and_its_token_never_comes_back(database: Database) -> None:
    first = await acquire(database, "ana", 100)
    assert first is not None
    async with database.write() as connection:
        await leases.release(connection, NAME, first)
    second = await acquire(database, "beto", 100)
    assert second is not None
    assert second > first


async def test_an_old_token_cannot_give_back_anothers_lease(database: Database) -> None:
    late = await acquire(database, "ana", 100)
    assert late is not None
    assert await acquire(database, "beto", 120) is not None
    async with database.write() as connection:
        await leases.release(connection, NAME, late)
    assert await acquire(database, "carla", 121) is None


async def test_of_many_who_ask_at_once_one_gets_it(database: Database) -> None:
    tokens = await asyncio.gather(*(acquire(database, f"owner {number}", 100) for number in range(8)))
    assert sorted(token for token in tokens if token is not None) == [1]


async def test_nobody_takes_a_lease_while_a_transaction_holds_it(database: Database) -> None:
    token = await acquire(database, "ana", 100)
    assert token is not None
    async with database.write() as connection:
        assert await leases.hold(connection, NAME, token)
        thief = asyncio.create_task(acquire(database, "beto", 200))
        await asyncio.sleep(0.1)
        assert not thief.done()
    assert await thief == token + 1
