"""The rules of who answers, from rules.toml, which a pack may do without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from routing.records import NotServed, Rule
from routing.shapes import Entry, RuleTable, check_areas, check_emergency, check_known, check_texts, read_tables
from routing.sources import TomlSource


class RuleFile:
    """The rules of one file; what is wrong is noted in `source`, None where there is no file.

    `bodies` maps what may be named, bodies and sets of them, to the bodies meant; `areas` and `categories` are ids.
    """

    def __init__(
        self,
        path: Path,
        languages: tuple[str, ...],
        bodies: Mapping[str, tuple[str, ...]],
        areas: Iterable[str],
        categories: Iterable[str],
    ) -> None:
        self.source = TomlSource(path) if path.exists() else None
        self.rules: tuple[Rule, ...] = ()
        if self.source is None or self.source.data is None:
            return
        self._known = {"bodies": bodies.keys(), "areas": set(areas), "categories": set(categories)}
        entries = read_tables(self.source, "rule", RuleTable)
        for entry in entries:
            self._check(self.source, entry, languages)
        for key in self.source.data.keys() - {"rule"}:
            self.source.fault(self.source.line(key), f"nobody reads '{key}'", "This file has rule")
        self.rules = tuple(_rule(entry.table, self.source.line(*entry.steps), bodies) for entry in entries)

    def _check(self, source: TomlSource, entry: Entry[RuleTable], languages: tuple[str, ...]) -> None:
        table, steps, title = entry
        check_areas(source, table.areas, self._known["areas"], steps, f"{title} names")
        for key in ("bodies", "categories"):
            for named in getattr(table, key):
                problem = f"{title} names '{named}' under {key}, which {key}.toml does not have"
                check_known(source, named, self._known[key], (*steps, key), problem, "Add it there or correct the name")
        for key in ("not_served", "go_to"):
            if texts := getattr(table, key):
                check_texts(source, texts, languages, (*steps, key), title)
        check_emergency(source, table.emergency, languages, steps, title)
        if fault := _fault(table):
            source.fault(source.line(*steps), f"{title} {fault}", "A rule has bodies, or not_served, or an emergency")


def _fault(table: RuleTable) -> str:
    """What is wrong with a rule as a whole; "" for nothing."""
    if table.bodies and table.not_served:
        return "says that somebody answers and that nobody does"
    if not (table.bodies or table.not_served or table.emergency):
        return "says nothing"
    if (table.prefer or table.also) and not table.bodies:
        return "prefers nobody"
    return "says where to go, and not why" if table.go_to and not table.not_served else ""


def _rule(table: RuleTable, line: int, bodies: Mapping[str, tuple[str, ...]]) -> Rule:
    named = dict.fromkeys(body for name in table.bodies for body in bodies.get(name, ()))
    return Rule(
        areas=table.areas,
        categories=table.categories,
        bodies=tuple(named),
        prefer=table.prefer,
        also=table.also,
        not_served=NotServed(reason=table.not_served, go_to=table.go_to) if table.not_served else None,
        emergency=table.emergency,
        line=line,
    )
