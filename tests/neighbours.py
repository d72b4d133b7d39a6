"""People who report the same problem, from the same place or a few steps away."""

from __future__ import annotations

import msgspec

from bot.messages import Outbound, Place
from routing.pack import Pack
from tests.handset import Phone
from tests.machine import CONGRESS, demo_pack

STORY = "hay un bache enorme en la esquina"
BODY = "comuna-3"
# One step to the north is so many degrees.
METRE = 1 / 111_195


def away(metres: float) -> Place:
    """Return a pin so far north of the Congress."""
    assert CONGRESS.lat is not None
    return Place(lat=CONGRESS.lat + metres * METRE, lon=CONGRESS.lon, source="pin")


async def tells(phone: Phone, place: Place = CONGRESS, story: str = STORY) -> Outbound:
    """Tell what and where, up to the next question."""
    await phone.says(story)
    await phone.sends(place=place)
    return phone.last


async def reports(phone: Phone, place: Place = CONGRESS, story: str = STORY) -> str:
    """Report something to its end; its code."""
    asked = await tells(phone, place, story)
    if "¿Es este?" in asked.text or "¿Es alguno" in asked.text:
        await phone.taps("Es otro")
    await phone.taps("Enviar")
    return phone.last.ticket


def pack_with(**changes: int | bool) -> Pack:
    """Return the demo pack with its potholes changed, or its third comuna (`alert`)."""
    records = demo_pack().records
    alert = changes.pop("alert", None)
    categories = tuple(
        msgspec.structs.replace(each, **changes) if each.id == "bache" else each for each in records.categories
    )
    bodies = tuple(
        msgspec.structs.replace(each, alert_supporters=alert) if alert is not None and each.id == BODY else each
        for each in records.bodies
    )
    return Pack(msgspec.structs.replace(records, categories=categories, bodies=bodies))
