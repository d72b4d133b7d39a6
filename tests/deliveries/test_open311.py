"""Open311 as a client, against a strict server: requests, tokens, errors, updates both ways."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.far_updates import MOST_IN_ANSWER, POLL_EVERY
from routing.deliveries.open311 import source_of
from routing.ways import Open311Way
from storage.schema import ticket as ticket_table
from tests.deliveries.photos import jpeg
from tests.deliveries.stage import BODY, OTHER, WORDS, Stage, pack_with
from tests.fakes.open311 import FakeOpen311
from tests.machine import DAY, HOUR

MINUTE = 60.0


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpen311]:
    async with FakeOpen311() as fake:
        yield fake


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ways.open311.TOKEN_PAUSE", 0.0)
    monkeypatch.setattr("bot.ways.calls.SECONDS", 0.5)


def way_to(fake: FakeOpen311, **values: Any) -> Open311Way:
    usual: dict[str, Any] = {"endpoint": fake.url, "jurisdiction": fake.jurisdiction, "key": "AGUA"}
    return Open311Way(**usual | {"services": {"cano-roto": "001"}} | values)


def on(fake: FakeOpen311, url: str, folder: Path, **values: Any) -> Stage:
    return Stage(url, folder, open311=way_to(fake, **values))


async def accepted(stage: Stage, fake: FakeOpen311) -> tuple[str, str]:
    """Have a report accepted; our code and its number there."""
    code = await stage.opens()
    await stage.delivers()
    return code, (await stage.row()).remote_id


# Requests


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_a_report_becomes_a_request(fake: FakeOpen311, database_url: str, tmp_path: Path, form: str) -> None:
    async with on(fake, database_url, tmp_path, format=form) as stage:
        code = await stage.opens()
        await stage.delivers()
        row = await stage.row()
        (request,) = fake.requests.values()
    assert (row.status, row.remote_id) == ("accepted", request["service_request_id"])
    assert (request["service_code"], request["api_key"], request["jurisdiction_id"]) == ("001", "clave", "agua.example")
    assert (request["lat"], request["long"]) == ("-34.609800", "-58.392500")
    assert request["address_string"] == "Rivadavia 1800, Comuna 1"
    assert WORDS in request["description"]
    assert f"https://baldosa.test/t/{code}" in request["description"]


async def test_nothing_of_who_reported_it_goes_along(fake: FakeOpen311, sqlite_url: str, tmp_path: Path) -> None:
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens(who=stage.machine.phone("+5491155551234"))
        await stage.delivers()
    (request,) = fake.requests.values()
    sent = {"jurisdiction_id", "api_key", "service_code", "description", "lat", "long", "address_string"}
    assert {name for name, value in request.items() if value} - sent == {
        "service_request_id", "status", "requested_datetime", "updated_datetime"}  # fmt: skip
    assert "5551234" not in str(request)


async def test_markup_in_words_is_no_markup_and_long_words_keep_the_link(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path) as stage:
        code = await stage.opens("<b>agua</b> " * 600)
        await stage.delivers()
    (request,) = fake.requests.values()
    assert "<" not in request["description"]
    assert len(request["description"]) <= 4000
    assert f"/t/{code}" in request["description"]


async def test_what_a_server_wants_beside_the_standard_stands_in_the_pack(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    fake.required = ("email", "attribute[kind]")
    fields = {"email": "nadie@baldosa.test", "attribute[kind]": "calle"}
    async with on(fake, sqlite_url, tmp_path, fields=fields) as stage:
        await stage.opens()
        await stage.delivers()
        assert (await stage.row()).status == "accepted"


@pytest.mark.parametrize(
    ("services", "code"),
    [({"cano-roto": "001", "*": "002"}, "001"), ({"agua": "001", "*": "002"}, "001"), ({"*": "002"}, "002")],
)
async def test_a_category_is_called_as_the_pack_says_or_its_group_or_everything_else(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path, services: dict[str, str], code: str
) -> None:
    fake.services = ("001", "002")
    async with on(fake, sqlite_url, tmp_path, services=services) as stage:
        await stage.opens()
        await stage.delivers()
    assert [request["service_code"] for request in fake.requests.values()] == [code]


async def test_a_token_becomes_an_id_at_once_where_it_is_quick(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    fake.tokens = 3
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens()
        await stage.delivers()
        row = await stage.row()
    assert (row.status, row.remote_id) == ("accepted", next(iter(fake.requests)))


async def test_a_slow_token_is_asked_for_later_and_what_came_meanwhile_waits_for_it(
    fake: FakeOpen311, database_url: str, tmp_path: Path
) -> None:
    fake.tokens = 7
    async with on(fake, database_url, tmp_path, updates=True) as stage:
        code = await stage.opens()
        await stage.delivers()
        row = await stage.row()
        assert (row.status, row.remote_id, row.token[:1]) == ("sent", "", "T")
        await stage.updates(code, actor="citizen", words="ahora es peor")
        await stage.delivers()
        assert fake.updates == []
        for _ in range(2):
            await stage.outreach.far.look(stage.now)
        assert (await stage.row()).remote_id == next(iter(fake.requests))
        await stage.later(3 * MINUTE)
    assert [update["description"] for update in fake.updates] == ["ahora es peor"]


# Errors


async def test_a_refusal_is_told_to_the_operator_in_the_servers_words_and_logged_without(
    fake: FakeOpen311, database_url: str, tmp_path: Path
) -> None:
    async with on(fake, database_url, tmp_path, services={"*": "999"}) as stage:
        await stage.opens()
        await stage.delivers()
        row = await stage.row()
        assert (row.status, row.failures) == ("failed", 1)
        assert row.error == "the server answers 404: 404 service_code not found"
        assert stage.errors == ["not_sent: the server answers 404"]
    assert fake.faults.pop().endswith("service_code not found")


async def test_a_wrong_key_is_a_403_and_mended_by_setting_the_right_one(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    fake.key = "otra"
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens()
        await stage.delivers()
        assert "403" in (await stage.row()).error
        stage.secrets["AGUA"] = "otra"
        await stage.later(1.0)
        assert (await stage.row()).status == "accepted"
    assert fake.faults.pop().endswith("api_key is missing or invalid")


async def test_a_secret_that_is_not_set_is_named(fake: FakeOpen311, sqlite_url: str, tmp_path: Path) -> None:
    async with on(fake, sqlite_url, tmp_path, key="NADA") as stage:
        await stage.opens()
        await stage.delivers()
        assert (await stage.row()).error == "BALDOSA_SECRET_NADA is not set"
    assert fake.calls == []


@pytest.mark.parametrize("trouble", ["500", "hang", "bomb", "huge", "html", "302"])
async def test_whatever_the_server_does_the_report_arrives_once_it_is_well(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path, trouble: str
) -> None:
    fake.troubles.append(trouble)
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens()
        await stage.delivers()
        assert (await stage.row()).status == "failed"
        await stage.later(1.0)
        assert (await stage.row()).status == "accepted"
    assert len(fake.requests) == 1


async def test_a_request_whose_answer_was_lost_is_found_again_and_not_made_twice(
    fake: FakeOpen311, database_url: str, tmp_path: Path
) -> None:
    fake.troubles.append("lost")
    async with on(fake, database_url, tmp_path) as stage:
        # The server's clock is the real one.
        stage.machine.now = time.time()
        await stage.opens()
        await stage.delivers()
        assert (await stage.row()).status == "failed"
        await stage.later(1.0)
        row = await stage.row()
    assert list(fake.requests) == [row.remote_id]


# Updates from there


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
        fake.tells(number, "fixed", "Arreglado", at=stage.now + 60)
        await stage.outreach.far.look(stage.now + 120)
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
        fake.tells(number, told, "", at=stage.now + 60)
        await stage.outreach.far.look(stage.now + 120)
        assert (await stage.ticket(code)).status == status


async def test_an_end_without_a_reason_gets_one_because_the_citizen_must_read_one(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        fake.tells(number, "no_further_action", at=stage.now + 60)
        await stage.outreach.far.look(stage.now + 120)
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
        from storage import tickets

        async with stage.machine.database.read() as connection:
            entries = await tickets.history(stage.work(connection), code, public_only=True)
    assert step[2] == "mirá\nFotos: https://169.254.169.254/b.jpg"
    assert len(entries[-1].media) == 1


async def test_an_update_of_somebody_elses_request_is_nobodys(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, _ = await accepted(stage, fake)
        fake.tells("SR-999", "fixed", "otra cosa", at=stage.now + 60)
        assert await stage.outreach.far.look(stage.now + 120) == 0
        assert await stage.history(code) == []


# Servers that know only requests/{id}


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_a_server_without_updates_is_asked_for_each_request(
    fake: FakeOpen311, database_url: str, tmp_path: Path, form: str
) -> None:
    fake.wraps_json = True
    async with on(fake, database_url, tmp_path, format=form) as stage:
        code, number = await accepted(stage, fake)
        await stage.outreach.far.look(stage.now + 60)
        fake.requests[number] |= {"status": "closed", "status_notes": "Reparado"}
        assert await stage.outreach.far.look(stage.now + POLL_EVERY - 1) == 0
        assert await stage.outreach.far.look(stage.now + POLL_EVERY + 60) == 1
        assert (await stage.ticket(code)).status == "resolved"
        assert (await stage.history(code))[-1][2] == "Reparado"
        assert await stage.outreach.far.look(stage.now + 3 * POLL_EVERY) == 0


async def test_a_request_that_the_server_lost_keeps_no_other_from_being_asked_for(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens()
        second = await stage.opens("y otra")
        await stage.delivers()
        first, number = list(fake.requests)
        del fake.requests[first]
        fake.requests[number] |= {"status": "closed"}
        await stage.outreach.far.look(stage.now + POLL_EVERY)
        assert (await stage.ticket(second)).status == "resolved"
    assert fake.faults.pop().endswith("service_request_id not found")


# Updates to there


async def test_what_a_citizen_adds_goes_there_with_our_own_id_and_comes_back_to_nobody(
    fake: FakeOpen311, database_url: str, tmp_path: Path
) -> None:
    async with on(fake, database_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        await stage.updates(code, actor="citizen", words="sigue saliendo agua")
        await stage.delivers()
        (update,) = fake.updates
        assert update["service_request_id"] == number
        assert (update["update_id"], update["status"]) == (f"{code}-2", "OPEN")
        fake.tells(number, "open", "sigue saliendo agua", at=stage.now, update_id=update["update_id"])
        await stage.outreach.far.look(stage.now + 300)
        assert len(await stage.history(code)) == 1


async def test_what_came_from_there_does_not_go_back(fake: FakeOpen311, sqlite_url: str, tmp_path: Path) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        _, number = await accepted(stage, fake)
        fake.tells(number, "in_progress", "vamos", at=stage.now + 60)
        await stage.outreach.far.look(stage.now + 120)
        await stage.later(180)
    assert fake.updates == []


@pytest.mark.parametrize(("extended", "word"), [(True, "IN_PROGRESS"), (False, "OPEN")])
async def test_statuses_go_there_in_as_many_words_as_it_takes(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path, extended: bool, word: str
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True, extended=extended) as stage:
        code, _ = await accepted(stage, fake)
        await stage.updates(code, actor="official", status="acknowledged")
        await stage.updates(code, actor="official", status="in_progress")
        await stage.delivers_all()
    assert [update["status"] for update in fake.updates][-1] == word


async def test_an_update_that_did_arrive_is_not_sent_for_ever(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, _ = await accepted(stage, fake)
        await stage.updates(code, actor="citizen", words="sigue")
        fake.troubles.append("lost")
        await stage.delivers()
        await stage.later(1.0)
        assert await stage.due() == []
    assert len(fake.updates) == 1
    assert fake.faults.pop().endswith("already exists")


async def test_a_server_without_updates_is_sent_none(fake: FakeOpen311, sqlite_url: str, tmp_path: Path) -> None:
    async with on(fake, sqlite_url, tmp_path) as stage:
        code, _ = await accepted(stage, fake)
        await stage.updates(code, actor="citizen", words="sigue")
        await stage.delivers_all()
        assert await stage.due() == []
    assert fake.updates == []


async def test_a_server_whose_body_passed_the_ticket_on_may_speak_and_not_decide(
    fake: FakeOpen311, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, updates=True) as stage:
        code, number = await accepted(stage, fake)
        moving = update(ticket_table).where(ticket_table.c.code == code).values(body=OTHER)
        await stage.machine.work(lambda work: work.execute(moving))
        fake.tells(number, "fixed", "No era nuestro", at=stage.now + 60)
        await stage.outreach.far.look(stage.now + 120)
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
