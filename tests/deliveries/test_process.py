"""Deliveries by the whole process: killed in the middle of one, it goes on, and what it delivers is there once."""

from __future__ import annotations

import shutil
from pathlib import Path

from routing import read_pack
from storage.database import Database
from storage.deliveries import Delivery, find
from tests.deliveries.stage import BODY, Stage
from tests.fakes.open311 import FakeOpen311
from tests.fakes.webhooks import FakeReceiver
from tests.whole import ROOT, Whole, until

SECRETS = {"DELIVERIES": "loopback", "SECRET_HOOK": "un secreto", "SECRET_AGUA": "clave"}


def pack_with(table: str, folder: Path) -> Path:
    """The demo pack, whose water works receive in the way of this table."""
    shutil.copytree(ROOT / "packs/buenos-aires", folder)
    bodies = (folder / "bodies.toml").read_text("utf-8")
    name = f'id = "{BODY}"\n'
    assert bodies.count(name) == 1
    (folder / "bodies.toml").write_text(bodies.replace(name, name + table), "utf-8")
    return folder


def whole_with(table: str, folder: Path) -> Whole:
    """The process on this pack, which speaks to nothing but loopback."""
    return Whole(folder, settings={"PACK": str(pack_with(table, folder / "pack")), **SECRETS})


async def report(whole: Whole, folder: Path) -> str:
    """Have something reported, as a conversation of that process does; its code."""
    async with Stage(whole.database_url, folder, pack=read_pack(folder / "pack")) as stage:
        return await stage.opens()


async def delivered(whole: Whole, code: str, method: str) -> Delivery:
    """The only delivery of a ticket by a method."""
    database = Database(whole.database_url)
    async with database.read() as connection:
        row = await find(connection, code, BODY, method)
    await database.close()
    assert row is not None
    return row


async def test_a_report_whose_receiver_was_slow_outlives_the_process(tmp_path: Path) -> None:
    async with FakeReceiver("un secreto") as fake:
        fake.answers += ["hang"]
        table = f'delivery = ["webhook"]\nwebhook = {{ url = "{fake.url}", secret = "HOOK" }}\n'
        async with whole_with(table, tmp_path) as whole:
            code = await report(whole, tmp_path)
            await until(lambda: fake.under_way == 1)
            await whole.kill()
            await whole.start()
            await until(lambda: len(fake.events) == 1)
        assert len(fake.ids) == 2
        assert len(set(fake.ids)) == 1, "the receiver knows a repeated event by its id"
        row = await delivered(whole, code, "webhook")
        assert (row.status, row.remote_id) == ("sent", fake.ids[0])


async def test_a_request_that_arrived_before_the_process_died_is_found_and_not_made_again(tmp_path: Path) -> None:
    async with FakeOpen311() as fake:
        fake.troubles += ["mute"]
        where = f'endpoint = "{fake.url}", jurisdiction = "{fake.jurisdiction}", key = "AGUA"'
        table = f'delivery = ["open311"]\nopen311 = {{ {where}, services = {{ "*" = "001" }} }}\n'
        async with whole_with(table, tmp_path) as whole:
            code = await report(whole, tmp_path)
            await until(lambda: len(fake.requests) == 1)
            await whole.kill()
            await whole.start()
            await until(lambda: len(fake.calls) == 2)
        row = await delivered(whole, code, "open311")
        assert (row.status, [row.remote_id]) == ("accepted", list(fake.requests))
    assert fake.calls == ["POST /v2/requests.xml", "GET /v2/requests.xml"]
