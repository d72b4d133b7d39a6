"""Positions on metre grids: UTM ("21H 373317 6170062") and its military short form MGRS ("21H UB 73317 70062").

Both on WGS84; the series are Krüger's to the third order, good to a millimetre inside a zone.
"""

from __future__ import annotations

import re
from math import asin, atan, atanh, cos, cosh, degrees, sin, sinh, sqrt, tan

SEMI_MAJOR, FLATTENING, SCALE = 6_378_137.0, 1 / 298.257223563, 0.9996
FALSE_EASTING, FALSE_NORTHING = 500_000.0, 10_000_000.0
# From 80 degrees south, eight degrees each, without I and O.
BANDS = "CDEFGHJKLMNPQRSTUVWX"
_ROWS = "ABCDEFGHJKLMNPQRSTUV"
_COLUMNS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")
_SQUARE = 100_000.0

_N = FLATTENING / (2 - FLATTENING)
_RADIUS = SEMI_MAJOR / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_BETA = (
    _N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96,
    _N**2 / 48 + _N**3 / 15,
    17 * _N**3 / 480,
)

_METRES = r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d{6,7}(?:[.,]\d+)?"
_ZONE = r"(?:(?:zona|zone|huso|fuso|utm)\s*:?\s*)*"
_UTM = re.compile(
    rf"(?<![\w.,-]){_ZONE}(?P<zone>\d{{1,2}})\s*(?P<band>[C-HJ-NP-X])(?:ur|ul|outh|orte|orth)?[\s,;:]+"
    rf"(?:[EX]\s*[:=]?\s*)?(?P<east>{_METRES})\s*(?:m\.?)?\s*[EX]?[\s,;/]+"
    rf"(?:[NYS]\s*[:=]?\s*)?(?P<north>{_METRES})(?:\s*m\.?)?(?:\s*[NYS])?(?![\w]|[.,]\d)",
    re.IGNORECASE,
)
_MGRS = re.compile(
    r"(?<![\w.,-])(?P<zone>\d{1,2})(?P<band>[C-HJ-NP-X])\s?(?P<column>[A-HJ-NP-Z])(?P<row>[A-HJ-NP-V])\s?"
    r"(?P<digits>\d{4}\s\d{4}|\d{5}\s\d{5}|\d{8}|\d{10})(?!\w)"
)

Position = tuple[float, float]


def find_grid(text: str) -> tuple[Position, int, int] | None:
    """The first grid position in `text`, in degrees, and the span that it takes; None when there is none."""
    for pattern, read in ((_MGRS, _read_mgrs), (_UTM, _read_utm)):
        for match in pattern.finditer(text):
            if position := read(match):
                return position, match.start(), match.end()
    return None


def from_utm(zone: int, east: float, north: float, *, south: bool) -> Position:
    """A position (lat, lon in degrees) from metres on a zone's grid."""
    xi = (north - (FALSE_NORTHING if south else 0.0)) / (SCALE * _RADIUS)
    eta = (east - FALSE_EASTING) / (SCALE * _RADIUS)
    xi_, eta_ = xi, eta
    for order, beta in enumerate(_BETA, 1):
        xi_ -= beta * sin(2 * order * xi) * cosh(2 * order * eta)
        eta_ -= beta * cos(2 * order * xi) * sinh(2 * order * eta)
    conformal = asin(sin(xi_) / cosh(eta_))
    lon = degrees(atan(sinh(eta_) / cos(xi_))) + zone * 6 - 183
    return round(degrees(_geodetic(conformal)), 7), round(lon, 7)


def _geodetic(conformal: float) -> float:
    """The latitude whose conformal latitude this is (radians)."""
    eccentricity = sqrt(FLATTENING * (2 - FLATTENING))
    target, lat = tan(conformal), conformal
    # Converges by a factor of 150 a round.
    for _ in range(6):
        bulge = sinh(eccentricity * atanh(eccentricity * sin(lat)))
        lat = atan(target * sqrt(1 + bulge**2) + bulge * sqrt(1 + target**2))
    return lat


def _read_utm(match: re.Match[str]) -> Position | None:
    zone, band = int(match["zone"]), match["band"].upper()
    east, north = _metres(match["east"]), _metres(match["north"])
    if not 1 <= zone <= 60 or not 100_000 <= east <= 900_000 or not 0 <= north <= FALSE_NORTHING:
        return None
    position = from_utm(zone, east, north, south=band < "N")
    if _in_band(position[0], band):
        return position
    # "19S" in South America is the southern half, and no band of the northern one; so is "21 N" north of the equator.
    if band in "SN":
        return from_utm(zone, east, north, south=band == "S")
    return None


def _metres(written: str) -> float:
    whole, comma, fraction = written.partition(",")
    if comma or whole.count(".") > 1 or re.fullmatch(r"\d{1,3}\.\d{3}", whole):
        return float(f"{whole.replace('.', '')}.{fraction or '0'}")
    return float(whole)


def _in_band(lat: float, band: str) -> bool:
    south = BANDS.index(band) * 8 - 80
    # X is twelve degrees high; who measures at a border may be a little beyond it.
    return south - 0.5 <= lat <= south + (12 if band == "X" else 8) + 0.5


def _read_mgrs(match: re.Match[str]) -> Position | None:
    zone, band = int(match["zone"]), match["band"]
    columns = _COLUMNS[(zone - 1) % 3]
    if not 1 <= zone <= 60 or match["column"] not in columns:
        return None
    digits = match["digits"].replace(" ", "")
    half = len(digits) // 2
    step = 10.0 ** (5 - half)
    east = (columns.index(match["column"]) + 1) * _SQUARE + (int(digits[:half]) + 0.5) * step
    row = (_ROWS.index(match["row"]) - (0 if zone % 2 else 5)) % 20
    within = row * _SQUARE + (int(digits[half:]) + 0.5) * step
    # The rows repeat every 2,000 km: the band tells which of them is meant.
    for start in range(0, 10_000_000, 2_000_000):
        if start + within < FALSE_NORTHING:
            position = from_utm(zone, east, start + within, south=band < "N")
            if _in_band(position[0], band):
                return position
    return None
