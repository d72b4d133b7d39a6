"""One process sweeps at a time, and no trouble ends the sweeping."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.twilio_api import Api
from bot.sweep import SETTLE_SECONDS, SWEEP_EVERY, TURN_SECONDS, YOUNGEST, Sweep
from tests.fakes.twilio import FakeTwilio
from tests.machine import Machine
from tests.telegram.desk import until
from tests.twilio.front import ACCOUNTS, LUZ, ROSA
from tests.twilio.sweeping import heard, stopped, sweep_of


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns that follow each other at once."""
    for name in ("SETTLE_SECONDS", "SWEEP_EVERY", "RETRY_SECONDS"):
        monkeypatch.setattr(f"bot.sweep.{name}", 0.01)


async def hears_hola(machine: Machine) -> None:
    async with asyncio.timeout(5):
        while await heard(machine, ACCOUNTS["sms"]) != ["hola"]:  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.01)


async def test_one_process_sweeps_and_the_next_takes_over(
    quick: None, fake: FakeTwilio, machine: Machine, sweep: Sweep, api: Api
) -> None:
    other = Api(fake.account_sid, fake.auth_token, fake.url)
    first = asyncio.create_task(sweep.run())
    await until(lambda: len(fake.calls) > 2)
    stands_by = sweep_of(machine, fake, other, owner="somebody else")
    second = asyncio.create_task(stands_by.run())
    await asyncio.sleep(0.1)
    assert not stands_by.turn.ours
    await stopped(first)
    # Given back, so nobody waits for the lease to run out.
    await until(lambda: stands_by.turn.ours)
    fake.phone(ROSA).writes_nowhere("hola")
    fake.pass_time(YOUNGEST + 1)
    await hears_hola(machine)
    await stopped(second)
    await other.close()


async def test_what_waits_on_disk_goes_first(fake: FakeTwilio, machine: Machine, api: Api, sweep: Sweep) -> None:
    sid = fake.whatsapp(LUZ).writes_nowhere("")

    async def flush() -> None:
        await machine.phone(LUZ, account=ACCOUNTS["whatsapp"]).says("era una ubicación", key=sid)

    fake.pass_time(YOUNGEST + 1)
    assert await sweep_of(machine, fake, api, flush=flush).sweep() == 0
    assert await heard(machine, ACCOUNTS["whatsapp"]) == ["era una ubicación"]


async def test_twilio_in_trouble_ends_no_sweeping(
    quick: None, fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    fake.trouble.fail(2)
    sweeping = asyncio.create_task(sweep.run())
    fake.phone(ROSA).writes_nowhere("hola")
    fake.pass_time(YOUNGEST + 1)
    await hears_hola(machine)
    await stopped(sweeping)


async def test_no_fault_of_any_kind_ends_the_sweeping(
    quick: None, fake: FakeTwilio, machine: Machine, api: Api, sweep: Sweep
) -> None:
    faults = [ValueError("a number that is none"), KeyError("sid")]

    async def flush() -> None:
        if faults:
            raise faults.pop()

    sweeping = asyncio.create_task(sweep_of(machine, fake, api, flush=flush).run())
    fake.phone(ROSA).writes_nowhere("hola")
    fake.pass_time(YOUNGEST + 1)
    await hears_hola(machine)
    await stopped(sweeping)


def test_a_turn_outlives_the_pause_between_two_turns() -> None:
    assert TURN_SECONDS > SWEEP_EVERY + SETTLE_SECONDS + 60
