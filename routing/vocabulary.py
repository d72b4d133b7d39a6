"""From free words to a category, in one language: the pack's phrases, heard by sound, with small slips of the fingers.

1. A phrase matches when all of its words stand near each other, in any order; with "no" or "sin" in it, in order.
2. Longer phrases come first, then closer ones, and use their words up: "luz del semáforo quemada" is no street lamp.
3. What is denied ("no es un bache") or only tells where ("frente al semáforo") does not count.
4. One category left is recognised; none or two are not, they are only suggested. Of two in few words the one which is
   said first, and more fully: "cloaca desbordada, qué olor", "casa abandonada llena de ratas".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct
from rapidfuzz import process
from rapidfuzz.distance import OSA

from routing.records import Category
from routing.words import Rules, Token, rules, sound, stem, tokens

# A person's report is short; whoever pastes a novel is not recognised by its end.
_MOST_TOKENS = 120
# In more words people tell of several things, the main one not always first.
_SHORT_STORY = 30
# Between the words of one phrase may stand this many others ("la luz de mi cuadra está quemada").
_GAP = 2
# Shorter words are too near to each other to guess at a slip ("plata" is not "plaza").
_SLIP_LENGTH = 6
_TWO_SLIPS_LENGTH = 10


class Phrase(Struct, frozen=True):
    """What people say for a category. `parts` are sounds (stems where there are several); `sure` phrases recognise."""

    parts: tuple[str, ...]
    category: str
    sure: bool
    ordered: bool


class Hit(NamedTuple):
    """A phrase found, at which of the text's words, and over how many telling ones it reaches."""

    phrase: Phrase
    at: tuple[int, ...]
    span: int


class Reading(NamedTuple):
    """What a text seems to say: categories sure of, and weights of everything that was touched on.

    `spoken` is True when a sure phrase was there at all, be it denied: then no other language need be tried.
    """

    sure: frozenset[str]
    spoken: bool
    weights: dict[str, float]


class Vocabulary:
    """The words of one language for all categories; `read` says what a text means, by the four rules above."""

    def __init__(self, categories: Iterable[Category], language: str) -> None:
        self.language = language
        self.rules = rules(language)
        self._ordinary = _ordinary(self.rules)
        self._single: dict[str, list[Phrase]] = defaultdict(list)
        self._by_part: dict[str, list[Phrase]] = defaultdict(list)
        self._spellings: set[str] = set()
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for category in categories:
            for sure, words in ((True, category.words), (False, category.hints)):
                for text in words.get(language, ()):
                    self._add(text, category.id, sure)
        for spelling in sorted(self._spellings):
            self._by_letter[spelling[0]].append(spelling)
        self._corrected = lru_cache(maxsize=4096)(self._correct)
        # A conversation runs again from its top with every message, over the same words.
        self.read = lru_cache(maxsize=512)(self._read)

    def _read(self, text: str) -> Reading:
        """What `text` says, by the four rules above."""
        said = tokens(text)[:_MOST_TOKENS]
        content = [token for token in said if token.word not in self.rules.small]
        hits = list(self._hits(content))
        settled = _has_any(said, self.rules.settled)
        kept: list[Hit] = []
        weights = defaultdict[str, float](float)
        strong = _longest(hit for hit in hits if hit.phrase.sure)
        for hit in strong:
            if self._before(said, hit, self.rules.denials):
                continue
            beside = self._before(said, hit, self.rules.aside)
            weights[hit.phrase.category] += 1 if beside or settled else 10 * len(hit.phrase.parts)
            if not (beside or settled):
                kept.append(hit)
        for hit in hits:
            if not hit.phrase.sure and not self._before(said, hit, self.rules.denials):
                weights[hit.phrase.category] += len(hit.phrase.parts)
        sure = _main(kept) if len(said) <= _SHORT_STORY else frozenset(hit.phrase.category for hit in kept)
        return Reading(sure, bool(strong), weights)

    def _add(self, text: str, category: str, sure: bool) -> None:
        words = _telling(text, self.rules)
        parts = phrase_parts(text, self.language)
        phrase = Phrase(parts, category, sure, any(word in self.rules.without for word in words))
        self._spellings.update(sound(word, self.language) for word in words)
        # A phrase is found through its longest word, which is its rarest.
        (self._by_part if len(parts) > 1 else self._single)[max(parts, key=len)].append(phrase)

    def _hits(self, content: list[Token]) -> Iterator[Hit]:
        sounds: dict[str, list[int]] = defaultdict(list)
        stems: dict[str, list[int]] = defaultdict(list)
        for token in content:
            heard = self._corrected(token.word)
            sounds[heard].append(token.at)
            stems[stem(heard)].append(token.at)
        for heard, places in sounds.items():
            yield from (Hit(phrase, (at,), 0) for phrase in self._single.get(heard, ()) for at in places)
        # Gaps are counted in words that carry something, and no phrase reaches over the end of a sentence.
        rank = {token.at: n + 1000 * token.sentence for n, token in enumerate(content)}
        for part in list(stems):
            for phrase in self._by_part.get(part, ()):
                if where := _stand(phrase, part, stems, rank):
                    yield Hit(phrase, where, rank[where[-1]] - rank[where[0]])

    def _correct(self, word: str) -> str:
        heard = sound(word, self.language)
        if heard in self._spellings or len(word) < _SLIP_LENGTH or word in self._ordinary:
            return heard
        slips = 2 if len(word) >= _TWO_SLIPS_LENGTH else 1
        near = process.extractOne(heard, self._by_letter.get(heard[:1], ()), scorer=OSA.distance, score_cutoff=slips)
        return near[0] if near and len(near[0]) >= _SLIP_LENGTH else heard

    def _before(self, said: list[Token], hit: Hit, phrases: tuple[str, ...]) -> bool:
        """Whether one of `phrases` comes just before the hit, small words between them left out."""
        first = said[hit.at[0]]
        words = [token.word for token in said[max(0, first.at - 6) : first.at] if token.sentence == first.sentence]
        ends = {" ".join(words[: len(words) - n]) for n in range(_trailing(words, self.rules) + 1)}
        return any(end == phrase or end.endswith(f" {phrase}") for end in ends for phrase in phrases)


def phrase_parts(text: str, language: str) -> tuple[str, ...]:
    """What a phrase is compared by: the sounds of its telling words, without their gender where there are several."""
    heard = tuple(sound(word, language) for word in _telling(text, rules(language)))
    return heard if len(heard) == 1 else tuple(stem(part) for part in heard)


def _ordinary(language: Rules) -> set[str]:
    """Words that are meant as they stand, whatever of the vocabulary they look like."""
    phrases = (*language.ordinary, *language.denials, *language.settled, *language.aside)
    return {word for phrase in phrases for word in phrase.split()}


def _telling(text: str, language: Rules) -> list[str]:
    # A phrase of small words alone keeps them: it would be empty otherwise.
    said = [token.word for token in tokens(text)]
    return [word for word in said if word not in language.small] or said


def _trailing(words: list[str], language: Rules) -> int:
    """How many small words `words` end in."""
    count = 0
    while count < len(words) and words[-1 - count] in language.small:
        count += 1
    return count


def _stand(phrase: Phrase, anchor: str, places: dict[str, list[int]], rank: dict[int, int]) -> tuple[int, ...] | None:
    """Where the phrase's words stand near each other; None when they do not."""
    others = [part for part in phrase.parts if part != anchor]
    for start in places[anchor]:
        at = [start]
        for part in others:
            near = min(places.get(part, ()), key=lambda there: abs(there - start), default=None)
            if near is None:
                return None
            at.append(near)
        ranks = [rank[there] for there in sorted(at)]
        if ranks[-1] - ranks[0] <= len(phrase.parts) - 1 + _GAP and (
            not phrase.ordered or _in_order(phrase, places, at)
        ):
            return tuple(sorted(at))
    return None


def _in_order(phrase: Phrase, places: dict[str, list[int]], at: list[int]) -> bool:
    chosen = [next(there for there in places[part] if there in at) for part in phrase.parts]
    return chosen == sorted(chosen)


def _main(hits: list[Hit]) -> frozenset[str]:
    """The categories of these hits; one alone when it comes first and each of the others is told in fewer words."""
    said = frozenset(hit.phrase.category for hit in hits)
    first = min(hits, key=lambda hit: hit.at, default=None)
    if first is None or len(said) == 1:
        return said
    others = [hit for hit in hits if hit.phrase.category != first.phrase.category]
    fuller = all(len(hit.phrase.parts) < len(first.phrase.parts) for hit in others)
    return frozenset({first.phrase.category}) if fuller else said


def _longest(hits: Iterable[Hit]) -> list[Hit]:
    """The hits that remain when longer and closer phrases use up their words; equals that share a word remain both."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=_worth, reverse=True):
        if not any(_worth(other) > _worth(hit) and set(hit.at) & set(other.at) for other in kept):
            kept.append(hit)
    return kept


def _worth(hit: Hit) -> tuple[int, int]:
    return len(hit.phrase.parts), -hit.span


def _has_any(said: list[Token], phrases: tuple[str, ...]) -> bool:
    whole = f" {' '.join(token.word for token in said)} "
    return any(f" {phrase} " in whole for phrase in phrases)
