"""One way to write each place: six spellings of one corner, or of one house in a settlement, become the same words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from routing.lexing import Word, split
from routing.spots import Piece, Spot
from routing.streets import Streets
from routing.words import Rules, rules

# From the widest part of a settlement to the door.
ORDER = ("sector", "block", "building", "tower", "strip", "node", "stair", "lot", "house", "alley", "floor", "flat")
# What may stand between the parts of one place and says nothing more.
_IDLE = frozenset(",.;:-/–")


class Site(NamedTuple):
    """What an address is made of: the streets that its name may mean, the house, the streets that cross; by number.

    `about` is true for "al 1200", `between` for a street between two others.
    """

    main: tuple[int, ...]
    house: int | None = None
    corners: tuple[tuple[int, ...], ...] = ()
    about: bool = False
    between: bool = False


def write_site(site: Site, streets: Streets) -> str:
    """An address or a crossing of the pack's own streets, in the pack's language; "" where one of them is not sure."""
    if any(len(ids) != 1 for ids in (site.main, *site.corners)):
        return ""
    called = rules(streets.language).called
    main, corners = site.main[0], sorted(ids[0] for ids in site.corners)
    joined = f" {called.get('and', '/')} ".join(streets.shown(n) for n in corners)
    if site.between and site.house is None:
        return f"{streets.shown(main)} {called.get('between', '/')} {joined}"
    if site.house is None and len(corners) == 1:
        return f" {called.get('and', '/')} ".join(streets.shown(n) for n in sorted((main, corners[0])))
    if site.house is not None and not corners:
        return f"{streets.shown(main)} {called.get('at', '') + ' ' if site.about else ''}{site.house}"
    return ""


def write_spot(spot: Spot, text: str, words: Sequence[Word], spoken: Rules, language: str) -> str:
    """A place in a settlement, widest part first, in the pack's `language`; "" where it says more than its parts."""
    named = [piece for piece in spot.pieces if piece.named]
    parts = [piece for piece in spot.pieces if piece.kind]
    if len(named) > 1 or not parts or not _only_parts(spot, words, spoken):
        return ""
    called = rules(language).called
    told = [f"{called.get(part.kind, part.kind)} {part.value}" for part in sorted(parts, key=_rank)]
    told += [called.get(kind, kind) for kind in dict.fromkeys(_bare(spot, words, spoken))]
    before = text[words[spot.first].start : words[spot.pieces[0].first].start]
    if before and not spot.pieces[0].named:
        return ""  # "Frente a la casa 3 de la villa 20": another order would be in front of something else.
    return before + ", ".join([*(piece.named.shown for piece in named if piece.named), *told])


def _rank(part: Piece) -> int:
    return ORDER.index(part.kind) if part.kind in ORDER else len(ORDER)


def _bare(spot: Spot, words: Sequence[Word], spoken: Rules) -> list[str]:
    """The kinds of parts that are named without a number: "manzana 12, pasillo"."""
    return [spoken.kinds.get(word.plain, word.plain) for word in _between(spot, words) if word.plain in spoken.parts]


def _only_parts(spot: Spot, words: Sequence[Word], spoken: Rules) -> bool:
    """True when nothing of weight stands between the pieces."""
    idle = spoken.small | spoken.numbering | spoken.parts
    return all(word.plain in idle or word.text in _IDLE for word in _between(spot, words))


def _between(spot: Spot, words: Sequence[Word]) -> list[Word]:
    """The words of a place that belong to none of its pieces."""
    taken = {at for piece in spot.pieces for at in range(piece.first, piece.after)}
    return [words[at] for at in range(spot.pieces[0].first, spot.after) if at not in taken]


def leads_in(text: str, spoken: Rules) -> bool:
    """True for words before a place that say nothing: "en la esquina de", "cruce de"."""
    idle = spoken.at | spoken.joins | spoken.small | spoken.holds
    # "Frente a" and "a la vuelta de" do say something.
    telling = spoken.beside - spoken.joins
    words = split(text, spoken)
    return all((word.plain in idle and word.plain not in telling) or word.text in _IDLE for word in words)


def to_ask(text: str, spoken: Rules) -> str:
    """An address as geocoders like it: "Thames al n° 1800" is "Thames 1800"."""
    words = split(text, spoken)
    kept, at = "", 0
    for n, word in enumerate(words):
        if word.plain.isdigit() and (first := _before_number(words, n, spoken)) < n:
            kept, at = kept + text[at : words[first].start], word.start
    return kept + text[at:]


def _before_number(words: Sequence[Word], at: int, spoken: Rules) -> int:
    """Where "al nº" before a number begins; `at` itself without it."""
    idle = spoken.heights | spoken.numbering
    while at and (words[at - 1].plain in idle or words[at - 1].text in "°º#"):
        at -= 1
    return at
