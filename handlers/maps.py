"""`/mapa CODE`: where a ticket is, as a picture with its pin; by SMS as coordinates and a page to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.pointing import draw_map
from handlers.rights import own_ticket
from handlers.views import ticket_place
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat


async def show_map(chat: Chat) -> None:
    """The point of a ticket, for whoever works on it; its words alone where nobody knows its point."""
    if (ticket := await own_ticket(chat, "map")) is None:
        return None
    code, where, place = show_code(ticket.code), ticket_place(chat, ticket, inside=True), ticket.place
    if place.lat is None or place.lon is None:
        return await chat.say("map-none", code=code, where=where, ticket=ticket.code)
    return await chat.say(
        "map-shown",
        code=code,
        where=where,
        lat=f"{place.lat:.5f}",
        lon=f"{place.lon:.5f}",
        media=await draw_map(chat, [(place.lat, place.lon)]),
        place=None if chat.costs else place,
        link=chat.link("follow", f"/t/{ticket.code}") if chat.costs else None,
        ticket=ticket.code,
    )
