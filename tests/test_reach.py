"""Where those who follow a ticket can be told something now, read for all of them at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert, update

from storage import fallback, tickets
from storage.schema import address, person, supporter, ticket
from storage.tickets import Ticket
from storage.work import Work
from tests.test_tickets import open_one
from tests.working import working

REPORTER = 1


@pytest.fixture
async def work(database_url: str) -> AsyncIterator[Work]:
    async with working(database_url, 1000.0) as work:
        await _people(work, [1, 2, 3, 4])
        yield work


async def _people(work: Work, ids: list[int]) -> None:
    await work.connection.execute(insert(person), [{"id": each, "created_at": 1.0} for each in ids])
    for each in ids:
        await _live(work, each, each)


async def _live(work: Work, address_id: int, person_id: int, account: str = "telegram:1", **values: Any) -> None:
    row = {"id": address_id, "account": account, "external": f"at {address_id}", "person_id": person_id}
    await work.connection.execute(insert(address).values(row | {"created_at": 1.0} | values))


async def _followed(work: Work, **joined: int) -> Ticket:
    """A ticket of the first person's that these others joined, each over the address with this id."""
    code = open_one(work)
    for name, address_id in joined.items():
        work.add(supporter, ticket=code, person_id=int(name[1:]), address_id=address_id, joined_at=1.0)
    found = await tickets.by_code(work, code)
    assert found is not None
    return found


async def _set(work: Work, address_id: int, **values: Any) -> None:
    await work.execute(update(address).where(address.c.id == address_id).values(**values))


async def test_each_follower_is_open_stopped_blocked_or_reached_in_another_way(work: Work) -> None:
    found = await _followed(work, p2=2, p3=3, p4=4)
    await _live(work, 9, 4, "sms:+5411")
    await work.execute(update(person).where(person.c.id == 4).values(fallback_address_id=9))
    await _set(work, 2, opted_out_at=5.0)
    await _set(work, 3, blocked_at=5.0)
    await _set(work, 4, blocked_at=5.0)
    reach = await fallback.reach_of_followers(work, found)
    assert list(reach.items()) == [(1, "open"), (2, "stopped"), (3, "blocked"), (4, "sms")]
    assert await fallback.reach_of(work, [4, 1, 8]) == {4: "sms", 1: "open"}
    await _set(work, 9, opted_out_at=6.0)
    assert (await fallback.reach_of_followers(work, found))[4] == "blocked", "her other way is closed too"


async def test_who_reported_and_joined_it_elsewhere_hears_where_she_reported(work: Work) -> None:
    await _live(work, 7, REPORTER)
    assert list(await fallback.reach_of_followers(work, await _followed(work, p1=7, p3=3))) == [1, 3]


async def test_where_nobody_is_any_more_nobody_is_told(work: Work) -> None:
    found = await _followed(work, p2=77, p3=3)
    await work.execute(update(ticket).where(ticket.c.code == found.code).values(person_id=None, address_id=None))
    erased = await tickets.by_code(work, found.code)
    assert erased is not None
    assert list(await fallback.reach_of_followers(work, erased)) == [3]
