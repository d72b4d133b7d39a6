"""What real people wrote and real places, played through the running machine: `python -m tests.real_input` reports.

Posts of residents become opening messages, real addresses and coordinates become answers to "where is it?". A robot
citizen answers what she is asked, sensibly. The data is in a folder beside the checkout and stays there: only counts
come out.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openlocationcode import openlocationcode

from bot.messages import Place
from storage.database import migrate
from storage.schema import ticket
from tests.handset import Phone
from tests.machine import Machine

SHARED = Path(os.environ.get("BALDOSA_SHARED", Path(__file__).parent.parent.parent / "shared"))
POSTS = SHARED / "geo/requests/vicente_lopez_posts_dev.csv"
ADDRESSES = SHARED / "geo/caba/direcciones.csv.gz"
PLACES = 200
MOST_TURNS = 12

# The posts' own categories, as our groups; several where a person would find either right. None: nothing to report.
GROUPS: dict[str, tuple[str, ...] | None] = {
    "alumbrado": ("alumbrado",),
    "residuos_limpieza": ("limpieza", "salud"),
    "transito": ("transito",),
    "tramites_tasas": ("otro",),
    "plagas_dengue": ("salud",),
    "arbolado": ("verde",),
    "seguridad": ("otro", "convivencia"),
    "ruidos_habilitaciones": ("convivencia",),
    "calzada": ("calles", "veredas"),
    "salud": ("otro", "salud"),
    "espacios_verdes": ("verde",),
    "desagues": ("agua",),
    "no_reclamo": None,
}


@dataclass
class Talk:
    """How one talk went: which questions were asked, and the ticket at its end."""

    asked: list[str] = field(default_factory=list)
    ticket: Any = None
    first_guess: str = ""


@dataclass
class Report:
    """Counts, by what was played."""

    posts: Counter[str] = field(default_factory=Counter)
    misread: Counter[str] = field(default_factory=Counter)
    questions: list[int] = field(default_factory=list)
    addresses: Counter[str] = field(default_factory=Counter)
    coordinates: Counter[str] = field(default_factory=Counter)
    by_notation: dict[str, Counter[str]] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The report."""
        yield f"posts: {dict(self.posts)}"
        average = sum(self.questions) / max(1, len(self.questions))
        yield f"questions a ticket, mean {average:.2f}, most {max(self.questions, default=0)}"
        yield f"posts misread (kind of post -> taken for): {dict(self.misread.most_common())}"
        yield f"addresses: {dict(self.addresses)}"
        yield f"coordinates: {dict(self.coordinates)}"
        for notation, counts in self.by_notation.items():
            yield f"  {notation}: {dict(counts)}"


class Robot:
    """A citizen who knows what she means: `groups` are the right ones, `place` the words or pin, `barrio` the area."""

    def __init__(self, phone: Phone, groups: tuple[str, ...], place: str | Place, barrio: str = "") -> None:
        self.phone = phone
        self.groups = groups
        self.place = place
        self.barrio = barrio

    async def reports(self, words: str) -> Talk:
        """Open with `words` and answer until there is a ticket, or no end in sight."""
        talk = Talk()
        await self.phone.says(words)
        for _ in range(MOST_TURNS):
            state = await self.phone.state()
            if not state.talks or state.talks[-1].pending is None:
                break
            name = state.talks[-1].pending.name
            if not talk.asked:
                talk.first_guess = _guess(name, self.phone, state.talks[-1].memory)
            talk.asked.append(name)
            await self._answer(name)
        talk.ticket = await self._ticket()
        return talk

    async def _answer(self, name: str) -> None:
        offered = {option.tap.rpartition(".")[2]: option for option in self.phone.last.options}
        pack = self.phone.machine.pack
        if name == "category":
            right = [value for value in offered if (pack.category(value) and _group(self.phone, value) in self.groups)]
            await self._taps(offered, right)
        elif name == "subcategory":
            # Whoever cannot say it more precisely takes "something else", which stands last.
            await self._taps(offered, [list(offered)[-1]])
        elif name == "place":
            await (self.phone.says(self.place) if isinstance(self.place, str) else self.phone.sends(place=self.place))
        elif name == "area":
            await self.phone.says(self.barrio or "no sé")
        elif name == "border":
            sides = [area.id for area in pack.places.areas_meant(self.barrio, "es") if area.id in offered]
            await self.phone.says(self.barrio if len(sides) == 1 else "no sé")
        elif name.startswith("emergency"):
            await self._taps(offered, ["report"])
        elif name in ("twin", "candidate"):
            # Hers is another one than what was reported nearby; of several points she takes the first.
            await self._taps(offered, [list(offered)[-1] if name == "twin" else next(iter(offered))])
        elif name == "send":
            await self._taps(offered, ["send"])
        else:
            await self.phone.says("está así desde hace días")

    async def _taps(self, offered: dict[str, Any], values: list[str]) -> None:
        value = next((value for value in values if value in offered), list(offered)[-1])
        await self.phone.sends(tapped=offered[value].tap)

    async def _ticket(self) -> Any:
        row = await self.phone.row()
        found = await self.phone.machine.rows(ticket.select().where(ticket.c.address_id == row.address_id))
        return found[0] if found else None


def _group(phone: Phone, category_id: str) -> str:
    category = phone.machine.pack.category(category_id)
    return (category.parent or category.id) if category else ""


def _guess(pending: str, phone: Phone, memory: dict[str, Any]) -> str:
    """What the machine made of the first words: a category, the first one it suggests with a "?", or nothing."""
    if pending != "category":
        answered = memory.get("subcategory") or memory.get("category")
        return str(answered.value) if answered else ""
    # All groups are offered always; what stands before them is suggested.
    first = phone.last.options[0].tap.rpartition(".")[2]
    category = phone.machine.pack.category(first)
    return f"{first}?" if category and category.leaf and category.parent else ""


async def play_posts(machine: Machine, report: Report) -> None:
    """Every post as the opening message of a citizen of her own."""
    with POSTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    dice = random.Random(7)
    spots = dice.sample(_addresses(), len(rows))
    for row, spot in zip(rows, spots, strict=True):
        right = GROUPS[row["category"]]
        phone = machine.phone(row["id"])
        pin = Place(lat=float(spot["lat"]), lon=float(spot["lon"]), source="pin")
        talk = await Robot(phone, right or ("otro",), pin, spot["barrio"]).reports(row["text"])
        _count_post(report, machine, row["category"], right, talk)


def _count_post(report: Report, machine: Machine, kind: str, right: tuple[str, ...] | None, talk: Talk) -> None:
    category = machine.pack.category(talk.first_guess.rstrip("?"))
    group = (category.parent or category.id) if category else ""
    recognised = bool(group) and not talk.first_guess.endswith("?")
    if right is None:
        report.posts["nothing to report"] += 1
        report.posts["nothing to report, and taken for a category"] += recognised
    else:
        report.posts["to report"] += 1
        report.posts["became tickets"] += talk.ticket is not None
        how = "recognised" if recognised else "suggested" if group else "asked for the category"
        report.posts[f"{how} {'rightly' if group in right else 'wrongly'}" if group else how] += 1
    if talk.ticket is not None and right is not None:
        report.questions.append(len(talk.asked))
    if recognised and group not in (right or ()):
        report.misread[f"{kind} -> {group}"] += 1


def _addresses() -> list[dict[str, str]]:
    with gzip.open(ADDRESSES, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


async def play_addresses(machine: Machine, report: Report) -> None:
    """Real addresses as the words for a place; who is asked for the area says the barrio."""
    for number, spot in enumerate(random.Random(1).sample(_addresses(), PLACES)):
        phone = machine.phone(f"address-{number}")
        words = f"{spot['street'].title()} {spot['number']}"
        talk = await Robot(phone, ("calles",), words, spot["barrio"]).reports("hay un bache")
        report.addresses["became tickets"] += talk.ticket is not None
        report.addresses["asked for the area"] += "area" in talk.asked
        report.addresses["asked at a border"] += "border" in talk.asked
        report.addresses["asked for the place again"] += talk.asked.count("place") > 1
        if talk.ticket is not None:
            report.addresses[_verdict(talk.ticket.body, spot["comuna"])] += 1


async def play_coordinates(machine: Machine, report: Report) -> None:
    """Real coordinates, in turn as a pin, as text in the ways people copy them, and as links of maps."""
    for number, spot in enumerate(random.Random(2).sample(_addresses(), PLACES)):
        written = notations(float(spot["lat"]), float(spot["lon"]))
        notation = list(written)[number % len(written)]
        phone = machine.phone(f"coordinates-{number}")
        talk = await Robot(phone, ("calles",), written[notation], spot["barrio"]).reports("hay un bache")
        verdict = "not understood" if talk.ticket is None else _verdict(talk.ticket.body, spot["comuna"])
        if talk.ticket is not None and talk.ticket.lat is None:
            verdict = "kept as words only"
        report.coordinates[verdict] += 1
        report.coordinates["asked at a border"] += "border" in talk.asked
        report.coordinates["asked whether it is one nearby"] += "twin" in talk.asked
        report.by_notation.setdefault(notation, Counter())[verdict] += 1


def notations(lat: float, lon: float) -> dict[str, str | Place]:
    """One place in the ways in which people send it."""
    return {
        "pin": Place(lat=lat, lon=lon, source="pin"),
        "comma": f"{lat}, {lon}",
        "space": f"{lat} {lon}",
        "decimal commas": f"{lat}; {lon}".replace(".", ","),
        "degrees": f"{_degrees(lat, 'N', 'S')} {_degrees(lon, 'E', 'W')}",
        "letters": f"{-lat}S {-lon}O",
        "geo": f"geo:{lat},{lon}",
        "google q": f"https://maps.google.com/?q={lat},{lon}",
        "google @": f"https://www.google.com/maps/@{lat},{lon},17z",
        "google search": f"https://www.google.com/maps/search/?api=1&query={lat}%2C{lon}",
        "apple": f"https://maps.apple.com/?ll={lat},{lon}&q=Marcador",
        "osm": f"mirá https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=18/{lat}/{lon}",
        "plus code": openlocationcode.encode(lat, lon),
    }


def _degrees(value: float, positive: str, negative: str) -> str:
    minutes, seconds = divmod(abs(value) * 3600, 60)
    degrees, minutes = divmod(minutes, 60)
    return f"{degrees:.0f}°{minutes:02.0f}'{seconds:05.2f}\"{positive if value >= 0 else negative}"


def _verdict(body: str, comuna: str) -> str:
    if body == f"comuna-{comuna}":
        return "right comuna"
    return "wrong comuna" if body.startswith("comuna-") else "city, not comuna"


async def play(url: str) -> Report:
    """Play everything over the empty, migrated database at `url`."""
    report = Report()
    async with Machine(url) as machine:
        await play_posts(machine, report)
        await play_addresses(machine, report)
        await play_coordinates(machine, report)
    return report


async def _play_here() -> Report:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/baldosa.db"
        await migrate(url)
        return await play(url)


if __name__ == "__main__":
    if not POSTS.is_file():
        sys.exit(f"There is no {POSTS}; name the folder in BALDOSA_SHARED.")
    for told in asyncio.run(_play_here()).lines():
        sys.stdout.write(f"{told}\n")
