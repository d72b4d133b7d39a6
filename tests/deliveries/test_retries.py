"""When a delivery is tried again, what is held on a test machine, what is told of it, and what a crash leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from bot.ways.calls import SECONDS
from bot.ways.open311 import TOKEN_PAUSE, TOKEN_TRIES
from routing.ways import WebhookWay
from storage import deliveries
from storage.schema import outbox
from tests.deliveries.stage import BODY, CATEGORY, OTHER, Stage, pack_with
from tests.fakes.webhooks import FakeReceiver

MINUTE = 60.0


@pytest.fixture
async def fake() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver("un secreto") as fake:
        yield fake


def hook(fake: FakeReceiver) -> WebhookWay:
    return WebhookWay(url=fake.url, secret="HOOK")


async def test_it_is_tried_at_once_then_after_five_minutes_then_every_half_hour(
    fake: FakeReceiver, database_url: str, tmp_path: Path
) -> None:
    fake.answers += [500] * 6
    waited = []
    async with Stage(database_url, tmp_path, webhook=hook(fake)) as stage:
        await stage.opens()
        await stage.delivers()
        for _ in range(5):
            (seconds,) = await stage.due()
            waited.append(seconds)
            await stage.later(seconds)
        assert (await stage.row()).failures == 6
        await stage.later(30 * MINUTE)
        assert (await stage.row()).status == "sent"
    assert waited == [1.0, 5 * MINUTE, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE]


async def test_no_delivery_is_cut_off_while_its_calls_are_within_their_limits(sqlite_url: str, tmp_path: Path) -> None:
    asked_before, posted, token = SECONDS, SECONDS, TOKEN_TRIES * (TOKEN_PAUSE + SECONDS)
    async with Stage(sqlite_url, tmp_path) as stage:
        assert stage.outreach.sending()["longest"] > asked_before + posted + token


async def test_it_is_tried_for_as_long_as_it_takes(fake: FakeReceiver, sqlite_url: str, tmp_path: Path) -> None:
    fake.answers += [500] * 100
    async with Stage(sqlite_url, tmp_path, webhook=hook(fake)) as stage:
        await stage.opens()
        for _ in range(101):
            await stage.later(30 * MINUTE)
        assert (await stage.row()).status == "sent"


async def test_only_the_method_that_failed_is_tried_again(fake: FakeReceiver, sqlite_url: str, tmp_path: Path) -> None:
    async with FakeReceiver("un secreto") as broken:
        broken.answers += [500] * 3
        pack = pack_with(webhook=hook(fake), other={"webhook": hook(broken)})
        async with Stage(sqlite_url, tmp_path, pack=pack) as stage:
            code = await stage.opens(body=BODY)
            other = [body for body in pack.records.bodies if body.id == OTHER]
            await stage.machine.work(lambda work: deliveries.hand_over(work, pack, code, CATEGORY, other, 1))
            for _ in range(4):
                await stage.later(30 * MINUTE)
            assert [row.status for row in await stage.rows()] == ["sent", "sent"]
        assert (len(fake.ids), len(broken.ids)) == (1, 4)


async def test_a_ticket_that_was_closed_before_it_left_is_still_delivered(
    fake: FakeReceiver, sqlite_url: str, tmp_path: Path
) -> None:
    fake.answers.append(500)
    async with Stage(sqlite_url, tmp_path, webhook=hook(fake)) as stage:
        code = await stage.opens()
        await stage.delivers()
        await stage.updates(code, actor="citizen", status="withdrawn")
        await stage.later(1.0)
        await stage.delivers_all()
    assert [(event["type"], event["ticket"]["status"]) for event in fake.events] == [
        ("ticket.opened", "withdrawn"), ("ticket.updated", "withdrawn")]  # fmt: skip


async def test_a_step_never_overtakes_the_report(fake: FakeReceiver, sqlite_url: str, tmp_path: Path) -> None:
    fake.answers.append(500)
    async with Stage(sqlite_url, tmp_path, webhook=hook(fake)) as stage:
        code = await stage.opens()
        await stage.delivers()
        await stage.updates(code, actor="citizen", words="sigue")
        assert await stage.delivers() == 0
        await stage.later(1.0)
        await stage.delivers()
    assert [event["type"] for event in fake.events] == ["ticket.opened", "ticket.updated"]


async def test_who_passed_a_ticket_on_hears_no_more_of_it(fake: FakeReceiver, sqlite_url: str, tmp_path: Path) -> None:
    from storage.schema import ticket

    async with Stage(sqlite_url, tmp_path, webhook=hook(fake)) as stage:
        code = await stage.opens()
        await stage.delivers()
        moving = update(ticket).where(ticket.c.code == code).values(body=OTHER)
        await stage.machine.work(lambda work: work.execute(moving))
        await stage.updates(code, actor="citizen", words="sigue")
        assert await stage.delivers() == 0


# What a crash leaves


async def test_what_left_before_a_crash_does_not_leave_again(
    fake: FakeReceiver, database_url: str, tmp_path: Path
) -> None:
    async with Stage(database_url, tmp_path, webhook=hook(fake)) as stage:
        await stage.opens()
        await stage.delivers()
        async with stage.machine.database.write() as connection:
            # The delivery knows; the outbox had not settled.
            again = update(outbox).where(outbox.c.account == deliveries.ACCOUNT)
            await connection.execute(again.values(status="pending", done_at=None))
        assert await stage.delivers() == 1
        assert await stage.due() == []
    assert len(fake.ids) == 1


# Test machines


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"deliveries": "auto"}, "held: BALDOSA_PRODUCTION is not on"),
        ({"deliveries": "off", "production": True}, "held: BALDOSA_DELIVERIES is off"),
    ],
)
async def test_on_a_test_machine_nothing_leaves_and_it_is_seen(
    fake: FakeReceiver, database_url: str, tmp_path: Path, settings: dict[str, Any], line: str
) -> None:
    async with Stage(database_url, tmp_path, settings=settings, webhook=hook(fake)) as stage:
        await stage.opens()
        for _ in range(5):
            await stage.later(31 * MINUTE)
        row = await stage.row()
        assert (row.status, row.failures, row.error) == ("waiting", 0, line)
        async with stage.machine.database.read() as connection:
            (trouble,) = await deliveries.in_trouble(connection)
        assert (trouble.error, trouble.method) == (line, "webhook")
    assert fake.ids == []


async def test_loopback_lets_nothing_go_further_than_this_machine(sqlite_url: str, tmp_path: Path) -> None:
    way = WebhookWay(url="http://198.51.100.7/hook", secret="HOOK")
    async with Stage(sqlite_url, tmp_path, webhook=way) as stage:
        await stage.opens()
        await stage.delivers()
        assert (await stage.row()).error == "held: BALDOSA_DELIVERIES is loopback"


async def test_what_was_held_goes_when_production_is_on(fake: FakeReceiver, sqlite_url: str, tmp_path: Path) -> None:
    async with Stage(sqlite_url, tmp_path, settings={"deliveries": "auto"}, webhook=hook(fake)) as stage:
        await stage.opens()
        await stage.delivers()
        await stage.outreach.close()
        settings = {"deliveries": "auto", "production": True, "secret_key": SecretStr("k" * 32)}
        stage.settings = stage.settings.model_copy(update=settings)
        stage.start()
        await stage.later(31 * MINUTE)
        assert (await stage.row()).status == "sent"
    assert len(fake.events) == 1


# What an operator sees and does


async def test_the_operator_sees_what_failed_and_may_have_it_tried_at_once(
    fake: FakeReceiver, sqlite_url: str, tmp_path: Path
) -> None:
    fake.answers += [500, 500]
    async with Stage(sqlite_url, tmp_path, webhook=hook(fake)) as stage:
        code = await stage.opens()
        await stage.delivers()
        await stage.later(1.0)
        async with stage.machine.database.read() as connection:
            (trouble,) = await deliveries.in_trouble(connection)
        told = (trouble.ticket, trouble.body, trouble.tries, trouble.error, trouble.again)
        assert told == (code, BODY, 2, "its webhook answers 500", stage.now + 5 * MINUTE)
        async with stage.machine.database.write() as connection:
            assert await deliveries.hurry(connection, stage.now) == 1
        await stage.delivers()
        async with stage.machine.database.read() as connection:
            assert await deliveries.in_trouble(connection) == []


async def test_a_body_that_the_pack_dropped_is_waited_for(fake: FakeReceiver, sqlite_url: str, tmp_path: Path) -> None:
    from msgspec.structs import replace

    from routing.pack import Pack

    async with Stage(sqlite_url, tmp_path, webhook=hook(fake)) as stage:
        await stage.opens()
        whole, records = stage.machine.pack, stage.machine.pack.records
        renamed = tuple(replace(body, id="aguas") if body.id == BODY else body for body in records.bodies)
        stage.machine.pack = Pack(replace(records, bodies=renamed, categories=(), rules=()))
        await stage.delivers()
        assert stage.errors == ["ceiling: the pack has no body agua any more"]
        stage.machine.pack = whole
        await stage.later(31 * MINUTE)
    assert len(fake.events) == 1
