"""What is kept on disk while the database is away: whole, in order, and until it is committed."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from pathlib import Path

import pytest

from bot.intake import Unavailable
from bot.spool import DRAFT_SECONDS, Spool, Spooled, SpoolError


def hook(words: str) -> Spooled:
    return Spooled("sms", f"Body={words}".encode(), 1.5)


class Taker:
    """Takes what the spool hands over, unless the database is away for it."""

    def __init__(self, *away_for: str) -> None:
        self.taken: list[Spooled] = []
        self.away_for = set(away_for)

    async def __call__(self, spooled: Spooled) -> None:
        if spooled.form.decode() in self.away_for:
            raise Unavailable("away")
        self.taken.append(spooled)


async def test_what_was_put_comes_back_as_it_was_and_once(spool: Spool) -> None:
    assert await spool.put("SM1", hook("á"))
    assert spool.waits()
    taker = Taker()
    assert await spool.flush(taker) == 1
    assert taker.taken == [hook("á")]
    assert not spool.waits()
    assert await spool.flush(taker) == 0


async def test_everything_comes_back_in_the_order_in_which_it_came(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that stands still, and then goes back.
    ticks = iter([5, 5, 5, 4, 3])
    monkeypatch.setattr(time, "time_ns", lambda: next(ticks))
    for number in range(5):
        await spool.put(f"SM{9 - number}", hook(str(number)))
    taker = Taker()
    await spool.flush(taker)
    assert taker.taken == [hook(str(number)) for number in range(5)]


async def test_what_is_not_taken_stays_and_so_does_what_came_after_it(spool: Spool) -> None:
    for number in range(4):
        await spool.put(f"SM{number}", hook(str(number)))
    taker = Taker("Body=2")
    with pytest.raises(Unavailable):
        await spool.flush(taker)
    taker.away_for.clear()
    taker.taken.clear()
    assert await spool.flush(taker) == 2
    assert taker.taken == [hook("2"), hook("3")]


async def test_who_dies_between_the_commit_and_the_removal_takes_it_once_more(spool: Spool, tmp_path: Path) -> None:
    await spool.put("SM1", hook("1"))
    taken = Taker()

    committed = asyncio.Event()

    async def take_and_hang(spooled: Spooled) -> None:
        await taken(spooled)
        committed.set()
        await asyncio.Event().wait()

    flushing = asyncio.create_task(spool.flush(take_and_hang))
    await committed.wait()
    flushing.cancel()
    await asyncio.wait([flushing])
    after = Spool(tmp_path / "spool")
    after.open()
    assert await after.flush(taken) == 1
    assert taken.taken == [hook("1")] * 2
    assert not after.waits()


async def test_a_file_is_for_its_owner_alone_and_never_seen_half_written(spool: Spool, tmp_path: Path) -> None:
    await spool.put("SM1", hook("1"))
    (path,) = (tmp_path / "spool").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    # What a crash left: neither handed over nor in the way of what comes next.
    (tmp_path / "spool" / "00000000000000000001-SM0.json.77.draft").write_text('{"way"')
    taker = Taker()
    assert await spool.flush(taker) == 1
    assert taker.taken == [hook("1")]


async def test_a_file_is_on_disk_before_it_counts(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    await spool.put("SM1", hook("1"))
    assert synced[0].endswith(".draft")
    assert synced[1] == "spool"


async def test_a_file_that_nobody_can_read_is_put_aside_and_holds_up_nothing(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "spool" / "00000000000000000001-SM0.json").write_bytes(b"\0\0")
    await spool.put("SM1", hook("1"))
    taker = Taker()
    assert await spool.flush(taker) == 1
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["00000000000000000001-SM0.spoilt"]


async def test_the_spool_is_bounded_in_number_and_in_bytes(tmp_path: Path) -> None:
    few, small = Spool(tmp_path / "few", most_files=2), Spool(tmp_path / "small", most_bytes=200)
    few.open()
    small.open()
    assert [await few.put(f"SM{number}", hook("1")) for number in range(3)] == [True, True, False]
    assert await small.put("SM1", hook("1"))
    assert not await small.put("SM2", hook("x" * 200))
    await few.flush(Taker())
    assert await few.put("SM4", hook("again"))


async def test_a_disk_that_fails_is_told_and_nothing_raised(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "spool").rename(tmp_path / "gone")
    assert not await spool.put("SM1", hook("1"))


def test_a_folder_that_cannot_be_written_is_one_line_that_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SpoolError) as caught:
        Spool(tmp_path / "data" / "spool").open()
    line = str(caught.value)
    assert line.startswith("DATA_DIR must be writable")
    assert "\n" not in line


def test_an_old_draft_is_cleared_and_a_young_one_is_somebodys(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    old, young = folder / "1-SM.json.1.draft", folder / "2-SM.json.2.draft"
    for path in (old, young):
        path.write_text("")
    long_ago = time.time() - DRAFT_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    Spool(folder).open()
    assert not old.exists()
    assert young.exists()


async def test_two_processes_may_take_out_of_one_folder(spool: Spool, tmp_path: Path) -> None:
    for number in range(20):
        await spool.put(f"SM{number}", hook(str(number)))
    takers = Taker(), Taker()
    await asyncio.gather(*(Spool(tmp_path / "spool").flush(taker) for taker in takers))
    for taker in takers:
        assert taker.taken == sorted(taker.taken, key=lambda spooled: int(spooled.form[5:]))
    assert {spooled.form for taker in takers for spooled in taker.taken} == {hook(str(n)).form for n in range(20)}
