"""The streets of a pack: which areas an address or a crossing may lie in, as far as the pack knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from routing.names import Names
from routing.records import Street


class Streets:
    """All streets; `names` finds them in free words, by their number in the pack's order."""

    def __init__(self, streets: Sequence[Street], language: str) -> None:
        self.language = language
        self.streets = tuple(streets)
        named = ((name, n) for n, street in enumerate(streets) for name in street.names)
        self.names = Names(named, language, streets=True)

    def shown(self, number: int) -> str:
        """What a street is called when it is shown: the first of its names."""
        return self.streets[number].names[0]

    def areas(self, main: Iterable[int], house: int | None, corners: Sequence[tuple[int, ...]]) -> tuple[str, ...]:
        """The ids of the areas that are possible for a house or a crossing; empty when nobody can tell.

        `main` are the streets that the name may mean, `corners` the same for each street that is named as crossing it.
        """
        streets = [self.streets[n] for n in main]
        found = _merge(_at_house(street, house) for street in streets) if house is not None else ()
        if len(found) == 1:
            return found
        possible = found or _merge(street.areas for street in streets)
        for corner in corners:
            both = _merge(self.streets[n].areas for n in corner)
            possible = tuple(area for area in possible if area in both) if both else possible
        # A house beyond all known ones, in the only area of its street: more likely the street of another town.
        return possible if corners or len(possible) > 1 else ()


def _at_house(street: Street, house: int) -> tuple[str, ...]:
    """The areas of a house number; between two ranges those of both."""
    inside = [r.area for r in street.ranges if r.first <= house <= r.last]
    if inside:
        return _merge([inside])
    before = max((r.last for r in street.ranges if r.last < house), default=None)
    behind = min((r.first for r in street.ranges if r.first > house), default=None)
    if before is None or behind is None:
        return ()
    return _merge([[r.area for r in street.ranges if before == r.last or behind == r.first]])


def _merge(areas: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(area for each in areas for area in each))
