"""What people call places, where it stands in their words: areas, quarters, settlements, landmarks."""

from __future__ import annotations

from collections.abc import Sequence

from routing.lexing import Word
from routing.names import Names
from routing.records import Records
from routing.spots import Named


class Landmarks:
    """Every name of every area and of the places of `places.toml`, found word by word."""

    def __init__(self, records: Records) -> None:
        areas = [(name, area.id, False) for area in records.areas for name in (*area.titles.values(), *area.names)]
        places = [(name, place.area, place.landmark) for place in records.places for name in place.names]
        named = [*areas, *places]
        self._told = [(area, landmark) for _, area, landmark in named]
        self._names = Names(((name, n) for n, (name, _, _) in enumerate(named)), records.info.language)

    def at(self, words: Sequence[Word], first: int) -> Named | None:
        """The longest name that begins at this word."""
        found = self._names.at(words, first)
        if found is None:
            return None
        area, landmark = self._told[found.ids[0]]
        return Named(found.after, area, landmark)
