"""Floods: of messages from an address, of reports from an address or a network; blocks that outlive being forgotten."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select

from bot.flow import pour
from bot.scene import Limits
from bot.switchboard import State
from storage import blocks, flood
from storage.schema import block, inbox, person, shut_door, ticket
from storage.schema import flood as floods
from tests.handset import Phone
from tests.machine import DAY, HOUR, Machine
from tests.test_rights import person_at
from web.networks import mark_network
from web.sign import Signer

LATS = ("-34.6095", "-34.6195", "-34.6295", "-34.6395")


async def report(phone: Phone, lat: str, network: str = "") -> str:
    for line in ("bache", f"{lat}, -58.3925", "un pozo enorme"):
        await phone.says(line)
    await phone.machine.take(replace(phone.message("dale"), network=network))
    await phone.news()
    return phone.last.text


async def limited(machine: Machine, **limits: int) -> None:
    machine.limits = Limits(**limits)
    await machine.restart()


async def test_who_floods_is_told_once_and_heard_again_after_a_pause(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await limited(machine, messages=5)
        ana = machine.phone("ana")
        said = [await ana.says(f"hola {n}") for n in range(20)]
        # The first one comes after a long silence, and is not counted.
        assert [bool(out) for out in said] == [True] * 7 + [False] * 13
        assert "Esperá un minuto" in said[6][0].text
        assert "llamá ya al 100" in (await ana.says("hay un incendio"))[0].text
        machine.now += 31
        assert await ana.says("bache") != []


async def test_one_flood_silences_nobody_else_and_no_official(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await limited(machine, messages=3)
        ana, bea, luis = machine.phone("ana"), machine.phone("bea"), machine.phone("luis")
        await machine.appoint(luis, "comuna-3")
        for n in range(10):
            await ana.says(f"hola {n}")
        assert await bea.says("hola") != []
        assert all([await luis.says("/bandeja") for _ in range(10)])


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 60))
def test_no_more_are_taken_than_the_bucket_holds_and_runs_off(pauses: list[float], most: int) -> None:
    state, now, taken, told = State(), 0.0, 0, 0
    for pause in pauses:
        now += pause
        verdict = pour(state, now, most)
        taken, told = taken + (verdict == "take"), told + (verdict == "tell")
    assert taken <= most + now * most / 60 + 1e-6
    assert told <= 1 + now / 30 + taken
    # Whatever came before: after a minute's silence as many as ever are taken at once, and she is told of the next.
    now += 61
    assert [pour(state, now, most) for _ in range(most + 2)] == ["take"] * most + ["tell", "drop"]


async def test_a_new_person_at_the_same_address_has_sent_what_was_sent_from_there(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await limited(machine, per_hour=2, per_day=3)
        ana = machine.phone("ana")
        for lat in LATS[:2]:
            await report(ana, lat)
        await ana.says("/borrar")
        await ana.says("sí")
        await machine.wait(HOUR / 2)
        assert "Este queda guardado" in await report(ana, LATS[2])
        kept = await machine.rows(select(floods.c.mark))
        assert {len(row.mark) for row in kept} == {64}
        await machine.wait(HOUR / 2)
        assert await machine.count(ticket) == 2
        await ana.says("dale")
        assert await machine.count(ticket) == 3


async def test_a_network_has_a_limit_of_its_own_and_is_stored_nowhere(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await limited(machine, network_per_day=2)
        said = [await report(machine.phone(f"p{n}"), lat, "mark-of-a-network") for n, lat in enumerate(LATS)]
        assert ["Este queda guardado" in each for each in said] == [False, False, True, True]
        assert "Este queda guardado" not in await report(machine.phone("other"), LATS[3], "another-network")
        assert await machine.count(inbox, inbox.c.body.contains("mark-of-a-network")) == 0


async def test_what_was_counted_is_forgotten_after_a_day(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await limited(machine, per_day=1)
        await report(machine.phone("ana"), LATS[0])
        async with machine.database.write() as connection:
            assert await flood.forget_old(connection, machine.now - DAY) == 0
            assert await flood.forget_old(connection, machine.now + 1) == 1


async def test_a_block_outlives_that_her_data_is_deleted(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await ana.says("/ayuda")
        _, address_id = await person_at(machine, ana)
        until = machine.now + 7 * DAY
        await machine.work(lambda work: blocks.shut_out(work, address_id, "insulta a todos", until=until))
        await ana.says("/borrar")
        await ana.says("sí")
        await machine.wait(HOUR + 1)
        assert await machine.count(person) == 0
        (door,) = await machine.rows(select(shut_door))
        assert (door.reason, door.until, len(door.mark)) == ("", until, 64)
        assert await machine.phone("ana").says("hola") == []
        assert await machine.count(shut_door) == 0, "it stands at her address again"
        assert await machine.count(block) == 1
        assert await machine.phone("bea").says("hola") != []
        machine.now = until + 1
        assert await machine.phone("ana").says("hola") != []


async def test_the_block_of_a_forgotten_address_is_listed_and_lifted_by_its_mark(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.says("/ayuda")
        _, address_id = await person_at(machine, ana)
        await machine.work(lambda work: blocks.shut_out(work, address_id, "", until=None))
        await ana.says("/borrar")
        await ana.says("sí")
        await machine.wait(HOUR + 1)
        (door,) = await machine.work(lambda work: blocks.doors(work.connection, work.now))
        assert await machine.work(lambda work: blocks.open_door(work, door.account[:4])) == 0
        assert await machine.work(lambda work: blocks.open_door(work, door.account)) == 1
        assert await machine.phone("ana").says("hola") != []


SIGNER = Signer("a secret")
NOON = 1_795_273_200.0


def mark(peer: str, forwarded: str = "", now: float = NOON) -> str:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers)
    return mark_network(request.clone(remote=peer), SIGNER, now)


def test_a_network_is_marked_by_its_address_for_a_day() -> None:
    assert mark("8.8.8.8") == mark("8.8.8.8", now=NOON + 60)
    assert mark("8.8.8.8") != mark("8.8.4.4")
    assert mark("8.8.8.8") != mark("8.8.8.8", now=NOON + DAY)
    assert "8.8.8.8" not in mark("8.8.8.8")
    assert mark("2800:40:12:34::1") == mark("2800:40:12:34:ffff::2")
    assert mark("2800:40:12:34::1") != mark("2800:40:12:35::1")


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.4", "", "garbage"])
def test_behind_our_own_proxy_what_it_saw_counts_and_nothing_that_was_claimed_before_it(peer: str) -> None:
    assert mark(peer) == ""
    assert mark(peer, "1.1.1.1, 8.8.8.8") == mark("8.8.8.8")
    assert mark(peer, "1.1.1.1, 10.0.0.9") == ""


def test_a_visitor_without_a_proxy_is_not_believed_to_be_somebody_else() -> None:
    assert mark("8.8.8.8", "1.1.1.1") == mark("8.8.8.8")
