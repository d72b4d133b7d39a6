"""Proper names inside free words: found by sound, shortened as people shorten them, or with a slip of the fingers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from routing.lexing import Word, split
from routing.words import rules, sound

# Shorter names are too near to each other to guess at a slip.
_SLIP_LENGTH = 6
_TWO_SLIPS_LENGTH = 11
_MOST_SLIPPED = 3
_MOST_NUMBERED = 5
# Of a name with a number in it the words may be this short to be guessed at.
_SLIP_WORD = 4


class Mention(NamedTuple):
    """Whose names stand there (several may share one), before which word they end, and whether to the letter."""

    ids: tuple[int, ...]
    after: int
    exact: bool


class Names:
    """Names of things, each with the number of its thing, pronounced in `language`.

    Of `streets` the word for street in front is left out: it may be any, or none.
    """

    def __init__(self, named: Iterable[tuple[str, int]], language: str, *, streets: bool = False) -> None:
        self._language = language
        self._streets = streets
        self._rules = rules(language)
        self._ids: dict[str, tuple[int, ...]] = {}
        self._longest: dict[str, int] = {}
        for name, number in named:
            self._add(name, number)
        self._by_letter: dict[str, list[str]] = {}
        self._by_numbers: dict[tuple[int, str], list[str]] = {}
        for key in sorted(self._ids):
            if any(character.isdigit() for character in key):
                self._by_numbers.setdefault(_numbers(key.split()), []).append(key)
            elif len(key) >= _SLIP_LENGTH:
                self._by_letter.setdefault(key[0], []).append(key)

    def _add(self, name: str, number: int) -> None:
        words = split(name, self._rules)
        if self._streets and len(words) > 1 and words[0].plain in self._rules.streets:
            words = words[1:]
        heard = [self._heard(word) for word in words]
        if heard:
            key = " ".join(heard)
            self._ids[key] = tuple(dict.fromkeys((*self._ids.get(key, ()), number)))
            self._longest[heard[0]] = max(self._longest.get(heard[0], 0), len(heard))

    def at(self, words: Sequence[Word], first: int) -> Mention | None:
        """The longest name that begins at this word."""
        longest = self._longest.get(self._heard(words[first]), 0) if first < len(words) else 0
        for length in range(min(longest, len(words) - first), 0, -1):
            if ids := self._ids.get(self._key(words, first, length)):
                return Mention(ids, first + length, True)
        return None

    def near(self, words: Sequence[Word], first: int) -> Mention | None:
        """The one name that these words miss by a slip; None when none or two of them are as near."""
        for length in range(min(_MOST_SLIPPED, len(words) - first), 0, -1):
            spelt = all(word.letters for word in words[first : first + length])
            if spelt and (ids := self._slipped(words, first, length)):
                return Mention(ids, first + length, False)
        return None

    def near_numbered(self, words: Sequence[Word], first: int) -> Mention | None:
        """The one name with these very numbers whose words miss by a slip: "vila 20", "bario 21-24"."""
        for length in range(min(_MOST_NUMBERED, len(words) - first), 1, -1):
            heard = [self._heard(word) for word in words[first : first + length]]
            known = self._by_numbers.get(_numbers(heard), ()) if heard[0].isalpha() else ()
            near = {self._ids[key] for key in known if _slips(heard, key.split()) <= 1}
            if len(near) == 1:
                return Mention(near.pop(), first + length, False)
        return None

    def _slipped(self, words: Sequence[Word], first: int, length: int) -> tuple[int, ...]:
        key = self._key(words, first, length)
        if len(key) < _SLIP_LENGTH or key in self._rules.ordinary:
            return ()
        slips = 2 if len(key) >= _TWO_SLIPS_LENGTH else 1
        known = self._by_letter.get(key[0], ())
        found = process.extract(key, known, scorer=OSA.distance, score_cutoff=slips, limit=2)
        nearest = {self._ids[name] for name, distance, _ in found if distance == found[0][1]}
        return nearest.pop() if len(nearest) == 1 else ()

    def _key(self, words: Sequence[Word], first: int, length: int) -> str:
        return " ".join(self._heard(word) for word in words[first : first + length])

    def _heard(self, word: Word) -> str:
        whole = self._rules.short.get(word.plain, word.plain)
        return sound(whole, self._language) if whole.isalpha() else whole


def _numbers(heard: Sequence[str]) -> tuple[int, str]:
    """How many words a name has, and its numbers."""
    return len(heard), " ".join(word for word in heard if word.isdigit())


def _slips(heard: Sequence[str], known: Sequence[str]) -> int:
    """How many letters are wrong; too many where a short word differs or a number stands elsewhere."""
    wrong = 0
    for said, meant in zip(heard, known, strict=True):
        if said != meant:
            guessable = said.isalpha() and meant.isalpha() and min(len(said), len(meant)) >= _SLIP_WORD
            wrong += OSA.distance(said, meant) if guessable else _SLIP_LENGTH
    return wrong
