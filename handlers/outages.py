"""No water in a whole neighbourhood is one incident, however many report it: one ticket, one answer for all."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from handlers import notices
from handlers.inbox import show_ticket
from handlers.rights import acts_here
from locales import catalog
from storage import merging, nearby, supporters, tickets
from storage.grid import distance_m
from storage.nearby import Near
from storage.updates import Change

if TYPE_CHECKING:
    from bot.conversation import Chat
    from bot.messages import Place
    from handlers.where import Spot
    from routing.records import Category
    from storage.tickets import Ticket

DAY, HOUR = 86400.0, 3600.0
# So many persons in so short a time, within so far of each other: no coincidence, and hardly two causes.
PERSONS, WITHIN, APART_M = 5, 2 * HOUR, 1500.0


async def running_incidents(chat: Chat, category: Category, spot: Spot) -> list[Near]:
    """The open incidents of this kind in the neighbourhood of a place, nearest first."""
    if spot.area is None:
        return []
    since = chat.now - category.nearby_days * DAY
    found = await nearby.incidents(chat.work, area=spot.area.id, category=category.id, since=since)
    near = [Near(each, _apart(each.place, spot.place)) for each in found]
    return sorted((each for each in near if not APART_M < each.distance_m < inf), key=lambda each: each.distance_m)


async def gather(chat: Chat, code: str, category: Category) -> bool:
    """After a ticket was opened: if that makes an outage, make one incident of all its reports. True when it did."""
    if not category.outage or (new := await tickets.by_code(chat.work, code)) is None or not new.area:
        return False
    since = chat.now - WITHIN
    oldest, *others = await nearby.outage(chat.work, like=new, radius_m=APART_M, since=since) or [new]
    if len({each.person_id for each in (oldest, *others)}) < PERSONS:
        return False
    await merging.stand_for_all(chat.work, oldest)
    for other in others:
        # Each of them is told, the oldest one's reporter below.
        after = await merging.merge(chat.work, other, oldest, Change(actor="system"))
        await notices.tell_followers(chat.work, after)
    await _announce(chat, oldest, 1 + len(others))
    return True


async def told_incident(chat: Chat) -> None:
    """An official learns that many reports are one outage now, and that one answer reaches all who reported it."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]))
    if ticket is not None and await acts_here(chat):
        count = 1 + await supporters.count(chat.work, ticket.code)
        await show_ticket(chat, ticket, "told-incident", n=count)


async def _announce(chat: Chat, oldest: Ticket, count: int) -> None:
    """Write it into the incident's history, which everybody reads in the municipality's first language, and tell."""
    words = catalog(chat.pack.info.language).text("history-incident", n=count)
    after = await tickets.append(chat.work, oldest, Change(actor="system", words=words))
    first = [] if oldest.address_id is None else [oldest.address_id]
    for address_id in first:
        notices.tell(chat.work, address_id, "told-citizen", after.code, after.update_seq)
    await notices.tell_incident(chat, after)
    await notices.tell_of_crowd(chat, after)


def _apart(one: Place, other: Place) -> float:
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return inf
    return distance_m(one.lat, one.lon, other.lat, other.lon)
