"""What an Open311 server tells of a request becomes the ticket's history, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from bot.far_updates import MOST_IN_ANSWER
from routing.deliveries.open311 import source_of
from storage.schema import ticket as ticket_table
from tests.deliveries.open311.far import accepted, hears, on, way_to
from tests.deliveries.photos import jpeg
from tests.deliveries.stage import BODY, OTHER, Stage, pack_with
from tests.fakes.open311 import FakeOpen311
from tests.machine import DAY, HOUR


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_what_the_body_does_there_is_told_to_the_citizen(
    fake: FakeOpen311, database_url: str, tmp_path: Path, form: str
) -> None:
    async with on(fake, database_url, tmp_path, updates=True, format=form) as stage:
        rosa = stage.machine.phone("rosa")
        code, number = await accepted(stage, fake)
        await rosa.news()
        fake.tells(number, "in_progress", "La cuadrilla va mañana", at=stage.now + 60)
        stage.machine.now += 300
        assert await stage.outreach.far.look(stage.now) == 1
        await stage.machine.settle()
        (said,) = await rosa.news()
        history = await stage.history(code)
    assert "La cuadrilla va mañana" in said.text
    assert history == [("official", "acknowledged", ""), ("official", "in_progress", "La cuadrilla va mañana")]


async def test_an_update_is_heard_once_however_often_it_is_told(
    fake: FakeOpen311, database_url: str, tmp_path: Path
) -> None:
    async with on(fake, database_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        fake.tells(number, "open", "Recibido, gracias", at=stage.now + 60)
        stage.machine.now += 300
        assert [await stage.outreach.far.look(stage.now) for _ in range(3)] == [1, 0, 0]
        await stage.outreach.close()
        stage.start()
        assert await stage.outreach.far.look(stage.now + 300) == 0
        assert [words for _, _, words in await stage.history(code)] == ["Recibido, gracias"]


async def test_an_older_updates_words_count_and_its_status_does_not(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        fake.tells(number, "fixed", "Arreglado", at=stage.now + 600)
        stage.machine.now += 900
        await stage.outreach.far.look(stage.now)
        fake.tells(number, "investigating", "Vamos a mirar", at=stage.now - 600)
        await stage.outreach.far.look(stage.now + 60)
        assert (await stage.ticket(code)).status == "resolved"
        assert (await stage.history(code))[-1] == ("official", "", "Vamos a mirar")


async def test_what_the_citizen_did_since_outweighs_an_older_status(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        await hears(stage, fake, number, "fixed", "Arreglado")
        stage.machine.now += 600
        await stage.updates(code, actor="citizen", status="reopened")
        fake.tells(number, "closed", "Cerrado", at=stage.now - 60)
        await stage.outreach.far.look(stage.now + 60)
        assert (await stage.ticket(code)).status == "reopened"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("OPEN", "received"),
        ("investigating", "acknowledged"),
        ("action_scheduled", "planned"),
        ("Action Scheduled", "planned"),
        ("closed", "resolved"),
        ("no_further_action", "declined"),
        ("not_councils_responsibility", "not_responsible"),
        ("en_camino", "in_progress"),
        ("whatever", "received"),
    ],
)
async def test_far_statuses_mean_what_the_table_and_the_pack_say(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path, told: str, status: str
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True, statuses={"en camino": "in_progress"}) as stage:
        code, number = await accepted(stage, fake)
        await hears(stage, fake, number, told, "")
        assert (await stage.ticket(code)).status == status


async def test_an_end_without_a_reason_gets_one_because_the_citizen_must_read_one(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        await hears(stage, fake, number, "no_further_action")
        assert (await stage.history(code))[-1] == ("official", "declined", "Sin más detalle.")


async def test_a_full_answer_is_asked_for_in_halves(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.far_updates.MOST_IN_ANSWER", 4)
    fake.most_updates = 4
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        for minute in range(11):
            fake.tells(number, "open", f"paso {minute}", at=stage.now + 60 * (minute + 1))
        await stage.outreach.far.look(stage.now + HOUR)
        words = [words for _, _, words in await stage.history(code)]
    assert words == [f"paso {minute}" for minute in range(11)]
    assert MOST_IN_ANSWER == 1000


async def test_days_of_silence_of_ours_are_asked_for_day_by_day(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        await stage.outreach.far.look(stage.now)
        fake.tells(number, "open", "el martes", at=stage.now + 2 * DAY)
        fake.calls.clear()
        await stage.outreach.far.look(stage.now + 5 * DAY)
        assert [words for _, _, words in await stage.history(code)] == ["el martes"]
    assert len(fake.calls) == 6


async def test_an_update_that_was_written_down_late_is_found_within_a_day(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        start = stage.now
        for minutes in range(5, 120, 5):
            await stage.outreach.far.look(start + 60 * minutes)
        fake.tells(number, "open", "tarde", at=start + 10 * 60)
        await stage.outreach.far.look(start + 2 * HOUR)
        assert await stage.history(code) == []
        await stage.outreach.far.look(start + 23 * HOUR + 50 * 60)
        assert await stage.history(code) == []
        await stage.outreach.far.look(start + DAY + 5 * 60)
        assert [words for _, _, words in await stage.history(code)] == ["tarde"]


async def test_a_photo_from_there_is_kept_and_one_from_elsewhere_only_named(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    fake.photos["a.jpg"] = jpeg()
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        urls = [f"{fake.host}/photos/a.jpg", "https://169.254.169.254/b.jpg", "file:///etc/passwd"]
        fake.tells(number, "open", "mirá", at=stage.now + 60, media_url=urls)
        await stage.outreach.far.look(stage.now + 120)
        (step,) = await stage.history(code)
        from storage import updates

        async with stage.machine.database.read() as connection:
            entries = await updates.history(stage.work(connection), code, public_only=True)
    assert step[2] == "mirá\nFotos: https://169.254.169.254/b.jpg"
    assert len(entries[-1].media) == 1


async def test_an_update_of_somebody_elses_request_is_nobodys(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, _ = await accepted(stage, fake)
        assert await hears(stage, fake, "SR-999", "fixed", "otra cosa") == 0
        assert await stage.history(code) == []


async def test_a_server_whose_body_passed_the_ticket_on_may_speak_and_not_decide(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        moving = update(ticket_table).where(ticket_table.c.code == code).values(body=OTHER)
        await stage.machine.work(lambda work: work.execute(moving))
        await hears(stage, fake, number, "fixed", "No era nuestro")
        assert (await stage.history(code))[-1][2] == "No era nuestro"
        assert (await stage.ticket(code)).status != "resolved"


async def test_two_bodies_of_one_server_are_asked_for_together(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    way = way_to(fake, updates=True)
    async with Stage(sqlite_url, tmp_path, pack=pack_with(open311=way, other={"open311": way})) as stage:
        mine = await stage.opens(body=BODY)
        others = await stage.opens(body=OTHER)
        await stage.delivers()
        for number in fake.requests:
            fake.tells(number, "fixed", "listo", at=stage.now + 60)
        fake.calls.clear()
        assert await stage.outreach.far.look(stage.now + 120) == 2
        assert [(await stage.ticket(code)).status for code in (mine, others)] == ["resolved", "resolved"]
    assert len([call for call in fake.calls if "updates" in call]) == 1
    assert source_of(way) == f"{fake.url}#agua.example"


async def test_the_officials_in_the_chat_are_told_what_their_own_body_answered_there(
    fake: FakeOpen311, database_url: str, tmp_path: Path
) -> None:
    async with on(fake, database_url, tmp_path, updates=True) as stage:
        boss, other = stage.machine.phone("jefe"), stage.machine.phone("de otra")
        await stage.machine.appoint(boss, BODY)
        await stage.machine.appoint(other, OTHER)
        code, number = await accepted(stage, fake)
        for phone in (boss, other):
            await phone.news()
        await hears(stage, fake, number, "in_progress", "La cuadrilla va mañana")
        await stage.machine.settle()
        (said,) = await boss.news()
        assert await other.news() == []
    assert "Agua y Desagües" in said.text
    assert "En obra" in said.text
    assert "La cuadrilla va mañana" in said.text
    assert said.ticket == code
    assert any(option.label.endswith("Resuelto") for option in said.options)
