"""The city: real requests of some parts of São Paulo, drawn together into one month, and who answers for them."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import shapely

from benchmarks.month.offices import Style
from bot.area_import import import_files
from bot.areas import Areas, compiled_path
from bot.settings import Settings
from routing.area_files import Names
from routing.pack import Pack
from routing.terms import Holiday
from storage.database import Database
from tests.machine import demo_pack
from tests.real_requests import BRAZIL, SP156
from tests.service_requests import sao_paulo
from tests.service_requests.citizen import Request
from tests.service_requests.globe import Map

NEEDED = (BRAZIL, SP156)
LANGUAGE, CITY = sao_paulo.LANGUAGE, sao_paulo.CITY
# Two holidays on working days, one of them a Friday before a weekend.
FIRST, LAST = date(2026, 4, 1), date(2026, 4, 30)
HOLIDAYS = (
    Holiday(name="Sexta-feira Santa", date="2026-04-03"),
    Holiday(name="Tiradentes", every="04-21"),
    Holiday(name="Dia do Trabalho", every="05-01"),
)
# Of the city's thirty-two: what is asked for in two of them in some months is a town's month.
PARTS = 2
# By how much one hour of the day has more reports than another.
BY_HOUR = (1, 1, 1, 1, 1, 1, 2, 5, 9, 11, 11, 10, 8, 8, 9, 9, 9, 8, 7, 6, 5, 4, 3, 2)
WEEKEND = 0.45
# In degrees: what touches the city, and what may.
BESIDE, NEAR = 0.002, 1.0
LAT, LON = -23.55, -46.63
_CORNER = re.compile(r"\[(-?[0-9.]+),(-?[0-9.]+)\]")


class Staff(NamedTuple):
    """Who works for a body, by role, and how."""

    agents: int
    dispatchers: int
    managers: int
    style: Style
    group: bool = False


# Twenty-five people; some bodies are quick, some are not, some are nearly deaf, and the rest has nobody here yet. The
# bigger teams work in a group on Telegram, but for their managers, the others each in a chat of her own.
STAFF = {
    "prefeitura": Staff(4, 1, 1, Style(6, 4, 0.05), group=True),
    "limpeza": Staff(3, 1, 1, Style(4, 2, 0.04), group=True),
    "trafego": Staff(2, 1, 0, Style(12, 5, 0.10)),
    "transporte": Staff(2, 1, 1, Style(20, 8, 0.22), group=True),
    "iluminacao": Staff(2, 0, 1, Style(5, 3, 0.05)),
    "vigilancia": Staff(1, 0, 1, Style(16, 6, 0.15)),
    "saneamento": Staff(1, 0, 1, Style(8, 6, 0.10)),
}


@dataclass
class City:
    """What a month is played with: the pack, what is asked for in the order of time, and when the month is."""

    pack: Pack
    requests: list[Request]
    begins: float
    ends: float


def real_requests(most: int, dice: random.Random, truth: Map) -> list[Request]:
    """So many that were really made, one after the other, in some parts of the city."""
    heads, parts = _by_part()
    # The lines begin with the moment.
    there = sorted(line for part in dice.sample(sorted(parts), PARTS) for line in parts[part])
    first = dice.randrange(max(1, len(there) - most))
    rows = csv.DictReader(there[first : first + most], heads)
    return sao_paulo.requests(map(sao_paulo.row_of, rows), truth, dice)


def _by_part() -> tuple[list[str], dict[str, list[str]]]:
    """The heads of the file, and its lines by the part of the city."""
    parts: defaultdict[str, list[str]] = defaultdict(list)
    with gzip.open(SP156, "rt", encoding="utf-8", newline="") as file:
        heads = next(csv.reader(file))
        column = heads.index("subprefecture")
        for line in file:
            # Most lines quote nothing, and there are two hundred thousand of them.
            cells = next(csv.reader([line])) if '"' in line else line.split(",", column + 1)
            parts[cells[column]].append(line)
    parts.pop("", None)
    return heads, parts


def boundaries(folder: Path) -> Path:
    """A file with the city's outline and those of its neighbours."""
    with gzip.open(BRAZIL, "rt", encoding="utf-8") as file:
        near = [json.loads(line.rstrip().removesuffix(",")) for line in file if _begins_near(line)]
    shapes = {each["properties"]["id"]: shapely.geometry.shape(each["geometry"]) for each in near}
    reach = shapes[CITY].buffer(BESIDE)
    chosen = [each for each in near if reach.intersects(shapes[each["properties"]["id"]])]
    path = folder / "boundaries.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": chosen}))
    return path


def _begins_near(line: str) -> bool:
    """True when the first corner of an outline is near enough for a closer look; the file has one a line."""
    found = _CORNER.search(line)
    return found is not None and abs(float(found[1]) - LON) < NEAR and abs(float(found[2]) - LAT) < NEAR


async def found_city(
    url: str,
    folder: Path,
    outlines: Path,
    requests: Sequence[Request],
    dice: random.Random,
    last: date = LAST,
    close: str = "",
) -> City:
    """A city in the empty database at `url`: its areas, its pack, its requests spread over the month until `last`.

    `close` is the target for closing a ticket, "" for the demo's.
    """
    settings = Settings(database_url=url, data_dir=folder)
    # The areas are compiled in another process, which takes as long as reading the pack in this one.
    reading = asyncio.create_task(asyncio.to_thread(_make_pack, Map([outlines]), close))
    await import_files(settings, [outlines], Names(), 0.0, lambda what, done, total: None, dry=False, prune=False)
    pack = await reading
    database = Database(settings.database_url)
    try:
        await Areas(database, compiled_path(settings), pack.use_atlas).refresh()
    finally:
        await database.close()
    zone = ZoneInfo(pack.info.timezone)
    begins, ends = (datetime.combine(day, time(), zone).timestamp() for day in (FIRST, last + timedelta(days=1)))
    return City(pack, _spread(requests, dice, zone, last), begins, ends)


def _make_pack(truth: Map, close: str) -> Pack:
    records = sao_paulo.make_pack(truth.touching(CITY)).records
    terms = demo_pack().records.terms
    terms = msgspec.structs.replace(terms, holidays=HOLIDAYS, close=close or terms.close)
    return Pack(msgspec.structs.replace(records, terms=terms))


def _spread(requests: Sequence[Request], dice: random.Random, zone: ZoneInfo, last: date) -> list[Request]:
    """The same in their order, each at some full hour of the month: more by day, and in the week."""
    days = [FIRST + timedelta(days=n) for n in range((last - FIRST).days + 1)]
    hours = [(day, hour) for day in days for hour in range(24)]
    weights = [BY_HOUR[hour] * (WEEKEND if day.weekday() > 4 else 1.0) for day, hour in hours]
    drawn = sorted(dice.choices(hours, weights, k=len(requests)))
    moments = [datetime.combine(day, time(hour), zone).timestamp() for day, hour in drawn]
    return [each._replace(at=at) for each, at in zip(requests, moments, strict=True)]
