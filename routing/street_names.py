"""Which words of a text are the name of a street: one of the pack's, or what people write as one.

They write it with a capital letter, behind a word for street, or in small letters before a number or a corner.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from routing.lexing import Word
from routing.streets import Streets
from routing.words import Rules

_MOST_NAME = 5
_MOST_SMALL = 3
_MOST_LED = 2
# Fewer digits are taken for a house number only where something else says so.
HOUSE = re.compile(r"[1-9]\d{2,4}")
_DAY = re.compile(r"[1-9]\d?")
_CROSSING_SIGNS = frozenset("/&")
# So many letters and digits stand on a number plate.
_PLATE = 3
# Words of fewer letters are no sign of shouting.
_SHOUTED = 2


class Name(NamedTuple):
    """The name of a street: from which word to before which, and what tells that it is one.

    `typed`: a word for street stands before it; `ids`: it is one of these streets of the pack, to the letter or nearly;
    `led`: small words between "en" and a number.
    """

    first: int
    after: int
    typed: bool
    capital: bool
    ids: tuple[int, ...] = ()
    led: bool = False

    @property
    def sure(self) -> bool:
        return self.typed or bool(self.ids)


class Names:
    """The names in the words of a text; places in it are numbers of words."""

    def __init__(self, words: Sequence[Word], language: Rules, streets: Streets) -> None:
        self.words = words
        self.language = language
        self.streets = streets
        letters = [word for word in words if word.letters]
        self.shouts = all(word.text.isupper() for word in letters if len(word.text) > _SHOUTED)
        # Who shouts, or writes every word large, says nothing by capitals.
        self.capitals_tell = not self.shouts and sum(word.capital for word in letters) * 2 <= len(letters) + 4

    def name(self, at: int, like: Name | None = None) -> Name | None:
        """The name that begins at `at`. One in small letters needs a word for street, or `like` one that had it."""
        typed = self.plain(at) in self.language.streets
        first = at + 1 if typed else at
        if first >= len(self.words) or self.plain(first) in self.language.parts:
            return None
        if typed and self.plain(first) in self.language.streets:
            return None
        after = self._capital_end(first) if self.capitals_tell else first
        if known := self._known(first, after, typed, like):
            return known
        capital = after > first and not self._is_plate(first, after)
        after = after if capital else first
        if not capital and (typed or (like is not None and like.typed and not like.capital)):
            after = self._small_end(first)
            if like is not None and not self.ends(after):
                return None
        if after == first and like is None:
            return self._led(first)
        return Name(first, after, typed, capital) if after > first else None

    def corner(self, name: Name, at: int) -> Name | None:
        """The street that is joined to `name` here: "y Callao", "casi esquina la calle Thames"."""
        count = self._joins(at)
        return self.name(at + count, like=name) if count else None

    def plain(self, at: int) -> str:
        """The word there as it is compared; "" outside of the text."""
        return self.words[at].plain if 0 <= at < len(self.words) else ""

    def stands(self, at: int, sign: str) -> bool:
        """True where this sign stands."""
        return self.plain(at) == sign

    def ends(self, at: int) -> bool:
        """True where a sentence or the text ends."""
        return at >= len(self.words) or not self.words[at].plain[:1].isalnum()

    def _joins(self, at: int) -> int:
        """How many words join two streets here: "y", "casi esquina", "y la calle"."""
        if not (self.plain(at) in self.language.joins or self.plain(at) in _CROSSING_SIGNS):
            return 0
        count = 1
        while self.stands(at + count, ".") or self.plain(at + count) in ("esquina", "esq"):
            count += 1
        while self.plain(at + count) in self.language.holds and not self.words[at + count].capital:
            if self.streets.names.at(self.words, at + count):
                break
            count += 1
        return count

    def _led(self, at: int) -> Name | None:
        """ "en zelarrayan 650", "gral paunero 1200", "en lavalleja y corrientes": no street of the pack, but one."""
        titled = self.plain(at) in self.language.titles
        if at and not titled and self.plain(at - 1) not in self.language.at:
            return None
        after = self._small_end(at)
        # "Bache medrano casi corrientes": the street begins later.
        if not titled and any(self.streets.names.at(self.words, n) for n in range(at + 1, after)):
            return None
        spelt = [word.plain for word in self.words[at:after] if word.plain not in self.language.titles]
        if not spelt or len(spelt) > _MOST_LED or any(word in self.language.nameless for word in spelt):
            return None
        name = Name(at, after, False, False, led=True)
        # Words that open a text may count something: "casas 200".
        numbered = (at or titled) and HOUSE.fullmatch(self.plain(after))
        return name if numbered or self._leads_to_corner(name) else None

    def _leads_to_corner(self, name: Name) -> bool:
        """True where a street of the pack crosses it, and nothing follows that would make a sentence of it."""
        corner = self.corner(name, name.after)
        return corner is not None and bool(corner.ids) and self.ends(corner.after)

    def _is_plate(self, at: int, after: int) -> bool:
        """True for the letters of a number plate: "ABC123", "AB123CD"."""
        word, number = self.words[at], self.plain(after)
        glued = after < len(self.words) and word.end == self.words[after].start
        return glued and after == at + 1 and len(word.text) <= _PLATE and word.text.isupper() and len(number) == _PLATE

    def _known(self, at: int, capitals: int, typed: bool, like: Name | None) -> Name | None:
        """The street of the pack whose name begins here; None inside a longer name, that of another street."""
        found = self.streets.names.at(self.words, at)
        if found is None and (typed or like is not None or self._is_numbered(at)):
            found = self.streets.names.near(self.words, at)
        if found is None or found.after < capitals or self._continues(at, typed):
            return None
        return Name(at, found.after, typed, capitals > at, found.ids)

    def _is_numbered(self, at: int) -> bool:
        """True where a house number follows within the length of a name."""
        ahead = [self.plain(n) for n in range(at + 1, at + _MOST_NAME)]
        return any(HOUSE.fullmatch(word) for word in ahead)

    def _continues(self, at: int, typed: bool) -> bool:
        """True where the word before begins the name: "Honorio Pueyrredón", "coronel Rivadavia"."""
        before = self.plain(at - 1)
        if typed or not before.isalpha():
            return False
        return before in self.language.titles or before in self.language.forenames

    def _capital_end(self, at: int) -> int:
        """Behind the words with capitals that begin here, and what holds them together: "Martín de la Cárcova"."""
        end = self._day_end(at)
        while end - at < _MOST_NAME:
            held = end + self._abbreviated(end - 1) if end > at else end
            while self.plain(held) in self.language.holds and held - end < 2 and (end > at or self._is_capital(held)):
                held += 1
            if not self._is_capital(held) or (held == at and self._is_small(at)):
                return end
            end = held + 1
        return end

    def _is_small(self, at: int) -> bool:
        """True for "A" that is a word, not for the initial of "A. Alvarez"."""
        return self.plain(at) in self.language.small and not self.words[at].text.endswith(".")

    def _abbreviated(self, at: int) -> bool:
        """True for "Gral." and the like, whose point ends no sentence."""
        return self.stands(at + 1, ".") and self.plain(at) in self.language.titles

    def _is_capital(self, at: int) -> bool:
        return 0 <= at < len(self.words) and self.words[at].letters and self.words[at].capital

    def _day_end(self, at: int) -> int:
        """Behind "9 de Julio", a street in every town; `at` where there is none."""
        day = _DAY.fullmatch(self.plain(at)) and self.plain(at + 1) == "de"
        return at + 3 if day and at + 2 < len(self.words) and self.words[at + 2].letters else at

    def _small_end(self, at: int) -> int:
        """Behind the words without capitals that may be a name: those before a number, a join, or the end."""
        end = self._day_end(at)
        while end - at < _MOST_SMALL and end < len(self.words) and self.words[end].letters:
            word = self.words[end].plain
            if word in self.language.joins or word in self.language.heights or word in self.language.between:
                return end
            if (word in self.language.small and word not in self.language.holds) or word in self.language.without:
                return end
            if word in self.language.conditions:
                return end
            end += 1
        return end
