"""One ticket that cannot be looked at stops nobody else's clock, and neither does a crowd."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.clockwork import FAULTY_FOR, LOOK_EVERY, MOST_AT_ONCE, Clockwork
from storage.schema import ticket
from storage.work import Work
from tests.clocked_city import ANSWER_BY, MONDAY, City, actions


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


async def test_a_crowd_is_looked_at_a_batch_at_a_time(city: City) -> None:
    ana = await city.citizen()
    for _ in range(MOST_AT_ONCE + 3):
        await city.open(ana)
    clock = clockwork(city)
    rounds = [await clock.look(city.now + n) for n in range(3)]
    assert rounds == [MOST_AT_ONCE, 3, 0]
