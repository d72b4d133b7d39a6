"""Refusals, lost answers and broken servers: the report arrives once, when it can."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.deliveries.open311.far import on
from tests.fakes.open311 import FakeOpen311


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
