"""The categories of a pack, from categories.toml: two levels, in every language, someone answers each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from routing.records import Category, NotServed, Words
from routing.shapes import (
    CategoryTable,
    Entry,
    GroupTable,
    check_emergency,
    check_known,
    check_languages,
    check_texts,
    check_unique,
    read_tables,
    written_ids,
)
from routing.sources import Source, Step
from routing.term_file import check_targets
from routing.vocabulary import phrase_parts

# Further off than this, or longer ago, nobody calls it the same problem; and the grid is searched by squares of 550 m.
MOST_METRES, MOST_DAYS = 2000, 365


class Catalogue:
    """The categories of one file; what is wrong is noted in the source.

    `bodies` maps what may be named there, bodies and sets of them, to the bodies meant.
    """

    def __init__(
        self, source: Source, languages: tuple[str, ...], bodies: Mapping[str, tuple[str, ...]], fallback: str
    ) -> None:
        self.source = source
        self.languages = languages
        self.bodies = bodies
        self.fallback = fallback
        self._groups = read_tables(source, "group", GroupTable)
        self._leaves = read_tables(source, "category", CategoryTable)
        if source.data is not None:
            self._check()

    @property
    def categories(self) -> tuple[Category, ...]:
        """Groups and leaves in the order of the file, what leaves inherit filled in."""
        groups = {entry.table.id: entry.table for entry in self._groups}
        return (
            *(self._group(table) for table in groups.values()),
            *(self._leaf(entry.table, groups.get(entry.table.group)) for entry in self._leaves),
        )

    def _group(self, table: GroupTable) -> Category:
        return Category(
            id=table.id,
            icon=table.icon,
            names=table.name,
            leaf=False,
            hints=table.words,
            bodies=self._bodies_of(table.bodies),
            fallback=self._fallback(table, None),
            answer=table.answer,
            close=table.close,
            urgent=table.urgent,
        )

    def _leaf(self, table: CategoryTable, group: GroupTable | None) -> Category:
        return Category(
            id=table.id,
            icon=table.icon,
            names=table.name,
            parent=table.group,
            other=table.other,
            words=table.words,
            hints=table.hints,
            prompts=table.question,
            notices=table.notice,
            bodies=() if table.not_served else self._bodies_of(table.bodies or (group.bodies if group else ())),
            inherits=not table.bodies,
            fallback="" if table.not_served else self._fallback(table, group),
            not_served=NotServed(reason=table.not_served, go_to=table.go_to) if table.not_served else None,
            emergency=table.emergency,
            nearby_m=table.nearby_m,
            nearby_days=table.nearby_days,
            outage=table.outage,
            answer=table.answer or (group.answer if group else ""),
            close=table.close or (group.close if group else ""),
            urgent=bool(group and group.urgent) if table.urgent is None else table.urgent,
        )

    def _bodies_of(self, named: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(body for name in named for body in self.bodies.get(name, ())))

    def _fallback(self, table: CategoryTable | GroupTable, group: GroupTable | None) -> str:
        """The nearest that is declared; a lone body answers even where nobody knows the place."""
        if table.fallback:
            return table.fallback
        bodies = self._bodies_of(table.bodies)
        if len(bodies) == 1:
            return bodies[0]
        return self._fallback(group, None) if group and not bodies else self.fallback

    def _check(self) -> None:
        every: list[Entry[GroupTable] | Entry[CategoryTable]] = [*self._groups, *self._leaves]
        check_unique(self.source, every, "category and group")
        for entry in every:
            self._check_entry(entry)
        groups = written_ids(self.source, "group")
        for leaf in self._leaves:
            if leaf.table.group:
                problem = f"{leaf.title} is of group '{leaf.table.group}', which this file does not have"
                check_known(
                    self.source, leaf.table.group, groups, (*leaf.steps, "group"), problem, "Add it or correct the name"
                )
        self._check_ways_out()
        for language in self.languages:
            self._check_words(language)

    def _check_entry(self, entry: Entry[GroupTable] | Entry[CategoryTable]) -> None:
        table, steps, title = entry
        check_texts(self.source, table.name, self.languages, (*steps, "name"), title)
        check_languages(self.source, table.words, self.languages, (*steps, "words"), title)
        check_targets(self.source, table, steps, title)
        if isinstance(table, CategoryTable):
            check_languages(self.source, table.hints, self.languages, (*steps, "hints"), title)
            self._check_said(table, steps, title)
            self._check_nearby(table, steps, title)
        # Without a readable bodies.toml every name would be called wrong.
        for body in table.bodies if self.bodies else ():
            problem = f"{title} names body '{body}', which bodies.toml does not have"
            check_known(self.source, body, self.bodies, (*steps, "bodies"), problem, "Add it there or correct the name")
        if table.fallback and self.bodies and self.bodies.get(table.fallback) != (table.fallback,):
            problem = f"{title} has the fallback '{table.fallback}', which is no body of bodies.toml"
            self.source.fault(self.source.line(*steps, "fallback"), problem, "Name one body")

    def _check_said(self, table: CategoryTable, steps: tuple[Step, ...], title: str) -> None:
        for key in ("question", "notice", "not_served", "go_to"):
            if texts := getattr(table, key):
                check_texts(self.source, texts, self.languages, (*steps, key), title)
        check_emergency(self.source, table.emergency, self.languages, steps, title)
        if table.not_served and (table.bodies or table.other):
            problem = f"{title} is not served and has {'bodies' if table.bodies else 'to serve whatever else there is'}"
            self.source.fault(self.source.line(*steps, "not_served"), problem, "Take one of the two out")
        if table.go_to and not table.not_served:
            self.source.fault(
                self.source.line(*steps, "go_to"), f"{title} has 'go_to' without 'not_served'", "Say why as well"
            )

    def _check_nearby(self, table: CategoryTable, steps: tuple[Step, ...], title: str) -> None:
        for key, most in (("nearby_m", MOST_METRES), ("nearby_days", MOST_DAYS)):
            if not 0 <= getattr(table, key) <= most:
                problem = f"'{key}' of {title} is not between 0 and {most}"
                self.source.fault(self.source.line(*steps, key), problem, "Correct the number, 0 switches it off")

    def _check_ways_out(self) -> None:
        """Who finds nothing fitting must find "other", in every group and at the top."""
        for entry in self._groups:
            leaves = [leaf.table for leaf in self._leaves if leaf.table.group == entry.table.id]
            if not any(leaf.other for leaf in leaves):
                mend = f'Add a [[category]] with group = "{entry.table.id}" and other = true'
                self.source.fault(
                    self.source.line(*entry.steps), f"{entry.title} has no way out for other problems", mend
                )
        if not any(leaf.table.other and not leaf.table.group for leaf in self._leaves):
            mend = "Add a [[category]] with other = true and without a group"
            self.source.fault(1, "there is no category for a problem of any other kind", mend)

    def _check_words(self, language: str) -> None:
        """A phrase that is sure means one category only."""
        owners: dict[tuple[str, ...], str] = {}
        for entry in self._leaves:
            for phrase in _phrases(entry.table.words, language):
                heard = tuple(sorted(phrase_parts(phrase, language)))
                owner = owners.setdefault(heard, entry.table.id)
                if owner != entry.table.id:
                    line = self.source.line_of(phrase, *entry.steps, "words", language)
                    problem = f"'{phrase}' is a word of '{owner}' and of '{entry.table.id}'"
                    self.source.fault(line, problem, "Keep it in one of them, or put it under hints in both")
                elif not heard:
                    line = self.source.line_of(phrase, *entry.steps, "words", language)
                    self.source.fault(line, f"{entry.title} has an empty word", "Take it out")


def _phrases(words: Words, language: str) -> tuple[str, ...]:
    return words.get(language, ())
