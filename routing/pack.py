"""A municipality as the conversations see it: what can be reported, where, and who answers. In memory, no waiting.

The files of a pack are read once (`read_pack`), the result is kept in the database (`to_json`) and read at every
start (`from_json`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from routing.areas import Part
from routing.atlas import Atlas
from routing.borders import Look
from routing.deliveries import methods_for
from routing.folder import read_records
from routing.recognition import Recognition
from routing.records import Area, Body, Category, Records, Template
from routing.responsibility import Decision, Responsibility
from routing.surroundings import NearestTown, Surroundings
from routing.tiles import Box
from routing.timetable import Timetable
from routing.worded_places import WordedPlaces
from routing.words import plain

# How alike a body's name and what is typed for it are, of 100; as near as this are two that are both meant.
ALIKE = 82.0
HAIR = 4.0
SHORTEST_PART = 5
# Degrees around the middle of the map.
HALF_BOX = 0.3


def read_pack(folder: Path) -> Pack:
    """The pack in `folder`; raises PackError with everything that is wrong with it."""
    return Pack(read_records(folder))


class Pack:
    """One deployment's data, checked, with its indexes."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.info = records.info
        self._bodies = {body.id: body for body in records.bodies}
        self._categories = {category.id: category for category in records.categories}
        self._body_names = {plain(name): body.id for body in records.bodies for name in body.names.values()}
        self._order = {category.id: n for n, category in enumerate(records.categories)}
        self._surroundings = Surroundings(records.areas, records.info.levels)
        self._responsibility = Responsibility(records, self._surroundings)
        self.places = WordedPlaces(records, self._surroundings)
        self.recognition = Recognition(records, self.places)
        self.timetable = Timetable(records)
        # A conversation runs again from its top with every message, over the same words.
        self.depends_on_area = lru_cache(maxsize=1024)(self._depends_on_area)
        self._choices = self._areas_to_choose()
        self._called = self._called_to_choose()
        self._templates = {(template.name, template.language): template for template in records.templates}

    @classmethod
    def from_json(cls, raw: bytes | str) -> Pack:
        """The pack that `to_json` wrote; raises msgspec.ValidationError for anything else."""
        return cls(msgspec.json.decode(raw, type=Records))

    def to_json(self) -> bytes:
        """Everything, as UTF-8 JSON."""
        return msgspec.json.encode(self.records)

    @property
    def id(self) -> str:
        """The pack's slug."""
        return self.info.id

    def name(self, language: str) -> str:
        """What greets people: "la Ciudad de Buenos Aires"."""
        return self.info.names.get(language[:2].lower()) or self.info.names[self.info.language]

    # What can be reported

    def groups(self) -> tuple[Category, ...]:
        """The first choice: groups, and the leaves that stand beside them (`leaf`), in the pack's order."""
        return tuple(category for category in self.records.categories if not category.parent)

    def leaves(self, group_id: str) -> tuple[Category, ...]:
        """The second choice; empty for a category that is a leaf itself or that nobody knows."""
        return tuple(category for category in self.records.categories if category.parent == group_id)

    def category(self, category_id: str) -> Category | None:
        """A group or leaf by its id."""
        return self._categories.get(category_id)

    def popular(self, counts: Mapping[str, int], categories: Sequence[Category] | None = None) -> tuple[Category, ...]:
        """`categories` (the groups unless given) most reported first, the pack's order among equals, "other" last.

        `counts` tells reports per leaf id; a group has those of its leaves.
        """
        used = {category.id: counts.get(category.id, 0) for category in self.records.categories}
        for category in self.records.categories:
            if category.parent:
                used[category.parent] += counts.get(category.id, 0)
        chosen = self.groups() if categories is None else categories
        return tuple(sorted(chosen, key=lambda one: (one.other, -used.get(one.id, 0), self._order[one.id])))

    # Where

    def area(self, area_id: str) -> Area | None:
        """An area by its id, the pack's own or an imported one."""
        return self._surroundings.area(area_id)

    def areas_at(self, lat: float, lon: float) -> tuple[Area, ...]:
        """The areas around a position (WGS84 degrees), most specific first; empty outside of what is known."""
        return self._surroundings.at(lat, lon)

    def look(self, lat: float, lon: float, accuracy_m: float | None = None) -> Look:
        """What is around a position that is exact to so many metres, and between what she must say where she is.

        Equal calls may differ once the imported areas were changed: a conversation should `recall` the answer.
        """
        return self._surroundings.look(lat, lon, accuracy_m)

    def areas_in(self, area: Area, lat: float, lon: float, accuracy_m: float | None = None) -> tuple[Area, ...]:
        """The areas around a position that she says is in `area` (one of `Look.between`), that one first."""
        return self._surroundings.inside(area, lat, lon, accuracy_m)

    def parts(self, box: Box) -> list[Part]:
        """What of each area lies in a box (least lon, least lat, most lon, most lat), to draw it."""
        return self._surroundings.parts(box)

    def use_atlas(self, atlas: Atlas) -> None:
        """From now on the areas of `atlas` are known beside the pack's own."""
        self._surroundings.use(atlas)
        self._choices = self._areas_to_choose()
        self._called = self._called_to_choose()
        self.depends_on_area.cache_clear()

    def use_towns(self, nearest: NearestTown) -> None:
        """From now on `nearest` names the town near a place where no area is known."""
        self._surroundings.use_towns(nearest)

    def bounds(self) -> tuple[float, float, float, float]:
        """The box around everything that is served: south, west, north, east in WGS84 degrees."""
        served = {area_id for body in self.records.bodies for area_id in body.areas}
        sides = [side for area_id in served if (side := self._surroundings.bounds(area_id))]
        # Who serves no area of its own has the middle of its map, and what is around it.
        lat, lon = self.info.lat, self.info.lon
        sides = sides or [(lon - HALF_BOX, lat - HALF_BOX, lon + HALF_BOX, lat + HALF_BOX)]
        west, south = min(side[0] for side in sides), min(side[1] for side in sides)
        return south, west, max(side[3] for side in sides), max(side[2] for side in sides)

    def area_choices(self) -> tuple[Area, ...]:
        """The areas to choose from when nobody can tell a place from its words: those of the pack's choice level.

        Where the pack has none of its own these are the imported ones that its bodies name.
        """
        return self._choices

    def choices_called(self, name: str) -> tuple[Area, ...]:
        """The areas to choose from that are called so in any language; but for a slip where none is called just so."""
        said = plain(name).strip()
        if said not in self._called and len(said) >= SHORTEST_PART:
            near = process.extractOne(said, self._called.keys(), scorer=OSA.distance, score_cutoff=1)
            said = near[0] if near else said
        return self._called.get(said, ())

    def _called_to_choose(self) -> dict[str, tuple[Area, ...]]:
        found: dict[str, dict[str, Area]] = {}
        for area in self._choices:
            for name in (*area.titles.values(), *area.names):
                found.setdefault(plain(name).strip(), {})[area.id] = area
        return {name: tuple(areas.values()) for name, areas in found.items()}

    def _areas_to_choose(self) -> tuple[Area, ...]:
        level = self.info.choice_level or self.info.levels[-1]
        own = tuple(area for area in self.records.areas if area.level == level)
        named = dict.fromkeys(area_id for body in self.records.bodies for area_id in body.areas)
        return own or tuple(area for each in named if (area := self.area(each)) and area.level == level)

    def is_narrow(self, area: Area) -> bool:
        """True for an area that tells enough of where something is: one to choose from, or one inside of such."""
        levels = self.info.levels
        level = self.info.choice_level or levels[-1]
        return area.level in levels and levels.index(area.level) >= levels.index(level)

    # Who answers

    def body(self, body_id: str) -> Body | None:
        """A body by its id."""
        return self._bodies.get(body_id)

    def receiving(self, body_id: str, category_id: str) -> tuple[str, ...]:
        """The methods by which a body can receive a ticket of a category; none where it has no name for that."""
        body, category = self._bodies.get(body_id), self._categories.get(category_id)
        return methods_for(body, category_id, category.parent if category else "") if body else ()

    def serving(self, area_id: str) -> tuple[Body, ...]:
        """The bodies that answer for something in an area or in one around it, the pack's order."""
        around = set()
        while area_id:
            around.add(area_id)
            area = self.area(area_id)
            area_id = area.parent if area else ""
        return tuple(body for body in self.records.bodies if around & set(body.areas))

    def body_like(self, words: str) -> str | None:
        """The id of the one body whose name these words are, or a part of it, but for slips of the fingers."""
        said = plain(words).strip()
        if len(said) < SHORTEST_PART:
            return None
        numbers = re.findall(r"\d+", said)
        names = {name: n for name, n in self._body_names.items() if re.findall(r"\d+", name) == numbers}
        near = process.extract(said, names.keys(), scorer=fuzz.partial_ratio, score_cutoff=ALIKE, limit=None)
        found = {names[name] for name, score, _ in near if score >= near[0][1] - HAIR}
        return found.pop() if len(found) == 1 else None

    def daily_segments(self, body_id: str) -> int:
        """How many segments a body may spend a day before its bulk waits for the next, 0 for no ceiling."""
        body = self._bodies.get(body_id)
        own = body.daily_segments if body else 0
        return max(0, self.info.daily_segments if own is None else own)

    def decide(self, areas: Sequence[Area], category_id: str) -> Decision:
        """Who answers for a leaf in `areas` (most specific first; none: nothing is known of the place), and why."""
        return self._responsibility.decide(areas, category_id)

    def responsible(self, areas: Sequence[Area], category_id: str) -> Body | None:
        """The body that leads where several answer for a leaf in `areas`; None when nobody answers."""
        return self.decide(areas, category_id).lead

    def offered(self, areas: Sequence[Area]) -> tuple[str, ...]:
        """The ids of the leaves that somebody answers for in `areas`, in the pack's order."""
        return self._responsibility.offered(areas)

    def _depends_on_area(self, category_id: str) -> bool:
        """True when who answers for a leaf differs among the areas to choose from, or where nothing is known."""
        decisions = [self.decide(areas, category_id) for areas in ((), *((area,) for area in self.area_choices()))]
        return any(each.bodies != decisions[0].bodies for each in decisions)

    # What may be said on WhatsApp after a day of silence

    def template(self, name: str, language: str) -> Template | None:
        """The approved message called `name` in a language, else in the pack's first; None when there is none."""
        own = self._templates.get((name, language[:2].lower()))
        return own or self._templates.get((name, self.info.language))
