"""What a message says, read as its reader reads it: by the sentences of her language, with what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent.parent.parent / "locales"
CODE = r"[0-9A-Z]{4}-[0-9A-Z]{3}"
_HOLE = re.compile(r"\\{(\w+)\\}")

# (the sentence's key, what stands in its holes; a code without its hyphen)
Said = tuple[str, dict[str, str]]


class Phrases:
    """Some sentences of a language, by their keys; the order decides which one of several is meant."""

    def __init__(self, language: str, keys: Sequence[str]) -> None:
        self._patterns = [(key, *_reader(language, key)) for key in keys]

    def first(self, text: str) -> Said | None:
        """The sentence that a message is, or holds between empty lines."""
        return next(self.every(text), None)

    def every(self, text: str) -> Iterator[Said]:
        """All of them that a message holds."""
        for key, piece, pattern in self._patterns:
            if piece in text and (found := pattern.search(text)):
                yield key, {name: _plain(name, value) for name, value in found.groupdict().items()}


def _plain(name: str, value: str) -> str:
    return value.replace("-", "") if name in ("code", "into") else value


@cache
def _templates(language: str) -> dict[str, str]:
    with (LOCALES / language / "messages.po").open("rb") as file:
        found = read_po(file, locale=language)
    return {str(each.id): str(each.string) for each in found if isinstance(each.id, str) and not each.context}


@cache
def _reader(language: str, key: str) -> tuple[str, re.Pattern[str]]:
    """The longest piece of a sentence that never varies, which is quickly looked for, and all of it."""
    template = _templates(language)[key]
    return max(re.split(r"\{\w+\}", template), key=len), _pattern(template)


def _pattern(template: str) -> re.Pattern[str]:
    known: set[str] = set()

    def hole(found: re.Match[str]) -> str:
        name = found[1]
        if name in known:
            return f"(?P={name})"
        known.add(name)
        return f"(?P<{name}>{CODE if name in ('code', 'into') else '.*?'})"

    return re.compile(rf"(?:^|\n\n){_HOLE.sub(hole, re.escape(template))}(?=\n\n|$)", re.DOTALL)
