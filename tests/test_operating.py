"""Operating Baldosa: what its logs, metrics and health say in a whole run, and what is forgotten when."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.housekeeping import DAY, INBOUND_WORDS, OUTBOUND_ROWS, OUTBOUND_WORDS, TYPED_NUMBERS, UNUSED_FILES, sweep
from bot.owner import free_dead, is_dead, make_owner
from storage import leases, receipts
from storage.database import Database
from storage.media import MediaStore
from storage.receipts import Receipt
from storage.schema import inbox, lease, media, outbox, ticket, ticket_media
from tests.audit import until_idle
from tests.fakes.telegram import FakeTelegram
from tests.postgres import Server
from tests.robots import Citizen, Official
from tests.rows import put, row
from tests.whole import KEY, Whole, until

ANA, OFFICIAL = 712_345_678, 787_654_321
PLACE = (-34.60371, -58.38164)
WORDS = "hay un bache enorme que rompe todo"
PLACES = Path(__file__).parent.parent / "docs/operations.md"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.mark.slow
async def test_logs_name_nobody_and_metrics_move(fake: FakeTelegram, tmp_path: Path) -> None:
    whole = Whole(tmp_path, fake, settings={"LOG_LEVEL": "debug", "LOG_FORMAT": "json"})
    async with whole:
        invitation = await whole.invite("comuna-1")
        boss = fake.user(OFFICIAL, first_name="Wenceslao")
        boss.says(invitation)
        await boss.next_with("Desde ahora")
        fake.trouble.throttle(1)
        ana = Citizen(fake.user(ANA, first_name="Anastasia"), WORDS, PLACE, fixed=False)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_report_and_follow(ana, photos=2))
            tasks.create_task(Official(boss).works(1))
        ana.user.shares_contact("+5491155554321")
        ana.user.sends_photo(b"this is no picture")
        fake.updates.add_raw({"message": {"text": "sin pies ni cabeza", "chat": 7}})
        await fake.updates.settled()
        await until_idle(whole.database_url)
        await whole.get(f"/t/{ana.code}")
        await whole.get("/?texto=secreto")
        status, metrics = await whole.get("/metrics")
        assert status == 200
        ready = json.loads((await whole.get("/health/ready"))[1])
    _expect_metrics(metrics)
    parts = ("database", "local", "errands", "deliveries", "browser:main", "telegram:123456")
    assert ready == dict.fromkeys(parts, "ok")
    _expect_silence(
        whole.log.read_text(),
        *(WORDS, "enorme", "falta, dice", "resuelto", "sin pies", "secreto", "Anastasia", "Wenceslao"),
        *("34.60", "58.38", "5554321", str(ANA), str(OFFICIAL)),
        *(invitation.split("-", 1)[1], fake.token, "TEST-TOKEN", KEY),
        *("Comuna 1", "Novedades", "Quedó"),
    )


async def _report_and_follow(citizen: Citizen, photos: int) -> None:
    await citizen.reports(photos)
    await citizen.follows()


def _expect_metrics(text: str) -> None:
    """What happened is counted, each thing under its labels."""

    def value(name: str, **labels: str) -> float:
        wanted = ",".join(f'{key}="{labels[key]}"' for key in sorted(labels))
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(name)]
        found = {line[0].removeprefix(name).strip("{}"): float(line[1]) for line in lines}
        return found.get(wanted, 0.0)

    assert value("baldosa_tickets_opened_total", group="calles") == 1
    assert value("baldosa_inbound_total", account="telegram:123456", kind="message") >= 8
    assert value("baldosa_inbound_total", account="telegram:123456", kind="notice") >= 4
    assert value("baldosa_sends_total", account="telegram:123456", outcome="sent") >= 10
    assert value("baldosa_sends_total", account="telegram:123456", outcome="throttled") == 1
    assert value("baldosa_sends_total", account="errands", outcome="sent") >= 2
    assert value("baldosa_media_total", outcome="kept") == 2
    assert value("baldosa_media_total", outcome="media-not-a-picture") == 1
    assert value("baldosa_batch_size_count") >= 8
    assert value("baldosa_handled_seconds_count") >= value("baldosa_batch_size_count")
    assert re.search(r'baldosa_http_seconds_count\{route="/t/\{code\}",status="200"\} 1\.0', text)


def _expect_silence(log: str, *private: str) -> None:
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {"started", "sender_leads", "polling", "request", "stopped"} <= {line["event"] for line in lines}
    # Everything is a line of ours but the address, which is for whoever started it by hand.
    assert [line for line in log.splitlines() if not line.startswith(("{", "http://"))] == []
    told = [(words, line) for line in log.splitlines() for words in private if words in line]
    assert not told, told


async def test_a_wrong_telegram_token_is_one_line_and_the_web_goes_on(fake: FakeTelegram, tmp_path: Path) -> None:
    fake.revoke_token()
    async with Whole(tmp_path, fake) as whole:
        await until(lambda: "telegram_refuses" in whole.log.read_text())
        status, body = await whole.get("/health/ready")
        assert status == 503
        assert "BALDOSA_TELEGRAM_TOKEN" in json.loads(body)["telegram:123456"]
        assert (await whole.get("/"))[0] == 200
        assert (await whole.get("/health/live"))[0] == 200
    assert whole.log.read_text().count("telegram_refuses") == 1
    assert "Traceback" not in whole.log.read_text()
    assert fake.token not in whole.log.read_text()


async def test_one_process_polls_and_the_next_takes_over(fake: FakeTelegram, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    async with Whole(tmp_path, fake) as first:
        await until(lambda: fake.updates.polls > 0)
        async with Whole(second, fake, database_url=first.database_url) as other:
            ana = fake.user(ANA)
            ana.says("hola")
            await ana.next_with("¿De qué se trata?")
            assert "polling" not in other.log.read_text()
            await first.stop()
            ana.says("bache")
            await ana.next_with("¿Dónde es?")
            assert "polling" in other.log.read_text()
    assert not [call for call in fake.calls if call.status == 409]


async def test_a_message_waits_for_a_database_that_is_away(
    fake: FakeTelegram, tmp_path: Path, postgres: Server, postgres_url: str
) -> None:
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    away = (
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608
    )
    async with Whole(tmp_path, fake, "webhook", postgres_url) as whole:
        ana = fake.user(ANA)
        ana.says("hola")
        await ana.next_with("¿De qué se trata?")
        for statement in away:
            await asyncio.to_thread(postgres.execute, statement)
        assert (await whole.get("/health/ready"))[0] == 503
        assert (await whole.get("/health/live"))[0] == 200
        ana.says("bache")
        await until(lambda: any(delivery.status == 503 for delivery in fake.updates.deliveries))
        await asyncio.to_thread(postgres.execute, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await ana.next_with("¿Dónde es?")
        assert (await whole.get("/health/ready"))[0] == 200


async def test_what_is_old_is_forgotten_and_what_is_not_stays(sqlite_url: str) -> None:
    now = 1_000 * DAY
    database = Database(sqlite_url)
    for age in (INBOUND_WORDS + DAY, INBOUND_WORDS - DAY):
        async with database.write() as connection:
            await connection.execute(insert(inbox).values(_heard(now - age)))
    await put(database, _sent(now, 0), _sent(now, OUTBOUND_WORDS + DAY), _sent(now, OUTBOUND_ROWS + DAY, payload=""))
    async with database.write() as connection:
        for age in (OUTBOUND_WORDS + DAY, OUTBOUND_WORDS - DAY):
            told = Receipt(account="sms:1", provider_id=f"SM{age}", status="sent")
            await receipts.keep(connection, told, now - age)
    store = MediaStore.open("memory://")
    swept = await sweep(database, store, now)
    assert swept == {
        "inbound": 1, "outbound": 2, "held": 0, "receipts": 1, "numbers": 0, "geocodes": 0, "files": 0
    }  # fmt: skip
    async with database.read() as connection:
        heard = [row.body for row in await connection.execute(select(inbox.c.body).order_by(inbox.c.received_at))]
        said = [row.payload for row in await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))]
    await database.close()
    assert heard == ["", "hola"]
    assert said == ['{"text":"hola"}', ""]


async def test_files_of_no_ticket_are_forgotten_with_their_bytes(sqlite_url: str) -> None:
    now = 1_000 * DAY
    database, store = Database(sqlite_url), MediaStore.open("memory://")
    used, unused = await store.put(b"used", "image/jpeg"), await store.put(b"unused", "image/jpeg")
    old = now - UNUSED_FILES - DAY
    async with database.write() as connection:
        for name, key, at in (("a", used, old), ("b", used, old), ("c", unused, old), ("d", used, now)):
            await connection.execute(insert(media).values(_file(name, key, at)))
        await connection.execute(insert(ticket).values(_ticket("K7Q42MX")))
        await connection.execute(insert(ticket_media).values(ticket="K7Q42MX", media_id="a", position=0))
    assert (await sweep(database, store, now))["files"] == 2
    async with database.read() as connection:
        left = [(row.id, row.lat) for row in await connection.execute(select(media).order_by(media.c.id))]
    await database.close()
    assert left == [("a", None), ("d", -34.6)]
    assert await store.get(used) == b"used"
    with pytest.raises(FileNotFoundError):
        await store.get(unused)


def _file(name: str, key: str, at: float) -> dict[str, Any]:
    return {
        "id": name,
        "account": "telegram:1",
        "ref": "",
        "kind": "photo",
        "status": "kept",
        "key": key,
        "lat": -34.6,
        "lon": -58.4,
        "created_at": at,
    }


def _ticket(code: str) -> dict[str, Any]:
    texts = dict.fromkeys(("category", "body", "words"), "x") | {"place": "{}", "status": "received", "language": "es"}
    return texts | {"code": code, "created_at": 0.0, "updated_at": 0.0}


def _heard(at: float) -> dict[str, Any]:
    return {
        "account": "telegram:1",
        "key": f"u:{at}",
        "kind": "message",
        "status": "done",
        "body": "hola",
        "received_at": at,
    }


def _sent(now: float, age: float, **values: Any) -> dict[str, Any]:
    return row(status="sent", done_at=now - age, created_at=now - age, **values)


def test_the_times_are_those_that_people_are_told() -> None:
    told = PLACES.read_text()
    for seconds in (INBOUND_WORDS, OUTBOUND_WORDS, OUTBOUND_ROWS, TYPED_NUMBERS, UNUSED_FILES):
        assert f"{seconds / DAY:.0f} days" in told


@pytest.fixture
def ended() -> str:
    """The name of a process that has ended."""
    made = [sys.executable, "-c", "from bot.owner import make_owner; print(make_owner())"]
    return subprocess.run(made, capture_output=True, text=True, check=True).stdout.strip()


async def test_leases_of_a_dead_process_are_free_at_once(sqlite_url: str, ended: str) -> None:
    elsewhere = "another-machine-0123456789ab:1:abcdef"
    ours = make_owner()
    database = Database(sqlite_url)
    async with database.write() as connection:
        for owner in (ended, elsewhere, ours):
            assert await leases.acquire(connection, f"of {owner}", owner, time.time(), 60.0) == 1
    assert await free_dead(database) == [ended]
    async with database.read() as connection:
        held = [row.owner for row in await connection.execute(select(lease.c.owner).where(lease.c.until > 0))]
    await database.close()
    assert sorted(held) == sorted((elsewhere, ours))


def test_a_process_of_the_same_number_before_this_one_is_dead() -> None:
    ours = make_owner()
    assert not is_dead(ours)
    assert is_dead(f"{ours.rpartition(':')[0]}:other")
    assert not is_dead(ours.replace(f":{os.getpid()}:", f":{os.getppid()}:"))
    assert not is_dead("no such form")
