"""What happens to a ticket here is told to the Open311 server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deliveries.open311.far import accepted, hears, on
from tests.fakes.open311 import FakeOpen311


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
        await hears(stage, fake, number, "in_progress", "vamos")
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
