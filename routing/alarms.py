"""Emergencies in people's words: fire, gas, live wires, somebody hurt, violence, a cry for help. Pure, in any language.

`guarded/*.toml` hold the phrases, and those that tell that it is not so: "la goma de auxilio" is another thing, and
"simulacro de incendio" no fire; "ya lo apagaron" is over unless something "sigue", and what stands just before denies
it, "no hay olor a gas", or says that it has not come to that, "puede haber un incendio".
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
# "Si, hay fuego" is a yes.
_SENTENCE = re.compile(r"[.!?;\n]+|,\s*(?=pero |mas |but )|(?<=\bsi),|(?<=\bno),")
# Between a denial and what it denies.
_AMONG = (
    "mas ningun ninguna nenhum nenhuma any el la un una o a um uma the ese esse that se ve hay tem one is "
    "haber haya hubiera ocurrir producir provocar causar haver haja be have cause there someone somebody alguien alguem"
)
_BETWEEN = rf"(?: (?:{_AMONG.replace(' ', '|')})){{0,3}}"


def find_alarm(text: str) -> Kind | None:
    """The emergency that these words tell of, the gravest first; None for none."""
    return next(iter(find_alarms(text)), None)


# A message is looked at more than once, and most say the same few words.
@lru_cache(maxsize=1024)
def find_alarms(text: str) -> tuple[Kind, ...]:
    """Every kind of emergency that these words tell of, in the order of KINDS."""
    said = [f" {' '.join(re.findall(r'[a-z0-9]+', each))} " for each in _SENTENCE.split(same_length(text[:_MOST]))]
    meant = [_phrases("spoken").sub(" ,", _phrases("drill").sub(_without_drill, each)) for each in said]
    told = [sentence for sentence in meant if not _is_over(sentence)]
    return tuple(kind for kind in KINDS if any(_tells(sentence, kind) for sentence in told))


def _without_drill(match: re.Match[str]) -> str:
    """Nothing of what is only rehearsed; all of it where she says that it is no rehearsal."""
    return match[0] if _no_drill().search(match.string[: match.start() + 1]) else " ,"


def _is_over(sentence: str) -> bool:
    """True of what was and is no more; in doubt it goes on."""
    return bool(_phrases("calm").search(sentence)) and not _phrases("still").search(sentence)


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
def _no_drill() -> re.Pattern[str]:
    every = {phrase for each in every_language() for phrase in each.alarm["real"]}
    return re.compile(rf" (?:{'|'.join(sorted(every, key=len, reverse=True))}) $")


@cache
def _denied() -> re.Pattern[str]:
    own = {"no", "nao", "not", "never", "nunca", "isn t", "no hubo", "no es", "sin", "sem", "without"}
    every = own.union(*(rules(language).denials for language in ("es", "pt", "en")))
    every |= {phrase for each in every_language() for phrase in each.alarm["maybe"]}
    words = "|".join(sorted((re.escape(each) for each in every), key=len, reverse=True))
    return re.compile(rf" (?:{words}){_BETWEEN} $")
