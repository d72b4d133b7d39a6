"""Positions written as numbers: decimal degrees, degrees with minutes and seconds, with letters, labels or signs.

A pair of bare numbers must look like a position (three decimals at least): "entre 34 y 58" is a crossing. With minutes,
hemispheres ("34.6 S 58.4 O") or labels ("lat ... lon ...") any precision will do. What spreadsheets and apps make of it
is understood too: "-34.603.722", "-34603722"; metre grids are in `grids`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from routing.grids import find_grid

Position = tuple[float, float]

_SIGN = r"[+\-−–]?"
_FRACTION = r"(?:[.,]\d+)?"
_DEGREE = r"(?:[°º˚]|(?:grados?|graus?|degrees?|deg)\b)"
_MINUTE = r"(?:['′’‘´ʹ]|(?:minutos?|minutes?|min)\b)"
_SECOND = r"(?:[\"″”“ʺ]|['′’‘´ʹ]{2}|(?:segundos?|seconds?|seg|sec)\b)"
# "34 grados de latitud sur": the first letter of the word tells as much as the letter alone.
_LETTER = r"(?:(?:norte|north|sur|sul|south|este|east|leste|oeste|west)\b|[NSEWOL])"
_OF = r"(?:(?:de\s+)?(?:latitude?|latitud|longitude?|longitud)\s*:?\s*)?"
_START = r"(?<![\w.,+\-−–])"
_END = r"(?!\w|[.,]\d)"
_BETWEEN = r"\s*(?:[,;/|&]|\b(?:y|e|and)\b)?\s*"
_MILLION = 1e6
_LABEL = r"(?:lat(?:itude?|itud)?|lon(?:g(?:itude?|itud)?)?|lng|[xy](?=\s*[:=]))"


def _decimal(part: str) -> str:
    """34.60373 or 34,60373°, precise enough to stand alone."""
    return rf"(?P<d{part}>{_SIGN}\d{{1,3}}[.,]\d{{3,}})\s*{_DEGREE}?"


def _short_decimal(part: str) -> str:
    """34.6 or 34°, where something else says that it is a position."""
    return rf"(?P<d{part}>{_SIGN}\d{{1,3}}(?:[.,]\d+|(?=\s*{_DEGREE})))\s*{_DEGREE}?"


def _sexagesimal(part: str) -> str:
    """34°36'13.4", 34° 36.224'."""
    return (
        rf"(?P<d{part}>{_SIGN}\d{{1,3}})\s*{_DEGREE}\s*(?P<m{part}>\d{{1,2}}{_FRACTION})\s*{_MINUTE}?"
        rf"(?:\s*(?P<s{part}>\d{{1,2}}{_FRACTION})\s*{_SECOND}?)?"
    )


def _spaced(part: str) -> str:
    """34 36 13.4, 34:36:13.4."""
    return rf"(?P<d{part}>\d{{1,3}})[\s:]+(?P<m{part}>\d{{1,2}}{_FRACTION})(?:[\s:]+(?P<s{part}>\d{{1,2}}{_FRACTION}))?"


def _after(angle: Callable[[str], str]) -> str:
    return rf"{_START}{angle('1')}\s*{_OF}(?P<h1>{_LETTER}){_BETWEEN}{angle('2')}\s*{_OF}(?P<h2>{_LETTER})(?!\w)"


def _before(angle: Callable[[str], str]) -> str:
    return (
        rf"(?<!\w){_OF}(?P<h1>{_LETTER})\s*:?\s*{angle('1')}{_BETWEEN}{_OF}(?P<h2>{_LETTER})\s*:?\s*{angle('2')}{_END}"
    )


def _labelled(part: str) -> str:
    return rf"(?P<l{part}>{_LABEL})\.?\s*[:=]?\s*(?P<d{part}>{_SIGN}\d{{1,3}}{_FRACTION})\s*{_DEGREE}?"


def _grouped(part: str) -> str:
    """-34.603.722: a spreadsheet took the fraction for thousands."""
    return rf"(?P<d{part}>{_SIGN}\d{{1,3}}\.\d{{3}}(?:\.\d{{1,3}})+)"


def _whole(part: str) -> str:
    """-34603722 or -346037220: degrees times a million or ten."""
    return rf"(?P<d{part}>[\-−–]\d{{7,10}})"


# The most telling notation first: what one leaves may look like another.
_NOTATIONS = tuple(
    re.compile(notation, re.IGNORECASE)
    for notation in (
        _before(_sexagesimal),
        _after(_sexagesimal),
        rf"{_START}{_sexagesimal('1')}{_BETWEEN}{_sexagesimal('2')}{_END}",
        _before(_spaced),
        _after(_spaced),
        rf"(?<!\w){_labelled('1')}{_BETWEEN}{_labelled('2')}{_END}",
        _before(_short_decimal),
        _after(_short_decimal),
        rf"{_START}{_grouped('1')}(?:\s*[,;/|]\s*|\s+){_grouped('2')}{_END}",
        rf"(?P<lon_first>\b(?:POINT|LINESTRING)\s*\()\s*{_decimal('1')}\s+{_decimal('2')}(?!\w|%|[.,]\d)",
        rf"{_START}{_decimal('1')}(?:\s*[,;/|]\s*|\s+){_decimal('2')}(?!\w|%|[.,]\d)",
        rf"{_START}{_whole('1')}(?:\s*[,;/|]\s*|\s+){_whole('2')}{_END}",
    )
)


class Written(NamedTuple):
    """A position found in a text, and the span that it takes there."""

    position: Position
    start: int
    end: int


def find_position(text: str) -> Written | None:
    """The first position that `text` spells out; None when there is none on the globe."""
    for notation in _NOTATIONS:
        for match in notation.finditer(text):
            position = _position(match.groupdict())
            if position:
                return Written(position, match.start(), match.end())
    grid = find_grid(text)
    return Written(*grid) if grid else None


def on_globe(lat: float, lon: float) -> Position | None:
    """The pair when it can be meant; (0, 0) is what broken devices send."""
    if not (-90 <= lat <= 90 and -180 <= lon <= 180) or (abs(lat) < 1e-6 and abs(lon) < 1e-6):
        return None
    return lat, lon


def read_decimal(number: str) -> float:
    """A number with a point or a comma, and any of the dashes that keyboards write; one cut into thousands is whole."""
    plain = number.replace(",", ".").replace("−", "-").replace("–", "-")
    whole, point, fraction = plain.partition(".")
    return float(f"{whole}{point}{fraction.replace('.', '')}")


def _position(found: dict[str, str | None]) -> Position | None:
    first, second = _value(found, "1"), _value(found, "2")
    first_axis, second_axis = _axis(found, "1"), _axis(found, "2")
    if first is None or second is None or (first_axis and first_axis == second_axis):
        return None
    if abs(first) >= _MILLION and abs(second) >= _MILLION:
        return _scaled(first, second)
    lon_first = first_axis == "lon" or found.get("lon_first")
    return on_globe(second, first) if lon_first else on_globe(first, second)


def _scaled(first: float, second: float) -> Position | None:
    """Degrees times a million, or ten where that would be off the globe."""
    return on_globe(first / 1e6, second / 1e6) or on_globe(first / 1e7, second / 1e7)


def _value(found: dict[str, str | None], part: str) -> float | None:
    """Degrees with their sign; None where minutes or seconds are none."""
    degrees = found.get(f"d{part}") or "0"
    minutes, seconds = (read_decimal(found.get(f"{unit}{part}") or "0") for unit in "ms")
    if minutes >= 60 or seconds >= 60:
        return None
    size = abs(read_decimal(degrees)) + minutes / 60 + seconds / 3600
    # South and west; O is oeste, L the Portuguese leste.
    hemisphere = (found.get(f"h{part}") or "").upper()[:1]
    negative = hemisphere in {"S", "W", "O"} or (hemisphere == "" and degrees[0] in "-−–")
    return -size if negative else size


def _axis(found: dict[str, str | None], part: str) -> str:
    """Which of the two a number is, as far as a letter or a label tells."""
    if hemisphere := found.get(f"h{part}"):
        return "lat" if hemisphere[0].upper() in "NS" else "lon"
    label = (found.get(f"l{part}") or "").lower()
    return "" if not label else "lat" if label.startswith(("lat", "y")) else "lon"
