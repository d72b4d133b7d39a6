"""Which language somebody's first words are in, where nothing but her number told what she may speak. Pure.

A greeting or a command of one language alone tells it; else what is reported, and small words of one language alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from locales import LANGUAGES, catalog, fold
from routing.vocabulary import Vocabulary
from routing.words import rules, tokens

# Words that report something weigh as much as two small ones; one small word alone may be a slip or a name.
_REPORTED = 2
_LEAST = 2
# Carriers taught these to people of every tongue.
_CARRIERS = frozenset({"help", "info", "stop", "start"})
_CODE = re.compile(r"#?\S*\d.*", re.DOTALL)


def language_shown(text: str, guess: str, vocabularies: Mapping[str, Vocabulary]) -> str:
    """The code of the language that `text` clearly shows; `guess`, itself a code, where it shows none clearly."""
    for understood in (_greeting(text), _commanding(text)):
        if understood:
            return guess if guess in understood or len(understood) > 1 else understood.pop()
    return _by_words(text, guess, vocabularies)


def _greeting(text: str) -> set[str]:
    return {code for code in LANGUAGES if catalog(code).without_greeting(text) != text.strip()}


def _commanding(text: str) -> set[str]:
    whole, before = fold(text), fold(_CODE.sub("", text))
    if whole in _CARRIERS:
        return set(LANGUAGES)
    return {
        code
        for code in LANGUAGES
        if catalog(code).bare_command(whole, "sms") or (before != whole and catalog(code).ticket_command(before))
    }


def _by_words(text: str, guess: str, vocabularies: Mapping[str, Vocabulary]) -> str:
    counts = Counter({guess: 0})
    for word in {token.word for token in tokens(text)}:
        counts.update(code for code in LANGUAGES if word in _own_words(code))
    reported = [code for code, vocabulary in vocabularies.items() if vocabulary.read(text).spoken]
    if len(reported) == 1:
        counts[reported[0]] += _REPORTED
    best, most = max(counts.items(), key=lambda each: (each[1], each[0] == guess))
    return best if most >= max(_LEAST, counts[guess] + _LEAST) and _alone(counts.values(), most) else guess


def _alone(counts: Iterable[int], most: int) -> bool:
    return sum(count == most for count in counts) == 1


@cache
def _own_words(language: str) -> frozenset[str]:
    """The small words and words for street of a language that no other one has."""
    others = frozenset().union(*(_small_words(code) for code in LANGUAGES if code != language))
    return _small_words(language) - others


@cache
def _small_words(language: str) -> frozenset[str]:
    spoken = rules(language)
    return frozenset().union(spoken.small, spoken.streets, spoken.joins, spoken.at, spoken.without, spoken.parts)
