"""How a person says where: a position inside what was written, by numbers, a map link, a geo: address or a plus code.

Pure and offline. Plain words are no place here; the conversation keeps them as they were said.
"""

from __future__ import annotations

import re
from math import asin, cos, radians, sin, sqrt

from msgspec import Struct
from openlocationcode import openlocationcode

from bot.messages import Place
from routing import links
from routing.notations import Position, find_position, on_globe

EARTH_RADIUS_M = 6_371_008.8  # the mean radius of WGS84
# Nobody describes a place in more; it bounds the work that one message can ask for.
_MOST = 4096
_CODE = re.compile(
    r"(?<![\w+])((?:[23456789CFGHJMPQRVWX]{2}){2,4}\+[23456789CFGHJMPQRVWX]{2,7})(?![\w+])", re.IGNORECASE
)
# After a short code stands the town it counts from: "9JG8+4V Buenos Aires", "9JG8+4V, C1043 CABA".
_TOWN = re.compile(r"(?:,?[ \t]+(?:[A-Z0-9ÁÉÍÓÚÂÊÔÃÕÑÇ][\w.]*|de|del|da|do|la|las|los))+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LOOSE_ENDS = " \t\n,;:|-–—()[]"


class Found(Struct, frozen=True):
    """A place, and what else the text said.

    From a link the place may have words alone ("?q=Corrientes 1234"): `place.located` tells.
    """

    place: Place
    rest: str


def read_place(text: str, near: Position | None = None) -> Found | None:
    """The place that `text` spells out; None where it has none.

    `near` (lat, lon) is what short plus codes count from; without it they are not read.
    """
    text = _INVISIBLE.sub("", text[:_MOST])
    return _from_link(text, near) or _from_code(text, near) or _from_numbers(text)


def unreadable_link(text: str) -> bool:
    """True when `text` has a map link that tells nothing by itself, such as a shortened one, and no other place."""
    text = _INVISIBLE.sub("", text[:_MOST])
    return links.find_link(text) is not None and read_place(text) is None


def without_links(text: str) -> str:
    """What `text` says beside its links: a shared link brings the place's name along."""
    for start, end in reversed(links.find_urls(text)):
        text = f"{text[:start]} {text[end:]}"
    return tidy_words(text)


def tidy_words(text: str) -> str:
    """One line without invisible characters, doubled spaces and loose marks at its ends."""
    return " ".join(_INVISIBLE.sub("", text).split()).strip(_LOOSE_ENDS)


def distance_m(a: Position, b: Position) -> float:
    """Metres between two positions (lat, lon in degrees) on the sphere; within 0.6 % of the ellipsoid's."""
    lat_a, lon_a, lat_b, lon_b = map(radians, (*a, *b))
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, half)))


def _beside(text: str, start: int, end: int) -> str:
    """What stands before and after a span, without the marks that joined it."""
    rest = f"{tidy_words(text[:start])} {tidy_words(text[end:]).lstrip('.!?)')}"
    return tidy_words(rest) if any(character.isalnum() for character in rest) else ""


def _from_link(text: str, near: Position | None) -> Found | None:
    link = links.find_link(text)
    if link is None:
        return None
    rest = _beside(text, link.start, link.end)
    if link.linked.position is None and (coded := _from_code(link.linked.words, near)):
        return Found(coded.place, rest)
    words = tidy_words(link.linked.words)
    if link.linked.position:
        lat, lon = link.linked.position
        return Found(Place(lat=lat, lon=lon, accuracy=link.linked.accuracy, words=words, source="link"), rest)
    # Coordinates typed beside a shortened link are worth more than the link.
    beside = _from_numbers(f"{text[: link.start]} {text[link.end :]}")
    return beside or (Found(Place(words=words, source="link"), rest) if words else None)


def _from_code(text: str, near: Position | None) -> Found | None:
    for match in _CODE.finditer(text):
        code = match[1].upper()
        if not any(letter.isalpha() for letter in code):
            continue
        full = code if openlocationcode.isFull(code) else _recovered(code, near)
        town = None if openlocationcode.isFull(code) else _TOWN.match(text, match.end())
        position = _middle(full) if full else None
        if position:
            end = town.end() if town else match.end()
            words = tidy_words(town[0]) if town else ""
            rest = _beside(text, match.start(), end)
            return Found(Place(lat=position[0], lon=position[1], words=words, source="pluscode"), rest)
    return None


def _recovered(code: str, near: Position | None) -> str | None:
    if near is None or not openlocationcode.isShort(code):
        return None
    return str(openlocationcode.recoverNearest(code, *near))


def _middle(code: str) -> Position | None:
    area = openlocationcode.decode(code)
    return on_globe(round(area.latitudeCenter, 7), round(area.longitudeCenter, 7))


def _from_numbers(text: str) -> Found | None:
    written = find_position(text)
    if written is None:
        return None
    lat, lon = written.position
    rest = _beside(text, written.start, written.end)
    return Found(Place(lat=lat, lon=lon, source="coordinates"), rest)
