"""Files of boundaries as they come from statistics offices: GeoJSON, whole or line by line, plain or gzip.

Features are read one at a time; what cannot be used is told by the feature's name, and the rest is read on.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import shapely
from msgspec import Struct

from bot.messages import Boundary
from routing.mending import Unusable, mend

_GZIP = b"\x1f\x8b"
# RFC 8142: a record separator may stand before each text of a sequence.
_SEPARATOR = b"\x1e"
# What a file says besides is kept for people to read, not to store a second copy of the file.
_MOST_ABOUT = 2000
_LONGEST = {"id": 80, "country": 2, "level": 40, "parent": 80, "name": 200}


class FileError(Exception):
    """One line: which file cannot be read, and why."""


class Names(Struct, frozen=True):
    """Which properties say what; several are tried in their order.

    `prefix` stands before every id and parent; what is fixed is for features that say none.
    """

    id: tuple[str, ...] = ("id",)
    name: tuple[str, ...] = ("name",)
    parent: tuple[str, ...] = ("parent_id", "parent")
    country: tuple[str, ...] = ("country",)
    level: tuple[str, ...] = ("level",)
    prefix: str = ""
    fixed_country: str = ""
    fixed_level: str = ""


class ReadArea(NamedTuple):
    """One feature: the area, None when it cannot be used, and what is to be told of it."""

    row: Boundary | None
    warnings: tuple[str, ...]


class Head(NamedTuple):
    """What a feature says of itself, and whether an earlier one of the file has the same id."""

    fields: dict[str, str]
    about: str
    again: bool

    @property
    def id(self) -> str:
        """Its id, "" when it has none."""
        return self.fields["id"]


class _Properties(Struct):
    id: Any = None
    properties: dict[str, Any] | None = None


class _Geometry(Struct):
    geometry: Any = None


class AreaFile:
    """The features of a file; outlines are read one at a time. `digest` names its bytes and how they are read."""

    def __init__(self, path: Path, names: Names) -> None:
        """Raises FileError."""
        self.path = path
        self._names = names
        try:
            raw = path.read_bytes()
            self.digest = hashlib.sha256(raw + repr(names).encode()).hexdigest()
            self._features = _features(gzip.decompress(raw) if raw.startswith(_GZIP) else raw)
        except (OSError, EOFError, zlib.error) as error:
            raise FileError(f"{path}: {error}") from error
        except msgspec.DecodeError as error:
            raise FileError(f"{path}: this is no GeoJSON, whole or line by line ({error})") from error
        seen: set[str] = set()
        self.heads = [self._head(feature, seen) for feature in self._features]

    def read(self, first: int, count: int) -> Iterator[ReadArea]:
        """So many features from the one numbered `first` on (from 0)."""
        for n in range(first, min(first + count, len(self._features))):
            yield self._read(n)

    def _head(self, feature: msgspec.Raw, seen: set[str]) -> Head:
        try:
            told = msgspec.json.decode(feature, type=_Properties)
        except msgspec.DecodeError:
            told = _Properties()
        said = {"id": told.id, **(told.properties or {})}
        fields = self._fields(said)
        again = fields["id"] in seen
        seen.add(fields["id"])
        kept = {key: value for key, value in said.items() if isinstance(value, str | int | float)}
        about = msgspec.json.encode(kept, order="sorted").decode()
        return Head(fields, about if len(about) <= _MOST_ABOUT else "{}", again)

    def _read(self, n: int) -> ReadArea:
        head = self.heads[n]
        title = _title(n, head.fields)
        try:
            outline, repairs = mend(msgspec.json.decode(self._features[n], type=_Geometry).geometry)
            if problem := _problem(head):
                raise Unusable(problem)
        except (Unusable, msgspec.DecodeError) as error:
            return ReadArea(None, (f"{title} is left out: {error}",))
        wkb: bytes = shapely.to_wkb(outline)
        digest = hashlib.sha256(msgspec.json.encode([head.fields, head.about]) + wkb).hexdigest()
        row = Boundary(**head.fields, about=head.about, digest=digest, outline=wkb)
        return ReadArea(row, tuple(f"{title}: {repair}" for repair in repairs))

    def _fields(self, said: Mapping[str, Any]) -> dict[str, str]:
        names = self._names
        own, parent = _first(said, names.id), _first(said, names.parent)
        return {
            "id": own and f"{names.prefix}{own}",
            "country": (_first(said, names.country) or names.fixed_country).upper(),
            "level": _first(said, names.level) or names.fixed_level,
            "parent": parent and f"{names.prefix}{parent}",
            "name": _first(said, names.name),
        }


def _features(raw: bytes) -> list[msgspec.Raw]:
    class Collection(Struct):
        features: list[msgspec.Raw]

    text = raw.removeprefix(b"\xef\xbb\xbf").strip()
    lines = text.replace(_SEPARATOR, b"").splitlines()
    head = msgspec.json.decode(lines[0]) if len(lines) > 1 and _is_whole(lines[0]) else None
    if isinstance(head, dict) and head.get("type") == "Feature":
        return [msgspec.Raw(line) for line in lines if line.strip()]
    if b'"features"' not in text:
        return [msgspec.Raw(text)] if msgspec.json.decode(text) else []
    return msgspec.json.decode(text, type=Collection).features


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    return True


def _first(said: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    values = (said.get(key) for key in keys)
    return next((" ".join(str(value).split()) for value in values if value not in (None, "")), "")


def _title(n: int, fields: Mapping[str, str]) -> str:
    called = " ".join(part for part in (fields["id"], fields["name"]) if part)
    return f"feature {n + 1} ({called})" if called else f"feature {n + 1}"


def _problem(head: Head) -> str:
    """Why a feature cannot be kept; "" when it can."""
    for key in ("id", "name", "level"):
        if not head.fields[key]:
            return f"it has no {key}"
    if head.again:
        return "an earlier feature has the same id"
    longest = next((key for key, most in _LONGEST.items() if len(head.fields[key]) > most), "")
    return f"its {longest} is longer than {_LONGEST[longest]} characters" if longest else ""
