"""What people call places, where it stands in their words: areas, quarters, settlements, landmarks."""

from __future__ import annotations

from collections.abc import Sequence

from routing.lexing import Word
from routing.names import Mention, Names
from routing.records import Records
from routing.spots import Named


class Landmarks:
    """Every name of every area and of the places of `places.toml`, found word by word."""

    def __init__(self, records: Records) -> None:
        # Of an area to choose from the names are the quarters inside it, of a narrower one they are its own.
        levels, choice = records.info.levels, records.info.choice_level or records.info.levels[-1]
        narrow = levels[levels.index(choice) + 1 :]
        language = records.info.language
        told = [
            (name, area.id, False, area.name(language) if area.level in narrow else name, -1)
            for area in records.areas
            for name in (*area.titles.values(), *area.names)
        ]
        told += [
            (name, place.area, place.landmark, place.shown or name, n)
            for n, place in enumerate(records.places)
            for name in place.names
        ]
        self._told = told
        self._names = Names(((name, n) for n, (name, *_) in enumerate(told)), language)

    def at(self, words: Sequence[Word], first: int) -> Named | None:
        """The longest name that begins at this word."""
        found = self._names.at(words, first)
        return self._named(found) if found else None

    def near(self, words: Sequence[Word], first: int) -> Named | None:
        """The longest name that begins at this word and was written with a slip; its numbers are as they should be."""
        found = (
            self._names.at(words, first) or self._names.near(words, first) or self._names.near_numbered(words, first)
        )
        return self._named(found) if found else None

    def _named(self, found: Mention) -> Named:
        """An area first, with the point of the place of the same name."""
        _, area, landmark, shown, place = self._told[found.ids[0]]
        places = [self._told[number][4] for number in found.ids if self._told[number][4] >= 0]
        return Named(found.after, area, landmark, shown, places[0] if places else place)
