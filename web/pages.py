"""A ticket's public page: where it stands and how it came there, and nothing about who wrote."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aiohttp import web
from babel.dates import format_datetime
from msgspec import Struct

from web.chat import leaflet
from web.files import file_url
from web.parts import PARTS
from web.replies import page, settings_for_scripts
from web.words import language_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from web.sign import Signer


class TicketStep(Struct, frozen=True):
    """One public entry of the history: `who` is a body's name or what a citizen is called, `status` a word or "".

    What was `undone` had been said by mistake: that it was is shown, its words are not.
    """

    at: float
    who: str
    status: str = ""
    words: str = ""
    undone: bool = False


class TicketFile(Struct, frozen=True):
    """A kept file of a ticket, by its keys in the store; `thumbnail` is "" for what has none."""

    key: str
    kind: str = "photo"
    thumbnail: str = ""


class TicketPage(Struct, frozen=True, kw_only=True):
    """What everybody may see of a ticket, in the visitor's language.

    `code` as people read it; `state` colours the page: "open", "waiting", "done" or "ended"; `status` is its word.
    `place` are the words of the place; `lat` and `lon` are None where only words are known.
    """

    code: str
    category: str
    icon: str = ""
    status: str
    state: str
    body: str
    words: str = ""
    place: str = ""
    area: str = ""
    lat: float | None = None
    lon: float | None = None
    opened: float
    supporters: int = 0
    steps: tuple[TicketStep, ...] = ()
    files: tuple[TicketFile, ...] = ()


class _ShownFile(Struct, frozen=True):
    kind: str
    url: str
    thumbnail: str


async def ticket(request: web.Request) -> web.Response:
    """Show a ticket by its code, however it was typed; else say so, and which codes are one slip away."""
    parts = request.app[PARTS]
    language = language_of(request)
    code = request.match_info["code"]
    found = await parts.rooms.ticket(code, language)
    if found is None:
        near = await parts.rooms.near_tickets(code)
        return page(request, "no_ticket.html", status=404, code=code[:20], near=near)
    if found.code != code:
        raise web.HTTPFound(f"/t/{found.code}")
    told = settings_for_scripts(
        parts.rooms, language, leaflet=leaflet(request), lat=found.lat, lon=found.lon, place=found.place
    )
    return page(
        request,
        "ticket.html",
        ticket=found,
        files=[_shown(file, parts.signer) for file in found.files],
        settings=told,
        day=_times(parts.rooms.time_zone, language),
        iso=lambda at: datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
    )


def _shown(file: TicketFile, signer: Signer) -> _ShownFile:
    now = time.time()
    thumbnail = file_url(signer, file.thumbnail, now) if file.thumbnail else ""
    return _ShownFile(file.kind, file_url(signer, file.key, now), thumbnail)


def _times(zone: str, language: str) -> Callable[[float], str]:
    place = ZoneInfo(zone)
    return lambda at: format_datetime(datetime.fromtimestamp(at, place), "d MMM y, HH:mm", locale=language)
