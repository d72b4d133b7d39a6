"""Buenos Aires: a month's counts by kind and quarter, real addresses, residents' own words, over the demo pack."""

from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.messages import Place
from locales import fold
from routing.pack import Pack
from tests.machine import DAY, demo_pack
from tests.real_input import GROUPS
from tests.service_requests.citizen import Request
from tests.service_requests.globe import Map
from tests.service_requests.telling import tell

LANGUAGE = "es"
# The first of January of 2013, midnight there.
BEGINS = 1_357_009_200.0
# So many came in that month.
A_MONTH = 15_576
# How long one is open, in days, on the average; nobody wrote down how long they really were.
MEAN_OPEN_DAYS = 10.0
# Of all: who types an address.
TYPES_ADDRESS = 0.30
# Enough degrees to the west to be out of the city from everywhere in it.
AWAY_WEST = 0.2

# A word of what the city called it, and the leaf: the first that is found. Shops and halls are the neighbours' affair.
LEAVES: tuple[tuple[str, str], ...] = (
    ("alumbrado", "luz-apagada"),
    ("arbolado", "poda"),
    ("aceras", "vereda-rota"),
    ("pavimento", "bache"),
    ("espacio publico", "vereda-obstruida"),
    ("obras abandonadas", "terreno-baldio"),
    ("obras", "obra"),
    ("plazas", "plaza-rota"),
    ("proteccion ambiental", "ruidos"),
    ("mal estacionamiento", "mal-estacionado"),
    ("mobiliario urbano", "plaza-rota"),
    ("recuperadores", "limpieza-otro"),
    ("colectivo", "transito-otro"),
    ("atencion social", "otro"),
    ("queja", "otro"),
    ("desarrollo urbano", "otro"),
    ("corrupcion", "otro"),
    ("policial", "otro"),
    ("donacion", "otro"),
)
REST = "convivencia-otro"
# What the city wrote in short.
QUARTERS = {"boca": "la boca", "paternal": "la paternal", "villa gral. mitre": "villa general mitre"}


class Count(NamedTuple):
    """How many requests of a kind came from a quarter."""

    kind: str
    quarter: str
    times: float


class Spot(NamedTuple):
    """An address: its words, its place in WGS84 degrees, its quarter."""

    words: str
    lat: float
    lon: float
    quarter: str


def read_counts(path: Path) -> list[Count]:
    """The month's counts."""
    with path.open(encoding="utf-8") as file:
        rows = [(row["category"], row["barrio"], float(row["total"] or 0)) for row in csv.DictReader(file)]
    return [Count(kind.lower(), quarter.lower(), times) for kind, quarter, times in rows if times]


def read_spots(path: Path) -> list[Spot]:
    """The addresses."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [
            Spot(f"{row['street'].title()} {row['number']}", float(row["lat"]), float(row["lon"]), row["barrio"])
            for row in csv.DictReader(file)
        ]


def read_posts(path: Path) -> dict[str, list[str]]:
    """What residents wrote, by our groups."""
    posts: defaultdict[str, list[str]] = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for group in GROUPS[row["category"]] or ():
                posts[group].append(row["text"])
    return posts


def make_pack() -> Pack:
    """The demo itself."""
    return Pack(demo_pack().records)


def requests(
    counts: Sequence[Count],
    spots: Sequence[Spot],
    posts: dict[str, list[str]],
    truth: Map,
    most: int,
    dice: random.Random,
) -> list[Request]:
    """So many requests, as dense as they came; `truth` knows in which area of the demo each really is."""
    by_quarter: defaultdict[str, list[Spot]] = defaultdict(list)
    for spot in spots:
        by_quarter[fold(spot.quarter)].append(spot)
    known = [count for count in counts if _quarter(count) in by_quarter]
    drawn = dice.choices(known, [count.times for count in known], k=most)
    ats = sorted(BEGINS + dice.random() * most / A_MONTH * 31 * DAY for _ in drawn)
    made = zip(drawn, ats, strict=True)
    return [_request(count, at, dice.choice(by_quarter[_quarter(count)]), posts, truth, dice) for count, at in made]


def _quarter(count: Count) -> str:
    return fold(QUARTERS.get(count.quarter, count.quarter))


def _request(
    count: Count, at: float, spot: Spot, posts: dict[str, list[str]], truth: Map, dice: random.Random
) -> Request:
    leaf = leaf_of(count.kind)
    category = demo_pack().category(leaf)
    assert category, leaf
    said = posts.get(category.parent or leaf, [])
    about = truth.at(spot.lat, spot.lon)
    how, told = _tell(spot, dice)
    return Request(
        at=at,
        words=dice.choice(said) if said and dice.random() < 0.5 else count.kind,
        service=count.kind,
        category=leaf,
        told=told,
        lat=spot.lat,
        lon=spot.lon,
        area=str(about["id"]) if about and how != "elsewhere" else "",
        area_name=spot.quarter,
        how=how,
        only_phones=dice.random() < 0.5,
        closed_at=at + dice.expovariate(1 / (MEAN_OPEN_DAYS * DAY)),
    )


def _tell(spot: Spot, dice: random.Random) -> tuple[str, str | Place]:
    if dice.random() < TYPES_ADDRESS:
        return "address", spot.words
    return tell(spot.lat, spot.lon, dice, west=AWAY_WEST)


def leaf_of(kind: str) -> str:
    """The leaf that a citizen looks for who wants this."""
    return next((leaf for word, leaf in LEAVES if word in kind), REST)


def maps(folder: Path) -> Iterable[Path]:
    """The demo's outlines, from wide to narrow."""
    return [folder / f"{name}.geojson" for name in ("city", "comunas", "settlements")]
