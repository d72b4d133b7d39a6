"""The sender: order, retries, pace, leases, stops and outages; on both databases where it is they that answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import structlog
from sqlalchemy import select, text

from bot.channels import SendError
from bot.messages import Outbound
from bot.pacing import Pace, Rate
from bot.retry import IDEMPOTENT, Policy
from bot.sender import Job, Perform, Sender, performs
from storage import leases
from storage.database import Database
from storage.schema import lease, outbox
from tests.postgres import Server
from tests.rows import ACCOUNT, change, put, put_address, read, read_address, row, statuses

# Long enough that nothing in a test happens because of it.
NEVER = 30.0
SOON = Policy(repeat_after=0.05)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    database = Database(sqlite_url)
    yield database
    await database.close()


class Provider:
    """Somebody else's server: notes what it is asked, and answers as `plan` says, effect by effect."""

    def __init__(self, **plan: Sequence[Exception | float]) -> None:
        self.plan = {key: list(answers) for key, answers in plan.items()}
        self.jobs: list[Job] = []
        self.times: dict[str, float] = {}
        self.under_way: set[str] = set()
        self.most_at_once = 0

    async def __call__(self, job: Job) -> str:
        assert job.lane not in self.under_way, "two rows of one lane at once"
        self.under_way.add(job.lane)
        self.most_at_once = max(self.most_at_once, len(self.under_way))
        self.jobs.append(job)
        self.times[job.effect_key] = time.time()
        try:
            return await self._answer(job)
        finally:
            self.under_way.remove(job.lane)

    async def _answer(self, job: Job) -> str:
        answers = self.plan.get(job.effect_key, [])
        answer = answers.pop(0) if answers else 0.0
        if isinstance(answer, Exception):
            raise answer
        await asyncio.sleep(answer)
        return f"id of {job.effect_key}"

    @property
    def keys(self) -> list[str]:
        return [job.effect_key for job in self.jobs]


@asynccontextmanager
async def sending(database: Database, perform: Perform, **how: Any) -> AsyncIterator[Sender]:
    usual: dict[str, Any] = {"poll": NEVER, "policy": SOON}
    sender = Sender(database, how.pop("account", ACCOUNT), perform, **usual | how)
    running = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        await sender.stop(2)
        await running


async def until(happened: Callable[[], bool], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not happened():  # noqa: ASYNC110 - what is waited for is set by the code under test, which has no event
            await asyncio.sleep(0.002)


async def all_done(database: Database, within: float = 5.0) -> None:
    """Wait until no row is open."""
    statement = select(outbox.c.id).where(outbox.c.done_at.is_(None)).limit(1)
    async with asyncio.timeout(within):
        while True:
            async with database.read() as connection:
                if (await connection.execute(statement)).first() is None:
                    return
            await asyncio.sleep(0.005)


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


# --- failures


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


# --- owners, stops and outages


async def test_a_stop_finishes_what_it_holds_and_begins_nothing_more(sqlite: Database) -> None:
    ids = await put(sqlite, row("a", 1, effect_key="a1"), row("a", 2, effect_key="a2"))
    provider = Provider(a1=[0.2])
    async with sending(sqlite, provider) as sender:
        await until(lambda: provider.keys == ["a1"])
        await sender.stop(5)
        assert not sender.leading
    assert provider.keys == ["a1"]
    assert await statuses(sqlite) == ["sent", "pending"]
    assert (await read(sqlite, ids[1])).doubts == 0


async def test_a_stop_gives_the_lease_to_the_next_at_once(database: Database) -> None:
    await put(database, row("a", 1, effect_key="a1"))
    async with sending(database, Provider(), lease_seconds=NEVER):
        await all_done(database)
    await put(database, row("a", 2, effect_key="a2"))
    provider = Provider()
    async with sending(database, provider, lease_seconds=NEVER):
        await until(lambda: provider.keys == ["a2"], within=2)


async def test_a_stop_cuts_off_what_takes_too_long_and_leaves_it_in_doubt(sqlite: Database) -> None:
    [number] = await put(sqlite, row(effect_key="one"))
    provider = Provider(one=[NEVER])
    async with sending(sqlite, provider) as sender:
        await until(lambda: provider.keys == ["one"])
        begun = time.time()
        await sender.stop(0.1)
        assert time.time() - begun < 2
    kept = await read(sqlite, number)
    assert (kept.status, kept.doubts) == ("pending", 1)


async def test_of_two_senders_one_stands_by_and_takes_over(database: Database) -> None:
    first, second = Provider(), Provider()
    await put(database, *(row("a", seq) for seq in range(3)))
    async with sending(database, second, lease_seconds=1.0) as standby:
        await until(lambda: standby.leading)
        async with sending(database, first, lease_seconds=1.0) as other:
            await all_done(database)
            await asyncio.sleep(0.3)
            assert (standby.leading, other.leading) == (True, False)
            await standby.stop(1)
            await until(lambda: other.leading)
            await put(database, row("a", 9, effect_key="last"))
            other.wake()
            await all_done(database)
    assert len(second.jobs) == 3
    assert first.keys == ["last"]


async def test_a_stalled_owner_is_fenced_and_its_result_discarded(database: Database) -> None:
    """The first hangs in an attempt while its lease runs out; the second repeats it; the first's late yes is void."""
    stalled = 1e6
    [number] = await put(database, row(effect_key="one"))
    slow, quick = Provider(one=[0.5]), Provider()
    async with sending(database, slow, lease_seconds=NEVER) as late:
        await until(lambda: slow.keys == ["one"])
        async with sending(database, quick, clock=lambda: time.time() + stalled) as new:
            await until(lambda: quick.keys == ["one"])
            await until(lambda: new.tally["sent"] == 1)
            await until(lambda: not late.leading)
            assert late.tally["sent"] == 0
    assert [job.again for job in quick.jobs] == [True]
    kept = await read(database, number)
    assert (kept.status, kept.claim_token) == ("sent", 2)


async def test_what_a_dead_owner_left_is_repeated_once_and_bulk_is_not(database: Database) -> None:
    ids = await put(database, row("a", 1, effect_key="a1"), row("b", 1, bulk=True), row("c", 1, effect_key="c1"))
    for number in ids:
        await change(database, number, status="sending", claim_token=0)
    await change(database, ids[2], doubts=1)
    provider = Provider()
    async with sending(database, provider):
        await all_done(database)
    assert [(job.effect_key, job.again) for job in provider.jobs] == [("a1", True)]
    assert await statuses(database) == ["sent", "unknown", "unknown"]


async def test_a_broken_database_loses_nothing_that_happened_meanwhile(database: Database) -> None:
    async def rename(old: str, new: str) -> None:
        async with database.write() as connection:
            await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    ids = await put(database, row("a", 1, effect_key="a1"), row("a", 2, effect_key="a2"), row("b", 1, due_at=1e12))
    provider = Provider(a1=[0.2])
    async with sending(database, provider) as sender:
        await until(lambda: provider.keys == ["a1"])
        await rename("lease", "lease_away")
        await until(lambda: provider.under_way == set())
        await asyncio.sleep(0.3)
        # As after a claim whose commit was never heard of: ours by the database, in nobody's hands.
        async with database.read() as connection:
            token = (await connection.execute(text("SELECT token FROM lease_away"))).scalar_one()
        await change(database, ids[2], status="sending", claim_token=token, due_at=1.0)
        await rename("lease_away", "lease")
        await all_done(database)
        assert sender.tally["sent"] == 3
    assert provider.keys[0] == "a1"
    assert sorted(provider.keys[1:]) == sorted(["a2", (await read(database, ids[2])).effect_key])
    assert not any(job.again for job in provider.jobs)


async def test_a_server_that_goes_away_is_waited_for(postgres: Server, postgres_url: str) -> None:
    database = Database(postgres_url)
    name = postgres_url.rpartition("/")[2].partition("?")[0]
    await put(database, row("a", 1, effect_key="a1"), row("a", 2, effect_key="a2"))
    provider = Provider(a1=[0.3])
    async with sending(database, provider) as sender:
        await until(lambda: provider.keys == ["a1"])
        await asyncio.to_thread(postgres.execute, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        kick = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
        await asyncio.to_thread(postgres.execute, kick)
        await asyncio.sleep(0.7)
        assert provider.keys == ["a1"]
        await asyncio.to_thread(postgres.execute, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await all_done(database)
        await until(lambda: sender.tally == {"sent": 2})
    assert [(job.effect_key, job.again) for job in provider.jobs] == [("a1", False), ("a2", False)]
    await database.close()


async def test_a_stop_gives_up_on_a_database_that_stays_away(sqlite: Database) -> None:
    await put(sqlite, row(effect_key="one"))
    provider = Provider(one=[0.1])
    async with sending(sqlite, provider) as sender:
        await until(lambda: provider.keys == ["one"])
        async with sqlite.write() as connection:
            await connection.execute(text("ALTER TABLE lease RENAME TO lease_away"))
        begun = time.time()
        await sender.stop(0.2)
        assert time.time() - begun < 3
    assert await statuses(sqlite) == ["sending"]


async def test_the_lease_is_renewed_as_long_as_it_is_needed(sqlite: Database) -> None:
    async with sending(sqlite, Provider(), lease_seconds=0.3) as sender:
        await until(lambda: sender.leading)
        await asyncio.sleep(1.0)
        assert sender.leading
        async with sqlite.write() as connection:
            assert await leases.acquire(connection, f"sender:{ACCOUNT}", "thief", time.time(), 1) is None
            assert (await connection.execute(select(lease.c.token))).scalar_one() == 1
