"""The way of a row through the sender: at once, in order, at its pace, and with all that its channel must know."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from bot.messages import Outbound
from bot.pacing import Pace, Rate
from bot.sender import LeaseLostError, Sender, performs
from storage.database import Database
from tests.provider import Provider, all_done, sending, until
from tests.rows import ACCOUNT, put, put_address, read, row, statuses

# --- the way of a row


async def test_lanes_go_side_by_side_and_each_in_its_order(database: Database) -> None:
    now = time.time()
    await put(database, *(row(lane, seq, effect_key=f"{lane}{seq}", due_at=now) for seq in range(6) for lane in "abc"))
    provider = Provider(**{f"{lane}{seq}": [0.005] for seq in range(6) for lane in "abc"})
    async with sending(database, provider):
        await all_done(database)
    for lane in "abc":
        assert [key for key in provider.keys if key[0] == lane] == [f"{lane}{seq}" for seq in range(6)]
    assert provider.most_at_once == 3
    assert set(await statuses(database)) == {"sent"}


async def test_what_is_written_starts_at_once_when_the_sender_is_woken(database: Database) -> None:
    provider = Provider()
    async with sending(database, provider) as sender:
        await until(lambda: sender.leading)
        await asyncio.sleep(0.1)
        await put(database, row(effect_key="one"))
        woken = time.time()
        sender.wake()
        await until(lambda: provider.keys == ["one"])
        assert time.time() - woken < 0.5


async def test_what_another_process_writes_is_found_without_a_wake(database: Database) -> None:
    provider = Provider()
    async with sending(database, provider, poll=0.05) as sender:
        await until(lambda: sender.leading)
        await asyncio.sleep(0.1)
        await put(database, row(effect_key="one"))
        await until(lambda: provider.keys == ["one"])


async def test_a_sent_row_keeps_the_providers_id(sqlite: Database) -> None:
    [number] = await put(sqlite, row(effect_key="one"))
    async with sending(sqlite, Provider()) as sender:
        await all_done(sqlite)
        await until(lambda: sender.tally == {"sent": 1})
    kept = await read(sqlite, number)
    assert (kept.status, kept.provider_id) == ("sent", "id of one")


async def test_a_timer_goes_off_when_it_is_due_without_a_poll(database: Database) -> None:
    due = time.time() + 0.4
    await put(database, row("t", 1, kind="timer", effect_key="timer", due_at=due))
    provider = Provider()
    async with sending(database, provider):
        await all_done(database)
    assert 0 <= provider.times["timer"] - due < 0.3


async def test_a_slow_effect_holds_up_nobody_else(sqlite: Database) -> None:
    await put(sqlite, row("slow", 1, effect_key="slow"), *(row("quick", seq) for seq in range(5)))
    provider = Provider(slow=[0.6])
    begun = time.time()
    async with sending(sqlite, provider) as sender:
        await until(lambda: sender.tally["sent"] == 5)
        assert time.time() - begun < 0.6
        await all_done(sqlite)


async def test_a_channels_message_is_decoded_and_sent_with_what_the_channel_must_know(sqlite: Database) -> None:
    class Channel:
        account = ACCOUNT
        variant = ""

        def __init__(self) -> None:
            self.heard: list[tuple[str, Outbound, bool, bool]] = []

        async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
            self.heard.append((address, message, again, plain))
            return "77"

        async def fetch(self, ref: str, most: int) -> bytes:
            return b""

    channel = Channel()
    where = await put_address(sqlite, "-100/7")
    message = Outbound(text="Listo", ticket="K7Q42MX")
    good = row("a", 1, address_id=where, payload=msgspec.json.encode(message).decode())
    ids = await put(sqlite, good, row("b", 1, payload="[]"))
    async with sending(sqlite, performs(channel)):
        await all_done(sqlite)
    assert channel.heard == [("-100/7", message, False, False)]
    assert (await read(sqlite, ids[0])).provider_id == "77"
    bad = await read(sqlite, ids[1])
    assert (bad.status, bad.error_class) == ("failed", "content")


async def test_whoever_sets_the_clock_sends_what_is_due_and_no_more(database: Database) -> None:
    clock = [1000.0]
    provider = Provider()
    await put(
        database,
        row("a", 1, effect_key="now", due_at=1000.0),
        row("a", 2, effect_key="behind it", due_at=1000.0),
        row("b", 1, effect_key="later", due_at=1060.0),
    )
    sender = Sender(database, ACCOUNT, provider, clock=lambda: clock[0], lease_seconds=3600.0)
    await sender.send_due()
    assert provider.keys == ["now", "behind it"]
    assert sender.tally["sent"] == 2
    await sender.send_due()
    clock[0] = 1060.0
    await sender.send_due()
    assert provider.keys == ["now", "behind it", "later"]
    with pytest.raises(LeaseLostError):
        await Sender(database, ACCOUNT, provider, clock=lambda: clock[0]).send_due()


async def test_what_another_process_writes_during_an_attempt_is_found_without_a_wake_or_a_poll(
    database: Database,
) -> None:
    await put(database, row("a", 1, effect_key="one"))
    provider = Provider(one=[0.2])
    async with sending(database, provider):
        await until(lambda: provider.keys == ["one"])
        await put(database, row("b", 1, effect_key="two"))
        await until(lambda: provider.keys == ["one", "two"], within=2)


async def test_what_is_written_during_an_attempt_starts_when_the_sender_is_woken(sqlite: Database) -> None:
    await put(sqlite, row("a", 1, effect_key="one"))
    provider = Provider(one=[0.5])
    async with sending(sqlite, provider) as sender:
        await until(lambda: provider.keys == ["one"])
        await put(sqlite, row("b", 1, effect_key="two"))
        sender.wake()
        await until(lambda: provider.keys == ["one", "two"], within=0.4)


async def test_a_message_that_was_all_there_was_is_claimed_once_and_settled(sqlite: Database) -> None:
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(" ".join(statement.split()[:2]))

    sender = Sender(sqlite, ACCOUNT, Provider(), clock=lambda: 1000.0, lease_seconds=3600.0)
    await sender.send_due()
    await put(sqlite, row("a", 1), row("a", 2, due_at=1001.0))
    event.listen(sqlite.engine.sync_engine, "before_cursor_execute", hear)
    await sender.send_due()
    assert sender.tally["sent"] == 1
    assert heard == [
        *("BEGIN IMMEDIATE", "WITH held", "UPDATE outbox"),
        *("BEGIN IMMEDIATE", "UPDATE outbox"),
    ]


# --- pace


async def test_a_chat_is_written_to_at_its_pace_and_the_others_beside_it(sqlite: Database) -> None:
    ana, beto = await put_address(sqlite, "7"), await put_address(sqlite, "8")
    await put(
        sqlite,
        *(row("a", seq, effect_key=f"a{seq}", address_id=ana) for seq in range(4)),
        row("b", 1, effect_key="b", address_id=beto),
    )
    provider = Provider()
    async with sending(sqlite, provider, pace=Pace(chat=Rate(0.3, 2))):
        await all_done(sqlite)
    times = [provider.times[f"a{seq}"] for seq in range(4)]
    assert times[1] - times[0] < 0.25
    assert times[2] - times[1] > 0.25
    assert times[3] - times[2] > 0.2
    assert times[3] - times[0] < 1.0
    assert provider.times["b"] < times[2]


async def test_an_account_is_used_at_its_pace(sqlite: Database) -> None:
    await put(sqlite, *(row(f"lane {number}", 1, effect_key=f"{number}") for number in range(12)))
    provider = Provider()
    async with sending(sqlite, provider, pace=Pace(account=Rate(0.05, 2))):
        await all_done(sqlite)
    took = max(provider.times.values()) - min(provider.times.values())
    assert 0.45 < took < 1.5


async def test_who_waits_for_an_answer_goes_before_bulk_and_finds_room_beside_it(sqlite: Database) -> None:
    await put(sqlite, *(row(f"bulk {number}", 1, effect_key=f"bulk{number}", bulk=True) for number in range(9)))
    provider = Provider(**{f"bulk{number}": [0.3] for number in range(9)})
    async with sending(sqlite, provider, lanes_at_once=4) as sender:
        await until(lambda: len(provider.jobs) == 2)
        await put(sqlite, row("a", 1, effect_key="a"))
        sender.wake()
        await until(lambda: "a" in provider.keys)
        assert provider.keys == ["bulk0", "bulk1", "a"]
        await all_done(sqlite)
