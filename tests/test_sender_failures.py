"""What the sender does about every failure: again, later, once more and marked so, or never."""

from __future__ import annotations

import asyncio
import time

import structlog

from bot.channels import SendError
from bot.retry import IDEMPOTENT
from storage.database import Database
from tests.provider import NEVER, Provider, all_done, sending, until
from tests.rows import put, put_address, read, read_address, row, statuses


async def test_what_never_left_is_tried_again_before_its_lane_goes_on(sqlite: Database) -> None:
    ids = await put(sqlite, row("a", 1, effect_key="a1"), row("a", 2, effect_key="a2"), row("b", 1, effect_key="b1"))
    provider = Provider(a1=[SendError("not_sent", "refused")])
    async with sending(sqlite, provider):
        await all_done(sqlite)
    assert [key for key in provider.keys if key != "b1"] == ["a1", "a1", "a2"]
    kept = await read(sqlite, ids[0])
    assert (kept.status, kept.doubts) == ("sent", 0)


async def test_a_throttled_chat_waits_as_told_and_the_others_do_not(sqlite: Database) -> None:
    await put(sqlite, row("a", 1, effect_key="a1"), row("b", 1, effect_key="b1"), row("a", 2, effect_key="a2"))
    provider = Provider(a1=[SendError("throttled", "429", retry_after=0.3)])
    begun = time.time()
    async with sending(sqlite, provider):
        await until(lambda: "b1" in provider.keys)
        assert time.time() - begun < 0.3
        await all_done(sqlite)
    assert provider.keys.count("a1") == 2
    assert provider.keys[-1] == "a2"
    assert provider.times["a1"] - begun >= 0.3


async def test_three_throttled_chats_silence_the_account(sqlite: Database) -> None:
    await put(sqlite, *(row(lane, 1, effect_key=lane) for lane in "abc"))
    wait = SendError("throttled", "429", retry_after=0.5)
    provider = Provider(a=[wait], b=[wait], c=[wait])
    async with sending(sqlite, provider) as sender:
        await until(lambda: len(provider.jobs) == 3 and sender.in_flight == 0)
        throttled = time.time()
        await put(sqlite, row("d", 1, effect_key="d"))
        sender.wake()
        await all_done(sqlite)
    assert provider.times["d"] - throttled > 0.4


async def test_a_message_in_doubt_is_repeated_once_and_says_so(database: Database) -> None:
    [number] = await put(database, row(effect_key="one"))
    provider = Provider(one=[SendError("ambiguous", "no answer")])
    async with sending(database, provider):
        await all_done(database)
    assert [job.again for job in provider.jobs] == [False, True]
    assert (await read(database, number)).status == "sent"


async def test_a_message_in_doubt_twice_stays_unknown_and_its_lane_goes_on(sqlite: Database) -> None:
    ids = await put(sqlite, row("a", 1, effect_key="a1"), row("a", 2, effect_key="a2"))
    doubt = SendError("ambiguous", "no answer")
    provider = Provider(a1=[doubt, doubt, doubt])
    async with sending(sqlite, provider):
        await all_done(sqlite)
    assert provider.keys == ["a1", "a1", "a2"]
    assert (await read(sqlite, ids[0])).status == "unknown"
    assert (await read(sqlite, ids[1])).status == "sent"


async def test_an_attempt_without_an_end_is_in_doubt(sqlite: Database) -> None:
    [number] = await put(sqlite, row(effect_key="one"))
    provider = Provider(one=[NEVER])
    async with sending(sqlite, provider, longest=0.1):
        await all_done(sqlite)
    assert [job.again for job in provider.jobs] == [False, True]
    assert (await read(sqlite, number)).doubts == 1


async def test_refused_words_are_said_plainly(sqlite: Database) -> None:
    await put(sqlite, row(effect_key="one"))
    provider = Provider(one=[SendError("content", "can't parse entities")])
    async with sending(sqlite, provider):
        await all_done(sqlite)
    assert [job.plain for job in provider.jobs] == [False, True]


async def test_who_blocked_us_hears_nothing_more(database: Database) -> None:
    where = await put_address(database, "7")
    await put(database, *(row("a", seq, effect_key=f"a{seq}", address_id=where) for seq in (1, 2, 3)))
    provider = Provider(a1=[SendError("gone", "403 blocked")])
    async with sending(database, provider):
        await all_done(database)
    assert provider.keys == ["a1"]
    assert await statuses(database) == ["dropped"] * 3
    assert (await read_address(database, where)).blocked_at is not None


async def test_a_moved_chat_is_written_to_at_its_new_address(database: Database) -> None:
    where = await put_address(database, "-5/7")
    await put(database, row("a", 1, effect_key="a1", address_id=where))
    provider = Provider(a1=[SendError("migrated", "supergroup", moved_to="-100")])
    async with sending(database, provider):
        await all_done(database)
    assert [job.address for job in provider.jobs] == ["-5/7", "-100/7"]


async def test_a_performers_bug_costs_its_row_and_tells_no_secret(sqlite: Database) -> None:
    ids = await put(sqlite, row("a", 1, effect_key="a1"), row("b", 1, effect_key="b1"))
    provider = Provider(a1=[ValueError("call me at 11 5555 5555")])
    with structlog.testing.capture_logs() as logs:
        async with sending(sqlite, provider) as sender:
            await until(lambda: len(provider.jobs) == 2)
            await until(lambda: sender.tally == {"sent": 1, "pending": 1})
    kept = await read(sqlite, ids[0])
    assert (kept.status, kept.error_class, kept.error, kept.attempts) == ("pending", "server", "raised ValueError", 1)
    assert (await read(sqlite, ids[1])).status == "sent"
    assert "5555" not in str(logs)
    assert {"performer_raised", "not_sent"} <= {entry["event"] for entry in logs}


async def test_our_own_database_being_away_costs_an_errand_no_try(sqlite: Database) -> None:
    [number] = await put(sqlite, row(effect_key="one"))
    provider = Provider(one=[ConnectionRefusedError()])
    async with sending(sqlite, provider, policy=IDEMPOTENT) as sender:
        await until(lambda: sender.tally["pending"] == 1)
    assert (await read(sqlite, number)).error_class == "not_sent"


async def test_a_refused_account_pauses_visibly_and_goes_on_when_it_is_mended(sqlite: Database) -> None:
    offset = 0.0
    refused = SendError("config", "401 Unauthorized")
    await put(sqlite, *(row(lane, 1, effect_key=lane) for lane in "abcd"))
    provider = Provider(a=[refused, refused], b=[refused], c=[refused], d=[refused])
    async with sending(sqlite, provider, clock=lambda: time.time() + offset) as sender:
        await until(lambda: sender.paused == "401 Unauthorized" and sender.in_flight == 0)
        asked = len(provider.jobs)
        sender.wake()
        await asyncio.sleep(0.1)
        assert len(provider.jobs) == asked
        assert await statuses(sqlite) == ["pending"] * 4
        offset = 61.0
        sender.wake()
        await until(lambda: len(provider.jobs) > asked and sender.in_flight == 0)
        assert len(provider.jobs) == asked + 1, "one attempt asks whether we are taken again"
        offset = 122.0
        sender.wake()
        await all_done(sqlite)
        assert sender.paused == ""
    assert await statuses(sqlite) == ["sent"] * 4
