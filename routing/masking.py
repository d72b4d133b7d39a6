"""Personal data in words that the public reads: telephones, e-mails, documents, plates, names and handles. Pure.

Names, e-mails and the like are found first, by what they look like; then every number is judged by its shape and by the
words beside it (`routing/numerals.py`). House numbers, dates, prices, codes and routes are nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from routing.guarded_words import every_language, guarded, personal
from routing.numerals import find_numbers
from routing.sameness import same_length

Kind = Literal["phone", "email", "document", "plate", "name", "handle"]
KINDS: tuple[Kind, ...] = ("phone", "email", "document", "plate", "name", "handle")
# Words from an office: its telephone and its mail are meant to be read.
OFFICE_KINDS: tuple[Kind, ...] = ("document", "plate", "name")

_MAIL = re.compile(
    # Looked for where a word begins alone: from each of its letters on, a long one would cost its square.
    r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.+-])[\w.+-]{2,} ?[(\[]?(?:arroba|at)[)\]]? ?(?:gmail|hotmail|yahoo|outlook|live|icloud|uol|bol)"
    r"(?:[ .]*(?:punto|ponto|dot)?[ .]*com(?:\.\w{2})?)?\b",
    re.IGNORECASE,
)
_HANDLE = re.compile(
    r"(?<![\w@.])@[A-Za-z_][\w.]{1,29}(?<!\.)"
    r"|\b(?:https?://)?(?:www\.|m\.)?(?:facebook|fb|instagram|twitter|x|tiktok|t|wa)\.(?:com|me)/[\w.@+/-]+(?<!\.)",
    re.IGNORECASE,
)
# Argentine cars (AA123BB, AAA123) and motorcycles (A123BCD), Brazilian ones (ABC1D23, ABC-1234).
_PLATE = re.compile(
    r"[A-Z]{2}[ -]?\d{3}[ -]?[A-Z]{2}|[A-Z]\d{3}[A-Z]{3}|[A-Z]{3}\d[A-Z]\d{2}|[A-Z]{3}-?\d{4}|[A-Z]{3}\d{3}"
)
_LIKE_PLATE = re.compile(
    r"(?<![\w-])(?:[a-z]{2}[ .-]?\d{3}[ .-]?[a-z]{2}|[a-z]\d{3}[a-z]{3}|[a-z]{3}\d[a-z]\d{2}|[a-z]{3}[ .-]?\d{3,4})"
    r"(?![\w-]|\.\d)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?")
_GAP = re.compile(r"[ \t]*,?[ \t]*")
_PARTICLES = frozenset({"da", "das", "do", "dos", "de", "del", "di", "von", "van"})
# Names written without capitals are followed as far as this, those with capitals further.
_MOST_PLAIN, _MOST_PROUD = 2, 5


class Span(NamedTuple):
    """A piece of the text, from `start` up to and without `end`, in characters."""

    start: int
    end: int
    kind: Kind


class Masked(NamedTuple):
    """The text as the public reads it, and which pieces of the original were replaced."""

    text: str
    spans: tuple[Span, ...]


def mask(text: str, language: str, kinds: Collection[Kind] = KINDS) -> Masked:
    """`text` with its personal data replaced by words of `language` such as "[teléfono]"."""
    spans = tuple(span for span in _personal(text) if span.kind in kinds) if text else ()
    hidden = guarded(language).hidden
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], hidden[span.kind]]
        at = span.end
    return Masked("".join((*parts, text[at:])), spans)


def masked_or_none(text: str, language: str, kinds: Collection[Kind] = KINDS) -> str | None:
    """The masked text; None where nothing had to be."""
    masked = mask(text, language, kinds)
    return masked.text if masked.spans else None


# The words of a place are shown with each thing that happens there.
@lru_cache(maxsize=1024)
def _personal(text: str) -> tuple[Span, ...]:
    return tuple(find_personal(text))


def find_personal(text: str) -> list[Span]:
    """Every piece of personal data in its order; none overlaps another."""
    plain = same_length(text)
    found: list[Span] = []
    taken = bytearray(len(text))
    for finder in (_find_mails, _find_handles, _find_names, _find_plates):
        for span in finder(text, plain):
            if not any(taken[span.start : span.end]):
                found.append(span)
                taken[span.start : span.end] = b"\1" * (span.end - span.start)
    cuts = [(span.start, span.end) for span in found] + [match.span() for match in _marks().finditer(text)]
    found.extend(Span(*number) for number in find_numbers(text, plain, cuts))
    return sorted(found)


@cache
def _marks() -> re.Pattern[str]:
    """What replaces personal data, in any language: it is not looked at again."""
    marks = {mark for each in every_language() for mark in each.hidden.values()}
    return re.compile("|".join(re.escape(mark) for mark in sorted(marks)))


def _find_mails(text: str, plain: str) -> Iterator[Span]:
    for match in _MAIL.finditer(text):
        yield Span(*match.span(), "email")


def _find_handles(text: str, plain: str) -> Iterator[Span]:
    for match in _HANDLE.finditer(text):
        yield Span(*match.span(), "handle")


def _find_plates(text: str, plain: str) -> Iterator[Span]:
    for match in _LIKE_PLATE.finditer(text):
        near = _words_before(plain, match.start(), 3)
        if near & personal().counted and not near & personal().plates:
            continue
        if _PLATE.fullmatch(match[0]) or (near & personal().plates and not _has_plain_word(match[0])):
            yield Span(*match.span(), "plate")


def _has_plain_word(found: str) -> bool:
    """ "del 1200", "de 150 cc": words of a sentence with a number beside them."""
    letters = re.findall(r"[^\W\d_]+", found)
    apart = " " in found and not found.isupper()
    return apart and (len(letters) == 1 or not personal().ends.isdisjoint(map(str.lower, letters)))


def _words_before(plain: str, at: int, most: int) -> frozenset[str]:
    """The last words before a place of the text, in its own sentence."""
    piece = re.split(r"[.;!?\n\d\]]", plain[max(0, at - 60) : at].replace("[", "\n"))[-1]
    return frozenset(re.findall(r"[a-z]+", piece)[-most:])


def _find_names(text: str, plain: str) -> Iterator[Span]:
    at = 0
    while match := _introductions().search(plain, at):
        at = match.end()
        sure = match[1] in personal().introduces
        if (end := _end_of_name(text, plain, match, sure=sure)) is not None:
            start = match.end() + len(_spaces(text, match.end()))
            yield Span(start, end, "name")
            at = end


@cache
def _introductions() -> re.Pattern[str]:
    phrases = sorted(personal().introduces | personal().supposes, key=len, reverse=True)
    each = "|".join(re.escape(phrase).replace(r"\ ", r"['’\s,]+") for phrase in phrases)
    return re.compile(rf"(?<!\w)({each})(?=[\s:,.]+\w)")


def _spaces(text: str, at: int) -> str:
    found = re.compile(r"[\s:,.]+").match(text, at)
    return found[0] if found else ""


def _end_of_name(text: str, plain: str, said: re.Match[str], *, sure: bool) -> int | None:
    """Where the name after an introduction ends; None where none follows."""
    start = said.end() + len(_spaces(text, said.end()))
    first = _WORD.match(text, start)
    # "¿Soy yo. María no sabe": what is behind a full stop belongs to nobody's "soy".
    if first is None or (not sure and "." in text[said.end() : start]):
        return None
    shouted = text[said.start() : said.end()].isupper()
    word = plain[first.start() : first.end()].rstrip(".")
    proud = first[0][0].isupper() and not shouted
    if word in personal().nameless or not (sure or proud or word in personal().given):
        return None
    return _follow_name(text, plain, first, proud=proud, sure=sure)


def _follow_name(text: str, plain: str, first: re.Match[str], *, proud: bool, sure: bool) -> int:
    end, count = _name_end(first), 1
    last = first
    while count < (_MOST_PROUD if proud else _MOST_PLAIN) and not _ends_sentence(last):
        gap = re.compile(r"[ \t]+").match(text, last.end())
        word = _WORD.match(text, gap.end()) if gap else None
        if word is None:
            break
        low = plain[word.start() : word.end()].rstrip(".")
        if low in _PARTICLES and proud:
            after = _after_particle(text, plain, word)
            if after is None or not (sure or low in ("da", "das", "dos")):
                break
            word, low = after, plain[after.start() : after.end()].rstrip(".")
        if low in personal().ends or (proud and not word[0][0].isupper()):
            break
        last, end, count = word, _name_end(word), count + 1
    return end


def _after_particle(text: str, plain: str, particle: re.Match[str]) -> re.Match[str] | None:
    """The name behind "da", "de los" and the like; None for anything but a name."""
    gap = re.compile(r"[ \t]+(?:(?:los|las|la)[ \t]+)?").match(plain, particle.end())
    word = _WORD.match(text, gap.end()) if gap else None
    return word if word and word[0][0].isupper() else None


def _ends_sentence(word: re.Match[str]) -> bool:
    return word[0].endswith(".") and len(word[0]) > 2


def _name_end(word: re.Match[str]) -> int:
    return word.end() - 1 if _ends_sentence(word) else word.end()
