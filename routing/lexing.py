"""Free words cut for whoever looks for a place in them: "av.corrientes1234" is av, corrientes, 1234."""

from __future__ import annotations

import re
from typing import NamedTuple

from routing.words import Rules, plain

# "e/ Callao y Uruguay", "bº Mitre": short for a word that the letters alone do not tell.
_SIGNED = {"e/": "entre", "s/": "sobre", "bº": "barrio", "b°": "barrio", "bª": "barrio", "vª": "villa", "v°": "villa"}
_TOKEN = re.compile(
    r"(?<![^\W_])(?:[es]/(?=\s*[^\W\d_])|[bv][º°ª])"
    r"|[^\W\d_]\.|[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[^\w\s]|\n",
    re.IGNORECASE,
)


class Word(NamedTuple):
    """A word, number or sign of a text: as typed, plain, and where it stands in the text."""

    text: str
    plain: str
    start: int
    end: int

    @property
    def capital(self) -> bool:
        """True when it begins with a capital."""
        return self.text[0].isupper()

    @property
    def letters(self) -> bool:
        """True for a word, False for a number or a sign."""
        return self.plain[0].isalpha()


def split(text: str, language: Rules) -> list[Word]:
    """The words of `text` in order; points behind what is short ("Gral.") and hyphens inside numbers are left out."""
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        word = Word(match[0], _plain(match[0]), match.start(), match.end())
        if not (found and _joins(found[-1], word, text, language)):
            found.append(word)
    return found


def _plain(token: str) -> str:
    signed = _SIGNED.get(token.lower())
    return signed or plain(token).rstrip(".") or token


def _joins(before: Word, word: Word, text: str, language: Rules) -> bool:
    """True for a sign that ends no sentence."""
    if word.text == ".":
        return before.plain in language.short or before.plain in language.titles or before.plain in language.streets
    return word.text == "-" and before.plain.isdigit() and text[word.end : word.end + 1].isdigit()
