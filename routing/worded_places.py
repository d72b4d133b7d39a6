"""Places as people put them into words: the address in them, the areas that they name, how they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from routing.addresses import Address, find_address
from routing.candidates import Candidate, rank
from routing.gazetteer import Gazetteer
from routing.landmarks import Landmarks
from routing.lexing import split
from routing.points import address_points, spot_points
from routing.records import Area, Records
from routing.settling import leads_in, to_ask
from routing.streets import Streets
from routing.surroundings import Surroundings
from routing.tidying import calm_down
from routing.words import rules, tokens


class WordedPlaces:
    """What a pack's streets, landmarks and areas make of the words of a place."""

    def __init__(self, records: Records, surroundings: Surroundings) -> None:
        self._areas = {area.id: area for area in records.areas}
        self._language = records.info.language
        self._levels = records.info.levels
        self._spots = records.places
        self._surroundings = surroundings
        self._gazetteer = Gazetteer(records)
        self._streets = Streets(records.mapped, records.info.language)
        self._landmarks = Landmarks(records)
        # A conversation runs again from its top with every message, over the same words.
        self.address = lru_cache(maxsize=512)(self._address)
        self.landmark_meant = lru_cache(maxsize=512)(self._landmark_meant)

    def areas_named(self, words: str, language: str = "") -> tuple[Area, ...]:
        """The areas that free words name by themselves or by a quarter inside them, most specific first.

        A wide area is left out when a narrower one of its own is named too ("Palermo, CABA").
        """
        ids = self._gazetteer.find(words, language or self._language)
        parents = {parent for area_id in ids for parent in self._ancestors(area_id)}
        found = [self._areas[area_id] for area_id in ids if area_id not in parents]
        return tuple(sorted(found, key=lambda area: -self._levels.index(area.level)))

    def _address(self, words: str, language: str) -> Address | None:
        """The address or landmark inside free words, with the area named behind it; None when there is surely none."""
        return find_address(
            words,
            language,
            lambda name: bool(self.areas_named(name, language)),
            self._streets,
            self._landmarks.at,
            self._landmarks.near,
        )

    def areas_meant(self, words: str, language: str) -> tuple[Area, ...]:
        """The areas that a place in words may lie in: one is certain, several are to be asked for.

        What is named counts, and so does what its street, its house number or its landmark tells.
        """
        address = self.address(words, language)
        # "Pueyrredón al 1200" is the avenue, not the quarter.
        named = self.areas_named(words.replace(address.words, address.beside, 1) if address else words, language)
        told = tuple(self._areas[area_id] for area_id in address.areas) if address else ()
        both = tuple(area for area in named if area in told)
        return both or (*named, *(area for area in told if area not in named))

    def show_place(self, words: str, language: str) -> str:
        """The words of a place as they are shown: streets that the pack knows as they are usually written."""
        address = self.address(words, language)
        if address is None:
            return calm_down(words)
        shown = address.shown[:1].upper() + address.shown[1:]
        return calm_down(words.replace(address.words, shown, 1))

    def settle_words(self, words: str, language: str) -> str:
        """The words of a place with its address in the one way in which the pack writes it."""
        address = self.address(words, language)
        if address is None:
            return calm_down(words)
        before, _, after = words.partition(address.words)
        settled = f"{'' if leads_in(before, rules(language)) else before}{address.settled}{after}"
        return calm_down(settled[:1].upper() + settled[1:])

    def points(self, words: str, language: str) -> tuple[Candidate, ...]:
        """Where a place in words may be as far as the pack itself knows, inside of the areas that it names."""
        address = self.address(words, language)
        if address is None:
            return ()
        found = address_points(address.site, self._streets.streets) if address.site else []
        found += spot_points(address.spot, self._spots) if address.spot else []
        settled = self.settle_words(words, language)
        return tuple(
            msgspec.structs.replace(each, words=settled)
            for each in rank(found)
            if self.allows(words, language, each.lat, each.lon)
        )

    def allows(self, words: str, language: str, lat: float, lon: float) -> bool:
        """True when a point is served, and does not contradict the areas that the words of its place name or tell."""
        around = {area.id for area in self._surroundings.at(lat, lon)}
        address = self.address(words, language)
        named = self.areas_named(words.replace(address.words, address.beside, 1) if address else words, language)
        told = set(address.areas) if address else set()
        return (
            bool(around)
            and (not named or any(area.id in around for area in named))
            and (not told or bool(told & around))
        )

    def address_to_ask(self, words: str, language: str) -> str:
        """The address inside words as a geocoder is asked for it; "" where there is none, or one that is on no map."""
        address = self.address(words, language)
        if address is None or (address.spot and any(piece.kind for piece in address.spot.pieces)):
            return ""
        return to_ask(address.settled, rules(language))

    def _landmark_meant(self, words: str, language: str) -> str:
        """Short words with a landmark that was written with a slip as the pack writes it; else as they are."""
        said = split(words, rules(language))
        for at, word in enumerate(said):
            named = self._landmarks.near(said, at)
            if named and named.landmark:
                return f"{words[: word.start]}{named.shown}{words[said[named.after - 1].end :]}"
        return words

    def is_relative(self, words: str, language: str) -> bool:
        """True for words that only say beside what: "a la vuelta de la escuela"."""
        spoken = rules(language)
        return any(token.word in spoken.beside for token in tokens(words))

    def _ancestors(self, area_id: str) -> Iterable[str]:
        while area_id := self._areas[area_id].parent:
            yield area_id
