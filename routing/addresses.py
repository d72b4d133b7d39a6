"""An address inside free words: "hay un bache en Corrientes y Callao" tells where, and nobody wants to be asked again.

Only what surely is one is taken: a street with a house number, or streets that cross. A name is a street of the pack,
however it is written, or what people write with a capital letter, or what follows a word for street ("av corrientes
1200"); `languages/*.toml` hold these words. Where there is no address, another place that is as good (`spots`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from routing.lexing import Word, split
from routing.settling import Site, write_site, write_spot
from routing.spots import NameAt, Spot, after_parts, find_spot
from routing.streets import Streets
from routing.tidying import rewrite
from routing.words import Rules, rules

# Nobody describes a place in more; it bounds the work that one message can ask for.
_MOST = 1500
_MOST_NAME = 5
_MOST_SMALL = 3
_MOST_LED = 2
_NUMBER = re.compile(r"[1-9]\d{1,4}")
# Fewer digits are taken for a house number only where something else says so.
_HOUSE = re.compile(r"[1-9]\d{2,4}")
_DAY = re.compile(r"[1-9]\d?")
_SIGNS = frozenset("°º#")
_CROSSING_SIGNS = frozenset("/&")
# So many letters and digits stand on a number plate.
_PLATE = 3
# Words of fewer letters are no sign of shouting.
_SHOUTED = 2


class _Name(NamedTuple):
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


class _Read(NamedTuple):
    """An address that was read: before which word it ends, its street, the house, the streets that cross it."""

    after: int
    main: _Name
    corners: tuple[_Name, ...] = ()
    house: int | None = None


class Address(NamedTuple):
    """An address as it was typed, how many other words of weight the text has, and in which areas it may lie.

    `areas` are ids; one of them is certain, several are to be asked for, none means that nobody can tell. `shown` is
    the address with the streets of the pack as they are usually written, `beside` the address without them, `settled`
    the one way in which this place is written. `site` or `spot` is what it is made of.
    """

    words: str
    others: int
    areas: tuple[str, ...] = ()
    shown: str = ""
    beside: str = ""
    settled: str = ""
    site: Site | None = None
    spot: Spot | None = None


def find_address(
    text: str,
    language: str,
    is_area: Callable[[str], bool] = lambda name: False,
    streets: Streets | None = None,
    name_at: NameAt = lambda words, at: None,
    near_at: NameAt | None = None,
) -> Address | None:
    """The first address in `text`, with the area that follows it ("..., Palermo"); None when there is surely none."""
    said = _Reader(text[:_MOST], rules(language), is_area, streets or Streets((), language))
    for at in range(len(said.words)):
        if read := said.address(at):
            after = after_parts(said.words, said.area(read.after), said.language)
            return said.told(at, said.area(after), said.areas(read), read)
    spot = find_spot(said.words, said.language, name_at, near_at)
    return said.told_spot(spot) if spot else None


class _Reader:
    """The words of a text; places in it are numbers of words."""

    def __init__(self, text: str, language: Rules, is_area: Callable[[str], bool], streets: Streets) -> None:
        self.text = text
        self.language = language
        self.is_area = is_area
        self.streets = streets
        self.words = split(text, language)
        letters = [word for word in self.words if word.letters]
        self.shouts = all(word.text.isupper() for word in letters if len(word.text) > _SHOUTED)
        # Who shouts, or writes every word large, says nothing by capitals.
        self.capitals_tell = not self.shouts and sum(word.capital for word in letters) * 2 <= len(letters) + 4

    def told(self, first: int, after: int, areas: tuple[str, ...], read: _Read | None = None) -> Address:
        """The address from one word to before another."""
        # "Callao 377, Comuna 3, muy peligroso": what separates the place from what follows is no part of it.
        while after > first + 1 and self.words[after - 1].text == ",":
            after -= 1
        others = [word for n, word in enumerate(self.words) if not first <= n < after and self.weighs(word)]
        words = self.text[self.words[first].start : self.words[after - 1].end]
        known = [name for name in (read.main, *read.corners) if name.ids] if read else []
        names = {self._start(name) - first: (name.after - first, self._shown(name)) for name in known}
        blanks = {at: (after, "") for at, (after, _) in names.items()}
        span, calm = self.words[first:after], self.language if self.shouts else None
        shown = rewrite(self.text, span, names, calm)
        address = Address(words, len(others), areas, shown, rewrite(self.text, span, blanks), shown)
        site = self.site(read) if read else None
        if not (read and site):
            return address
        written = write_site(site, self.streets)
        rest = rewrite(self.text, self.words[read.after : after], {}, calm) if after > read.after else ""
        tail = f"{', ' if rest and rest[0].isalnum() else ''}{rest}"
        return address._replace(site=site, settled=f"{written}{tail}" if written else shown)

    def told_spot(self, spot: Spot) -> Address:
        """The address that another place is."""
        address = self.told(spot.first, spot.after, spot.areas)
        settled = write_spot(spot, self.text, self.words, self.language, self.streets.language)
        return address._replace(spot=spot, settled=settled or address.settled)

    def site(self, read: _Read) -> Site | None:
        """The streets of the pack in an address, None where its own is none of them."""
        if not read.main.ids or not all(corner.ids for corner in read.corners):
            return None
        about = read.house is not None and any(
            word.plain in self.language.heights for word in self.words[read.main.after : read.after]
        )
        corners = tuple(corner.ids for corner in read.corners)
        return Site(read.main.ids, read.house, corners, about, between=len(corners) > 1)

    def _start(self, name: _Name) -> int:
        return name.first - 1 if name.typed else name.first

    def _shown(self, name: _Name) -> str:
        """A street of the pack as it is usually written; as it was typed where that was done with care."""
        typed = self.text[self.words[self._start(name)].start : self.words[name.after - 1].end]
        careful = len(name.ids) > 1 or not (typed.islower() or typed.isupper())
        return typed if careful else self.streets.shown(name.ids[0])

    def areas(self, read: _Read) -> tuple[str, ...]:
        """The areas that the streets of an address allow."""
        corners = [corner.ids for corner in read.corners if corner.ids]
        return self.streets.areas(read.main.ids, read.house, corners) if read.main.ids else ()

    def address(self, at: int) -> _Read | None:
        """The address that begins at this word."""
        if turned := self._turned(at):
            return turned
        name = self._name(at)
        if name is None:
            return None
        crossing = self._crossing(name) if name.sure or self._may_begin(at) else None
        # Every sentence begins with a capital: there two names alone are two people.
        between = self._plain(name.after) in self.language.between
        if crossing and (name.sure or between or self._plain(at - 1).isalnum() or self._ends(crossing.after)):
            return crossing
        return self._house(name)

    def _turned(self, at: int) -> _Read | None:
        """The street behind the rest: "al 4300 de Córdoba", "e/ Thames y Serrano por Gorriti"."""
        if self._plain(at) in self.language.heights and _HOUSE.fullmatch(self._plain(at + 1)):
            name = self._name(at + 3) if self._plain(at + 2) in self.language.holds else None
            return _Read(name.after, name, (), int(self._plain(at + 1))) if name and name.sure else None
        first = self._name(at + 1) if self._plain(at) in self.language.between else None
        second = self._corner(first, first.after) if first else None
        main = self._name(second.after + 1) if second and self._plain(second.after) in self.language.at else None
        if first and second and main and first.sure and second.sure and main.sure:
            return _Read(main.after, main, (first, second))
        return None

    def area(self, at: int) -> int:
        """Behind which word the area ends that is named at `at`; `at` itself without one."""
        first = at + 1 if self._is(at, ",") or self._plain(at) in self.language.at else at
        for last in range(min(first + 3, len(self.words)), first, -1):
            name = self.text[self.words[first].start : self.words[last - 1].end]
            if self.words[first].letters and self.is_area(name):
                return last
        return at

    def weighs(self, word: Word) -> bool:
        """True for a word that says more than "in the"."""
        return word.letters and word.plain not in self.language.small

    def _crossing(self, name: _Name) -> _Read | None:
        if self._plain(name.after) in self.language.between:
            return self._between(name, name.after)
        corner = self._corner(name, name.after)
        # "salta y explota" is no crossing, unless both are streets.
        known = corner and (name.typed or not name.ids or corner.sure or corner.capital)
        return _Read(corner.after, name, (corner,)) if corner and known else None

    def _between(self, name: _Name, at: int, house: int | None = None) -> _Read | None:
        """ "Bolivia entre Lavalle y Alvarez"; `at` is where "entre" stands."""
        first = self._name(at + 1, like=name)
        second = self._corner(name, first.after) if first else None
        return _Read(second.after, name, (first, second), house) if first and second else None

    def _corner(self, name: _Name, at: int) -> _Name | None:
        """The street that is joined to `name` here: "y Callao", "casi esquina la calle Thames"."""
        count = self._joins(at)
        return self._name(at + count, like=name) if count else None

    def _joins(self, at: int) -> int:
        """How many words join two streets here: "y", "casi esquina", "y la calle"."""
        if not (self._plain(at) in self.language.joins or self._plain(at) in _CROSSING_SIGNS):
            return 0
        count = 1
        while self._is(at + count, ".") or self._plain(at + count) in ("esquina", "esq"):
            count += 1
        while self._plain(at + count) in self.language.holds and not self.words[at + count].capital:
            if self.streets.names.at(self.words, at + count):
                break
            count += 1
        return count

    def _house(self, name: _Name) -> _Read | None:
        at, sure = name.after, name.typed
        while self._plain(at) in self.language.heights or self._plain(at) in self.language.numbering or self._sign(at):
            at, sure = at + 1, True
        number = self._plain(at)
        if not (_NUMBER if sure else _HOUSE).fullmatch(number) or number in self.language.phones:
            return None
        if self._counts(at + 1, sure or name.led or bool(name.ids)):
            return None
        return self._at_corner(name, at + 1, int(number))

    def _at_corner(self, name: _Name, at: int, house: int) -> _Read:
        """A house with the streets that are named beside it, if any."""
        here = at + 1 if self._is(at, ",") else at
        if self._plain(here) in self.language.between and (between := self._between(name, here, house)):
            return between
        corner = self._corner(name, here)
        if corner is None or (self._plain(here) in self.language.weak and not self._is_name(corner)):
            return _Read(at, name, (), house)
        return _Read(corner.after, name, (corner,), house)

    def _is_name(self, name: _Name) -> bool:
        """True for what surely is a name, and not the rest of a sentence."""
        return name.sure or name.capital or self._plain(name.first) in self.language.forenames

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
        first = at + 1 if typed else at
        if first >= len(self.words) or self._plain(first) in self.language.parts:
            return None
        if typed and self._plain(first) in self.language.streets:
            return None
        after = self._capital_end(first) if self.capitals_tell else first
        if known := self._known(first, after, typed, like):
            return known
        capital = after > first and not self._is_plate(first, after)
        after = after if capital else first
        if not capital and (typed or (like is not None and like.typed and not like.capital)):
            after = self._small_end(first)
            if like is not None and not self._ends(after):
                return None
        if after == first and like is None:
            return self._led(first)
        return _Name(first, after, typed, capital) if after > first else None

    def _led(self, at: int) -> _Name | None:
        """ "en zelarrayan 650", "gral paunero 1200", "en lavalleja y corrientes": no street of the pack, but one."""
        titled = self._plain(at) in self.language.titles
        if at and not titled and self._plain(at - 1) not in self.language.at:
            return None
        after = self._small_end(at)
        # "Bache medrano casi corrientes": the street begins later.
        if not titled and any(self.streets.names.at(self.words, n) for n in range(at + 1, after)):
            return None
        spelt = [word.plain for word in self.words[at:after] if word.plain not in self.language.titles]
        if not spelt or len(spelt) > _MOST_LED or any(word in self.language.nameless for word in spelt):
            return None
        name = _Name(at, after, False, False, led=True)
        # Words that open a text may count something: "casas 200".
        numbered = (at or titled) and _HOUSE.fullmatch(self._plain(after))
        return name if numbered or self._leads_to_corner(name) else None

    def _leads_to_corner(self, name: _Name) -> bool:
        """True where a street of the pack crosses it, and nothing follows that would make a sentence of it."""
        corner = self._corner(name, name.after)
        return corner is not None and bool(corner.ids) and self._ends(corner.after)

    def _is_plate(self, at: int, after: int) -> bool:
        """True for the letters of a number plate: "ABC123", "AB123CD"."""
        word, number = self.words[at], self._plain(after)
        glued = after < len(self.words) and word.end == self.words[after].start
        return glued and after == at + 1 and len(word.text) <= _PLATE and word.text.isupper() and len(number) == _PLATE

    def _known(self, at: int, capitals: int, typed: bool, like: _Name | None) -> _Name | None:
        """The street of the pack whose name begins here; None inside a longer name, that of another street."""
        found = self.streets.names.at(self.words, at)
        if found is None and (typed or like is not None or self._is_numbered(at)):
            found = self.streets.names.near(self.words, at)
        if found is None or found.after < capitals or self._continues(at, typed):
            return None
        return _Name(at, found.after, typed, capitals > at, found.ids)

    def _is_numbered(self, at: int) -> bool:
        """True where a house number follows within the length of a name."""
        ahead = [self._plain(n) for n in range(at + 1, at + _MOST_NAME)]
        return any(_HOUSE.fullmatch(word) for word in ahead)

    def _continues(self, at: int, typed: bool) -> bool:
        """True where the word before begins the name: "Honorio Pueyrredón", "coronel Rivadavia"."""
        before = self._plain(at - 1)
        if typed or not before.isalpha():
            return False
        return before in self.language.titles or before in self.language.forenames

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
