"""An answer is on time or late by the target that counted when it was given, whatever the ticket is promised later."""

from __future__ import annotations

from handlers.targets import begin_anew
from storage.indicators import Share, measure
from storage.periods import Period
from storage.updates import Change
from tests.clocked_city import ANSWER_BY, MONDAY, City
from tests.machine import DAY

ANSWER = Change(actor="official", body="comuna-14", status="acknowledged", words="lo miramos")
WORK = Change(actor="official", body="comuna-14", status="in_progress")
PASS = Change(actor="official", body="comuna-14", status="not_responsible", reason="es de la ciudad")
TAKEN = Change(actor="system", body="ciudad", status="received")
RESOLVED = Change(actor="official", body="comuna-14", status="resolved", words="listo")
REOPENED = Change(actor="citizen", status="reopened", words="sigue igual")


async def punctual(city: City) -> Share:
    """How many answers came in time, of those that were due, from that Monday until now."""
    async with city.database.read() as connection:
        found = await measure(connection, Period(MONDAY - DAY, city.now + DAY), city.now + 1)
    return found.total.answered_on_time


async def begun_anew(city: City, code: str) -> None:
    await city.work(lambda work: begin_anew(work, city.pack, code))


async def test_who_answers_late_and_passes_it_on_was_late(database_url: str) -> None:
    async with City(database_url, now=MONDAY) as city:
        code = await city.open(await city.citizen())
        city.now = ANSWER_BY + DAY
        await city.append(code, PASS, TAKEN)
        await begun_anew(city, code)
        assert (await city.ticket(code)).answer_by > city.now  # type: ignore[operator]
        assert await punctual(city) == Share(0, 1)


async def test_who_answered_in_time_stays_in_time_when_it_is_reopened(sqlite_url: str) -> None:
    async with City(sqlite_url, now=MONDAY) as city:
        code = await city.open(await city.citizen())
        city.now += 3600
        await city.append(code, ANSWER, WORK, RESOLVED)
        city.now += 30 * DAY
        await city.append(code, REOPENED)
        await begun_anew(city, code)
        assert await punctual(city) == Share(1, 1)


async def test_a_late_answer_before_a_reopening_stays_late(sqlite_url: str) -> None:
    async with City(sqlite_url, now=MONDAY) as city:
        code = await city.open(await city.citizen())
        city.now = ANSWER_BY + 60
        await city.append(code, ANSWER, WORK, RESOLVED)
        city.now += DAY
        await city.append(code, REOPENED)
        await begun_anew(city, code)
        assert await punctual(city) == Share(0, 1)


async def test_what_is_given_new_targets_before_any_answer_is_late_by_the_new_one(sqlite_url: str) -> None:
    async with City(sqlite_url, now=MONDAY) as city:
        code = await city.open(await city.citizen())
        await begun_anew(city, code)
        found = await city.ticket(code)
        city.now = (found.answer_by or 0.0) + 60
        assert await punctual(city) == Share(0, 1)
