"""Real service requests played as citizens' reports through the whole machine: `python -m tests.real_requests` reports.

São Paulo's have coordinates, and come over imported municipalities in the order of their dates. Buenos Aires' are a
month's counts by kind and quarter at real addresses, half of them in residents' own words, over the demo pack. The
data is in a folder beside the checkout (BALDOSA_SHARED names it) and stays there: only counts come out.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.area_import import import_files
from bot.areas import Areas, compiled_path
from bot.settings import Settings
from routing.area_files import Names
from routing.pack import Pack
from storage.database import Database, migrate
from tests.machine import NOON
from tests.real_input import POSTS, SHARED
from tests.service_requests import buenos_aires, checks, sao_paulo
from tests.service_requests.checks import Verdict
from tests.service_requests.citizen import Request, Talk
from tests.service_requests.globe import Map
from tests.service_requests.town import Town, play

BRAZIL = SHARED / "geo/latam/BR.geojson.gz"
SP156 = SHARED / "geo/requests/saopaulo_sp156.csv.gz"
SUACI = SHARED / "geo/requests/buenosaires_suaci_2013_aggregated.csv"
ADDRESSES = SHARED / "geo/caba/direcciones.csv.gz"
NEEDED = (BRAZIL, SP156, SUACI, ADDRESSES, POSTS)
DEMO = Path(__file__).parent.parent / "packs" / "buenos-aires" / "areas"
MOST, SEED = 1500, 2
# What everybody says in any case: where it is, that it may be sent, and whether she has more to tell.
USUAL = {"place", "send", "details", "photos", "adding", "one-more-photo"}
# It is asked per category.
EMERGENCY = re.compile(r"(?<=^emergency)-.*")
MOST_WRONG = 5


@dataclass
class Played:
    """What came of one town's requests."""

    name: str
    talks: list[Talk]
    tickets: dict[str, checks.Known]
    verdict: Verdict
    faults: list[str]
    seconds: float

    def counts(self) -> Counter[str]:
        """Reports by what came of them."""
        found: Counter[str] = Counter()
        for talk in self.talks:
            extra = set(talk.asked) - USUAL
            if talk.outcome == "ticket":
                found["routed after a question" if extra else "routed at once"] += 1
            else:
                found[OUTCOMES[talk.outcome]] += 1
        found["joined an outage"] = sum(bool(each.duplicate_of) for each in self.tickets.values())
        found["outages"] = sum(each.incident_at is not None for each in self.tickets.values())
        return found

    def lines(self) -> Iterator[str]:
        """The table."""
        every, counts = len(self.talks), self.counts()
        yield f"{self.name}: {every:,} reports in {self.seconds:.0f} s ({every / max(self.seconds, 0.1):.0f} a second)"
        for what in ROWS:
            yield f"  {what:<38}{counts[what]:>7,}{counts[what] / max(1, every):>8.1%}"
        yield f"  {'outages of five and more':<38}{counts['outages']:>7,}, with {counts['joined an outage']:,} merged"
        yield from self._questions()
        yield from self._checks()

    def _questions(self) -> Iterator[str]:
        asked = [len(talk.asked) for talk in self.talks]
        yield f"  questions a report: mean {sum(asked) / max(1, len(asked)):.2f}, most {max(asked, default=0)}; of them"
        names = Counter(EMERGENCY.sub("", name) for talk in self.talks for name in talk.asked)
        yield "    " + ", ".join(f"{name} {times:,}" for name, times in names.most_common())
        ways = Counter((talk.how, talk.outcome in ("ticket", "joined")) for talk in self.talks)
        told = sorted({how for how, _ in ways})
        yield "  taken, by how the place was told: " + ", ".join(
            f"{how} {ways[how, True]:,} of {ways[how, True] + ways[how, False]:,}" for how in told
        )
        yield f"  corrected the category at the preview {sum(talk.corrected for talk in self.talks):,}"

    def _checks(self) -> Iterator[str]:
        for what, looked in self.verdict.looked.items():
            yield f"  checked: {what:<46}{self.verdict.right[what]:>7,} of {looked:,}"
        yield f"  faults inside: {len(self.faults)}"
        for line in (*self.faults[:MOST_WRONG], *self.verdict.wrong[:MOST_WRONG]):
            yield f"    {line}"


OUTCOMES = {
    "joined": "joined one nearby",
    "outside": "refused: outside",
    "not served": "refused: nobody answers for it here",
    "phoned": "refused: a phone call was enough",
    "lost": "lost on the way",
}
ROWS = ("routed at once", "routed after a question", *OUTCOMES.values())


async def play_town(
    name: str, folder: Path, url: str, pack: Pack, language: str, truth: Map, requests: Sequence[Request]
) -> Played:
    """Play requests over the migrated, empty database at `url`, and check everything that came of it."""
    begins = time.perf_counter()
    async with Town(url, folder, pack, language, min(each.at for each in requests) - 1) as town:
        talks = await play(town, requests)
        seconds = time.perf_counter() - begins
        tickets = checks.known_tickets(await town.tickets(), await town.ends(), talks)
        faults = await town.faults()
    verdict = Verdict()
    checks.check_places(talks, tickets, truth, pack, verdict)
    served = {area for body in pack.records.bodies for area in body.areas}
    checks.check_refusals(talks, served | _inside(truth, served), verdict)
    checks.check_twins(talks, tickets, pack, verdict)
    checks.check_outages(talks, tickets, pack, verdict)
    return Played(name, talks, tickets, verdict, faults, seconds)


def _inside(truth: Map, served: set[str]) -> set[str]:
    return {str(each.about["id"]) for each in truth.outlines if each.about.get("parent") in served}


async def play_sao_paulo(folder: Path, most: int, seed: int) -> Played:
    """São Paulo over the municipalities of Brazil, imported as an operator does it."""
    dice = random.Random(seed)
    url, pack, truth = await served_by(folder, [BRAZIL], sao_paulo.CITY)
    rows = sao_paulo.some_of(sao_paulo.read_rows(SP156), most, dice)
    requests = sao_paulo.requests(rows, truth, dice)
    return await play_town("São Paulo", folder, url, pack, sao_paulo.LANGUAGE, truth, requests)


async def served_by(folder: Path, boundaries: list[Path], city: str) -> tuple[str, Pack, Map]:
    """(database, pack, outlines) of `city` and its neighbours among imported boundaries."""
    settings = Settings(database_url=f"sqlite:///{folder}/baldosa.db", data_dir=folder)
    await import_files(settings, boundaries, Names(), NOON, lambda what, done, total: None, dry=False, prune=False)
    truth = Map(boundaries)
    pack = sao_paulo.make_pack(truth.touching(city), city)
    database = Database(settings.database_url)
    try:
        await Areas(database, compiled_path(settings), pack.use_atlas).refresh()
    finally:
        await database.close()
    return settings.database_url, pack, truth


async def play_buenos_aires(folder: Path, most: int, seed: int) -> Played:
    """Buenos Aires over the demo pack."""
    dice = random.Random(seed)
    url = f"sqlite+aiosqlite:///{folder}/baldosa.db"
    await migrate(url)
    truth = Map(buenos_aires.maps(DEMO))
    counts, posts = buenos_aires.read_counts(SUACI), buenos_aires.read_posts(POSTS)
    requests = buenos_aires.requests(counts, buenos_aires.read_spots(ADDRESSES), posts, truth, most, dice)
    pack, language = buenos_aires.make_pack(), buenos_aires.LANGUAGE
    return await play_town("Buenos Aires", folder, url, pack, language, truth, requests)


PLAYS: dict[str, Any] = {"sao-paulo": play_sao_paulo, "buenos-aires": play_buenos_aires}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_requests", description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=MOST, help=f"of each town (default {MOST:,})")
    parser.add_argument("--seed", type=int, default=SEED, help="another one plays other weeks, quarters and ways")
    parser.add_argument("--town", choices=PLAYS, help="only this one")
    options = parser.parse_args()
    if missing := [path for path in NEEDED if not path.is_file()]:
        sys.exit(f"There is no {missing[0]}; name the folder in BALDOSA_SHARED.")
    for town in [options.town] if options.town else PLAYS:
        with tempfile.TemporaryDirectory() as folder:
            played = asyncio.run(PLAYS[town](Path(folder), options.requests, options.seed))
        for line in played.lines():
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
