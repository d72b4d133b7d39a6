"""The officials' digests: when they come, to whom, and what they tell."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from bot.clockwork import order_digests
from storage import digest
from storage.schema import official
from storage.updates import Change
from storage.work import Work
from tests.clocked_city import MONDAY, City, moment
from tests.machine import DAY, HOUR, texts


@pytest.fixture
async def city(database_url: str) -> AsyncIterator[City]:
    async with City(database_url, now=MONDAY) as city:
        yield city


async def order(city: City) -> int:
    async def do(work: Work) -> int:
        work.calm = city.pack.timetable
        return await order_digests(work, city.pack)

    number: int = await city.work(do)
    await city.settle()
    return number


async def test_a_digest_comes_once_on_a_working_day_and_not_when_it_is_empty(city: City) -> None:
    ana = await city.citizen()
    luis, mara = await city.staff("luis", "agent"), await city.staff("mara", "agent", "comuna-13")
    await city.open(ana)
    for each in (luis, mara):
        await each.news()
    await city.wait(moment("2026-03-10T08:00") - city.now)
    assert await order(city) == 2
    assert await order(city) == 0
    assert "entró 1" in "\n".join(texts(await luis.news()))
    assert texts(await mara.news()) == []


@pytest.mark.parametrize("day", ["2026-03-14", "2026-03-24"])
async def test_no_digest_comes_on_a_day_off(city: City, day: str) -> None:
    await city.open(await city.citizen())
    await city.staff("luis", "agent")
    await city.wait(moment(f"{day}T08:00") - city.now)
    assert await order(city) == 0


async def test_an_official_chooses_the_hour_or_none(city: City) -> None:
    luis = await city.staff("luis", "agent")
    await city.open(await city.citizen())
    assert "7:00" in (await luis.says("/resumen 7"))[-1].text
    assert "7:00" in (await luis.says("/resumen cuando puedas"))[-1].text
    assert "20:00" in (await luis.says("/resumen 8 de la noche"))[-1].text
    assert "19:00" in (await luis.says("/resumen 7 PM"))[-1].text
    for midnight in ("12 am", "12 a.m.", "12 de la noche"):
        assert " 0:00" in (await luis.says(f"/resumen {midnight}"))[-1].text
    for noon in ("12", "12 pm", "12 del mediodía"):
        assert "12:00" in (await luis.says(f"/resumen {noon}"))[-1].text
    assert "7:00" in (await luis.says("/resumen 7"))[-1].text
    await luis.news()
    await city.wait(moment("2026-03-10T06:59") - city.now)
    assert await order(city) == 0
    await city.wait(60)
    assert await order(city) == 1
    assert "entró 1" in "\n".join(texts(await luis.news()))
    await luis.says("/resumen no")
    await city.wait(DAY)
    assert await order(city) == 0
    assert "/resumen 8" in (await luis.says("/resumen"))[-1].text


async def test_a_digest_tells_what_is_overdue_due_today_new_and_waiting(city: City) -> None:
    ana = await city.citizen()
    luis = await city.staff("luis", "agent")
    overdue, today, waiting = [await city.open(ana) for _ in range(3)]
    for code, due in ((overdue, city.now - 1), (today, city.now + HOUR), (waiting, city.now + 9 * DAY)):
        await city.set(code, answer_by=due, close_by=due + 30 * DAY)
    await city.append(waiting, Change(actor="citizen", words="sigue igual"))
    since, ends = city.now - DAY, moment("2026-03-10T00:00")
    found = await city.work(lambda work: digest.measure(work, ["comuna-14"], since, ends))
    assert found == digest.Day(new=3, overdue=1, today=1, waiting=1)
    said = (await luis.says("/resumen"))[0].text
    assert re.findall(r"\d+", "\n".join(said.splitlines()[1:])) == ["1", "1", "1", "3"]


async def prove(city: City) -> None:
    """Let the rights of managers begin."""
    await city.work(lambda work: work.execute(update(official).values(proved_at=work.now)))


async def test_managers_hear_of_their_week_on_its_first_working_day(city: City) -> None:
    await city.staff("mara", "manager")
    await city.staff("luis", "agent")
    await prove(city)
    for day, number in (("2026-03-16", 3), ("2026-03-17", 2), ("2026-03-25", 3), ("2026-03-26", 2)):
        await city.wait(moment(f"{day}T08:30") - city.now)
        assert await order(city) == number, day


async def test_a_manager_hears_of_no_week_before_she_has_proved_that_it_is_she(city: City) -> None:
    await city.staff("mara", "manager")
    await city.wait(moment("2026-03-16T08:30") - city.now)
    assert await order(city) == 1
    await prove(city)
    await city.wait(moment("2026-03-25T08:30") - city.now)
    assert await order(city) == 2
