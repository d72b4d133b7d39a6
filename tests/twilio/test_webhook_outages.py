"""What comes while nobody can take it waits on disk, in its order, and is handled once."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from sqlalchemy import select

import storage.database as database_module
from bot.spool import Spool
from storage.schema import inbox
from tests.fakes.twilio import FakeTwilio
from tests.machine import Machine
from tests.telegram.desk import Desk, until
from tests.twilio.front import ACCOUNTS, LUZ, ROSA, Outage, called, post, served
from tests.twilio.hooks import HELLO, answers
from web.twilio_webhook import FALLBACK_PATHS, PATHS, Door


@pytest.fixture
def outage(database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Outage:
    monkeypatch.setattr(database_module, "PRAGMAS", (*database_module.PRAGMAS, "PRAGMA busy_timeout=20"))
    return Outage(database_url, None if "sqlite" in database_url else request.getfixturevalue("postgres"))


async def test_what_comes_while_the_database_is_away_is_kept_on_disk_and_handled_in_order_later(
    fake: FakeTwilio, database_url: str, outage: Outage, spool: Spool
) -> None:
    async with Machine(database_url) as machine, called(fake, machine.intake, spool) as door:
        rosa, luz = fake.phone(ROSA), fake.whatsapp(LUZ)
        rosa.says("primero")
        await fake.settled()
        await outage.begin()
        sids = [rosa.says("segundo"), rosa.says("tercero")]
        luz.says("hola")
        await fake.settled(30)
        assert not fake.webhooks.lost
        # Five tries, as the registered address asks for, and then the fallback once.
        calls = [each for each in fake.webhooks.deliveries if each.params["MessageSid"] == sids[0]]
        assert [each.status for each in calls] == [503] * 5 + [200]
        assert PATHS["sms"] in calls[0].url
        assert FALLBACK_PATHS["sms"] in calls[-1].url
        assert spool.waits()
        await outage.end()
        # The next message brings along what waits, and does not overtake it.
        rosa.says("cuarto")
        await fake.settled(30)
        assert not spool.waits()
        bodies = await machine.rows(select(inbox.c.body).where(inbox.c.account == ACCOUNTS["sms"]).order_by(inbox.c.id))
        assert [json.loads(row.body)["text"] for row in bodies] == ["primero", "segundo", "tercero", "cuarto"]
        assert await machine.count(inbox) == 5
        await door.flush()
        assert await machine.count(inbox) == 5


async def test_what_waits_is_handled_without_anybody_writing(
    fake: FakeTwilio, door: Door, desk: Desk, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.twilio_webhook.LOOK_SECONDS", 0.01)
    desk.closed = True
    fake.phone(ROSA).says("hola")
    await fake.settled()
    flushing = asyncio.create_task(door.keep_flushing())
    await asyncio.sleep(0.05)
    desk.closed = False
    await until(lambda: not spool.waits())
    flushing.cancel()
    await asyncio.wait([flushing])
    assert desk.texts == ["hola"]


async def test_who_dies_between_the_commit_and_the_removal_does_nothing_twice(
    fake: FakeTwilio, database_url: str, outage: Outage, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    spool.open()
    async with Machine(database_url) as machine, called(fake, machine.intake, spool):
        await outage.begin()
        fake.phone(ROSA).says("hola")
        await fake.settled(30)
        await outage.end()
        (file,) = (tmp_path / "spool").iterdir()
        kept = file.read_bytes()
    async with Machine(database_url) as machine, served(machine.intake, spool) as (door, _):
        await door.flush()
        assert not spool.waits()
        # As if the process had ended before the file was gone.
        file.write_bytes(kept)
    async with Machine(database_url) as machine, served(machine.intake, spool) as (door, _):
        await door.flush()
        assert not spool.waits()
        assert await machine.count(inbox) == 1
        assert len(await answers(machine)) == 1


async def test_a_spooled_message_keeps_the_hour_at_which_it_came(
    fake: FakeTwilio, door: Door, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.closed = True
    before = time.time()
    fake.phone(ROSA).says("hola")
    await fake.settled()
    after = time.time()
    desk.closed = False
    monkeypatch.setattr(time, "time", lambda: after + 3600)
    await door.flush()
    assert before <= desk.taken[0].at <= after


async def test_a_commit_that_takes_too_long_is_not_waited_for(
    fake: FakeTwilio, door: Door, desk: Desk, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.twilio_webhook.PATIENCE", 0.05)
    monkeypatch.setattr("web.twilio_webhook.FALLBACK_PATIENCE", 0.05)
    desk.slow = 5.0
    fake.phone(ROSA).says("hola")
    await fake.settled()
    assert {each.status for each in fake.webhooks.deliveries} == {503, 200}
    assert spool.waits()
    desk.slow = 0.0
    await door.flush()
    assert desk.texts == ["hola"]


async def test_without_room_on_disk_twilio_is_told_the_truth(fake: FakeTwilio, desk: Desk, tmp_path: Path) -> None:
    desk.closed = True
    full = Spool(tmp_path / "spool", most_files=0)
    full.open()
    async with called(fake, desk, full):
        fake.phone(ROSA).says("hola")
        await fake.settled()
    assert len(fake.webhooks.lost) == 1
    assert {each.status for each in fake.webhooks.deliveries} == {503}


async def test_a_disk_that_fails_holds_up_nobody_while_the_database_is_there(
    fake: FakeTwilio, door: Door, desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "spool").rmdir()
    fake.phone(ROSA).says("hola")
    await fake.settled()
    assert desk.texts == ["hola"]
    assert [each.status for each in fake.webhooks.deliveries] == [200]


async def test_what_cannot_be_read_waits_on_disk_too_while_the_database_is_away(
    url: str, desk: Desk, spool: Spool
) -> None:
    desk.closed = True
    nobody = {**HELLO, "From": "2255"}
    assert (await post(url, PATHS["sms"], nobody))[0] == 503
    assert (await post(url, FALLBACK_PATHS["sms"], nobody))[0] == 200
    assert spool.waits()
