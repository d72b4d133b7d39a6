"""Sides against each other in one run: each in a process of its own, lap by lap in turns.

A process of its own, so that nobody pays for another's memory; in turns, so that a noisy machine disturbs all alike.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from benchmarks.side import Done, Side
from benchmarks.walk import STEPS, Walk, update
from bot.logs import set_up_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

Make = Callable[[], Side]


class Entry(Struct, frozen=True):
    """A side by its name. `most` messages of a lap are measured, 0 for all; the others are only done."""

    name: str
    make: Make
    most: int = 0


class Lap(Struct, frozen=True):
    """What a slice of a wave took, in seconds of the clock and of the processor."""

    messages: int
    wall: float
    cpu: float


class Rate(Struct, frozen=True):
    """Messages per second in one round: of each step as many."""

    wall: float
    cpu: float


class Result(Struct, frozen=True):
    """What a side did, round by round and altogether."""

    rates: list[Rate]
    done: Done

    def median(self, kind: str) -> float:
        """The median rate by "cpu" or by "wall"."""
        return float(statistics.median(getattr(rate, kind) for rate in self.rates))


class Contestant:
    """A side at work in its own process."""

    def __init__(self, entry: Entry, walk: Walk) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=contend, args=(entry, walk, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def lap(self, wave: int, number: int) -> Lap:
        """Let it do one slice, while the others rest."""
        self.pipe.send((wave, number))
        lap: Lap = self.pipe.recv()
        return lap

    def finish(self) -> Done:
        """Close it, and hear what it did."""
        self.pipe.send(None)
        done: Done = self.pipe.recv()
        self.process.join()
        return done


def contend(entry: Entry, walk: Walk, pipe: Connection) -> None:
    """The other process."""
    set_up_logs("warning", "console")
    asyncio.run(_contend(entry, walk, pipe))


async def _contend(entry: Entry, walk: Walk, pipe: Connection) -> None:
    waves, side = walk.waves(), entry.make()
    with tempfile.TemporaryDirectory(prefix="baldosa-bench-") as folder:
        await side.open(Path(folder))
        while (order := pipe.recv()) is not None:
            wave, number = order
            raws = [update(message) for message in waves[wave][number]]
            rest = len(raws) - entry.most if entry.most else 0
            await side.warm(raws[: max(0, rest)])
            pipe.send(await _measure(side, raws[max(0, rest) :]))
        pipe.send(await side.close())


async def _measure(side: Side, raws: list[bytes]) -> Lap:
    wall, cpu = time.perf_counter(), time.process_time()
    await side.take(raws)
    return Lap(len(raws), time.perf_counter() - wall, time.process_time() - cpu)


def compete(entries: Iterable[Entry], walk: Walk) -> dict[str, Result]:
    """Everybody walks the whole walk; the results by name."""
    with _contestants(entries, walk) as contestants:
        laps: dict[str, list[list[Lap]]] = {name: [] for name in contestants}
        for wave in range(STEPS):
            for number in range(walk.rounds):
                for name, contestant in contestants.items():
                    if number == 0:
                        laps[name].append([])
                    laps[name][wave].append(contestant.lap(wave, number))
        return {name: Result(rates(laps[name]), contestants[name].finish()) for name in contestants}


@contextmanager
def _contestants(entries: Iterable[Entry], walk: Walk) -> Iterator[dict[str, Contestant]]:
    contestants = {entry.name: Contestant(entry, walk) for entry in entries}
    try:
        yield contestants
    finally:
        for contestant in contestants.values():
            contestant.process.kill()


def rates(waves: list[list[Lap]]) -> list[Rate]:
    """The first wave may be longer than the others, so each step counts by what one of its messages takes."""
    return [
        Rate(
            wall=STEPS / sum(lap.wall / lap.messages for lap in laps),
            cpu=STEPS / sum(lap.cpu / lap.messages for lap in laps),
        )
        for laps in zip(*waves, strict=True)
    ]


def ratios(ours: Result, theirs: Result, kind: str) -> tuple[float, float, float]:
    """Ours by theirs, round by round: the least, the median, the most."""
    found = [getattr(a, kind) / getattr(b, kind) for a, b in zip(ours.rates, theirs.rates, strict=True)]
    return min(found), statistics.median(found), max(found)
