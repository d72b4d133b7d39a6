"""What a report is on an Open311 server: a request, with its token or its id."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deliveries.open311.far import on
from tests.deliveries.stage import WORDS
from tests.fakes.open311 import FakeOpen311

MINUTE = 60.0


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
