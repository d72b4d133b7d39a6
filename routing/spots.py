"""Places that are no address: "villa 31 manzana 4 casa 12", "frente al Hospital Fernández".

A part of a settlement with its number or letter is a place, and so is a landmark of the pack. The name of a quarter is
none by itself, but it belongs to the parts that stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from routing.lexing import Word
from routing.words import Rules

# How many words may stand between two parts of one place: "manzana 4, de la villa 31".
_GAP = 3
# How far before a landmark its "frente a la" may stand.
_BEFORE = 4


class Named(NamedTuple):
    """An area's or place's name: before which word it ends, the area it tells, whether it is a landmark."""

    after: int
    area: str
    landmark: bool


class Spot(NamedTuple):
    """From which word to before which, and the areas that it tells."""

    first: int
    after: int
    areas: tuple[str, ...]


class _Piece(NamedTuple):
    first: int
    after: int
    area: str
    tells: bool


NameAt = Callable[[Sequence[Word], int], Named | None]


def find_spot(words: Sequence[Word], language: Rules, name_at: NameAt) -> Spot | None:
    """The first such place; None when there is none."""
    pieces = _pieces(words, language, name_at)
    telling = next((n for n, piece in enumerate(pieces) if piece.tells), None)
    if telling is None:
        return None
    first = last = telling
    while first > 0 and pieces[first].first - pieces[first - 1].after <= _GAP:
        first -= 1
    while last + 1 < len(pieces) and pieces[last + 1].first - pieces[last].after <= _GAP:
        last += 1
    together = pieces[first : last + 1]
    areas = tuple(dict.fromkeys(piece.area for piece in together if piece.area))
    return Spot(_beginning(words, pieces[first].first, language), pieces[last].after, areas)


def after_parts(words: Sequence[Word], at: int, language: Rules) -> int:
    """Behind the parts that follow an address: "..., torre 3 piso 2"; `at` itself without any."""
    while True:
        start = at + 1 if at < len(words) and words[at].plain == "," else at
        after = _part_end(words, start, language.parts | language.inner, language)
        if after is None:
            return at
        at = after


def _pieces(words: Sequence[Word], language: Rules, name_at: NameAt) -> list[_Piece]:
    pieces: list[_Piece] = []
    at = 0
    while at < len(words):
        found = _piece(words, at, language, name_at)
        if found:
            pieces.append(found)
        at = found.after if found else at + 1
    return pieces


def _piece(words: Sequence[Word], at: int, language: Rules, name_at: NameAt) -> _Piece | None:
    if after := _part_end(words, at, language.parts, language):
        return _Piece(at, after, "", True)
    if after := _part_end(words, at, language.inner, language):
        return _Piece(at, after, "", False)
    named = name_at(words, at)
    return _Piece(at, named.after, named.area, named.landmark) if named else None


def _part_end(words: Sequence[Word], at: int, parts: frozenset[str], language: Rules) -> int | None:
    """Behind "manzana 4", "mza. nº 4", "dto B"; None where there is no such part."""
    if at >= len(words) or words[at].plain not in parts:
        return None
    at += 1
    while at < len(words) and (words[at].plain in language.numbering or words[at].text in (".", "°", "º", "#")):
        at += 1
    if at >= len(words) or not (words[at].plain.isdigit() or _is_letter(words, at)):
        return None
    # "4 B", "4 bis": what stands behind a number goes with it; "casa 3 veces" counts.
    after = words[at + 1].plain if at + 1 < len(words) else ""
    return None if after in language.units else at + 1


def _is_letter(words: Sequence[Word], at: int) -> bool:
    word = words[at]
    return word.letters and len(word.plain) == 1 and (word.capital or word.plain not in ("a", "e", "o", "u", "y"))


def _beginning(words: Sequence[Word], at: int, language: Rules) -> int:
    """Where "a la vuelta de" before a place begins; `at` without such words."""
    for before in range(max(0, at - _BEFORE), at):
        between = words[before + 1 : at]
        if words[before].plain in language.beside and all(word.plain in language.small for word in between):
            while before and words[before - 1].plain in ("al", "a", "la"):
                before -= 1
            return before
    return at
