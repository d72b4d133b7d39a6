"""Answers of far servers, read with suspicion: no entities, no depth, and never more than whoever fetched let through.

Both forms of GeoReport become the same: a list of items, each a dict of texts and lists of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

import msgspec

from routing.deliveries.report import UndeliveredError

Item = dict[str, "str | list[str]"]

# GeoReport nests five deep at most, and an answer of a thousand updates has some 15,000 elements.
MOST_DEPTH = 20
MOST_ELEMENTS = 50_000
# The specification's own examples print codes as numbers that JSON does not know: "service_code":001
_OCTAL = re.compile(rb'(":\s*|\[\s*|,\s*)(0\d+)(?=\s*[,}\]])')


class _Element:
    __slots__ = ("children", "tag", "text")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.text: list[str] = []
        self.children: list[_Element] = []

    def walk(self) -> Iterator[_Element]:
        """Every element from here on; no recursion, though the depth is bounded."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += reversed(element.children)

    @property
    def words(self) -> str:
        return "".join(self.text).strip()


def read_items(body: bytes, tag: str) -> list[Item]:
    """The items called `tag` of an answer in XML, or all items of one in JSON; raises UndeliveredError."""
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if body.startswith(b"<"):
        return [_fields(element) for element in _read_xml(body).walk() if element.tag == tag]
    return _json_items(_read_json(body), tag)


def text(item: Item, name: str) -> str:
    """One field as text, "" when it is absent."""
    value = item.get(name, "")
    return value if isinstance(value, str) else next(iter(value), "")


def texts(item: Item, name: str) -> list[str]:
    """One field as a list of texts, without empty ones."""
    value = item.get(name, "")
    return [each for each in ([value] if isinstance(value, str) else value) if each]


def _read_xml(body: bytes) -> _Element:
    """The document's elements. A document type is refused: it may define entities that grow without end."""
    root = _Element("")
    path, count = [root], 0

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(path) > MOST_DEPTH or count > MOST_ELEMENTS:
            raise UndeliveredError("its XML has more elements than an answer can have")
        element = _Element(tag.rpartition(":")[2])
        path[-1].children.append(element)
        path.append(element)

    def end(_tag: str) -> None:
        path.pop()

    def say(words: str) -> None:
        path[-1].text.append(words)

    def refuse(*_: Any) -> None:
        raise UndeliveredError("its XML has a document type, which is not read")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = say
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UndeliveredError(f"its answer is no XML: {error}") from None
    return root


def _fields(element: _Element) -> Item:
    fields: Item = {}
    for child in element.children:
        # <media_url><url>...</url><url>...</url></media_url>, or media_url twice.
        found: str | list[str] = [each.words for each in child.children] if child.children else child.words
        if child.tag in fields:
            before = fields[child.tag]
            more = [found] if isinstance(found, str) else found
            found = [*([before] if isinstance(before, str) else before), *more]
        fields[child.tag] = found
    return fields


def _read_json(body: bytes) -> Any:
    for attempt in (body, _OCTAL.sub(rb'\1"\2"', body)):
        try:
            return msgspec.json.decode(attempt)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
    raise UndeliveredError("its answer is neither XML nor JSON")


def _json_items(found: Any, tag: str) -> list[Item]:
    """The items of a list, of a lone object, or of a list inside an object, as some servers wrap it."""
    if isinstance(found, dict):
        inner = [value for value in found.values() if isinstance(value, list | dict)]
        wrapped = next((value for name, value in found.items() if name in (tag, f"{tag}s", f"service_{tag}s")), None)
        if wrapped is None and len(found) == 1 and inner:
            wrapped = inner[0]
        if wrapped is not None:
            return _json_items(wrapped, tag)
        found = [found]
    if not isinstance(found, list):
        return []
    items = [each[tag] if set(each) == {tag} else each for each in found if isinstance(each, dict)]
    return [{name: _as_texts(value) for name, value in item.items()} for item in items if isinstance(item, dict)]


def _as_texts(value: Any) -> str | list[str]:
    if isinstance(value, list):
        return [each for each in map(_as_text, value) if each]
    return _as_text(value)


def _as_text(value: Any) -> str:
    match value:
        case None | dict() | list():
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value).strip()
