"""Map links: the position or the words inside what Google, Apple, OpenStreetMap, Waze and others let people share.

Read offline, from the address alone. A shortened one holds nothing: `Linked` is then empty and the citizen is asked
for a pin. Where a link has both the place and the middle of the map, the place is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, unquote_plus, urlsplit

from routing.notations import Position, find_position, on_globe, read_decimal

_URL = re.compile(
    r"(?:https?://|geo:|(?<![\w@.])(?=(?:www\.|maps\.|ul\.|share\.)?(?:google|goo|apple|waze|openstreetmap|osm|bing|here|yandex|plus)\.))"
    r"[^\s<>\"]+",
    re.IGNORECASE,
)
_PAIR = re.compile(r"([+-]?\d{1,3}(?:\.\d+)?)\s*(?:,|~|%2C)\s*([+-]?\d{1,3}(?:\.\d+)?)")
_AT = re.compile(r"/@([+-]?\d+(?:\.\d+)?),([+-]?\d+(?:\.\d+)?)")
_PIN = re.compile(r"!3d([+-]?\d+(?:\.\d+)?)!4d([+-]?\d+(?:\.\d+)?)")
_EMBEDDED = re.compile(r"!2d([+-]?\d+(?:\.\d+)?)!3d([+-]?\d+(?:\.\d+)?)")
_STOP = re.compile(r"!1d([+-]?\d+(?:\.\d+)?)!2d([+-]?\d+(?:\.\d+)?)")
_OSM_HASH = re.compile(r"map=[\d.]+/([+-]?\d+(?:\.\d+)?)/([+-]?\d+(?:\.\d+)?)")
_SLASHES = re.compile(r"/([+-]?\d+(?:\.\d+)?)/([+-]?\d+(?:\.\d+)?)(?:/|$)")
_SENTENCE_END = ".,;:!?)]}»”'*"
# RFC 4648 order without padding, as openstreetmap.org's short links use it; "@" is an old "~".
_OSM_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~"
_GEOHASH_DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz"


class Linked(NamedTuple):
    """What a link says: a position, words, the radius in metres it claims; all empty for a shortened one."""

    position: Position | None = None
    words: str = ""
    accuracy: float | None = None


class Found(NamedTuple):
    """A map link inside a text."""

    linked: Linked
    start: int
    end: int


def find_link(text: str) -> Found | None:
    """The first map link in `text`, one with a position before one without; None when there is none."""
    found = list(_map_links(text))
    return next((link for link in found if link.linked.position), found[0] if found else None)


def find_urls(text: str) -> list[tuple[int, int]]:
    """The spans of everything in `text` that is an address to open."""
    return [(match.start(), match.start() + len(_trimmed(match[0]))) for match in _URL.finditer(text)]


def _map_links(text: str) -> Iterator[Found]:
    for start, end in find_urls(text):
        linked = _read(text[start:end])
        if linked is not None:
            yield Found(linked, start, end)


def _trimmed(url: str) -> str:
    """Without the sentence's own marks; a bracket that the link opened stays."""
    while url and url[-1] in _SENTENCE_END and not (url[-1] == ")" and url.count("(") >= url.count(")")):
        url = url[:-1]
    return url


def _read(url: str, depth: int = 0) -> Linked | None:
    if url[:4].lower() == "geo:":
        return _read_geo(url)
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    inner = dict(parse_qsl(parts.query)).get("link") or dict(parse_qsl(parts.query)).get("continue")
    if inner and depth < 2 and (nested := _read(inner, depth + 1)):
        return nested
    reader = next((read for hosts, read in _READERS if hosts.fullmatch(f"{host}{parts.path}")), None)
    return reader(parts) if reader else None


def _read_geo(url: str) -> Linked:
    """RFC 5870, with Android's "?q=lat,lon(label)" in it."""
    body, _, query = url[4:].partition("?")
    numbers, *parameters = body.split(";")
    accuracy = next((parameter[2:] for parameter in parameters if parameter.startswith("u=")), "")
    asked = _query(query).get("q", "")
    label = asked[asked.find("(") + 1 : asked.rfind(")")] if "(" in asked else ""
    position = _pair(asked) or _pair(unquote(numbers))
    words = label or ("" if _is_pair(asked) else asked)
    return Linked(position, words, float(accuracy) if re.fullmatch(r"\d+(\.\d+)?", accuracy) else None)


def _read_google(parts: SplitResult) -> Linked:
    path, whole, query = unquote_plus(parts.path), unquote(parts.geturl()), _query(parts.query)
    ways = _route_end(path)
    named = re.search(r"/(?:place|search)/([^/@]+)", path)
    said = (named[1] if named else "") or _first(query, ("q", "query", "destination", "daddr"))
    position = (
        _last(_PIN, whole)
        or _pair(said.removeprefix("loc:"))
        or _written(said)
        or ways
        or _last(_EMBEDDED, whole, swapped=True)
        or _last(_STOP, whole, swapped=True)
        or _first_pair(query, ("ll", "center", "cbll", "viewpoint", "sll"))
        or _last(_AT, path)
    )
    label = re.search(r"\(([^)]+)\)", said)
    words = (label[1] if label else "") if _is_pair(said) or _written(said) else said
    return Linked(position, words)


def _read_apple(parts: SplitResult) -> Linked:
    query = _query(parts.query)
    position = _first_pair(query, ("ll", "coordinate", "q", "daddr", "destination", "center", "sll"))
    words = _first(query, ("name", "address", "q", "daddr"))
    return Linked(position, "" if _is_pair(words) else words)


def _read_osm(parts: SplitResult) -> Linked:
    query, words = _query(parts.query), ""
    marker = _numbers(query.get("mlat") or query.get("lat"), query.get("mlon") or query.get("lon"))
    short = re.match(r"/go/([A-Za-z0-9_~@]+)", parts.path)
    route = _last(_PAIR, query.get("route", "").split(";")[-1])
    if found := query.get("query"):
        words = "" if _is_pair(found) else found
    position = marker or route or _pair(query.get("query", "")) or _last(_OSM_HASH, unquote(parts.fragment))
    return Linked(position or (_osm_short(short[1]) if short else None), words)


def _read_waze(parts: SplitResult) -> Linked:
    query = _query(parts.query)
    to = re.search(r"ll\.([+-]?[\d.]+),([+-]?[\d.]+)", query.get("to", ""))
    hashed = re.fullmatch(r"/ul/h([0-9a-z]{6,12})", parts.path.lower())
    position = (
        _first_pair(query, ("ll", "latlng", "navigate_to"))
        or (_numbers(to[1], to[2]) if to else None)
        or _numbers(query.get("lat"), query.get("lon"))
        or (_geohash(hashed[1]) if hashed else None)
    )
    return Linked(position, query.get("q", ""))


def _read_bing(parts: SplitResult) -> Linked:
    query = _query(parts.query)
    point = re.match(r"point\.([+-]?[\d.]+)_([+-]?[\d.]+)(?:_([^_]*))?", query.get("sp", ""))
    if point:
        return Linked(_numbers(point[1], point[2]), point[3] or "")
    position = _first_pair(query, ("where1", "q", "cp"))
    words = _first(query, ("where1", "q"))
    return Linked(position, "" if _is_pair(words) else words)


def _read_yandex(parts: SplitResult) -> Linked:
    query = _query(parts.query)
    pair = _PAIR.match(_first(query, ("pt", "whatshere[point]", "ll")))
    # Yandex writes longitude first.
    return Linked(_numbers(pair[2], pair[1]) if pair else None)


def _read_plain(parts: SplitResult) -> Linked:
    """HERE, OsmAnd, Organic Maps, Mapy: a pair or two numbers under some usual name."""
    query, path = _query(parts.query), unquote(parts.path)
    position = (
        _first_pair(query, ("map", "pin", "ll", "q", "coords"))
        or _numbers(query.get("lat"), query.get("lon"))
        or _numbers(query.get("y"), query.get("x"))
        or _pair(path.rsplit("/l/", 1)[-1] if "/l/" in path else path)
        or _last(_SLASHES, f"/{unquote(parts.fragment)}")
    )
    return Linked(position)


def _read_plus(parts: SplitResult) -> Linked:
    return Linked(None, unquote(parts.path).strip("/"))


def _read_short(_: SplitResult) -> Linked:
    return Linked()


Reader = Callable[[SplitResult], Linked]
_READERS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (
            r"(maps\.app\.goo\.gl|goo\.gl/maps|g\.co/maps?|g\.page|maps\.apple|w3w\.co|what3words\.com|g\.co/kgs)(/.*)?",
            _read_short,
        ),
        (r"(maps\.google\.[a-z.]+|google\.[a-z.]+/maps)(/.*)?", _read_google),
        (r"(maps\.apple\.com)(/.*)?", _read_apple),
        (r"([a-z]+\.)?(openstreetmap\.org|osm\.org)(/.*)?", _read_osm),
        (r"([a-z-]+\.)?waze\.com(/.*)?", _read_waze),
        (r"bing\.com/maps(/.*)?", _read_bing),
        (r"(maps\.)?yandex\.[a-z.]+(/.*)?", _read_yandex),
        (r"(share\.here\.com|wego\.here\.com|osmand\.net|omaps\.app|(en\.)?mapy\.(cz|com))(/.*)?", _read_plain),
        (r"plus\.codes/.+", _read_plus),
    )
)


def _query(query: str) -> dict[str, str]:
    """The first value of each parameter."""
    return dict(reversed(parse_qsl(query)))


def _first(query: dict[str, str], keys: Iterable[str]) -> str:
    return next((query[key] for key in keys if query.get(key)), "")


def _first_pair(query: dict[str, str], keys: Iterable[str]) -> Position | None:
    return next((pair for key in keys if (pair := _pair(query.get(key, "")))), None)


def _pair(text: str) -> Position | None:
    """The position that `text` opens with."""
    match = _PAIR.match(text.strip())
    return _numbers(match[1], match[2]) if match else None


def _is_pair(text: str) -> bool:
    """Two numbers are no words, even where they lie off the globe."""
    return _PAIR.match(text.strip().removeprefix("loc:")) is not None


def _written(text: str) -> Position | None:
    found = find_position(text)
    return found.position if found else None


def _numbers(lat: str | None, lon: str | None) -> Position | None:
    try:
        return on_globe(read_decimal(lat), read_decimal(lon)) if lat and lon else None
    except ValueError:
        return None


def _last(pattern: re.Pattern[str], text: str, *, swapped: bool = False) -> Position | None:
    """The last pair that `pattern` finds: of several pins the place itself, of a route its end."""
    pairs = pattern.findall(text)
    if not pairs:
        return None
    first, second = pairs[-1]
    return _numbers(second, first) if swapped else _numbers(first, second)


def _route_end(path: str) -> Position | None:
    """Where "/maps/dir/from/to/@..." leads."""
    if "/dir/" not in path:
        return None
    stops = [
        stop for stop in path.split("/dir/", 1)[1].split("/") if stop and stop[0] != "@" and not stop.startswith("data")
    ]
    return _pair(stops[-1]) if stops else None


def _osm_short(code: str) -> Position | None:
    """openstreetmap.org's short link: longitude and latitude bits by turns, 6 bits a letter, "-" ends what matters."""
    bits = "".join(f"{_OSM_DIGITS.index(letter):06b}" for letter in code.replace("@", "~"))
    if len(bits) < 18:
        return None
    return on_globe(_fraction(bits[1::2]) * 180 - 90, _fraction(bits[0::2]) * 360 - 180)


def _geohash(code: str) -> Position | None:
    """Waze's "ul/h...": a geohash, longitude and latitude bits by turns, 5 bits a letter."""
    if any(letter not in _GEOHASH_DIGITS for letter in code):
        return None
    bits = "".join(f"{_GEOHASH_DIGITS.index(letter):05b}" for letter in code)
    return on_globe(_fraction(bits[1::2]) * 180 - 90, _fraction(bits[0::2]) * 360 - 180)


def _fraction(bits: str) -> float:
    """Where between 0 and 1 the middle of the cell of these bits lies."""
    return (int(bits, 2) + 0.5) / float(2 ** len(bits))
