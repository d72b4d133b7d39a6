"""The signed webhook, against receivers that take it, refuse it, fail and hang."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.retry import IDEMPOTENT
from bot.sender import Sender
from routing.ways import WebhookWay
from storage.deliveries import ACCOUNT
from tests.deliveries.stage import WORDS, Stage
from tests.fakes.webhooks import FakeReceiver
from tests.whole import until

SECRET = "whsec_" + base64.b64encode(b"twenty-four bytes and no").decode()


@pytest.fixture
async def fake() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver("un secreto") as fake:
        yield fake


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ways.calls.SECONDS", 0.3)


def on(fake: FakeReceiver, url: str, folder: Path, secret: str = "HOOK") -> Stage:
    return Stage(url, folder, webhook=WebhookWay(url=fake.url, secret=secret))


async def test_a_report_is_an_event_with_everything_but_who_reported_it(
    fake: FakeReceiver, database_url: str, tmp_path: Path
) -> None:
    async with on(fake, database_url, tmp_path) as stage:
        code = await stage.opens(who=stage.machine.phone("+5491155551234"))
        await stage.delivers()
        assert (await stage.row()).status == "sent"
    (event,) = fake.events
    ticket = event["ticket"]
    assert event["type"] == "ticket.opened"
    assert event["id"] == f"{code}.agua.1"
    assert ticket["code"] == f"{code[:4]}-{code[4:]}"
    assert ticket["url"] == f"https://baldosa.test/t/{code}"
    assert ticket["category"] == {"id": "cano-roto", "group": "agua", "name": "Caño roto o pérdida"}
    assert ticket["place"] == {"words": "Rivadavia 1800, Comuna 1", "lat": -34.6098, "lon": -58.3925}
    assert (ticket["words"], ticket["status"], ticket["opened"]) == (WORDS, "received", "2026-11-21T15:00:00Z")
    assert "5551234" not in str(event)


async def test_each_public_step_is_an_event_and_a_private_one_is_none(
    fake: FakeReceiver, database_url: str, tmp_path: Path
) -> None:
    async with on(fake, database_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.updates(code, actor="citizen", words="sigue")
        await stage.updates(code, actor="official", words="no decir", public=False)
        await stage.updates(code, actor="official", status="acknowledged", words="visto")
        await stage.delivers_all()
    assert [event["type"] for event in fake.events] == ["ticket.opened", "ticket.updated", "ticket.updated"]
    assert [event["update"]["words"] for event in fake.events[1:]] == ["sigue", "visto"]
    assert fake.events[2]["update"] == {
        "seq": 4, "actor": "official", "status": "acknowledged", "words": "visto", "photos": []}  # fmt: skip
    assert [event["ticket"]["status"] for event in fake.events] == ["acknowledged", "received", "acknowledged"]


async def test_a_secret_in_the_specifications_own_form_signs_as_libraries_expect(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with FakeReceiver(SECRET) as fake:
        way = WebhookWay(url=fake.url, secret="SPEC")
        async with Stage(sqlite_url, tmp_path, secrets={"SPEC": SECRET}, webhook=way) as stage:
            await stage.opens()
            await stage.delivers()
            assert len(fake.events) == 1


async def test_a_wrong_secret_is_refused_and_the_report_waits(
    fake: FakeReceiver, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, secret="AGUA") as stage:
        await stage.opens()
        await stage.delivers()
        assert (await stage.row()).error == "its webhook answers 401"
    assert fake.events == []


@pytest.mark.parametrize("answer", [500, 404, 302, "hang", "drop"])
async def test_a_receiver_that_fails_gets_the_same_event_again(
    fake: FakeReceiver, sqlite_url: str, tmp_path: Path, answer: int | str
) -> None:
    fake.answers.append(answer)
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens()
        await stage.delivers()
        assert (await stage.row()).status == "failed"
        await stage.later(1.0)
        assert (await stage.row()).status == "sent"
    assert len(set(fake.ids)) == 1
    assert len(fake.ids) == 2
    assert len(fake.events) == 1


async def test_a_receiver_that_hangs_holds_up_nobody_but_its_own_ticket(
    fake: FakeReceiver, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ways.calls.SECONDS", 30.0)
    fake.answers += ["hang"]
    async with on(fake, sqlite_url, tmp_path) as stage:
        first = await stage.opens("la primera")
        await stage.updates(first, actor="citizen", words="después")
        stage.machine.now += 1
        second = await stage.opens("la segunda")
        sender = Sender(
            stage.machine.database,
            ACCOUNT,
            stage.outreach.perform,
            policy=IDEMPOTENT,
            clock=lambda: stage.machine.now,
            owner="sender",
        )
        running = asyncio.create_task(sender.run())
        await until(lambda: bool(fake.events and fake.under_way))
        assert [event["ticket"]["code"].replace("-", "") for event in fake.events] == [second]
        await sender.stop(0.1)
        await running
