"""What free words report: the category that they certainly mean, those that they may mean, and their language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from routing.learning import Learned
from routing.records import Records
from routing.tongues import language_shown
from routing.vocabulary import Vocabulary
from routing.worded_places import WordedPlaces
from routing.words import plain, rules


class Recognition:
    """Reads words in every language of a pack, that of who wrote them first."""

    def __init__(self, records: Records, places: WordedPlaces) -> None:
        self._places = places
        self._categories = {category.id: category for category in records.categories}
        self._leaves: dict[str, list[str]] = {}
        for category in records.categories:
            self._leaves.setdefault(category.parent, []).append(category.id)
        self._order = {category.id: n for n, category in enumerate(records.categories)}
        self._vocabularies = {code: Vocabulary(records.categories, code) for code in records.info.languages}

    def recognise(self, words: str, language: str) -> str | None:
        """The one leaf that free words certainly mean; None when they mean none or may mean several.

        Of several the one that is an emergency: who writes of fire is told whom to phone.
        """
        for vocabulary in self._spoken(language):
            words = _meant(words, language, vocabulary)
            reading = vocabulary.read(words)
            if reading.spoken:
                sure = reading.sure
                # "En la calle Lavalle 3100" says nothing of the calle; left out where that tells one thing from two.
                if len(sure) > 1 and (address := self._places.address(words, language)):
                    sure = vocabulary.read(words.replace(address.words, address.beside, 1)).sure & sure
                meant = [leaf for leaf in sure if self._categories[leaf].emergency] if len(sure) > 1 else list(sure)
                return meant[0] if len(meant) == 1 else None
        return None

    def suggest(self, words: str, language: str, most: int = 4, learned: Learned | None = None) -> tuple[str, ...]:
        """The leaves that free words may mean, likeliest first; `learned` is what such words were confirmed to mean."""
        weights = dict(self._heard(words, language))
        for category, weight in (learned.weigh(words, language) if learned else {}).items():
            if category in self._categories:
                weights[category] = weights.get(category, 0) + weight
        leaves = self._leaf_weights(weights)
        return tuple(sorted(leaves, key=lambda leaf: (-leaves[leaf], self._order[leaf]))[:most])

    def _heard(self, words: str, language: str) -> Mapping[str, float]:
        """Weights of the categories that the pack's own words speak of, in the first language that they speak in."""
        first = language[:2].lower()
        for vocabulary in self._spoken(language):
            words = _meant(words, language, vocabulary)
            reading = vocabulary.read(words)
            # In a language that the person did not choose, mere hints are mostly other words that look alike.
            if reading.weights and (reading.spoken or vocabulary.language == first):
                return reading.weights
        return {}

    def _leaf_weights(self, weights: Mapping[str, float]) -> dict[str, float]:
        """A word of a group speaks, softly, for its leaves in their order."""
        whole = {leaf: weight for leaf, weight in weights.items() if self._categories[leaf].leaf}
        for group in weights.keys() - whole.keys():
            for leaf in self._leaves.get(group, ()):
                whole[leaf] = whole.get(leaf, 0) + weights[group] / 10
        return whole

    def _spoken(self, language: str) -> Iterable[Vocabulary]:
        """The vocabulary of `language` first, then the others: people change tongues as they like."""
        first = language[:2].lower()
        return sorted(self._vocabularies.values(), key=lambda vocabulary: vocabulary.language != first)

    def language_of(self, words: str, guess: str) -> str:
        """The language that somebody's first words clearly show, else `guess` (a code such as "es", "pt-BR")."""
        shown = language_shown(words, guess[:2].lower(), self._vocabularies)
        return guess if shown == guess[:2].lower() else shown


def _meant(words: str, language: str, vocabulary: Vocabulary) -> str:
    """What another language than hers may read: "hace rato" is no rat to who speaks Spanish."""
    if vocabulary.language == language[:2].lower():
        return words
    ordinary = rules(language).ordinary
    return " ".join(word for word in words.split(" ") if plain(word).strip(",.;:!?") not in ordinary)
