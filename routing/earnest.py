"""Whether words are meant: tests of the channel, keyboard rubbish and insults with nothing else are not. Pure.

Doubt falls only on words that consist of nothing else: one that names a thing or a street is a report, however angry.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from routing.guarded_words import every_language
from routing.sameness import same_length

Doubt = Literal["test", "insult", "rubbish"]
# More than this is a story, and somebody's.
_MOST = 120
_ROWS = ("qwertyuiop", "asdfghjklñ", "zxcvbnm", "1234567890", "poiuytrewq", "ñlkjhgfdsa", "mnbvcxz")
_LAUGH = re.compile(r"(?:(?:ja|je|ji|ha|he|kk|rs|lol)+[jhkrsl]?|x?d)")


def find_doubt(text: str) -> Doubt | None:
    """Why these words are probably not meant; None where they may be."""
    words = re.findall(r"\w+", same_length(text))
    if not words or len(text) > _MOST:
        return None
    if all(_is_rubbish(word) for word in words) and not text.strip().isdigit():
        return "rubbish"
    said = f" {' '.join(words)} "
    if _consists_of(said, "tests"):
        return "test"
    return "insult" if _consists_of(said, "insults") else None


def _consists_of(said: str, kind: str) -> bool:
    """True when there is one of this kind in it, and nothing is left but what may stand among them."""
    left, number = _phrases(kind).subn(" ", said)
    return number > 0 and not _phrases("filler").sub(" ", left).strip()


@cache
def _phrases(kind: str) -> re.Pattern[str]:
    every = {phrase for each in every_language() for phrase in each.doubt[kind]}
    return re.compile(rf"(?<=\s)(?:{'|'.join(map(re.escape, sorted(every, key=len, reverse=True)))})(?=\s)")


def _is_rubbish(word: str) -> bool:
    """ "asdf", "aaaaaa", "jajaja", "dfgkjh": keys, and no word of anybody's."""
    if len(word) < 4 or word.isdigit():
        return False
    alike = len(set(word)) == 1
    row = any(word[:4] in each and word[-3:] in "".join(_ROWS) for each in _ROWS)
    mashed = len(word) >= 5 and word.isalpha() and not re.search(r"[aeiouy]", word)
    return alike or row or mashed or _LAUGH.fullmatch(word) is not None
