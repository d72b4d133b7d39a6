"""streets.toml of a pack, which it may do without: read, and checked against the areas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import shapely

from routing.areas import outline
from routing.records import Area, HouseRange, Street
from routing.shapes import Entry, check_known, read_tables
from routing.sources import TomlSource


class StreetTable:
    """The streets of one file; what is wrong is noted in its source (None without a file)."""

    def __init__(self, path: Path, areas: Mapping[str, Area]) -> None:
        self.source = TomlSource(path) if path.exists() else None
        self.streets: tuple[Street, ...] = ()
        if self.source is None or self.source.data is None:
            return
        entries = read_tables(self.source, "street", Street)
        self.streets = tuple(entry.table for entry in entries)
        for key in self.source.data.keys() - {"street"}:
            self.source.fault(self.source.line(key), f"nobody reads '{key}'", "This file has street")
        for entry in entries:
            _check_street(self.source, entry, areas)
            if entry.table.line:
                _check_line(self.source, entry, areas)
        _check_names(self.source, entries)


def _check_street(source: TomlSource, entry: Entry[Street], areas: Iterable[str]) -> None:
    street, steps, title = entry
    if not street.names:
        source.fault(source.line(*steps), f"{title} has no names", 'Add names = ["..."]')
    mend = "Add it there or correct the name"
    for area in street.areas:
        problem = f"{title} touches area '{area}', which no file under areas/ has"
        check_known(source, area, areas, (*steps, "areas"), problem, mend)
    for houses in street.ranges:
        problem = f"{title} has houses in area '{houses.area}', which no file under areas/ has"
        check_known(source, houses.area, areas, (*steps, "ranges"), problem, mend)
        _check_range(source, entry, houses)


def _check_line(source: TomlSource, entry: Entry[Street], areas: Mapping[str, Area]) -> None:
    """Points in the order of the house numbers, one of them at least where the street is said to be."""
    street, steps, title = entry
    line = source.line(*steps, "line")
    numbers = [number for _, _, number in street.line]
    if len(numbers) < 2 or numbers != sorted(numbers):
        source.fault(line, f"the line of {title} does not grow with its house numbers", "Give two points or more")
    own = [areas[area] for area in street.areas if area in areas] or list(areas.values())
    if own and not any(shapely.intersects_xy(outline(area), lon, lat) for area in own for lat, lon, _ in street.line):
        mend = "Write [lat, lon, house] (lat and lon may be swapped)"
        source.fault(line, f"the line of {title} lies outside of its areas", mend)


def _check_range(source: TomlSource, entry: Entry[Street], houses: HouseRange) -> None:
    street, steps, title = entry
    line = source.line_of(houses.area, *steps, "ranges")
    told = f"the range {houses.first} to {houses.last} of {title}"
    if not 0 <= houses.first <= houses.last:
        source.fault(line, f"{told} holds no house", "Give the lower number first")
    if street.areas and houses.area not in street.areas:
        source.fault(line, f"{told} lies in '{houses.area}', which its areas lack", "Add it to areas")
    same = [each for each in street.ranges if each.area == houses.area and each is not houses]
    if any(each.first <= houses.first <= each.last for each in same):
        source.fault(line, f"{told} overlaps another one in the same area", "Join them")


def _check_names(source: TomlSource, entries: Iterable[Entry[Street]]) -> None:
    """No two streets share a name: houses of one would be taken for the other's."""
    seen: dict[str, int] = {}
    for entry in entries:
        for name in entry.table.names:
            line = source.line_of(name, *entry.steps, "names")
            first = seen.setdefault(name.casefold(), line)
            if first != line:
                problem = f"the name '{name}' is used twice (first on line {first})"
                source.fault(line, problem, "Make one street of both, with the ranges of each")
