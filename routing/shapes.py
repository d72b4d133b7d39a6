"""What the tables of a pack must look like, and the check that says so table by table, key by key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, TypeVar, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct

from routing.records import Emergency, Head, Texts, Words
from routing.sources import Source, Step

_PHONE = re.compile(r"\+?\d[\d -]{1,18}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
T = TypeVar("T", bound=Struct)


class PackTable(Head, frozen=True, kw_only=True):
    """pack.toml; its [map] is read apart."""

    name: Texts
    map: dict[str, Any]


class MapTable(Struct, frozen=True, kw_only=True):
    """[map] of pack.toml."""

    lat: float
    lon: float
    zoom: int = 12
    tiles: str = ""
    attribution: str = ""


class AreaTable(Struct, frozen=True, kw_only=True):
    """The properties of a feature; others may stand beside them."""

    id: str
    level: str
    name: str | Texts
    parent: str = ""
    names: tuple[str, ...] = ()


class GroupTable(Struct, frozen=True, kw_only=True):
    """[[group]] of categories.toml."""

    id: str
    icon: str
    name: Texts
    words: Words = {}
    bodies: tuple[str, ...] = ()
    fallback: str = ""
    answer: str = ""
    close: str = ""
    urgent: bool = False


class CategoryTable(Struct, frozen=True, kw_only=True):
    """[[category]] of categories.toml."""

    id: str
    icon: str
    name: Texts
    group: str = ""
    words: Words = {}
    hints: Words = {}
    question: Texts = {}
    notice: Texts = {}
    bodies: tuple[str, ...] = ()
    fallback: str = ""
    not_served: Texts = {}
    go_to: Texts = {}
    emergency: Emergency | None = None
    nearby_m: int = 250
    nearby_days: int = 30
    outage: bool = False
    other: bool = False
    answer: str = ""
    close: str = ""
    urgent: bool | None = None


class RuleTable(Struct, frozen=True, kw_only=True):
    """[[rule]] of rules.toml."""

    areas: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    prefer: bool = False
    also: bool = False
    not_served: Texts = {}
    go_to: Texts = {}
    emergency: Emergency | None = None


class Entry(NamedTuple, Generic[T]):
    """A checked table: where it stands, and what messages call it ("category 'bache'")."""

    table: T
    steps: tuple[Step, ...]
    title: str


def read_tables(source: Source, key: str, shape: type[T]) -> list[Entry[T]]:
    """The tables [[key]] that have the right shape; the others, and ids used twice, become faults of the source."""
    raw = (source.data or {}).get(key, [])
    if not isinstance(raw, list):
        source.fault(source.line(key), f"'{key}' is one table", f"Write [[{key}]], once for each")
        return []
    entries = []
    for n, table in enumerate(raw):
        title = f"{key} '{table['id']}'" if isinstance(table, dict) and "id" in table else f"{key} number {n + 1}"
        if (checked := read_table(source, table, shape, (key, n), title)) is not None:
            entries.append(Entry(checked, (key, n), title))
    return entries


def written_ids(source: Source, key: str) -> tuple[str, ...]:
    """The ids of all [[key]], of faulty ones too: what names them need not be told that they are missing."""
    raw = (source.data or {}).get(key, [])
    tables = [table for table in raw if isinstance(table, dict)] if isinstance(raw, list) else []
    return tuple(table["id"] for table in tables if isinstance(table.get("id"), str))


def read_table(
    source: Source, raw: object, shape: type[T], steps: tuple[Step, ...], title: str, *, open_ended: bool = False
) -> T | None:
    """One table as its shape, or None after noting everything that does not fit; `open_ended` allows further keys."""
    if not isinstance(raw, dict):
        source.fault(source.line(*steps), f"{title} is no table", "Write it as a table")
        return None
    before = len(source.faults)
    types = get_type_hints(shape)
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for key in raw.keys() - fields.keys() if not open_ended else ():
        near = difflib.get_close_matches(key, fields, 1)
        mend = f"Did you mean '{near[0]}'" if near else f"It may have {', '.join(sorted(fields))}"
        source.fault(source.line(*steps, key), f"{title} has a key '{key}' that nobody reads", mend)
    for key, field in fields.items():
        if key in raw:
            _check_type(source, raw[key], types[field.name], (*steps, key), f"'{key}' of {title}")
        elif field.default is NODEFAULT and field.default_factory is NODEFAULT:
            source.fault(source.line(*steps), f"{title} has no '{key}'", f"Add {key} = ...")
    if len(source.faults) > before:
        return None
    table = msgspec.convert({key: value for key, value in raw.items() if key in fields}, shape)
    check_slug(source, getattr(table, "id", "none"), (*steps, "id"), title)
    return table


def _check_type(source: Source, value: object, expected: Any, steps: tuple[Step, ...], title: str) -> None:
    try:
        msgspec.convert(value, expected)
    except msgspec.ValidationError as error:
        said = str(error).partition(" - at ")[0].replace("`", "").lower()
        source.fault(source.line(*steps), f"{title} has the wrong kind of value: {said}", "Correct the value")


def check_slug(source: Source, slug: str, steps: tuple[Step, ...], title: str) -> None:
    """Ids travel in buttons and addresses: small letters, digits and hyphens."""
    if not _SLUG.fullmatch(slug):
        source.fault(source.line(*steps), f"the id of {title} is no slug", "Use small letters a-z, digits and hyphens")


def check_unique(source: Source, entries: Iterable[Entry[Any]], kind: str) -> None:
    """No two tables share an id."""
    seen: dict[str, int] = {}
    for entry in entries:
        line = source.line(*entry.steps, "id")
        if entry.table.id in seen:
            problem = f"the id '{entry.table.id}' is used twice (first on line {seen[entry.table.id]})"
            source.fault(line, problem, f"Give every {kind} its own id")
        seen.setdefault(entry.table.id, line)


def check_texts(source: Source, texts: Texts, languages: Iterable[str], steps: tuple[Step, ...], title: str) -> None:
    """A text that is said has words in every language of the pack, and in no other."""
    for language in languages:
        if not texts.get(language, "").strip():
            mend = f'Add {steps[-1]}.{language} = "..."'
            source.fault(source.line(*steps), f"{title} has no '{steps[-1]}' in {language}", mend)
    check_languages(source, texts, languages, steps, title)


def check_languages(
    source: Source, texts: Iterable[str], languages: Iterable[str], steps: tuple[Step, ...], title: str
) -> None:
    """Nothing is written in a language that the pack does not have."""
    for language in set(texts) - set(languages):
        source.fault(
            source.line(*steps, language),
            f"{title} has a '{steps[-1]}' in {language}, which pack.toml does not list",
            "Add the language there or take the text out",
        )


def check_emergency(
    source: Source, emergency: Emergency | None, languages: Iterable[str], steps: tuple[Step, ...], title: str
) -> None:
    """A number to phone, and what to say with it in every language."""
    if emergency is None:
        return
    check_texts(source, emergency.say, languages, (*steps, "emergency"), title)
    if not _PHONE.fullmatch(emergency.phone):
        line = source.line(*steps, "emergency")
        source.fault(line, f"the emergency of {title} has no number to phone", 'Write phone = "911"')


def check_areas(
    source: Source, named: Iterable[str], known: Iterable[str], steps: tuple[Step, ...], title: str
) -> None:
    """The areas that are named exist; those with a capital in their id are imported ones, which no file here has."""
    ours = [area for area in named if area == area.lower()]
    for area in ours:
        problem = f"{title} area '{area}', which no file under areas/ has"
        check_known(source, area, known, (*steps, "areas"), problem, "Add it there or correct the name")


def check_known(
    source: Source, named: str, known: Iterable[str], steps: tuple[Step, ...], problem: str, mend: str
) -> None:
    """What is named exists: `problem` ends with where it should have been found."""
    if named not in known:
        near = difflib.get_close_matches(named, list(known), 1)
        source.fault(source.line_of(named, *steps), problem, f"{mend}: did you mean '{near[0]}'?" if near else mend)
