"""Quiet hours: what nobody waits for waits itself, what is urgent or an answer does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.messages import Place
from handlers.notices import tell
from storage import officials, people, tickets
from storage.database import Database
from storage.quiet import Calm
from storage.schema import conversation, outbox
from storage.work import Work
from tests.machine import Lots, demo_pack

TIMES = demo_pack().timetable


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=TIMES.calendar.zone).timestamp()


NIGHT, EVENING, DAY = moment("2026-03-10T23:30"), moment("2026-03-10T19:00"), moment("2026-03-10T11:00")
MORNING = moment("2026-03-11T08:00")


class Night:
    """A city by night: `ana` reports, `luis` works for Comuna 14."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.lots = Lots()
        self.calm: Calm | None = TIMES

    async def work(self, now: float, do: Any) -> Any:
        async with self.database.write() as connection:
            work = Work(connection, now, self.lots.code, self.lots.id)
            work.calm = self.calm
            made = await do(work)
            await work.flush()
            return made

    async def meet(self, name: str, *, wrote_at: float = 0.0) -> int:
        async def do(work: Work) -> int:
            key = ("stage:1", name)
            session = (await people.load_sessions(work.connection, {key: "es"}, work.now, "es"))[key]
            where = conversation.c.address_id == session.person.address_id
            await work.execute(update(conversation).where(where).values(last_in_at=wrote_at))
            return session.person.address_id

        found: int = await self.work(DAY, do)
        return found

    async def appoint(self, address_id: int) -> None:
        await self.work(DAY, lambda work: officials.appoint(work, address_id, address_id, ["comuna-14"], "agent"))

    async def open(self, category: str = "bache") -> str:
        async def do(work: Work) -> str:
            return tickets.open_ticket(
                work, person_id=1, address_id=1, category=category, body="comuna-14", area="comuna-14",
                place=Place(words="acá"), words="enorme", media_ids=[], language="es",
            )  # fmt: skip

        code: str = await self.work(DAY, do)
        return code

    async def tell(self, now: float, address_id: int, code: str, seq: int = 2) -> float:
        """Tell somebody of a ticket's step; when she hears of it."""

        async def do(work: Work) -> None:
            tell(work, address_id, "told-citizen", code, seq)

        await self.work(now, do)
        return await self.hears_at(code, seq)

    async def hears_at(self, code: str, seq: int) -> float:
        async with self.database.read() as connection:
            key = outbox.c.effect_key.startswith(f"notice:told-citizen:{code}:{seq}:")
            return float((await connection.execute(select(outbox.c.due_at).where(key))).scalar_one())


@pytest.fixture
async def night(database_url: str) -> AsyncIterator[Night]:
    night = Night(database_url)
    yield night
    await night.database.close()


async def test_a_citizen_hears_of_news_at_night_in_the_morning(night: Night) -> None:
    ana, code = await night.meet("ana"), await night.open()
    assert await night.tell(NIGHT, ana, code) == MORNING
    assert await night.tell(EVENING, ana, code, 3) == EVENING


async def test_an_official_hears_in_the_evening_when_work_begins(night: Night) -> None:
    luis, code = await night.meet("luis"), await night.open()
    await night.appoint(luis)
    assert await night.tell(EVENING, luis, code) == MORNING
    assert await night.tell(DAY, luis, code, 3) == DAY


async def test_whoever_wrote_just_now_is_told_at_once(night: Night) -> None:
    ana = await night.meet("ana", wrote_at=NIGHT - 600)
    bea = await night.meet("bea", wrote_at=NIGHT - 4000)
    code = await night.open()
    assert await night.tell(NIGHT, ana, code) == NIGHT
    assert await night.tell(NIGHT, bea, code, 3) == MORNING


async def test_a_team_is_awake_when_one_of_it_wrote_in_its_group(night: Night) -> None:
    crew = await night.meet("-77")
    await night.appoint(crew)
    code = await night.open()
    assert await night.tell(NIGHT, crew, code) == MORNING
    await night.meet("-77/luis", wrote_at=NIGHT)
    assert await night.tell(NIGHT, crew, code, 3) == NIGHT


async def test_who_wrote_in_another_chat_keeps_nobody_else_awake(night: Night) -> None:
    luis, crew, club = await night.meet("luis"), await night.meet("-77"), await night.meet("-88")
    for each in (luis, crew):
        await night.appoint(each)
    # No team's group, one whose number begins alike, and a topic's member.
    for name in ("-88/ana", "-770/ana", "-77:5/ana"):
        await night.meet(name, wrote_at=NIGHT)
    code = await night.open()
    assert [await night.tell(NIGHT, each, code, seq) for seq, each in enumerate((luis, crew, club), 2)] == [MORNING] * 3


async def test_what_is_urgent_passes(night: Night) -> None:
    luis = await night.meet("luis")
    await night.appoint(luis)
    assert await night.tell(NIGHT, luis, await night.open("tapa-faltante")) == NIGHT


async def test_what_was_kept_back_comes_along_in_its_order_with_an_answer(night: Night) -> None:
    ana, code = await night.meet("ana"), await night.open()
    other = await night.open()
    for each in (code, other):
        assert await night.tell(NIGHT, ana, each) == MORNING
    await night.meet("ana", wrote_at=NIGHT + 600)
    assert await night.tell(NIGHT + 900, ana, code, 3) == NIGHT + 900
    assert await night.hears_at(code, 2) == NIGHT + 900
    assert await night.hears_at(other, 2) == MORNING


async def test_a_trial_that_knows_no_quiet_hours_rings_at_night(night: Night) -> None:
    ana, code = await night.meet("ana"), await night.open()
    night.calm = None
    assert await night.tell(NIGHT, ana, code) == NIGHT
