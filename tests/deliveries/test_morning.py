"""The operator's morning: once a day, at eight, by the log and by mail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from routing.ways import WebhookWay
from storage.schema import outbox
from tests.deliveries.stage import FROM, OTHER, Stage
from tests.fakes.smtp import FakeSmtp
from tests.fakes.webhooks import FakeReceiver
from tests.machine import DAY, HOUR

OPERATOR = "guardia@baldosa.test"
BROKEN = WebhookWay(url="http://127.0.0.1:1/hook", secret="HOOK")


@pytest.fixture
async def smtp() -> AsyncIterator[FakeSmtp]:
    async with FakeSmtp() as fake:
        yield fake


def on(smtp: FakeSmtp, url: str, folder: Path, **settings: Any) -> Stage:
    mail = {"smtp_url": SecretStr(smtp.url), "mail_from": FROM, "operator_email": OPERATOR}
    return Stage(url, folder, settings=mail | settings, webhook=BROKEN)


async def test_the_operator_gets_what_failed_and_who_receives_nothing_once_a_day(
    smtp: FakeSmtp, database_url: str, tmp_path: Path
) -> None:
    async with on(smtp, database_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.opens(body=OTHER)
        await stage.delivers()
        for _ in range(3):  # noon, and the minutes after
            await stage.outreach.morning.watch(stage.now)
            await stage.later(60)
        assert len(smtp.letters) == 1
        (letter,) = smtp.letters
        words = letter.get_content()
        assert letter["To"] == OPERATOR
        assert letter["Subject"] == "Baldosa: 1 entregas con problemas, 1 reclamos sin destino"
        assert f"- {code[:4]}-{code[4:]} a Agua y Desagües de la Ciudad por webhook: 127.0.0.1 cannot" in words
        assert "- Ciudad de Buenos Aires: 1 reclamo, desde 21/11/2026" in words
        stage.machine.now += DAY - 5 * HOUR  # seven in the morning
        await stage.outreach.morning.watch(stage.now)
        await stage.later(HOUR)
        assert len(smtp.letters) == 1
        await stage.outreach.morning.watch(stage.now)
        await stage.delivers_all()
    assert len(smtp.letters) == 2


async def test_a_day_without_trouble_has_no_letter(smtp: FakeSmtp, sqlite_url: str, tmp_path: Path) -> None:
    async with on(smtp, sqlite_url, tmp_path) as stage:
        await stage.outreach.morning.watch(stage.now)
        await stage.delivers_all()
        assert await stage.machine.count(outbox, outbox.c.kind == "summary", outbox.c.status == "sent") == 1
    assert smtp.letters == []


async def test_without_an_address_the_log_tells_it_in_numbers(smtp: FakeSmtp, sqlite_url: str, tmp_path: Path) -> None:
    async with on(smtp, sqlite_url, tmp_path, operator_email="") as stage:
        await stage.opens()
        await stage.delivers()
        await stage.outreach.morning.watch(stage.now)
        with structlog.testing.capture_logs() as logs:
            await stage.delivers()
    told = [line for line in logs if line["event"] == "deliveries_not_arrived"]
    assert [(line["failed"], line["unclaimed"]) for line in told] == [(1, 0)]
    assert smtp.letters == []


async def test_no_log_line_holds_what_people_wrote(smtp: FakeSmtp, sqlite_url: str, tmp_path: Path) -> None:
    async with FakeReceiver("otro secreto") as refusing:
        way = WebhookWay(url=refusing.url, secret="HOOK")
        with structlog.testing.capture_logs() as logs:
            async with Stage(sqlite_url, tmp_path, webhook=way) as stage:
                await stage.opens("el número de mi casa es 1823")
                await stage.delivers()
                await stage.outreach.morning.watch(stage.now)
                await stage.delivers()
                await stage.outreach.far.look(stage.now)
    assert "1823" not in str(logs) + str(stage.errors)
