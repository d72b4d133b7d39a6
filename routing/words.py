"""How words are compared: without case and accents, by sound, in one number, with what each language adds as data.

`languages/<code>.toml` holds what a language adds; one that has no file is compared by letters alone.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, convert

FOLDER = Path(__file__).parent / "languages"
_TOKEN = re.compile(r"[a-z0-9]+|[.;!?]+")
_STRETCHED = re.compile(r"([a-z])\1{2,}")

# Longer than any message; it bounds the work that one text can ask for.
_MOST = 4096


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """What a language's file says; its comments tell what each list is for."""

    small: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    denials: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    ordinary: tuple[str, ...] = ()
    streets: frozenset[str] = frozenset()
    joins: frozenset[str] = frozenset()
    numbering: frozenset[str] = frozenset()
    at: frozenset[str] = frozenset()
    between: frozenset[str] = frozenset()
    heights: frozenset[str] = frozenset()
    holds: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    forenames: frozenset[str] = frozenset()
    nameless: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    short: dict[str, str] = {}
    parts: frozenset[str] = frozenset()
    inner: frozenset[str] = frozenset()
    letters: dict[str, str] = {}
    kinds: dict[str, str] = {}
    called: dict[str, str] = {}
    beside: frozenset[str] = frozenset()
    sounds: tuple[tuple[str, str], ...] = ()
    endings: tuple[tuple[str, str], ...] = ()


@cache
def rules(language: str) -> Rules:
    """The rules of a language code ("es", "pt-BR"); empty ones where it has no file."""
    path = FOLDER / f"{language[:2].lower()}.toml"
    return convert(tomllib.loads(path.read_text("utf-8")), Rules) if path.is_file() else Rules()


def plain(text: str) -> str:
    """Lower case, without accents: "Núñez" is "nunez"."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    return "".join([c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c)])


class Token(NamedTuple):
    """One word of a text: plain letters, where it stands among the words, and in which sentence."""

    word: str
    at: int
    sentence: int


def tokens(text: str) -> list[Token]:
    """The words of `text` in order, with stretched letters ("baaache") put right."""
    found: list[Token] = []
    sentence = 0
    for match in _TOKEN.finditer(plain(text[:_MOST])):
        if match[0][0].isalnum():
            found.append(Token(_STRETCHED.sub(r"\1", match[0]), len(found), sentence))
        else:
            sentence += 1
    return found


@cache
def _sounds(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    pairs = dict(rules(language).sounds)
    return re.compile("|".join(re.escape(sound) for sound in pairs) or r"(?!)"), pairs


@lru_cache(maxsize=4096)
def sound(word: str, language: str) -> str:
    """What a plain word sounds like, in the singular: "baches", "vache" and "bache" are one."""
    pattern, pairs = _sounds(language)
    for ending, singular in rules(language).endings:
        if len(word) > len(ending) + 1 and word.endswith(ending):
            word = word.removesuffix(ending) + singular
            break
    heard = pattern.sub(lambda match: pairs[match[0]], word)
    if len(heard) > 3:
        heard = heard.removesuffix("s")
    return heard.removesuffix("e") if len(heard) > 3 else heard


def stem(heard: str) -> str:
    """A sound without its gender: "rota" and "roto" are one. Only for words that stand beside another."""
    return heard[:-1] if len(heard) > 3 and heard[-1] in "ao" else heard
