"""The ways in which people tell a position that they know: most send a pin, and many who type it turn it round."""

from __future__ import annotations

import random
from math import cos, pi, radians, sin

from bot.messages import Place

# Of a real predecessor's positions 23 of 100 had latitude and longitude swapped.
SWAPPED, STRAIGHT = 0.23, 0.07
# Of all: who reports what is somewhere else.
ELSEWHERE = 0.02
# What phones claim to be exact to, in metres; they are mostly better than that.
ACCURACIES = (5.0, 8.0, 12.0, 20.0, 35.0, 65.0)
METRES_PER_DEGREE = 111_195.0


def tell(lat: float, lon: float, dice: random.Random, *, west: float) -> tuple[str, str | Place]:
    """(the way, what is sent): a pin that is as exact as it says, or typed coordinates, of which most are swapped.

    So many degrees to the `west` nobody answers for anything.
    """
    if dice.random() < ELSEWHERE:
        return "elsewhere", pin(lat, lon - west, dice)
    turn = dice.random()
    if turn < SWAPPED:
        return "swapped", f"{lon:.6f}, {lat:.6f}"
    if turn < SWAPPED + STRAIGHT:
        return "typed", f"{lat:.6f}, {lon:.6f}"
    return "pin", pin(lat, lon, dice)


def pin(lat: float, lon: float, dice: random.Random) -> Place:
    """A phone's own position: somewhere within what it claims."""
    accuracy = dice.choice(ACCURACIES)
    off, way = dice.random() * accuracy, dice.random() * 2 * pi
    north = off * cos(way) / METRES_PER_DEGREE
    east = off * sin(way) / METRES_PER_DEGREE / cos(radians(lat))
    return Place(lat=round(lat + north, 6), lon=round(lon + east, 6), accuracy=accuracy, source="pin")
