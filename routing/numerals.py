"""Numbers in people's words that are a telephone's or a document's: by their shape and by the words beside them. Pure.

Shapes: Argentina's numbering plan (ENACOM: area code and number are ten digits, 15 in front of a mobile's) and DNI and
CUIL (two digits, the document, a check digit); Brazil's (Anatel: two digits of area, nine of a mobile) and CPF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from routing.guarded_words import personal

Kind = Literal["phone", "document"]


class Number(NamedTuple):
    """A piece of the text that is somebody's number."""

    start: int
    end: int
    kind: Kind


class _Run(NamedTuple):
    """Digits with signs between them; `shape` are the lengths of its groups."""

    start: int
    end: int
    text: str
    digits: str
    shape: tuple[int, ...]
    near: str
    after: str


# A stop and a space end a sentence, and a comma a number.
_RUN = re.compile(r"(?<![\w$#°º])(?:\+[ ]?)?\(?\d+(?:(?:\) ?|[ ]?\(| ?[-–/] ?|\.| {1,2})\(?\d+)*(?:-[\dxX])?(?![\w])")
_NO_NUMBER = re.compile(
    r"-?\b\d{1,3}[.,]\d{3,}(?:\s*[,;/])?\s+-?\d{1,3}[.,]\d{3,}\b|-\d{1,3}[.,]\d{4,}\b"  # coordinates
    r"|-?\b\d{1,3}\.\d{3,},-?\d{1,3}\.\d{3,}\b"
    r"|\b(?:\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d{2}|(?:19|20)\d{2}[/.-]\d{1,2}[/.-]\d{1,2})\b(?![-.]\d)"  # dates
    r"|\b\d{1,2}(?::|\.)\d{2} ?(?:hs?\b|horas\b)|\b\d{1,2}:\d{2}(?::\d{2})?"  # times
    r"|(?:u\$s|ar\$|us\$|r\$|\$)\s*\d[\d.,]*"  # prices
    r"|\b0?[68][01]0[ -]?\d{3}[ -]?\d{4}\b"  # 0800, 0810, 0600: an office's
    r"|\b\d{5}-\d{3}\b(?!-?\d)",  # CEP
    re.IGNORECASE,
)
# Where one number may end and another begin.
_PAUSE = re.compile(r"[ /]+")
# The full stop of a short word is no end: "tel. 4523 1234".
_END = re.compile(r"[;!?\n](?=\s|$)|(?<=\w{5})\.(?=\s|$)")
_NEAR = 48
_MOST_WORDS = 4
_MOST_DIGITS = 16
# Nobody writes a number longer than this; what is longer is looked at piece by piece.
_MOST_LENGTH = 32


def find_numbers(text: str, plain: str, cuts: Sequence[tuple[int, int]]) -> Iterator[Number]:
    """Every telephone and document number of the text, outside of the `cuts`, which also end what stands beside."""
    shut = sorted([*cuts, *(match.span() for match in _NO_NUMBER.finditer(text))])
    free = _free(len(text), shut)
    for start, end in free:
        before = start
        for match in _RUN.finditer(text, start, end):
            for run in _split(match, plain, before, end):
                before = run.end
                if kind := _judge(run):
                    yield Number(run.start, run.end, kind)


def _free(length: int, shut: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in shut:
        if start > at:
            yield at, start
        at = max(at, end)
    yield at, length


def _split(match: re.Match[str], plain: str, before: int, end: int) -> Iterator[_Run]:
    """One run, or its parts where spaces stand between numbers of their own: "Thames 1800 1155554444"."""
    at, rest = match.start(), match[0]
    if len(rest) <= _MOST_LENGTH:
        whole = _run(rest, at, plain, _near(plain, before, at), end)
        if _judge(whole) or not _PAUSE.search(rest):
            yield whole
            return
    while rest:
        near = _near(plain, before, at)
        runs = (_run(rest[:size], at, plain, near, end) for size in _ends(rest))
        piece = _PAUSE.split(rest, maxsplit=1)[0]
        run = next((each for each in runs if _judge(each)), None) or _run(piece, at, plain, near, end)
        yield run
        before = run.end
        left = _PAUSE.sub("", rest[len(run.text) :], count=1)
        at, rest = at + len(rest) - len(left), left


def _ends(rest: str) -> Iterator[int]:
    """Where a number may end: after every piece, the longest first, as far as numbers reach."""
    pauses = [match.start() for match in _PAUSE.finditer(rest[: _MOST_LENGTH + 1])]
    yield from (end for end in reversed([*pauses, len(rest)]) if 0 < end <= _MOST_LENGTH)


def _near(plain: str, before: int, start: int) -> str:
    """The last words in front of a number, in its own sentence."""
    near = _END.split(plain[max(before, start - _NEAR) : start])[-1]
    return f" {' '.join(re.findall(r'[a-z$]+', near)[-_MOST_WORDS:])} "


def _run(text: str, start: int, plain: str, near: str, end: int) -> _Run:
    after = plain[start + len(text) : min(end, start + len(text) + 16)]
    shape = tuple(map(len, re.findall(r"\d+", text)))
    return _Run(start, start + len(text), text, re.sub(r"\D", "", text), shape, near, after)


def _judge(run: _Run) -> Kind | None:
    """Whose number it is; None for nobody's."""
    if not 6 <= len(run.digits) <= _MOST_DIGITS or _is_money(run):
        return None
    if _said(run, personal().counted) and not run.text.startswith("+"):
        return None
    if _said(run, personal().documents):
        return "document"
    if _said(run, personal().phones) and _dialled(run):
        return "phone"
    if _is_document(run):
        return "document"
    return "phone" if _is_phone(run) else None


def _said(run: _Run, words: frozenset[str]) -> bool:
    return any(f" {word} " in run.near for word in words)


def _is_money(run: _Run) -> bool:
    behind = re.match(r"\s*(?:de\s+)?([a-z$]+)", run.after)
    return bool((behind and behind[1] in personal().money) or run.near.split()[-1:] == ["$"])


def _dialled(run: _Run) -> bool:
    """Six digits or more beside "teléfono": "4523 1234", "42-3456", "1155554444"; no "1800 15"."""
    return len(run.digits) >= 8 or (len(run.digits) >= 6 and " " not in run.text) or run.shape == (3, 4)


def _is_document(run: _Run) -> bool:
    if re.fullmatch(r"\d{1,2}\.\d{3}\.\d{3}(?:-[\dxX])?", run.text):
        return len(run.digits) >= 8
    if re.fullmatch(r"\d{3}\.\d{3}\.\d{3}[-. ]?\d{2}", run.text):
        return True
    if re.fullmatch(r"2[0-7][- .]?\d{1,2}\.?\d{3}\.?\d{3}[- .]?\d", run.text) and _checks_as_cuil(run.digits):
        return True
    if len(run.digits) == 11 and len(run.shape) == 1:
        return _checks_as_cpf(run.digits)
    # A DNI as it is typed in a hurry; a mobile number without its area code begins with 15.
    return run.text.isdigit() and len(run.digits) == 8 and run.digits[0] in "123" and not run.digits.startswith("15")


def _checks_as_cuil(digits: str) -> bool:
    if len(digits) != 11:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=False))
    return (11 - total % 11) % 11 == int(digits[-1])


def _checks_as_cpf(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    for size in (9, 10):
        total = sum(int(digit) * (size + 1 - at) for at, digit in enumerate(digits[:size]))
        if total * 10 % 11 % 10 != int(digits[size]):
            return False
    return True


def _is_phone(run: _Run) -> bool:
    digits, count = run.digits, len(run.digits)
    if run.text.startswith("+"):
        return count >= 8
    if re.match(r"(?:00)?(?:54|55)", digits) and count in (12, 13, 14, 15):
        return True
    if count == 8:
        return _is_local(run)
    national = digits.removeprefix("0")
    if count == 9:
        return national.startswith("9") and run.shape in ((5, 4), (1, 4, 4))
    return _is_argentine(run, national) or _is_brazilian(run, national)


def _is_local(run: _Run) -> bool:
    """ "4523-1234" and no stretch of a street, "4500-4600"; eight digits alone begin as lines do."""
    if run.text.isdigit():
        return run.digits[0] in "4567" or run.digits.startswith("15")
    if run.shape != (4, 4) or not re.fullmatch(r"\d{4}[-–]\d{4}", run.text):
        return False
    first, last = int(run.digits[:4]), int(run.digits[4:])
    stretch = 0 < last - first <= 1000 and (last % 50 == 0 or first % 50 == 0 or last - first <= 100)
    return run.digits[0] in "23456789" and not stretch and not run.near.endswith((" al ", " altura ", " del "))


def _is_argentine(run: _Run, national: str) -> bool:
    """Area code and number are ten digits; 15 may stand between them, or in front of a number of Buenos Aires."""
    if re.fullmatch(r"15\d{8}", national):
        return run.shape[0] in (2, 6, 10)
    mobile = re.fullmatch(r"(11|[23]\d{2,3})15(\d{6,8})", national)
    if mobile and len(mobile[1]) + len(mobile[2]) == 10:
        return True
    if len(national) != 10 or not re.match(r"11|[23]\d", national):
        return False
    # Two house numbers and a hundred metres are as long; a number is not cut in such pieces.
    return run.shape in _PIECES or len(run.shape) == 1


# How people write the ten digits in pieces, with a 0 in front or not: "11 5555 4444", "0351 555 1234".
_WRITTEN = "244 28 344 38 334 37 3134 434 47 424 46 524 56 533 64 433 55 22222 235 324 2422 253"
_PIECES = frozenset(tuple(map(int, pieces)) for pieces in _WRITTEN.split())


def _is_brazilian(run: _Run, national: str) -> bool:
    if re.fullmatch(r"[1-9][1-9]9\d{8}", national):
        return True
    return re.fullmatch(r"[1-9][1-9][2-5]\d{7}", national) is not None and run.shape in ((2, 4, 4), (3, 4, 4), (2, 8))
