"""What citizens' own words have led to: counts of confirmed choices, from which further suggestions follow.

1. Of a report that was sent each telling word counts once for its category; names, numbers and places do not count.
2. A word speaks for a category as far as it was chosen with it more often than all words are: "pileta" tells, "hace
   días" does not.
3. It only suggests. Nothing that was learnt is ever taken for certain.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from routing.lexing import Word, split
from routing.words import Rules, rules, sound

# More than this is a novel, whose end tells nothing.
MOST_WORDS = 40
SHORTEST, LONGEST = 3, 24
# So many choices of nobody are added to each word's: what was said once or twice tells little.
DOUBT = 3.0
# How often a category is chosen at all means little before so many choices were made.
YOUNG = 20.0
# Less than this above the usual is chance.
LEAST_LIFT = 0.02
# What a word that always meant one category weighs, beside 10 for each word of a certain phrase and 1 of a hint.
WEIGHT = 6.0
# A slip is guessed at in words of so many sounds.
SLIP_LENGTH = 6


class Count(NamedTuple):
    """How often a word was said of a category, in one language."""

    language: str
    word: str
    category: str
    times: int


class Learned:
    """The counts, by the sound of their words; `weigh` tells what a text may mean by them."""

    def __init__(self, counts: Iterable[Count] = ()) -> None:
        self._words: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._chosen: dict[str, Counter[str]] = defaultdict(Counter)
        for each in counts:
            self._words[each.language][sound(each.word, each.language)][each.category] += each.times
            self._chosen[each.language][each.category] += each.times
        self._known = {language: _by_letter(words) for language, words in self._words.items()}
        # A conversation runs again from its top with every message, over the same words.
        self.weigh = lru_cache(maxsize=512)(self._weigh)

    def _weigh(self, text: str, language: str) -> Mapping[str, float]:
        """Weights of the categories that the words of `text` were chosen for, by the three rules above."""
        code = language[:2].lower()
        words, chosen = self._words.get(code), self._chosen.get(code)
        if not words or not chosen:
            return {}
        every = chosen.total()
        weights: defaultdict[str, float] = defaultdict(float)
        for heard in dict.fromkeys(self._heard(word, code) for word in telling_words(text, code)):
            if counts := words.get(heard):
                for category, lift in _lifts(counts, chosen, every):
                    weights[category] += WEIGHT * lift
        return weights

    def why(self, text: str, language: str) -> Iterator[tuple[str, str, int, int]]:
        """(word, category, how often it was said of it, how often at all) of all that was learnt of these words."""
        code = language[:2].lower()
        words = self._words.get(code, {})
        for word in telling_words(text, code):
            counts = words.get(self._heard(word, code), Counter())
            for category, count in counts.most_common(1):
                yield word, category, count, counts.total()

    def _heard(self, word: str, code: str) -> str:
        heard = sound(word, code)
        if heard in self._words.get(code, {}) or len(heard) < SLIP_LENGTH:
            return heard
        alike = self._known.get(code, {}).get(heard[0], ())
        near = process.extractOne(heard, alike, scorer=OSA.distance, score_cutoff=1)
        return near[0] if near and len(near[0]) >= SLIP_LENGTH else heard


def telling_words(text: str, language: str) -> tuple[str, ...]:
    """The words of a text that may tell its category, plain, each once: no small words, numbers, names or streets."""
    spoken = rules(language)
    told = [word for word in split(text, spoken)[:MOST_WORDS] if word.text]
    kept = (word.plain for at, word in enumerate(told) if _tells(told, at, spoken))
    return tuple(dict.fromkeys(kept))


def _tells(words: list[Word], at: int, spoken: Rules) -> bool:
    word = words[at]
    if not (word.letters and word.plain.isalpha() and SHORTEST <= len(word.plain) <= LONGEST):
        return False
    if word.plain in spoken.small or word.plain in spoken.forenames or word.plain in spoken.titles:
        return False
    # A capital inside a sentence is somebody's name, or a street's; a text in capitals has none.
    begins = at == 0 or not (words[at - 1].letters or words[at - 1].text[0].isdigit() or words[at - 1].text == ",")
    named = word.capital and not word.text.isupper() and not begins
    after_street = at > 0 and words[at - 1].plain in spoken.streets
    return not (named or after_street)


def _lifts(counts: Counter[str], chosen: Counter[str], every: int) -> Iterator[tuple[str, float]]:
    said = counts.total()
    for category, count in counts.items():
        lift = count / (said + DOUBT) - chosen[category] / (every + YOUNG)
        if lift >= LEAST_LIFT:
            yield category, lift


def _by_letter(words: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        found[word[:1]].append(word)
    return found
