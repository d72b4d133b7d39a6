"""One ticket that cannot be looked at stops nobody else's clock, and neither does a crowd."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select
from structlog.testing import capture_logs

from bot.clockwork import FAULTY_FOR, LOOK_EVERY, MOST_AT_ONCE, Clockwork
from storage.schema import ticket
from storage.work import Work
from tests.clocked_city import ANSWER_BY, MONDAY, City, actions, moment


@pytest.fixture
async def city(database_url: str) -> AsyncIterator[City]:
    async with City(database_url, now=MONDAY) as city:
        yield city


def clockwork(city: City) -> Clockwork:
    lots = city.lots

    def make_work(connection: object) -> Work:
        work = Work(connection, city.now, lots.code, lots.id)  # type: ignore[arg-type]
        work.calm = city.pack.timetable
        return work

    return Clockwork(city.workplace()._replace(make_work=make_work))


async def test_a_ticket_that_cannot_be_looked_at_stops_nobody_elses_clock(city: City) -> None:
    ana, _ = await city.citizen(), await city.staff("luis", "agent")
    codes = [await city.open(ana) for _ in range(3)]
    await city.look()
    await city.wait(ANSWER_BY - city.now)
    place = await city.one(select(ticket.c.place).where(ticket.c.code == codes[1]))
    await city.set(codes[1], place="no place at all")
    clock = clockwork(city)
    with capture_logs() as logs:
        assert await clock.look(city.now) == 3
        assert await clock.look(city.now + LOOK_EVERY) == 0
    faults = [line for line in logs if line["log_level"] == "error"]
    assert [(line["event"], line["ticket"]) for line in faults] == [("ticket_not_looked_at", codes[1])]
    assert isinstance(faults[0]["exc_info"], Exception)
    await city.set(codes[1], place=place)
    assert [actions(await city.history(code)) for code in codes] == [
        ["received", "escalated"],
        ["received"],
        ["received", "escalated"],
    ]
    await city.wait(FAULTY_FOR)
    assert await clock.look(city.now) >= 1
    assert actions(await city.history(codes[1])) == ["received", "escalated"]


async def test_a_ticket_that_cannot_be_looked_at_stops_no_digest(city: City) -> None:
    ana, luis = await city.citizen(), await city.staff("luis", "agent")
    whole, broken = await city.open(ana), await city.open(ana)
    await city.look()
    await city.wait(moment("2026-03-13T09:00") - city.now)
    await city.set(broken, place="no place at all")
    with capture_logs() as logs:
        assert await clockwork(city).look(city.now) == 2
    assert [line["ticket"] for line in logs if line["log_level"] == "error"] == [broken]
    assert [actions(await city.history(whole))[-1], actions(await city.history(broken))[-1]] == [
        "escalated",
        "received",
    ]
    assert f"digest:{(await luis.row()).address_id}:2026-03-13" in await city.orders()


async def test_what_is_due_and_the_digests_of_the_hour_are_done_in_one_transaction(city: City) -> None:
    ana, _ = await city.citizen(), await city.staff("luis", "agent")
    code = await city.open(ana)
    await city.wait(moment("2026-03-13T09:00") - city.now)
    with transactions(city) as begun:
        assert await clockwork(city).look(city.now) == 1
    assert len(begun) == 1
    assert actions(await city.history(code)) == ["received", "escalated"]
    assert [order.partition(":")[0] for order in await city.orders()].count("digest") == 1


async def test_many_tickets_are_read_with_as_many_statements_as_one(city: City) -> None:
    ana, _ = await city.citizen(), await city.staff("luis", "agent")

    async def look(number: int) -> int:
        for _ in range(number):
            await city.open(ana)
        with statements(city) as said:
            assert await clockwork(city).look(city.now) == number
        return len(said)

    assert await look(9) == await look(1)


@contextmanager
def transactions(city: City) -> Iterator[list[str]]:
    """Note that a transaction begins."""
    with listening(city, "begin", lambda connection: "begin") as begun:
        yield begun


@contextmanager
def statements(city: City) -> Iterator[list[str]]:
    """Note every statement."""
    with listening(city, "before_cursor_execute", lambda connection, cursor, statement, *_: str(statement)) as said:
        yield said


@contextmanager
def listening(city: City, what: str, tell: Callable[..., str]) -> Iterator[list[str]]:
    heard: list[str] = []

    def note(*given: Any) -> None:
        heard.append(tell(*given))

    engine = city.database.engine.sync_engine
    event.listen(engine, what, note)
    try:
        yield heard
    finally:
        event.remove(engine, what, note)


async def test_a_crowd_is_looked_at_a_batch_at_a_time(city: City) -> None:
    ana = await city.citizen()
    for _ in range(MOST_AT_ONCE + 3):
        await city.open(ana)
    clock = clockwork(city)
    rounds = [await clock.look(city.now + n) for n in range(3)]
    assert rounds == [MOST_AT_ONCE, 3, 0]
