"""What is sent is counted once, for its day, account and body; at a body's ceiling what goes to many waits."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import func, insert, select
from structlog.testing import capture_logs

from bot.channels.twilio_api import Api
from bot.pacing import Pace, Rate
from routing.pack import Pack
from routing.records import Body
from storage import costs, outbox
from storage.costs import Cost, Spending, day_in, until_midnight
from storage.database import Database
from storage.outbox import Outcome
from storage.schema import outbox as queue
from storage.schema import ticket
from tests.fakes.twilio import FakeTwilio
from tests.machine import Machine
from tests.rows import ACCOUNT, change, put, read, row
from tests.test_officials import BODY, report
from tests.twilio.line import PACK, SMS, ZONE, Line, line_to
from tests.whole import ROOT, Whole
from web.metrics import Metrics

NOW, TOKEN, DAY = 200.0, 7, "2026-11-21"
ROSA, CODE = "+5491155550001", "K7Q42MX"


async def open_ticket(database: Database, code: str, body: str) -> None:
    values = {"code": code, "category": "bache", "body": body, "place": "{}", "status": "received", "language": "es"}
    async with database.write() as connection:
        await connection.execute(insert(ticket).values(**values, created_at=1.0, updated_at=1.0))


async def settle(database: Database, *outcomes: Outcome, day: str = DAY) -> None:
    async with database.write() as connection:
        await outbox.settle(connection, outcomes, ACCOUNT, TOKEN, NOW, day)


async def spent(database: Database) -> list[Cost]:
    async with database.read() as connection:
        return await costs.since(connection, "")


async def put_claimed(database: Database, *codes: str) -> list[int]:
    ids = await put(database, *(row(f"lane-{n}", 1, ticket=code) for n, code in enumerate(codes)))
    async with database.write() as connection:
        await outbox.claim(connection, ACCOUNT, TOKEN, NOW, 99)
    return ids


def taken(number: int, segments: int) -> Outcome:
    return Outcome(id=number, status="sent", provider_id=f"SM{number}", segments=segments)


async def test_what_was_sent_counts_for_the_body_of_its_ticket(database: Database) -> None:
    await open_ticket(database, CODE, "comuna-1")
    await open_ticket(database, "2222222", "agua")
    ids = await put_claimed(database, CODE, CODE, "2222222", "")
    await settle(database, *(taken(number, segments) for number, segments in zip(ids, (1, 2, 3, 1), strict=True)))
    assert await spent(database) == [
        Cost(DAY, ACCOUNT, "", 1, 1),
        Cost(DAY, ACCOUNT, "agua", 1, 3),
        Cost(DAY, ACCOUNT, "comuna-1", 2, 3),
    ]
    assert (await read(database, ids[1])).segments == 2


async def test_what_is_settled_twice_counts_once(database: Database) -> None:
    ids = await put_claimed(database, "", "")
    await settle(database, taken(ids[0], 2))
    await settle(database, taken(ids[0], 2), taken(ids[1], 1))
    assert await spent(database) == [Cost(DAY, ACCOUNT, "", 2, 3)]


async def test_what_is_no_longer_ours_does_not_count(database: Database) -> None:
    [number] = await put_claimed(database, "")
    await change(database, number, claim_token=TOKEN + 1)
    await settle(database, taken(number, 2))
    assert await spent(database) == []


async def test_what_costs_nothing_is_not_written_down(database: Database) -> None:
    [number] = await put_claimed(database, "")
    await settle(database, taken(number, 0))
    assert (await read(database, number)).status == "sent"
    assert await spent(database) == []


async def test_every_day_has_its_own_sum(database: Database) -> None:
    ids = await put_claimed(database, "", "")
    await settle(database, taken(ids[0], 2), day="2026-11-20")
    await settle(database, taken(ids[1], 1))
    async with database.read() as connection:
        assert [each.day for each in await costs.since(connection, DAY)] == [DAY]
        assert await costs.spent(connection, "2026-11-20", "") == 2
        assert await costs.spent(connection, "2026-11-19", "") == 0


def test_a_day_is_the_municipalitys_own() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=ZoneInfo(ZONE)).timestamp()
    assert day_in(ZONE, late) == "2026-11-21"
    assert day_in("UTC", late) == "2026-11-22"
    assert until_midnight(ZONE, late) == 1800.0
    # In Santiago de Chile the clocks go forward at midnight of 6 September 2026: that day has 23 hours.
    short = datetime(2026, 9, 5, 12, tzinfo=ZoneInfo("America/Santiago")).timestamp()
    assert until_midnight("America/Santiago", short + until_midnight("America/Santiago", short)) == 23 * 3600.0


# --- the ceiling


def with_ceilings(whole: int, **own: int) -> Pack:
    """The demo's pack with a ceiling for all and others for some."""

    def limited(body: Body) -> Body:
        return msgspec.structs.replace(body, daily_segments=own.get(body.id))

    info = msgspec.structs.replace(PACK.info, daily_segments=whole)
    bodies = tuple(limited(body) for body in PACK.records.bodies)
    return Pack(msgspec.structs.replace(PACK.records, info=info, bodies=bodies))


def test_a_bodys_own_ceiling_goes_before_the_packs() -> None:
    pack = with_ceilings(100, agua=5, ciudad=0)
    assert [pack.daily_segments(body) for body in ("comuna-1", "agua", "ciudad", "", "nobody")] == [100, 5, 0, 0, 0]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server


@pytest.fixture
async def line(database_url: str, fake: FakeTwilio) -> AsyncIterator[Line]:
    api = Api(fake.account_sid, fake.auth_token, fake.url)
    async with line_to(database_url, fake, api, with_ceilings(0, agua=3)) as line:
        await open_ticket(line.database, CODE, "agua")
        yield line
    await api.close()


async def test_at_its_ceiling_a_bodys_bulk_waits_for_midnight_and_answers_go_on(line: Line) -> None:
    line.fake.phone(ROSA)
    where = await line.address(ROSA)
    today = day_in(ZONE, time.time())
    async with line.database.write() as connection:
        await costs.add(connection, today, "whatsapp:+5491150000001", [("agua", 2)])
    with capture_logs() as logs:
        async with line.sending():
            first = await line.say(where, "Corte de agua mañana", lane="bulk:1", bulk=True, ticket=CODE)
            await line.is_in(first, "sent")
            ids = [
                await line.say(where, "Corte de agua", lane=f"bulk:{n}", bulk=True, ticket=CODE) for n in range(2, 5)
            ]
            rows = [await line.until(number, lambda row: row.due_at > time.time()) for number in ids]
            answer = await line.say(where, "Recibido", ticket=CODE)
            await line.is_in(answer, "sent")
            other = await line.say(where, "Otra cosa", lane="bulk:9", bulk=True)
            await line.is_in(other, "sent")
    left = until_midnight(ZONE, time.time())
    assert all(row.status == "pending" and row.attempts == 0 for row in rows)
    assert all(left - 30 <= row.due_at - time.time() <= left + 90 for row in rows)
    assert [entry["body"] for entry in logs if entry["event"] == "daily_ceiling_reached"] == ["agua"]
    assert [each.body for each in line.fake.sent(ROSA)] == ["Corte de agua mañana", "Recibido", "Otra cosa"]


async def test_news_for_those_who_joined_is_what_goes_to_many_and_stands_in_nobodys_way(database_url: str) -> None:
    async with Machine(database_url, variant=lambda account: "sms" if account == SMS else "") as machine:
        ana, eva, luis = (machine.phone(number, account=SMS) for number in (ROSA, "+5491155550002", "+5491155550003"))
        await machine.appoint(luis, BODY)
        code = await report(machine, ana)
        await eva.says(f"SUMO {code}")
        await eva.says("bache")
        (asked,) = eva.heard[-1:]
        before = await machine.one(select(func.max(queue.c.id)))
        await luis.says(f"/estado {code} en obra")
        await machine.settle()
        news = select(queue.c.lane, queue.c.bulk, queue.c.important, queue.c.address_id, queue.c.payload)
        to_citizens = (queue.c.id > before, queue.c.account == SMS, queue.c.important)
        hers, joined = await machine.rows(news.where(*to_citizens).order_by(queue.c.bulk))
        assert (hers.lane, hers.bulk) == (str((await ana.row()).address_id), False)
        assert (joined.lane, joined.bulk) == (f"bulk:{(await eva.row()).address_id}", True)
        assert asked.text not in [out.text for out in await eva.news()], "news that may come tomorrow repeats nothing"
        assert await eva.says("Corrientes 1234"), "and the talk goes on"


async def test_a_long_sms_waits_out_the_pace_of_its_sender(line: Line) -> None:
    line.fake.phone(ROSA)
    where = await line.address(ROSA)
    async with line.sending(pace=Pace(account=Rate(1.0)), day_of=partial(day_in, ZONE)):
        first = await line.say(where, "a" * 200, lane="a")
        began = time.monotonic()
        await line.is_in(first, "sent")
        second = await line.say(where, "b", lane="b")
        await line.is_in(second, "sent")
    # Two segments take two seconds.
    assert time.monotonic() - began >= 1.5


# --- what the operator sees


def test_metrics_tell_what_was_spent_and_what_may_be() -> None:
    metrics = Metrics()
    metrics.paid(SMS, 2)
    metrics.spending(Spending(DAY, [Cost(DAY, SMS, "agua", 2, 5)], {"agua": 3}))
    text = metrics.text().decode()
    assert f'baldosa_segments_total{{account="{SMS}"}} 2.0' in text
    assert f'baldosa_segments_today{{account="{SMS}",body="agua"}} 5.0' in text
    assert f'baldosa_messages_today{{account="{SMS}",body="agua"}} 2.0' in text
    assert 'baldosa_daily_ceiling_segments{body="agua"} 3.0' in text
    metrics.spending(Spending("2026-11-22", [], {}))
    assert "agua" not in metrics.text().decode()


def test_a_ceiling_is_reached_over_all_accounts() -> None:
    today = [Cost(DAY, SMS, "agua", 1, 2), Cost(DAY, "whatsapp:1", "agua", 1, 1), Cost(DAY, SMS, "ciudad", 9, 9)]
    assert Spending(DAY, today, {"agua": 3, "comuna-1": 1}).reached() == {"agua": 3}


async def test_the_command_prints_each_day_and_what_reached_its_ceiling(tmp_path: Path) -> None:
    whole = Whole(tmp_path)
    assert await whole.run("costs") == "Nothing was spent.\n"
    pack = shutil.copytree(ROOT / "packs/buenos-aires", tmp_path / "pack")
    told = (pack / "pack.toml").read_text()
    (pack / "pack.toml").write_text(told.replace('fallback = "ciudad"', 'fallback = "ciudad"\ndaily_segments = 5', 1))
    await whole.run("pack", "load", str(pack))
    database = Database(whole.database_url)
    now = time.time()
    async with database.write() as connection:
        await costs.add(connection, day_in(ZONE, now), SMS, [("agua", 3), ("agua", 2), ("", 1)])
        await costs.add(connection, day_in(ZONE, now - 3 * 86_400), SMS, [("agua", 40)])
        await costs.add(connection, day_in(ZONE, now - 30 * 86_400), SMS, [("agua", 999)])
    await database.close()
    lines = (await whole.run("costs")).splitlines()
    assert [line.split() for line in lines[:-1]] == [
        ["day", "channel", "body", "messages", "segments"],
        [day_in(ZONE, now), SMS, "-", "1", "1"],
        [day_in(ZONE, now), SMS, "agua", "2", "5"],
        [day_in(ZONE, now - 3 * 86_400), SMS, "agua", "1", "40"],
        ["total", "4", "46"],
    ]
    assert lines[-1] == "agua has spent 5 of its 5 segments today: what goes to many waits."
    assert "40" not in await whole.run("costs", "--days", "1")
