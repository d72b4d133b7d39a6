"""An address inside free words: "hay un bache en Corrientes y Callao" tells where, and nobody wants to be asked again.

Only what surely is one is taken: a street with a house number, or streets that cross. A name is what people write with
a capital letter, or what follows a word for street ("av corrientes 1200"); `languages/*.toml` hold these words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from routing.words import Rules, plain, rules

# Nobody describes a place in more; it bounds the work that one message can ask for.
_MOST = 1500
_MOST_NAME = 5
_TOKEN = re.compile(r"[^\W\d_]\.|[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|\n")
_NUMBER = re.compile(r"[1-9]\d{1,4}")
# Fewer digits are taken for a house number only where something else says so.
_HOUSE = re.compile(r"[1-9]\d{2,4}")
_DAY = re.compile(r"[1-9]\d?")
_SIGNS = frozenset("°º#")
_CROSSING_SIGNS = frozenset("/&")


class _Word(NamedTuple):
    text: str
    plain: str
    start: int
    end: int

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()

    @property
    def letters(self) -> bool:
        return self.plain[0].isalpha()


class _Name(NamedTuple):
    """The name of a street: from which word to before which, and whether a word for street stands before it."""

    first: int
    after: int
    typed: bool
    capital: bool


class Address(NamedTuple):
    """An address as it was typed, and how many other words of weight the text has."""

    words: str
    others: int


def find_address(text: str, language: str, is_area: Callable[[str], bool] = lambda name: False) -> Address | None:
    """The first address in `text`, with the area that follows it ("..., Palermo"); None when there is surely none."""
    said = _Reader(text[:_MOST], rules(language), is_area)
    for at in range(len(said.words)):
        if last := said.address(at):
            last = said.area(last)
            others = [word for number, word in enumerate(said.words) if not at <= number < last and said.weighs(word)]
            return Address(text[said.words[at].start : said.words[last - 1].end], len(others))
    return None


class _Reader:
    """The words of a text; places in it are numbers of words."""

    def __init__(self, text: str, language: Rules, is_area: Callable[[str], bool]) -> None:
        self.text = text
        self.language = language
        self.is_area = is_area
        self.words = [_Word(m[0], plain(m[0]).rstrip(".") or m[0], m.start(), m.end()) for m in _TOKEN.finditer(text)]
        letters = [word for word in self.words if word.letters]
        # Who shouts, or writes every word large, says nothing by capitals.
        self.capitals_tell = sum(word.capital for word in letters) * 2 <= len(letters) + 4

    def address(self, at: int) -> int | None:
        """Behind which word the address ends that begins at `at`."""
        name = self._name(at)
        if name is None:
            return None
        crossing = self._crossing(name) if name.typed or self._may_begin(at) else None
        # Every sentence begins with a capital: there two names alone are two people.
        between = self._plain(name.after) in self.language.between
        if crossing and (name.typed or between or self._plain(at - 1).isalnum() or self._ends(crossing)):
            return crossing
        return self._house(name)

    def area(self, at: int) -> int:
        """Behind which word the area ends that is named at `at`; `at` itself without one."""
        first = at + 1 if self._is(at, ",") or self._plain(at) in self.language.at else at
        for last in range(min(first + 3, len(self.words)), first, -1):
            name = self.text[self.words[first].start : self.words[last - 1].end]
            if self.words[first].letters and self.is_area(name):
                return last
        return at

    def weighs(self, word: _Word) -> bool:
        """True for a word that says more than "in the"."""
        return word.letters and word.plain not in self.language.small

    def _crossing(self, name: _Name) -> int | None:
        at = name.after
        if self._plain(at) in self.language.between:
            first = self._name(at + 1, like=name)
            second = self._name(first.after + 1, like=name) if first and self._joins(first.after) else None
            return second.after if second else None
        joined = self._joins(at)
        other = self._name(at + joined, like=name) if joined else None
        return other.after if other else None

    def _joins(self, at: int) -> int:
        """How many words join two streets here: "y", "esquina", "y la calle"."""
        if not (self._plain(at) in self.language.joins or self._plain(at) in _CROSSING_SIGNS):
            return 0
        count = 1
        while self._plain(at + count) in self.language.holds and not self.words[at + count].capital:
            count += 1
        return count

    def _house(self, name: _Name) -> int | None:
        at, sure = name.after, name.typed
        while self._plain(at) in self.language.heights or self._plain(at) in self.language.numbering or self._sign(at):
            at, sure = at + 1, True
        number = self._plain(at)
        if not (_NUMBER if sure else _HOUSE).fullmatch(number) or number in self.language.phones:
            return None
        if self._counts(at + 1, sure):
            return None
        joined = self._joins(at + 1)
        corner = self._name(at + 1 + joined, like=name) if joined else None
        return corner.after if corner else at + 1

    def _counts(self, at: int, sure: bool) -> bool:
        """True when the number before `at` counts something: "300 autos"."""
        after = self._plain(at)
        if after in self.language.units or (after in (".", ",") and self._plain(at + 1).isdigit()):
            return True
        if sure or at >= len(self.words) or not self.words[at].letters:
            return False
        return not any(after in words for words in (self.language.small, self.language.joins, self.language.at))

    def _name(self, at: int, like: _Name | None = None) -> _Name | None:
        """The name that begins at `at`. One in small letters needs a word for street, or `like` one that had it."""
        typed = self._plain(at) in self.language.streets
        first = at + 1 + self._is(at + 1, ".") if typed else at
        after = self._capital_end(first) if self.capitals_tell or typed else first
        capital = after > first
        if not capital and (typed or (like is not None and not like.capital)):
            after = self._small_end(first)
            if like is not None and not self._ends(after):
                return None
        return _Name(at, after, typed, capital) if after > first else None

    def _capital_end(self, at: int) -> int:
        """Behind the words with capitals that begin here, and what holds them together: "Martín de la Cárcova"."""
        end = self._day_end(at)
        while end - at < _MOST_NAME:
            held = end + self._abbreviated(end - 1) if end > at else end
            while self._plain(held) in self.language.holds and held - end < 2 and (end > at or self._is_capital(held)):
                held += 1
            if not self._is_capital(held) or (held == at and self._is_small(at)):
                return end
            end = held + 1
        return end

    def _is_small(self, at: int) -> bool:
        """True for "A" that is a word, not for the initial of "A. Alvarez"."""
        return self._plain(at) in self.language.small and not self.words[at].text.endswith(".")

    def _abbreviated(self, at: int) -> bool:
        """True for "Gral." and the like, whose point ends no sentence."""
        return self._is(at + 1, ".") and self._plain(at) in self.language.titles

    def _is_capital(self, at: int) -> bool:
        return 0 <= at < len(self.words) and self.words[at].letters and self.words[at].capital

    def _day_end(self, at: int) -> int:
        """Behind "9 de Julio", a street in every town; `at` where there is none."""
        day = _DAY.fullmatch(self._plain(at)) and self._plain(at + 1) == "de"
        return at + 3 if day and at + 2 < len(self.words) and self.words[at + 2].letters else at

    def _small_end(self, at: int) -> int:
        """Behind the words without capitals that may be a name: those before a number, a join, or the end."""
        end = self._day_end(at)
        while end - at < 3 and end < len(self.words) and self.words[end].letters:
            word = self.words[end].plain
            if word in self.language.joins or word in self.language.heights or word in self.language.between:
                return end
            if word in self.language.small and word not in self.language.holds:
                return end
            end += 1
        return end

    def _may_begin(self, at: int) -> bool:
        """True where an address without a word for street may begin: after "en", after a comma, at the very first."""
        before = self._plain(at - 1) if at else ""
        return not before or not before[0].isalnum() or before in self.language.at or before in self.language.holds

    def _ends(self, at: int) -> bool:
        return at >= len(self.words) or not self.words[at].plain[:1].isalnum()

    def _sign(self, at: int) -> bool:
        return self._plain(at) in _SIGNS

    def _is(self, at: int, sign: str) -> bool:
        return self._plain(at) == sign

    def _plain(self, at: int) -> str:
        return self.words[at].plain if 0 <= at < len(self.words) else ""
