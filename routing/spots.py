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
# How far from its parts a settlement's name with a slip in it may begin.
_REACH = 4


class Named(NamedTuple):
    """An area's or place's name: before which word it ends, the area it tells, whether it is a landmark.

    `shown` is how the pack writes it, `place` its number in places.toml (-1: it is an area's).
    """

    after: int
    area: str
    landmark: bool
    shown: str = ""
    place: int = -1


class Piece(NamedTuple):
    """One part of a place: from which word to before which; a settlement by name, or a `kind` of part with its value.

    `tells` is false for what is no place by itself; a `doubtful` one is only a part beside another.
    """

    first: int
    after: int
    named: Named | None = None
    kind: str = ""
    value: str = ""
    tells: bool = False
    doubtful: bool = False


class Spot(NamedTuple):
    """From which word to before which, the areas that it tells, and what it is made of."""

    first: int
    after: int
    areas: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()


NameAt = Callable[[Sequence[Word], int], Named | None]


def find_spot(words: Sequence[Word], language: Rules, name_at: NameAt, near_at: NameAt | None = None) -> Spot | None:
    """The first such place; None when there is none. `near_at` finds names with a slip, looked for beside parts."""
    found = _pieces(words, language, name_at)
    pieces = [piece for n, piece in enumerate(found) if not piece.doubtful or _stands_beside(found, n)]
    telling = next((n for n, piece in enumerate(pieces) if piece.tells or piece.doubtful), None)
    if telling is None:
        return None
    first = last = telling
    while first > 0 and pieces[first].first - pieces[first - 1].after <= _GAP:
        first -= 1
    while last + 1 < len(pieces) and pieces[last + 1].first - pieces[last].after <= _GAP:
        last += 1
    together = pieces[first : last + 1]
    if near_at and not any(piece.named for piece in together):
        together = _with_slip(words, together, near_at)
    areas = tuple(dict.fromkeys(piece.named.area for piece in together if piece.named and piece.named.area))
    after = _bare_end(words, together[-1].after, language)
    return Spot(_beginning(words, together[0].first, language), after, areas, tuple(together))


def after_parts(words: Sequence[Word], at: int, language: Rules) -> int:
    """Behind the parts that follow an address: "..., torre 3 piso 2"; `at` itself without any."""
    while True:
        start = at + 1 if at < len(words) and words[at].plain == "," else at
        part = _part(words, start, language)
        if part is None:
            return at
        at = part.after


def _pieces(words: Sequence[Word], language: Rules, name_at: NameAt) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    while at < len(words):
        found = _piece(words, at, language, name_at)
        if found:
            pieces.append(found)
        at = found.after if found else at + 1
    return pieces


def _piece(words: Sequence[Word], at: int, language: Rules, name_at: NameAt) -> Piece | None:
    if part := _part(words, at, language):
        return part
    named = name_at(words, at)
    if named:
        return Piece(at, named.after, named, tells=named.landmark)
    return _lettered(words, at, language)


def _part(words: Sequence[Word], at: int, language: Rules) -> Piece | None:
    """ "manzana 4", "mza. nº 4", "dto B"; None where there is no such part."""
    if at >= len(words):
        return None
    word = words[at].plain
    if word not in language.parts and word not in language.inner:
        return None
    first = _numbered(words, at + 1, language)
    if first >= len(words) or not (words[first].plain.isdigit() or _is_letter(words, first)):
        return None
    # "4 bis": what stands behind a number goes with it; "casa 3 veces" counts.
    after = words[first + 1].plain if first + 1 < len(words) else ""
    if after in language.units:
        return None
    value, end = _value(words, first)
    return Piece(at, end, kind=language.kinds.get(word, word), value=value, tells=word in language.parts)


def _lettered(words: Sequence[Word], at: int, language: Rules) -> Piece | None:
    """ "M12", "c. 4": a letter and a number, which may be a part where others stand beside it."""
    kind = language.letters.get(words[at].plain)
    first = _numbered(words, at + 1, language)
    if not kind or first >= len(words) or not words[first].plain.isdigit():
        return None
    after = words[first + 1].plain if first + 1 < len(words) else ""
    value, end = _value(words, first)
    return None if after in language.units else Piece(at, end, kind=kind, value=value, doubtful=True)


def _numbered(words: Sequence[Word], at: int, language: Rules) -> int:
    """Behind "nº" and signs."""
    while at < len(words) and (
        words[at].plain in language.numbering or words[at].text in (".", "°", "º", "#", "-", ":")
    ):
        at += 1
    return at


def _value(words: Sequence[Word], at: int) -> tuple[str, int]:
    """The number or letter of a part, with the letter that is glued to it ("12B"), and before which word it ends."""
    value, end = words[at].text, at + 1
    glued = end < len(words) and words[end].start == words[at].end and words[end].letters
    if glued and value.isdigit() and len(words[end].text) == 1:
        value, end = f"{value}{words[end].text}", end + 1
    return (value.lstrip("0") or "0").upper(), end


def _stands_beside(pieces: Sequence[Piece], n: int) -> bool:
    """True when another piece stands within reach."""
    before = n > 0 and pieces[n].first - pieces[n - 1].after <= _GAP
    return before or (n + 1 < len(pieces) and pieces[n + 1].first - pieces[n].after <= _GAP)


def _with_slip(words: Sequence[Word], together: list[Piece], near_at: NameAt) -> list[Piece]:
    """With the settlement's name that stands before or behind them with a slip: "vila 20", "los pilotones"."""
    begins, ends = together[0].first, together[-1].after
    for at in (*range(max(0, begins - _REACH), begins), *range(ends, min(len(words), ends + _REACH))):
        named = near_at(words, at)
        if named and (named.after <= begins or at >= ends):
            return sorted([*together, Piece(at, named.after, named)])
    return together


def _bare_end(words: Sequence[Word], at: int, language: Rules) -> int:
    """Behind a part without a number that ends a place: "manzana 12, casa 4, pasillo"."""
    start = at + 1 if at < len(words) and words[at].plain == "," else at
    bare = start < len(words) and words[start].plain in language.parts
    last = start + 1 >= len(words) or not words[start + 1].text.isalnum()
    return start + 1 if bare and last else at


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
