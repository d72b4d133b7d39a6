"""Emergencies in people's words: fire, gas, live wires, somebody hurt, violence, a cry for help. Pure, in any language.

`guarded/*.toml` hold the phrases, and those that tell in the same sentence that it is not so: "no hay olor a gas",
"se quemó la lámpara", "la goma de auxilio".
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from routing.guarded_words import every_language
from routing.sameness import same_length
from routing.words import rules

Kind = Literal["fire", "gas", "wires", "hurt", "violence", "help"]
# The first that is heard counts: of a wounded person in a fire the fire brigade hears first.
KINDS: tuple[Kind, ...] = ("fire", "gas", "wires", "hurt", "violence", "help")
_MOST = 2000
_SENTENCE = re.compile(r"[.!?;\n]+|,\s*(?=pero |mas |but )")
# Between a denial and what it denies.
_AMONG = "mas ningun ninguna nenhum nenhuma any el la un una o a um uma the ese esse that se ve hay tem one is"
_BETWEEN = rf"(?: (?:{_AMONG.replace(' ', '|')})){{0,3}}"


def find_alarm(text: str) -> Kind | None:
    """The emergency that these words tell of, the gravest first; None for none."""
    return next(iter(find_alarms(text)), None)


# A message is looked at more than once, and most say the same few words.
@lru_cache(maxsize=1024)
def find_alarms(text: str) -> tuple[Kind, ...]:
    """Every kind of emergency that these words tell of, in the order of KINDS."""
    said = [f" {' '.join(re.findall(r'[a-z0-9]+', each))} " for each in _SENTENCE.split(same_length(text[:_MOST]))]
    told = [sentence for sentence in said if not _phrases("calm").search(sentence)]
    return tuple(kind for kind in KINDS if any(_tells(sentence, kind) for sentence in told))


def _tells(sentence: str, kind: Kind) -> bool:
    matches = _phrases(kind).finditer(sentence)
    return any(not _denied().search(sentence[: match.start() + 1]) for match in matches)


@cache
def _phrases(kind: str) -> re.Pattern[str]:
    every = {phrase for each in every_language() for phrase in each.alarm[kind]}
    return re.compile("|".join(_pattern(phrase) for phrase in sorted(every, key=len, reverse=True)))


def _pattern(phrase: str) -> str:
    """ "cable* .. chisp*" as a pattern; a space stands on both sides, and the last one stays for what follows."""
    words = [
        r"(?:\w+ ){0,3}" if word == ".." else re.escape(word).replace(r"\*", r"\w*") + " " for word in phrase.split()
    ]
    return " " + "".join(words)[:-1] + "(?= )"


@cache
def _denied() -> re.Pattern[str]:
    own = {"no", "nao", "not", "never", "nunca", "isn t", "no hubo", "no es", "sin", "sem", "without"}
    every = own.union(*(rules(language).denials for language in ("es", "pt", "en")))
    words = "|".join(sorted((re.escape(each) for each in every), key=len, reverse=True))
    return re.compile(rf" (?:{words}){_BETWEEN} $")
