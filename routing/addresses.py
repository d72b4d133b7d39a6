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
from routing.street_names import HOUSE, Name, Names
from routing.streets import Streets
from routing.tidying import rewrite
from routing.words import Rules, rules

# Nobody describes a place in more; it bounds the work that one message can ask for.
_MOST = 1500
_NUMBER = re.compile(r"[1-9]\d{1,4}")
_SIGNS = frozenset("°º#")


class _Read(NamedTuple):
    """An address that was read: before which word it ends, its street, the house, the streets that cross it."""

    after: int
    main: Name
    corners: tuple[Name, ...] = ()
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
        self.names = Names(self.words, language, streets)

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
        span, calm = self.words[first:after], self.language if self.names.shouts else None
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

    def _start(self, name: Name) -> int:
        return name.first - 1 if name.typed else name.first

    def _shown(self, name: Name) -> str:
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
        name = self.names.name(at)
        if name is None:
            return None
        crossing = self._crossing(name) if name.sure or self._may_begin(at) else None
        # Every sentence begins with a capital: there two names alone are two people.
        between = self.names.plain(name.after) in self.language.between
        if crossing and (name.sure or between or self.names.plain(at - 1).isalnum() or self.names.ends(crossing.after)):
            return crossing
        return self._house(name)

    def _turned(self, at: int) -> _Read | None:
        """The street behind the rest: "al 4300 de Córdoba", "e/ Thames y Serrano por Gorriti"."""
        if self.names.plain(at) in self.language.heights and HOUSE.fullmatch(self.names.plain(at + 1)):
            name = self.names.name(at + 3) if self.names.plain(at + 2) in self.language.holds else None
            return _Read(name.after, name, (), int(self.names.plain(at + 1))) if name and name.sure else None
        first = self.names.name(at + 1) if self.names.plain(at) in self.language.between else None
        second = self.names.corner(first, first.after) if first else None
        main = (
            self.names.name(second.after + 1) if second and self.names.plain(second.after) in self.language.at else None
        )
        if first and second and main and first.sure and second.sure and main.sure:
            return _Read(main.after, main, (first, second))
        return None

    def area(self, at: int) -> int:
        """Behind which word the area ends that is named at `at`; `at` itself without one."""
        first = at + 1 if self.names.stands(at, ",") or self.names.plain(at) in self.language.at else at
        for last in range(min(first + 3, len(self.words)), first, -1):
            name = self.text[self.words[first].start : self.words[last - 1].end]
            if self.words[first].letters and self.is_area(name):
                return last
        return at

    def weighs(self, word: Word) -> bool:
        """True for a word that says more than "in the"."""
        return word.letters and word.plain not in self.language.small

    def _crossing(self, name: Name) -> _Read | None:
        if self.names.plain(name.after) in self.language.between:
            return self._between(name, name.after)
        corner = self.names.corner(name, name.after)
        # "salta y explota" is no crossing, unless both are streets.
        known = corner and (name.typed or not name.ids or corner.sure or corner.capital)
        return _Read(corner.after, name, (corner,)) if corner and known else None

    def _between(self, name: Name, at: int, house: int | None = None) -> _Read | None:
        """ "Bolivia entre Lavalle y Alvarez"; `at` is where "entre" stands."""
        first = self.names.name(at + 1, like=name)
        second = self.names.corner(name, first.after) if first else None
        return _Read(second.after, name, (first, second), house) if first and second else None

    def _house(self, name: Name) -> _Read | None:
        at, sure = name.after, name.typed
        while (
            self.names.plain(at) in self.language.heights
            or self.names.plain(at) in self.language.numbering
            or self._sign(at)
        ):
            at, sure = at + 1, True
        number = self.names.plain(at)
        if not (_NUMBER if sure else HOUSE).fullmatch(number) or number in self.language.phones:
            return None
        if self._counts(at + 1, sure or name.led or bool(name.ids)):
            return None
        return self._at_corner(name, at + 1, int(number))

    def _at_corner(self, name: Name, at: int, house: int) -> _Read:
        """A house with the streets that are named beside it, if any."""
        here = at + 1 if self.names.stands(at, ",") else at
        if self.names.plain(here) in self.language.between and (between := self._between(name, here, house)):
            return between
        corner = self.names.corner(name, here)
        if corner is None or (self.names.plain(here) in self.language.weak and not self._is_name(corner)):
            return _Read(at, name, (), house)
        return _Read(corner.after, name, (corner,), house)

    def _is_name(self, name: Name) -> bool:
        """True for what surely is a name, and not the rest of a sentence."""
        return name.sure or name.capital or self.names.plain(name.first) in self.language.forenames

    def _counts(self, at: int, sure: bool) -> bool:
        """True when the number before `at` counts something: "300 autos"."""
        after = self.names.plain(at)
        if after in self.language.units or (after in (".", ",") and self.names.plain(at + 1).isdigit()):
            return True
        if sure or at >= len(self.words) or not self.words[at].letters:
            return False
        return not any(after in words for words in (self.language.small, self.language.joins, self.language.at))

    def _may_begin(self, at: int) -> bool:
        """True where an address without a word for street may begin: after "en", after a comma, at the very first."""
        before = self.names.plain(at - 1) if at else ""
        return not before or not before[0].isalnum() or before in self.language.at or before in self.language.holds

    def _sign(self, at: int) -> bool:
        return self.names.plain(at) in _SIGNS
