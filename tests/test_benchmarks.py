"""The benchmarks measure what they say: every side does all of the work, and ours has it on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from benchmarks import areas as areas_benchmark
from benchmarks import drain as drain_benchmark
from benchmarks import nearby as nearby_benchmark
from benchmarks.contest import Entry, Lap, Result, compete, rates, ratios
from benchmarks.intake import check
from benchmarks.ours import Ours, OursSending
from benchmarks.peer import Peer
from benchmarks.side import Done, Side
from benchmarks.walk import HOUSES, LANGUAGE, STEPS, Walk, address, pack, update
from storage.database import Database

WALK = Walk(chats=8, walkers=4, rounds=2)
REPLIES = 8 + 4 * (STEPS - 1)
SIDES: dict[str, Callable[[], Side]] = {
    "ours": Ours,
    "ours one by one": partial(Ours, 1),
    "ours sending": OursSending,
    "in memory": Peer,
    "a pickle after each": partial(Peer, 1),
    "a pickle after some": partial(Peer, 3),
    "a pickle now and then": partial(Peer, 0),
}


async def walk(side: Side, folder: Path) -> Done:
    await side.open(folder)
    for wave in WALK.waves():
        for messages in wave:
            await side.take([update(message) for message in messages])
    return await side.close()


@pytest.mark.parametrize("name", SIDES)
async def test_a_side_answers_every_message_and_opens_every_ticket(name: str, tmp_path: Path) -> None:
    assert await walk(SIDES[name](), tmp_path) == Done(replies=REPLIES, tickets=WALK.walkers)


async def test_ours_is_on_disk_and_synced_before_a_message_counts_as_taken(tmp_path: Path) -> None:
    side = Ours()
    await side.open(tmp_path)
    first, *_ = WALK.waves()[0]
    await side.take([update(message) for message in first])
    assert (await side.count()).replies == len(first)
    async with side.database.write() as connection:
        full, wal = 2, "wal"
        assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one() == full
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == wal
    await side.close()


async def test_a_redelivered_message_is_answered_once(tmp_path: Path) -> None:
    side = Ours()
    await side.open(tmp_path)
    raws = [update(message) for message in WALK.waves()[0][0]]
    await side.take(raws + raws)
    assert (await side.close()).replies == len(raws)


async def test_the_peer_finds_in_its_pickle_what_it_had_acknowledged(tmp_path: Path) -> None:
    await walk(Peer(1), tmp_path)
    again = Peer(1)
    await again.open(tmp_path)
    assert (await again.close()).tickets == WALK.walkers


def test_the_walk_is_the_same_for_everybody_and_no_update_comes_twice() -> None:
    messages = [message for wave in WALK.waves() for part in wave for message in part]
    assert messages == [message for wave in WALK.waves() for part in wave for message in part]
    assert len({message.number for message in messages}) == len(messages) == REPLIES


def test_the_bot_asks_nobody_on_the_walk_in_which_area_the_problem_is() -> None:
    meant = {tuple(area.id for area in pack().places.areas_meant(address(chat), LANGUAGE)) for chat in range(HOUSES)}
    assert meant == {("comuna-6",)}


def test_sides_compete_in_processes_of_their_own(tmp_path: Path) -> None:
    found = compete([Entry("ours", Ours), Entry("memory", Peer, most=1)], WALK)
    for name, result in found.items():
        check(name, result, WALK)
        assert len(result.rates) == WALK.rounds
        assert all(rate.cpu > 0 and rate.wall > 0 for rate in result.rates)


def test_a_side_that_leaves_work_out_is_found_out() -> None:
    lazy = Result([], Done(replies=REPLIES - 1, tickets=WALK.walkers))
    with pytest.raises(AssertionError, match="lazy did"):
        check("lazy", lazy, WALK)


def test_each_step_counts_alike_however_many_messages_it_had() -> None:
    hello, other = Lap(messages=100, wall=1.0, cpu=1.0), Lap(messages=10, wall=0.2, cpu=0.1)
    (rate,) = rates([[hello], *[[other]] * (STEPS - 1)])
    assert rate.cpu == pytest.approx(100)
    assert rate.wall == pytest.approx(STEPS / (0.01 + 5 * 0.02))
    twice = Result([rate, rate], Done(replies=0, tickets=0))
    assert ratios(twice, twice, "cpu") == (1, 1, 1)


async def test_a_drained_outbox_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    await drain_benchmark.drain(chats=5, rounds=1)
    assert "15 messages" in capsys.readouterr().out


async def test_a_row_that_is_left_is_found_out(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await drain_benchmark.fill(database, chats=3)
    with pytest.raises(AssertionError, match="left in the outbox"):
        await drain_benchmark.from_outbox(database, drain_benchmark.nothing, rows=0)
    await database.close()


async def test_a_search_nearby_is_measured_where_there_is_something_to_find(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nearby_benchmark.fill_sqlite(Path(sqlite_url.removeprefix("sqlite+aiosqlite:///")), size=3000)
    database = Database(sqlite_url)
    found = await nearby_benchmark.measure(database, size=3000, searches=200)
    await database.close()
    assert len(found.searches) == len(found.keys) == len(found.work) == 200
    assert sum(found.near) > 0
    nearby_benchmark.show({"SQLite": {3000: found}})
    assert "3,000" in capsys.readouterr().out


async def test_a_city_with_a_ticket_missing_is_found_out(sqlite_url: str) -> None:
    nearby_benchmark.fill_sqlite(Path(sqlite_url.removeprefix("sqlite+aiosqlite:///")), size=10)
    database = Database(sqlite_url)
    with pytest.raises(AssertionError, match="left out"):
        await nearby_benchmark.measure(database, size=3000, searches=50)
    await database.close()


@pytest.mark.slow
def test_every_side_looks_up_the_same_areas(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(areas_benchmark, "MADE", 25)
    areas_benchmark.areas([], points=40, rounds=2, names=["ours", "bare shapely", "PostGIS"])
    told = capsys.readouterr().out
    assert "25 areas of 10,025 corners, 40 points, 2 rounds" in told
    assert "within 1.3 times bare shapely" in told
    # Either it takes part, or everybody reads that it does not.
    assert "20 times as fast as PostGIS" in told or "PostGIS takes no part: PostGIS is not installed" in told


def test_a_side_that_answers_something_else_is_found_out() -> None:
    class Told:
        def __init__(self, name: str, answer: str) -> None:
            self.name = name
            self.slices = [areas_benchmark.Slice([1.0], [1.0], 0.0, 1.0, [(answer,)])]

    areas_benchmark.compare_answers([Told("ours", "a"), Told("PostGIS", "a"), Told("reverse_geocode", "Town")])
    with pytest.raises(SystemExit, match=r"ours, PostGIS differ"):
        areas_benchmark.compare_answers([Told("ours", "a"), Told("PostGIS", "b")])
