"""A body that nobody receives for: its tickets wait in public, and everybody is told the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from routing.pack import Pack
from routing.ways import Open311Way, WebhookWay
from storage import deliveries
from storage.deliveries import Waiting
from storage.schema import delivery
from tests.deliveries.open311.far import way_to
from tests.deliveries.stage import BODY, OTHER, Stage, pack_with
from tests.fakes.open311 import FakeOpen311
from tests.fakes.webhooks import FakeReceiver
from tests.machine import CONGRESS, Machine, demo_pack, texts


async def by_size(stage: Stage) -> list[tuple[str, int]]:
    async with stage.machine.database.read() as connection:
        return [(each.body, each.tickets) for each in await deliveries.unclaimed_by_size(connection)]


async def test_a_ticket_without_anybody_to_take_it_waits_in_public(database_url: str, tmp_path: Path) -> None:
    async with Stage(database_url, tmp_path) as stage:
        code = await stage.opens()
        assert stage.unclaimed == [BODY]
        assert (await stage.ticket(code)).open
        assert await stage.delivers() == 0
        assert [row.status for row in await stage.rows()] == ["unclaimed"]


async def test_bodies_without_an_address_are_listed_by_the_number_of_their_tickets(
    database_url: str, tmp_path: Path
) -> None:
    async with Stage(database_url, tmp_path) as stage:
        await stage.opens(body=OTHER)
        for _ in range(3):
            await stage.opens(body=BODY)
        assert await by_size(stage) == [(BODY, 3), (OTHER, 1)]
        async with stage.machine.database.read() as connection:
            first = (await deliveries.unclaimed_by_size(connection))[0]
        assert first == Waiting(BODY, 3, stage.now)


async def test_an_officials_chat_is_an_address(sqlite_url: str, tmp_path: Path) -> None:
    async with Stage(sqlite_url, tmp_path) as stage:
        await stage.machine.appoint(stage.machine.phone("jefe"), BODY)
        await stage.opens()
        assert stage.unclaimed == []
        assert await stage.rows() == []


async def test_what_waited_is_handed_over_once_the_body_has_an_address(database_url: str, tmp_path: Path) -> None:
    async with FakeReceiver("un secreto") as fake, Stage(database_url, tmp_path) as stage:
        codes = [await stage.opens() for _ in range(3)]
        assert await stage.outreach.morning.watch(stage.now) == []
        stage.machine.pack = pack_with(webhook=WebhookWay(url=fake.url, secret="HOOK"))
        assert sorted(await stage.outreach.morning.watch(stage.now)) == sorted(codes)
        await stage.delivers_all()
        assert await by_size(stage) == []
        assert await stage.outreach.morning.watch(stage.now) == []
        assert sorted(event["ticket"]["code"].replace("-", "") for event in fake.events) == sorted(codes)


async def test_what_waited_is_in_the_inbox_of_the_official_who_joins(sqlite_url: str, tmp_path: Path) -> None:
    async with Stage(sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        boss = stage.machine.phone("jefe")
        await stage.machine.appoint(boss, BODY)
        assert await stage.outreach.morning.watch(stage.now) == [code]
        assert f"{code[:4]}-{code[4:]}" in "".join(texts(await boss.says("/bandeja")))
        assert await by_size(stage) == []


async def test_the_citizen_is_told_that_it_waits_and_not_that_somebody_has_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        said = await report(machine, "rosa")
        assert "todavía no recibe reclamos por acá" in said
        assert "Ya lo tiene" not in said
        for body in demo_pack().records.bodies:
            await machine.appoint(machine.phone(f"de-{body.id}"), body.id)
        assert "Ya lo tiene" in await report(machine, "luz", "hay un bache enorme en Cabildo 2500, Belgrano")


async def test_who_was_told_that_it_waits_is_told_when_it_does_no_longer(sqlite_url: str, tmp_path: Path) -> None:
    async with Stage(sqlite_url, tmp_path) as stage:
        rosa = stage.machine.phone("rosa")
        code = await stage.opens(who=rosa)
        await stage.machine.appoint(stage.machine.phone("jefe"), BODY)
        for _ in range(2):
            await stage.outreach.morning.watch(stage.now)
            await stage.machine.settle()
        (said,) = await rosa.news()
    assert "Agua y Desagües de la Ciudad ya recibe reclamos por acá" in said.text
    assert f"{code[:4]}-{code[4:]}" in said.text


async def test_a_body_with_another_method_than_the_chat_has_an_address(sqlite_url: str) -> None:
    records = demo_pack().records
    way = WebhookWay(url="http://127.0.0.1:1/", secret="HOOK")
    bodies = tuple(replace(body, delivery=("webhook",), webhook=way) for body in records.bodies)
    async with Machine(sqlite_url, pack=Pack(replace(records, bodies=bodies))) as machine:
        assert "Ya lo tiene" in await report(machine, "rosa")
        assert await machine.count(delivery, delivery.c.status == "waiting") == 1


async def report(machine: Machine, who: str, words: str = "hay un bache enorme en Rivadavia 1800, Congreso") -> str:
    """Report something in a chat; what was said last."""
    phone = machine.phone(who)
    said: list[Any] = await phone.says(words)
    for _ in range(8):
        last = said[-1]
        if any("Enviar" in option.label for option in last.options):
            return "\n".join(texts(await phone.taps("Enviar")))
        said = await (phone.sends(tapped=last.options[0].tap) if last.options else phone.sends(place=CONGRESS))
    raise AssertionError(texts(said))


async def test_a_category_that_the_far_side_has_no_name_for_waits_and_is_never_tried(
    database_url: str, tmp_path: Path
) -> None:
    nameless = Open311Way(endpoint="http://127.0.0.1:1/v2", services={"sin-agua": "7"})
    async with FakeOpen311() as fake, Stage(database_url, tmp_path, open311=nameless) as stage:
        code = await stage.opens()
        assert stage.unclaimed == [BODY]
        assert await stage.delivers() == 0
        assert await stage.outreach.morning.watch(stage.now) == []
        stage.machine.pack = pack_with(open311=way_to(fake))
        assert await stage.outreach.morning.watch(stage.now) == [code]
        await stage.delivers_all()
        assert (await stage.row()).status == "accepted"


async def test_what_a_changed_pack_has_no_name_for_any_more_waits_until_it_has(
    database_url: str, tmp_path: Path
) -> None:
    async with FakeOpen311() as fake, Stage(database_url, tmp_path, open311=way_to(fake)) as stage:
        code = await stage.opens()
        await stage.updates(code, actor="citizen", words="sigue igual")
        stage.machine.pack = pack_with(open311=way_to(fake, services={"sin-agua": "7"}))
        await stage.delivers_all()
        assert stage.errors == []
        assert await stage.later(1800) == 0
        assert [(row.method, row.status) for row in await stage.rows()] == [("chat", "unclaimed")]
        assert await by_size(stage) == [(BODY, 1)]
        stage.machine.pack = pack_with(open311=way_to(fake))
        assert await stage.outreach.morning.watch(stage.now) == [code]
        await stage.delivers_all()
        assert [(row.method, row.status) for row in await stage.rows()] == [("open311", "accepted")]


async def test_a_body_with_officials_has_what_its_far_side_has_no_name_for(sqlite_url: str, tmp_path: Path) -> None:
    async with FakeOpen311() as fake, Stage(sqlite_url, tmp_path, open311=way_to(fake)) as stage:
        await stage.machine.appoint(stage.machine.phone("jefe"), BODY)
        await stage.opens()
        stage.machine.pack = pack_with(open311=way_to(fake, services={"sin-agua": "7"}))
        await stage.delivers_all()
        assert await stage.rows() == []
        await stage.opens()
        assert stage.unclaimed == []
        assert await stage.rows() == []


async def test_the_citizen_is_told_the_truth_about_a_category_without_a_name(sqlite_url: str) -> None:
    records = demo_pack().records
    way = Open311Way(endpoint="http://127.0.0.1:1/v2", services={"sin-agua": "7"})
    bodies = tuple(replace(body, delivery=("open311",), open311=way) for body in records.bodies)
    async with Machine(sqlite_url, pack=Pack(replace(records, bodies=bodies))) as machine:
        assert "todavía no recibe reclamos por acá" in await report(machine, "rosa")
