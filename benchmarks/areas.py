"""Which areas hold a position: ours beside bare shapely, beside reverse_geocode and beside PostGIS, on the same points.

Every side is a process of its own; they take turns slice by slice. What counts is the processor's time, the server's
included, so that others on the machine change little. Without files fifteen thousand ragged areas are made.
"""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import asyncpg
import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from benchmarks.postgis import NoPostgisError, running_postgis
from bot.messages import Boundary
from routing.area_files import AreaFile, Names
from routing.atlas import Atlas
from routing.binding import Binder

MADE, CORNERS = 15_129, 400
SLICE, SEED = 500, 4
# What the project promises of itself.
MOST_OF_BARE, LEAST_OF_POSTGIS, MOST_P99_US = 1.3, 20.0, 100.0

Point = tuple[float, float]
# From (lat, lon) to the ids of the areas there, or to a town's name.
Look = Callable[[float, float], Sequence[str]]
# The seconds that somebody else's processor time was spent for us so far.
Served = Callable[[], float]


class Opened(NamedTuple):
    """Seconds until the first answer, and what that took of memory, in MB."""

    seconds: float
    memory: float


class Slice(NamedTuple):
    """Seconds of each look-up by the clock and by the processor, the server's share of all, MB, and the answers."""

    seconds: list[float]
    work: list[float]
    served: float
    memory: float
    answers: list[tuple[str, ...]]


def open_ours(folder: Path) -> tuple[Look, Served]:
    """The compiled file, as a process of Baldosa has it."""
    atlas = Atlas(folder / "areas")
    return lambda lat, lon: [area.id for area in atlas.at(lat, lon)], _nobody


def open_bare(folder: Path) -> tuple[Look, Served]:
    """What shapely's manual advises: a tree of the outlines, and each of them prepared."""
    stored = np.load(folder / "outlines.npz")
    raw, ends, ids = stored["raw"].tobytes(), stored["ends"].tolist(), stored["ids"].tolist()
    shapes = shapely.from_wkb([raw[start:end] for start, end in zip([0, *ends], ends, strict=False)])
    shapely.prepare(shapes)
    tree, listed = shapely.STRtree(shapes), list(shapes)

    def look(lat: float, lon: float) -> list[str]:
        point = shapely.Point(lon, lat)
        return [ids[n] for n in tree.query(point).tolist() if listed[n].intersects(point)]

    return look, _nobody


def open_towns(folder: Path) -> tuple[Look, Served]:
    """The nearest town: another question, and a guess where somebody answers for an area."""
    import reverse_geocode  # type: ignore[import-not-found,import-untyped,unused-ignore]

    return lambda lat, lon: [reverse_geocode.get((lat, lon))["city"]], _nobody


def open_postgis(folder: Path) -> tuple[Look, Served]:
    """An indexed table, a prepared statement, one connection over a local socket."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(host=(folder / "socket").read_text(), user="postgres"))
    loop.run_until_complete(_fill(connection, folder))
    sql = "SELECT id FROM area WHERE ST_Intersects(outline, ST_SetSRID(ST_MakePoint($1, $2), 4326))"
    statement = loop.run_until_complete(connection.prepare(sql))

    def look(lat: float, lon: float) -> list[str]:
        return [row[0] for row in loop.run_until_complete(statement.fetch(lon, lat))]

    # Nanoseconds on a processor, of the server's process for this connection (Linux).
    spent = Path(f"/proc/{connection.get_server_pid()}/schedstat")
    return look, lambda: int(spent.read_text().split()[0]) / 1e9


def _nobody() -> float:
    return 0.0


async def _fill(connection: Any, folder: Path) -> None:
    stored = np.load(folder / "outlines.npz")
    raw, ends, ids = stored["raw"].tobytes(), stored["ends"].tolist(), stored["ids"].tolist()
    await connection.execute("CREATE EXTENSION postgis")
    await connection.execute("CREATE TABLE area (id text PRIMARY KEY, outline geometry(Geometry, 4326))")
    outlines = [raw[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    insert = "INSERT INTO area VALUES ($1, ST_GeomFromWKB($2, 4326))"
    await connection.executemany(insert, list(zip(ids, outlines, strict=True)))
    await connection.execute("CREATE INDEX ON area USING gist (outline)")
    await connection.execute("VACUUM ANALYZE area")


SIDES: dict[str, Callable[[Path], tuple[Look, Served]]] = {
    "ours": open_ours,
    "bare shapely": open_bare,
    "reverse_geocode": open_towns,
    "PostGIS": open_postgis,
}


def serve(name: str, folder: Path, pipe: Connection) -> None:
    """One side: opens, then looks up each slice that comes through the pipe, until None comes."""
    before, began = _memory(), time.perf_counter()
    try:
        look, served = SIDES[name](folder)
        look(0.0, 0.0)
    except ImportError as error:
        pipe.send(str(error))
        return
    pipe.send(Opened(time.perf_counter() - began, _memory() - before))
    while (points := pipe.recv()) is not None:
        seconds, work, answers = [], [], []
        others = served()
        for lat, lon in points:
            start, spent = time.perf_counter(), time.thread_time()
            answer = look(lat, lon)
            work.append(time.thread_time() - spent)
            seconds.append(time.perf_counter() - start)
            answers.append(tuple(sorted(answer)))
        pipe.send(Slice(seconds, work, served() - others, _memory() - before, answers))


def _memory() -> float:
    """What this process has resident, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def made_areas() -> list[Boundary]:
    """Ragged areas in rows, each as many corners as a municipality has."""
    lots, side = random.Random(SEED), math.isqrt(MADE)
    angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    found = []
    for n in range(side * side):
        reach = 0.045 + 0.01 * np.array([lots.random() for _ in range(CORNERS)])
        middle = np.array([-70 + n % side / 10, -40 + n // side / 10])
        ring = middle + np.column_stack([np.cos(angles) * reach, np.sin(angles) * reach])
        found.append(Boundary(f"{n}", "XX", "city", "", f"{n}", "{}", "", shapely.to_wkb(shapely.Polygon(ring))))
    return found


def read_areas(files: Sequence[Path]) -> list[Boundary]:
    """What an import would take of these files."""
    opened = [AreaFile(path, Names()) for path in files]
    return [row for file in opened for row, _ in file.read(0, len(file.heads)) if row]


def drawn_points(rows: Sequence[Boundary], count: int) -> list[Point]:
    """Positions (lat, lon) in the boxes of areas drawn by lot: where people are is where areas are small."""
    lots = random.Random(SEED)
    boxes = shapely.bounds(shapely.from_wkb([row.outline for row in rows]))
    drawn = [boxes[lots.randrange(len(boxes))] for _ in range(count)]
    return [(lots.uniform(south, north), lots.uniform(west, east)) for west, south, east, north in drawn]


def areas(files: Sequence[Path], points: int, rounds: int, names: Sequence[str]) -> bool:
    """Compare the sides and print it; False when ours falls short of what it promises."""
    console = Console(width=120)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows = read_areas(files) if files else made_areas()
        _store(rows, folder)
        drawn = drawn_points(rows, points)
        sides = [_Side(name, folder) for name in names if name != "PostGIS"]
        if "PostGIS" in names:
            try:
                (folder / "socket").write_text(stack.enter_context(running_postgis()))
                sides.append(_Side("PostGIS", folder))
            except NoPostgisError as error:
                console.print(f"[bold red]PostGIS takes no part: {error}[/]")
        for side in sides:
            if not side.opened:
                console.print(f"[bold red]{side.name} takes no part: {side.refusal}[/]")
        sides = [side for side in sides if side.opened]
        corners = int(shapely.get_num_coordinates(shapely.from_wkb([row.outline for row in rows])).sum())
        console.print(f"{len(rows):,} areas of {corners:,} corners, {points:,} points, {rounds} rounds")
        for _ in range(rounds):
            for first in range(0, points, SLICE):
                for side in sides:
                    side.take(drawn[first : first + SLICE])
        compare_answers(sides)
        round_of = -(-points // SLICE)
        console.print(_table(sides, round_of))
        for side in sides:
            side.close()
        return _promises_kept(console, {side.name: side for side in sides}, round_of)


class Answering(Protocol):
    """Whoever answered slices."""

    name: str
    slices: list[Slice]


class _Side:
    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.slices: list[Slice] = []
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(name, folder, theirs), daemon=True)
        self._process.start()
        first = self._pipe.recv()
        self.opened = first if isinstance(first, Opened) else None
        self.refusal = first

    def take(self, points: Sequence[Point]) -> None:
        self._pipe.send(points)
        self.slices.append(self._pipe.recv())

    def close(self) -> None:
        self._pipe.send(None)
        self._process.join()

    @property
    def each_us(self) -> list[float]:
        """Microseconds of processor for a look-up, by slice."""
        return [1e6 * (sum(each.work) + each.served) / len(each.work) for each in self.slices]

    @property
    def waited_us(self) -> float:
        """Microseconds that a look-up takes by the clock."""
        return 1e6 * statistics.median(each for some in self.slices for each in some.seconds)

    def slowest_us(self, round_of: int) -> tuple[float, float]:
        """The microseconds of processor that 99 of 100 look-ups stay below: in the first round, in the later ones."""
        cold = [each for some in self.slices[:round_of] for each in some.work]
        warm = [each for some in self.slices[round_of:] for each in some.work] or cold
        return 1e6 * float(np.quantile(cold, 0.99)), 1e6 * float(np.quantile(warm, 0.99))

    def ratio(self, other: _Side) -> tuple[float, float, float]:
        """This side's time by the other's: the median of the slices, the least, the most."""
        found = sorted(mine / its for mine, its in zip(self.each_us, other.each_us, strict=True))
        return statistics.median(found), found[len(found) // 10], found[-1 - len(found) // 10]


def _store(rows: Sequence[Boundary], folder: Path) -> None:
    with Binder(folder / "areas") as binder:
        binder.add(rows)
        binder.finish("benchmark")
    raw = b"".join(row.outline for row in rows)
    ends = np.cumsum([len(row.outline) for row in rows])
    np.savez(folder / "outlines.npz", raw=np.frombuffer(raw, np.uint8), ends=ends, ids=[row.id for row in rows])


def compare_answers(sides: Sequence[Answering]) -> None:
    """Nobody is fast by answering something else."""
    by_name = {side.name: [each.answers for each in side.slices] for side in sides if side.name != "reverse_geocode"}
    first, *others = by_name.values()
    if any(other != first for other in others):
        raise SystemExit(f"The answers of {', '.join(by_name)} differ.")


def _table(sides: Sequence[_Side], round_of: int) -> Table:
    names = ("open s", "MB", "MB then", "us", "us waited", "p99 cold", "p99", "a second", "x ours", "(10-90 %)")
    table = Table("", *names)
    for side in sides:
        assert side.opened
        middle, low, high = side.ratio(sides[0])
        usual = statistics.median(side.each_us)
        cold, warm = side.slowest_us(round_of)
        numbers = [f"{side.opened.seconds:.2f}", f"{side.opened.memory:.0f}", f"{side.slices[-1].memory:.0f}"]
        numbers += [f"{usual:.1f}", f"{side.waited_us:.1f}", f"{cold:.0f}", f"{warm:.0f}", f"{1e6 / usual:,.0f}"]
        table.add_row(side.name, *numbers, f"{middle:.2f}", f"{low:.2f}-{high:.2f}")
    return table


def _promises_kept(console: Console, sides: dict[str, _Side], round_of: int) -> bool:
    ours = sides["ours"]
    promises = [(f"99 of 100 look-ups within {MOST_P99_US:.0f} us", max(ours.slowest_us(round_of)) <= MOST_P99_US)]
    if bare := sides.get("bare shapely"):
        promises.append((f"within {MOST_OF_BARE} times bare shapely", ours.ratio(bare)[0] <= MOST_OF_BARE))
    if postgis := sides.get("PostGIS"):
        fast = postgis.waited_us / ours.waited_us
        promises.append(
            (f"{LEAST_OF_POSTGIS:.0f} times as fast as PostGIS by the clock ({fast:.0f})", fast >= LEAST_OF_POSTGIS)
        )
    for promise, kept in promises:
        console.print(f"{'kept' if kept else '[bold red]broken[/]'}: {promise}")
    return all(kept for _, kept in promises)
