"""A pack's folder, read and checked: everything that is wrong is collected before anybody is told.

pack.toml  bodies.toml  categories.toml  areas/*.geojson
rules.toml, places.toml, streets.toml, templates.toml, calendar.toml, emergency.toml and
responses.toml may be missing
"""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import shapely

from routing import deliveries
from routing.alarm_file import AlarmFile
from routing.areas import outline
from routing.catalogue import Catalogue
from routing.faults import Fault, PackError
from routing.outlines import Outlines
from routing.records import Area, Body, Info, InformalPlace, Records
from routing.responses import Responses
from routing.responsibility import Responsibility
from routing.rule_table import RuleFile
from routing.shapes import (
    Entry,
    MapTable,
    PackTable,
    check_areas,
    check_known,
    check_slug,
    check_texts,
    check_unique,
    read_table,
    read_tables,
    written_ids,
)
from routing.sources import Source, TomlSource
from routing.street_table import StreetTable
from routing.surroundings import Surroundings
from routing.templates import Templates
from routing.term_file import TermFile, check_ladder, check_targets


def read_records(folder: Path) -> Records:
    """What the files of `folder` say; raises PackError with every fault of every file."""
    if not folder.is_dir():
        raise PackError([Fault(folder.as_posix(), 0, "this folder is missing", "Give the folder of a pack")])
    head = TomlSource(folder / "pack.toml")
    info = _read_info(head)
    languages, levels = (info.languages, info.levels) if info else ((), ())
    outlines = Outlines(folder / "areas", languages, levels)
    bodies = _Bodies(TomlSource(folder / "bodies.toml"), languages, outlines.written)
    written = written_ids(bodies.source, "body")
    calendar = TermFile(folder / "calendar.toml", languages, written)
    bodies.check_terms(calendar.laws)
    fallback = info.fallback if info else ""
    catalogue = Catalogue(TomlSource(folder / "categories.toml"), languages, bodies.named, fallback)
    named = (*written_ids(catalogue.source, "group"), *written_ids(catalogue.source, "category"))
    rules = RuleFile(folder / "rules.toml", languages, bodies.named, outlines.written, named)
    places = _Places(folder / "places.toml", outlines.areas)
    streets = StreetTable(folder / "streets.toml", outlines.areas)
    templates = Templates(folder / "templates.toml", languages)
    alarms = AlarmFile(folder / "emergency.toml", languages)
    responses = Responses(folder / "responses.toml", languages, written, named)
    if info:
        _check_against(head, info, outlines.areas, written)
    others = (rules, places, streets, templates, calendar, alarms, responses)
    sources = (head, bodies.source, catalogue.source, *(each.source for each in others))
    faults = [*outlines.faults, *(fault for source in sources if source for fault in source.faults)]
    if faults or info is None:
        raise PackError(faults)
    records = Records(
        info=info,
        areas=tuple(outlines.areas.values()),
        bodies=tuple(bodies.bodies.values()),
        categories=catalogue.categories,
        places=places.places,
        streets=places.streets,
        mapped=streets.streets,
        templates=templates.templates,
        rules=rules.rules,
        terms=calendar.terms,
        alarms=alarms.alarms,
        responses=responses.responses,
    )
    bodies.check_services(records)
    return records


def _read_info(source: TomlSource) -> Info | None:
    if source.data is None:
        return None
    table = read_table(source, source.data, PackTable, (), "the pack")
    shown = source.data.get("map")
    chart = read_table(source, shown, MapTable, ("map",), "the map") if isinstance(shown, dict) else None
    if table is None or chart is None:
        return None
    check_texts(source, table.name, table.languages, ("name",), "the pack")
    fields = msgspec.structs.asdict(table)
    return Info(
        names=fields.pop("name"),
        **{key: fields[key] for key in fields if key != "map"},
        **msgspec.structs.asdict(chart),
    )


def _check_against(source: Source, info: Info, areas: dict[str, Area], bodies: tuple[str, ...]) -> None:
    """What pack.toml says of the other files, and of the world."""
    for key in ("languages", "levels"):
        if not getattr(info, key):
            source.fault(source.line(key), f"'{key}' is empty", "Name one at least")
    check_known(
        source,
        info.language,
        info.languages,
        ("language",),
        f"the first language '{info.language}' is not one of the languages",
        "List it",
    )
    problem = f"the fallback '{info.fallback}' is no body of bodies.toml"
    known = (*bodies, "")
    check_known(source, info.fallback, known, ("fallback",), problem, "Add it there or correct the name")
    problem = f"the choice_level '{info.choice_level}' is not one of the levels"
    check_known(source, info.choice_level, (*info.levels, ""), ("choice_level",), problem, "List it")
    if not _is_timezone(info.timezone):
        problem = f"the timezone '{info.timezone}' is not known"
        source.fault(source.line("timezone"), problem, "Use a name such as America/Lima")
    if info.phone_prefix[:1] != "+" or not info.phone_prefix[1:].isdigit():
        source.fault(source.line("phone_prefix"), "'phone_prefix' is no calling code", 'Write it like "+54"')
    if info.tiles and not all(part in info.tiles for part in ("{z}", "{x}", "{y}")):
        source.fault(source.line("map", "tiles"), "'tiles' is no template for map tiles", "It needs {z}, {x} and {y}")
    if areas and not any(_holds(area, info.lat, info.lon) for area in areas.values()):
        mend = "Correct lat and lon (they may be swapped)"
        source.fault(source.line("map", "lat"), "the map opens outside of every area", mend)


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _holds(area: Area, lat: float, lon: float) -> bool:
    return bool(shapely.intersects_xy(outline(area), lon, lat))


class _Bodies:
    """bodies.toml: `bodies` by id, and `named`, what categories may call them, sets included."""

    def __init__(self, source: TomlSource, languages: tuple[str, ...], areas: set[str]) -> None:
        self.source = source
        self._entries = entries = read_tables(source, "body", Body)
        self.bodies = {entry.table.id: entry.table for entry in entries}
        self.named: dict[str, tuple[str, ...]] = {body: (body,) for body in written_ids(source, "body")}
        check_unique(source, entries, "body")
        for entry in entries:
            self._check(entry, languages, areas)
        if source.data is not None:
            _check_keys(source, ("body", "sets"))
            self._read_sets(source.data.get("sets", {}))

    def check_terms(self, laws: tuple[str, ...]) -> None:
        """What bodies promise, against the laws of calendar.toml."""
        known = written_ids(self.source, "body")
        for body, steps, title in self._entries:
            check_targets(self.source, body, steps, title)
            check_ladder(self.source, body.ladder, (*steps, "ladder"), title, known)
            problem = f"{title} names the law '{body.law}', which calendar.toml does not have"
            check_known(
                self.source, body.law, (*laws, ""), (*steps, "law"), problem, "Add it there or correct the name"
            )

    def check_services(self, records: Records) -> None:
        """Raise PackError where a body with nothing but Open311 has no service for what it may be given."""
        if not any(body.open311 for body in records.bodies):
            return
        responsibility = Responsibility(records, Surroundings(records.areas, records.info.levels))
        groups = {category.id: category.parent for category in records.categories}
        for body, steps, title in self._entries:
            nameless = [
                leaf
                for leaf in responsibility.may_have(body.id)
                if not deliveries.methods_for(body, leaf, groups[leaf])
            ]
            if nameless:
                problem = f"{title} may be given {', '.join(nameless)}, for which it has no service_code"
                self.source.fault(self.source.line(*steps, "open311", "services"), problem, 'Add them, or "*" for all')
        if self.source.faults:
            raise PackError(self.source.faults)

    def _check(self, entry: Entry[Body], languages: tuple[str, ...], areas: set[str]) -> None:
        body, steps, title = entry
        check_texts(self.source, body.names, languages, (*steps, "name"), title)
        if not body.areas:
            self.source.fault(self.source.line(*steps), f"{title} serves no area", 'Add areas = ["..."]')
        check_areas(self.source, body.areas, areas, steps, f"{title} serves")
        for method in body.delivery:
            problem = f"{title} has the delivery '{method}', which does not exist"
            mend = f"Use {', '.join(deliveries.ALL)}"
            check_known(self.source, method, deliveries.ALL, (*steps, "delivery"), problem, mend)
        for key, problem, mend in deliveries.faults_of(body):
            self.source.fault(self.source.line(*steps, key), f"{title} {problem}", mend)

    def _read_sets(self, sets: object) -> None:
        if not isinstance(sets, dict):
            self.source.fault(self.source.line("sets"), "'sets' is no table", "Write [sets]")
            return
        for name, members in sets.items():
            check_slug(self.source, name, ("sets", name), f"set '{name}'")
            if name in self.bodies:
                self.source.fault(self.source.line("sets", name), f"'{name}' is a body and a set", "Rename one of them")
            elif not isinstance(members, list):
                self.source.fault(self.source.line("sets", name), f"set '{name}' is no list", "Write a list of bodies")
            else:
                self._read_set(name, [str(member) for member in members])

    def _read_set(self, name: str, members: list[str]) -> None:
        for member in members:
            problem = f"set '{name}' has body '{member}', which this file does not have"
            check_known(
                self.source,
                member,
                written_ids(self.source, "body"),
                ("sets", name),
                problem,
                "Add it or correct the name",
            )
        self.named[name] = tuple(member for member in members if member in self.bodies)


class _Places:
    """places.toml, which a pack may do without."""

    def __init__(self, path: Path, areas: dict[str, Area]) -> None:
        self.source = TomlSource(path) if path.exists() else None
        self.places: tuple[InformalPlace, ...] = ()
        self.streets: tuple[str, ...] = ()
        if self.source is None or self.source.data is None:
            return
        entries = read_tables(self.source, "place", InformalPlace)
        self.places = tuple(entry.table for entry in entries)
        for entry in entries:
            _check_place(self.source, entry, areas)
        _check_keys(self.source, ("place", "streets"))
        self.streets = self._read_streets(self.source, self.source.data.get("streets", []))

    def _read_streets(self, source: Source, streets: object) -> tuple[str, ...]:
        if isinstance(streets, list) and all(isinstance(name, str) for name in streets):
            return tuple(streets)
        source.fault(source.line("streets"), "'streets' is no list of names", 'Write streets = ["..."]')
        return ()


def _check_place(source: Source, entry: Entry[InformalPlace], areas: dict[str, Area]) -> None:
    place, steps, title = entry
    problem = f"{title} lies in area '{place.area}', which no file under areas/ has"
    check_known(source, place.area, areas, (*steps, "area"), problem, "Add it there or correct the name")
    if not place.names:
        source.fault(source.line(*steps), f"{title} has no names", 'Add names = ["..."]')
    if (place.lat is None) != (place.lon is None):
        source.fault(source.line(*steps), f"{title} has half a position", "Give both lat and lon, or neither")
    elif place.lat is not None and place.lon is not None and not _lies(place.lat, place.lon, areas.get(place.area)):
        mend = "Correct lat and lon (they may be swapped)"
        source.fault(source.line(*steps, "lat"), f"{title} is not inside area '{place.area}'", mend)
    for block, (lat, lon) in place.blocks.items():
        if not _lies(lat, lon, areas.get(place.area)):
            problem = f"block '{block}' of {title} is not inside area '{place.area}'"
            source.fault(source.line(*steps, "blocks"), problem, "Write [lat, lon] (they may be swapped)")


def _lies(lat: float, lon: float, area: Area | None) -> bool:
    return area is None or _holds(area, lat, lon)


def _check_keys(source: TomlSource, known: tuple[str, ...]) -> None:
    for key in source.data.keys() - set(known):
        problem = f"nobody reads '{key}'"
        source.fault(source.line(key), problem, f"This file has {', '.join(known)}")
