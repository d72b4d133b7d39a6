"""What is looked for in people's words before anybody else reads them, as each language's file tells it.

`guarded/<language>.toml` holds the words; people mix languages, so what is found in one counts in every one.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from msgspec import Struct, convert

FOLDER = Path(__file__).parent / "guarded"
DEFAULT = "es"


class Personal(Struct, frozen=True, forbid_unknown_fields=True):
    """Words beside which a name or a number is, or is not, somebody's; the files tell what each list is for."""

    introduces: frozenset[str]
    supposes: frozenset[str]
    nameless: frozenset[str]
    ends: frozenset[str]
    given: frozenset[str]
    phones: frozenset[str]
    documents: frozenset[str]
    plates: frozenset[str]
    counted: frozenset[str]
    money: frozenset[str]


class Guarded(Struct, frozen=True, forbid_unknown_fields=True):
    """One language's file."""

    hidden: dict[str, str]
    personal: Personal
    alarm: dict[str, tuple[str, ...]]
    doubt: dict[str, tuple[str, ...]]


@cache
def guarded(language: str) -> Guarded:
    """The words of a language code ("es", "pt-BR"); those of the default one where it has no file."""
    path = FOLDER / f"{language[:2].lower()}.toml"
    return _read(path if path.is_file() else FOLDER / f"{DEFAULT}.toml")


@cache
def every_language() -> tuple[Guarded, ...]:
    """All files."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.toml")))


@cache
def personal() -> Personal:
    """The words of all languages together."""
    lists = [each.personal for each in every_language()]
    names = Personal.__struct_fields__
    return Personal(**{name: frozenset().union(*(getattr(each, name) for each in lists)) for name in names})


def _read(path: Path) -> Guarded:
    return convert(tomllib.loads(path.read_text("utf-8")), Guarded)
