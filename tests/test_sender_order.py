"""For any sequence of failures: each lane keeps its order, and each row ends as its last attempt says."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.channels import SendError
from bot.sender import Job, Sender
from storage.database import Database
from storage.schema import outbox
from tests.rows import ACCOUNT, put, row

# Seconds pass this much faster, so that five minutes of patience fit in a test.
HURRY = 5000
ANSWERS: dict[str, Callable[[], Exception]] = {
    "not_sent": lambda: SendError("not_sent", "refused"),
    "throttled": lambda: SendError("throttled", "429", retry_after=10),
    "server": lambda: SendError("server", "500"),
    "ambiguous": lambda: SendError("ambiguous", "no answer"),
    "content": lambda: SendError("content", "400"),
    "stale": lambda: SendError("stale", "too old"),
    "not_yet": lambda: SendError("not_yet", "a picture"),
    "config": lambda: SendError("config", "401"),
    "bug": ValueError,
}
# What each of some rows of a lane hears, attempt by attempt, before it works.
LANES = st.lists(
    st.lists(st.lists(st.sampled_from([*ANSWERS, "slow"]), max_size=4), min_size=1, max_size=4), min_size=1, max_size=5
)


def expected_end(answers: list[str]) -> tuple[str, int]:
    """Return the status a row must end in, and after how many attempts."""
    doubts, plain = 0, False
    for number, answer in enumerate(answers, 1):
        if answer == "slow":
            return "sent", number
        ends = answer == "stale" or (answer == "content" and plain) or (answer == "ambiguous" and doubts == 1)
        if ends:
            return (
                "unknown" if doubts or answer == "ambiguous" else "dropped" if answer == "stale" else "failed"
            ), number
        plain = plain or answer == "content"
        doubts += answer == "ambiguous"
    return "sent", len(answers) + 1


async def play(url: str, lanes: list[list[list[str]]]) -> tuple[list[str], dict[str, str]]:
    """Send everything through the failures; return the attempts in their order and each row's end."""
    database = Database(url)
    plan = {f"{lane}.{seq}": list(answers) for lane, rows in enumerate(lanes) for seq, answers in enumerate(rows)}
    await put(database, *(row(key.split(".")[0], int(key.split(".")[1]), effect_key=key) for key in plan))
    attempts: list[str] = []
    under_way: set[str] = set()
    begun = time.time()

    async def perform(job: Job) -> str:
        assert job.lane not in under_way
        under_way.add(job.lane)
        attempts.append(job.effect_key)
        await asyncio.sleep(0)
        under_way.remove(job.lane)
        answers = plan[job.effect_key]
        if answers and (answer := answers.pop(0)) != "slow":
            raise ANSWERS[answer]()
        return "id"

    def clock() -> float:
        return begun + (time.time() - begun) * HURRY

    sender = Sender(database, ACCOUNT, perform, clock=clock, poll=0.005, lanes_at_once=3, lease_seconds=1e7)
    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(20):
        while sender.tally.total() - sender.tally["pending"] < len(plan):  # noqa: ASYNC110 - it tells only by counting
            await asyncio.sleep(0.002)
    await sender.stop()
    await running
    async with database.read() as connection:
        found = await connection.execute(select(outbox.c.effect_key, outbox.c.status))
        ends = {each.effect_key: each.status for each in found}
    await database.close()
    return attempts, ends


@settings(max_examples=20, deadline=None)
@given(lanes=LANES)
def test_every_lane_keeps_its_order_through_any_failures(sqlite_template: Path, lanes: list[list[list[str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(sqlite_template, Path(folder) / "baldosa.db")
        attempts, ends = asyncio.run(play(f"sqlite+aiosqlite:///{path}", lanes))
    for lane, rows in enumerate(lanes):
        heard = [
            (key, len(list(tries))) for key, tries in groupby(key for key in attempts if key.startswith(f"{lane}."))
        ]
        wanted = [(f"{lane}.{seq}", expected_end(answers)) for seq, answers in enumerate(rows)]
        assert heard == [(key, tries) for key, (_, tries) in wanted]
        assert {key: ends[key] for key, _ in wanted} == {key: status for key, (status, _) in wanted}
