"""The command line: `python -m benchmarks.month` plays a month and holds its indicators against a recount."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.month.city import NEEDED, boundaries, found_city, real_requests
from benchmarks.month.report import Found, compare, table
from benchmarks.month.simulation import Simulation
from bot.logs import set_up_logs
from storage.database import migrate
from tests.postgres import running_server
from tests.service_requests.globe import Map

REPORTS, SEED = 3000, 5


async def play(folder: Path, url: str, reports: int, seed: int) -> tuple[Simulation, Found]:
    """A month of real requests over the empty database at `url`."""
    dice = random.Random(seed)
    outlines = boundaries(folder)
    await migrate(url)
    requests = real_requests(reports, dice, Map([outlines]))
    city = await found_city(url, folder, outlines, requests, dice)
    month = Simulation(city, url, seed)
    await month.play()
    return month, await compare(month)


def show(month: Simulation, found: Found, wall: float, cpu: float) -> None:
    """What came of it."""
    for line in table(found.measured):
        print(line)
    print()
    for name, number in month.tally.items():
        print(f"{name:36}{number:>9,}")
    print(f"\n{wall:.0f} s by the clock, {cpu:.0f} s of processor")
    figures = len(found.counted) * len(found.counted[""])
    if not found.differences:
        print(f"All {figures:,} figures are those that people counted themselves.")
    for line in found.differences:
        print(f"DIFFERENT: {line}")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.month", description=__doc__.split("\n")[0])
    parser.add_argument("--reports", type=int, default=REPORTS, help=f"how many are made (default {REPORTS:,})")
    parser.add_argument("--seed", type=int, default=SEED, help="another one is another month")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own instead of SQLite")
    options = parser.parse_args()
    if missing := [path for path in NEEDED if not path.is_file()]:
        print(f"There is no {missing[0]}; name the folder of real data in BALDOSA_SHARED.", file=sys.stderr)
        return 2
    set_up_logs("error", "console")
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baldosa-month-")))
        server = stack.enter_context(running_server()) if options.postgres else None
        url = server.url if server else f"sqlite+aiosqlite:///{folder / 'month.db'}"
        month, found = asyncio.run(play(folder, url, options.reports, options.seed))
    show(month, found, time.perf_counter() - wall, time.process_time() - cpu)
    return 1 if found.differences else 0


if __name__ == "__main__":
    sys.exit(main())
