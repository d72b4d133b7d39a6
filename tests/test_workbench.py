"""The processes in which files are prepared: replaced when they die, stopped when they hang, gone when the bot is."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from storage.formats import MAX_BYTES, Prepared, Refused
from storage.workbench import Workbench, prepare_here

ROOT = Path(__file__).parent.parent


@pytest.fixture
async def bench() -> AsyncIterator[Workbench]:
    bench = Workbench()
    yield bench
    await bench.close()


def make_picture(width: int = 200, height: int = 100, form: str = "JPEG", mode: str = "RGB") -> bytes:
    out = BytesIO()
    Image.new(mode, (width, height), "green").save(out, form)
    return out.getvalue()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.02)


def lives(process: int) -> bool:
    """Tell whether a process still does something; a dead one that nobody buried does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


async def test_a_picture_is_prepared_in_another_process_just_as_in_this_one(bench: Workbench) -> None:
    data = make_picture(3000, 2000)
    assert await bench.prepare(data, "photo") == prepare_here(data, "photo")
    workers = [child.pid for child in multiprocessing.active_children()]
    assert len(workers) == 1
    assert workers != [os.getpid()]


async def test_what_cannot_be_used_is_refused_with_its_reason(bench: Workbench) -> None:
    assert await bench.prepare(b"<html>", "photo") == Refused("media-not-a-picture")
    assert await bench.prepare(make_picture()[:300], "photo") == Refused("media-broken")


async def test_nothing_is_started_before_the_first_file_nor_for_one_too_large(bench: Workbench) -> None:
    assert await bench.prepare(bytes(MAX_BYTES + 1), "video") == Refused("media-too-large")
    assert multiprocessing.active_children() == []


async def test_many_pictures_at_once_each_get_their_own_answer() -> None:
    bench = Workbench(workers=2)
    made = await asyncio.gather(*(bench.prepare(make_picture(width), "photo") for width in range(100, 130)))
    assert [one.width for one in made if isinstance(one, Prepared)] == list(range(100, 130))
    assert len(multiprocessing.active_children()) <= 2
    await bench.close()


async def test_a_worker_that_died_is_replaced_without_anyone_noticing(bench: Workbench) -> None:
    assert isinstance(await bench.prepare(make_picture(), "photo"), Prepared)
    for _ in range(2):
        for worker in multiprocessing.active_children():
            worker.kill()
        for _ in range(2):
            assert isinstance(await bench.prepare(make_picture(), "photo"), Prepared)
        await asyncio.sleep(0.5)  # the one that helped out alone is gone by now
        assert len(multiprocessing.active_children()) == 1


async def test_a_worker_that_dies_at_work_costs_nobody_the_picture() -> None:
    bench = Workbench(workers=2)
    await bench.prepare(make_picture(), "photo")
    working = [asyncio.create_task(bench.prepare(make_picture(5000, 4000 + n), "photo")) for n in range(4)]
    await asyncio.sleep(0.1)
    for worker in multiprocessing.active_children():
        worker.kill()
    assert all(isinstance(made, Prepared) for made in await asyncio.gather(*working))
    await bench.close()


async def test_a_picture_that_takes_too_long_is_refused_and_the_others_are_not() -> None:
    bench = Workbench(workers=2, seconds=0.5)
    slow = make_picture(8000, 6000, "PNG", "RGBA")  # within all limits, but seconds of computing
    endless = asyncio.create_task(bench.prepare(slow, "photo"))
    others = []
    while not endless.done():
        others.append(await bench.prepare(make_picture(), "photo"))
    assert await endless == Refused("media-broken")
    assert all(isinstance(made, Prepared) for made in others)
    await bench.close()


async def test_closing_ends_the_processes_and_may_be_done_twice() -> None:
    bench = Workbench()
    await bench.prepare(make_picture(), "photo")
    workers = [child.pid for child in multiprocessing.active_children()]
    await bench.close()
    await bench.close()
    assert workers
    assert not any(lives(pid) for pid in workers if pid)


async def test_ctrl_c_on_the_terminal_does_not_tear_a_picture_from_a_worker(bench: Workbench) -> None:
    await bench.prepare(make_picture(), "photo")
    working = asyncio.create_task(bench.prepare(make_picture(5000, 4000, "PNG", "RGBA"), "photo"))
    await asyncio.sleep(0.2)
    for worker in multiprocessing.active_children():
        os.kill(worker.pid or 0, signal.SIGINT)
    assert isinstance(await working, Prepared)


def run_script(words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", words], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
def test_no_worker_outlives_a_bot_that_was_killed() -> None:
    script = """
import asyncio, multiprocessing, storage.workbench
async def main():
    bench = storage.workbench.Workbench(workers=2)
    await bench.prepare(b"GIF89a", "photo")
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    with run_script(script) as bot:
        assert bot.stdout
        workers = [int(pid) for pid in bot.stdout.readline().split()]
        assert workers
        time.sleep(0.5)
        assert all(lives(pid) for pid in workers)
        bot.kill()
    wait_until(lambda: not any(lives(pid) for pid in workers))


def test_the_bot_itself_never_loads_pillow() -> None:
    script = "import sys, storage.media, storage.workbench; print('PIL' in sys.modules)"
    with run_script(script) as bot:
        assert bot.communicate()[0].strip() == "False"
