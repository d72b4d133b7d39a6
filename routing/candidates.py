"""Points that words may mean: how well each fits what was said, and whether one of them is certain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from rapidfuzz import fuzz

from routing.places import distance_m
from routing.words import Rules, rules, tokens

# From a door to a point somewhere in a town: only the first three tell where somebody has to go.
Kind = Literal["house", "crossing", "place", "street", "area"]
POINTS = ("house", "crossing", "place")

SURE = 0.9
# What fits so much worse than the best is no rival of it.
RIVAL = 0.15
# Two providers set the same door so far apart (metres).
SAME_M = 120.0
LIKELY = 0.55
MOST = 4
# Fewer digits are no house number; a street may be called "9 de Julio".
_HOUSE_DIGITS = 3
_OTHER_HOUSE, _NO_HOUSE = 0.6, 0.7


class Candidate(Struct, frozen=True, omit_defaults=True):
    """A point in WGS84 degrees, what it is called, what it is, how well it fits (0 to 1), and who says so.

    `accuracy` is within how many metres the point is good, None where nobody says.
    """

    lat: float
    lon: float
    words: str
    kind: Kind = "place"
    score: float = 1.0
    provider: str = ""
    accuracy: float | None = None


def fit(asked: str, label: str, language: str) -> float:
    """How well a label answers what was asked, 0 to 1: every name in it, and the same house number."""
    spoken = rules(language)
    names, houses = _split(asked, spoken)
    given, numbers = _split(label, spoken)
    if not names or not given:
        return 0.0
    found = [max(fuzz.ratio(name, other) for other in given) / 100 for name in names]
    alike = sum(found) / len(found)
    if not houses or houses & numbers:
        return alike
    return alike * (_OTHER_HOUSE if numbers else _NO_HOUSE)


def _split(text: str, language: Rules) -> tuple[list[str], set[str]]:
    """Its names, written out, and its house numbers."""
    words = [token.word for token in tokens(text)]
    houses = {word for word in words if word.isdigit() and len(word) >= _HOUSE_DIGITS}
    idle = language.streets | language.joins | language.small | language.heights | language.between | language.numbering
    names = [language.short.get(word, word) for word in words if word not in idle and word not in houses]
    return names, houses


def rank(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those that are likely, best first, each point once, `MOST` at most."""
    kept: list[Candidate] = []
    for each in sorted(candidates, key=lambda one: (-one.score, POINTS.index(one.kind) if one.kind in POINTS else 9)):
        if each.score >= LIKELY and not any(_same(each, other) for other in kept):
            kept.append(each)
    return kept[:MOST]


def certain(candidates: Sequence[Candidate]) -> Candidate | None:
    """The one that needs no question: a point that fits and has no rival; `candidates` are ranked."""
    if not candidates or candidates[0].score < SURE or candidates[0].kind not in POINTS:
        return None
    best = candidates[0]
    return best if all(each.score < best.score - RIVAL for each in candidates[1:]) else None


def weigh(candidate: Candidate, asked: str, language: str) -> Candidate:
    """The candidate with its provider's own doubt and how well it fits in one score."""
    return replace(candidate, score=round(candidate.score * fit(asked, candidate.words, language), 3))


def _same(a: Candidate, b: Candidate) -> bool:
    return distance_m((a.lat, a.lon), (b.lat, b.lon)) <= SAME_M
