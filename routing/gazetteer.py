"""Names of areas inside free words: "en Palermo", "comuna 14", "barrio de Nuñes"."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from routing.records import Records
from routing.words import Rules, plain, rules, tokens

# Nobody needs more words to tell where; it bounds the work that one message can ask for.
_MOST_TOKENS = 60
# A shorter name is too near to other words to guess at a slip.
_SLIP_LENGTH = 6


class _Match(NamedTuple):
    area: str
    first: int
    last: int


class Gazetteer:
    """Every name of every area, and the informal ones of `places.toml`; `find` looks for them, and remembers."""

    def __init__(self, records: Records) -> None:
        self._names: dict[str, str] = {}
        for area in records.areas:
            for name in (*area.titles.values(), *area.names):
                self._names.setdefault(_joined(name), area.id)
        for place in records.places:
            for name in place.names:
                self._names.setdefault(_joined(name), place.area)
        self._longest = max((name.count(" ") + 1 for name in self._names), default=0)
        self._streets = {_joined(name) for name in records.streets}
        self.find = lru_cache(maxsize=512)(self._find)
        self._long_names = [name for name in self._names if len(name) >= _SLIP_LENGTH]

    def _find(self, text: str, language: str) -> tuple[str, ...]:
        """The ids of the areas that `text` names, in the order of the text; longer names first where they overlap.

        A name that reads like a street is passed over: after "av.", before a house number, and, for names that are
        streets elsewhere too, at a crossing. A slip of the fingers is forgiven when nothing else was found.
        """
        spoken = rules(language)
        words = [
            word
            for word in (token.word for token in tokens(_marked(text))[:_MOST_TOKENS])
            if word not in spoken.numbering
        ]
        found = list(self._exact(words, spoken)) or list(self._slipped(words, spoken))
        return tuple(dict.fromkeys(match.area for match in found))

    def _exact(self, words: list[str], language: Rules) -> Iterable[_Match]:
        at = 0
        while at < len(words):
            match = self._starting(words, at)
            if match and not self._is_street(words, match, language):
                yield match
            at = match.last + 1 if match else at + 1

    def _starting(self, words: list[str], at: int) -> _Match | None:
        for last in range(min(len(words), at + self._longest) - 1, at - 1, -1):
            area = self._names.get(" ".join(words[at : last + 1]))
            if area:
                return _Match(area, at, last)
        return None

    def _slipped(self, words: list[str], language: Rules) -> Iterable[_Match]:
        for at, length in product(range(len(words)), range(1, self._longest + 1)):
            last = at + length - 1
            said = " ".join(words[at : last + 1])
            if last >= len(words) or len(said) < _SLIP_LENGTH or any(character.isdigit() for character in said):
                continue
            near = process.extractOne(said, self._long_names, scorer=OSA.distance, score_cutoff=1)
            match = _Match(self._names[near[0]], at, last) if near else None
            if match and not self._is_street(words, match, language):
                yield match

    def _is_street(self, words: list[str], match: _Match, language: Rules) -> bool:
        before = words[match.first - 1] if match.first else ""
        after, further = [*words[match.last + 1 : match.last + 3], "", ""][:2]
        # Registers write "Belgrano Av. 1299"; in "Palermo av. Santa Fe" the avenue is another's.
        if after in language.streets and (not further or further.isdigit()):
            return True
        if before in language.streets or (after.isdigit() and len(after) > 1):
            return True
        crossing = before in language.joins or after in language.joins
        return crossing and " ".join(words[match.first : match.last + 1]) in self._streets


def _joined(name: str) -> str:
    return " ".join(token.word for token in tokens(name))


def _marked(text: str) -> str:
    # A comma parts a quarter from a crossing: "Belgrano, entre Cabildo y Vidal" is the quarter.
    return plain(text).replace(",", " 0 ")
