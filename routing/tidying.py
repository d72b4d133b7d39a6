"""The words of a place as they are shown: kept as said, but written with a little more care."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routing.lexing import Word
from routing.words import Rules

# Shorter ones are abbreviations more often than shouts.
_SHORT = 4

# From one word to before another something else is written.
Instead = Mapping[int, tuple[int, str]]


def rewrite(text: str, words: Sequence[Word], instead: Instead, calm: Rules | None = None) -> str:
    """The text of these words, some replaced and none glued together: "av.corrientes1234"; `calm` ends the shouting."""
    parts: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        before = text[words[at - 1].end : word.start] if at else ""
        glued = at > 0 and not before and word.text.isalnum()
        end, name = instead.get(at) or (at + 1, _calm(word, calm) if calm and word.letters else word.text)
        parts += [" " if glued else before, name]
        at = end
    return "".join(parts)


def _calm(word: Word, language: Rules) -> str:
    lists = (language.small, language.joins, language.parts, language.inner, language.heights, language.beside)
    return word.text.lower() if any(word.plain in each for each in lists) else word.text.capitalize()


def calm_down(text: str) -> str:
    """What is shouted in small letters behind the first one; anything else as it was typed."""
    letters = [word for word in text.split() if any(character.isalpha() for character in word)]
    shouted = len(text) > _SHORT and letters and all(word.isupper() for word in letters)
    return text.capitalize() if shouted else text
