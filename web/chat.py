"""The page with the phones, and the files that they send."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aiohttp import web

from bot.channels.browser import UploadRefusedError
from web.contacts import address_of, greet, read_contact
from web.guard import phones_for, require_same_origin
from web.parts import PARTS
from web.replies import page, settings_for_scripts
from web.words import language_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHUNK = 256 * 1024


async def phones(request: web.Request) -> web.Response:
    """Show the simulator, the citizen's phone alone, or that there is nothing here."""
    names = phones_for(request)
    if not names:
        raise web.HTTPNotFound
    parts = request.app[PARTS]
    language = language_of(request)
    told = settings_for_scripts(
        parts.rooms, language, phones=names, mostBytes=parts.rooms.uploads.most_bytes, leaflet=leaflet(request)
    )
    response = page(request, "chat.html", phones=names, settings=told)
    greet(request, response)
    return response


def leaflet(request: web.Request) -> dict[str, str]:
    """Where the scripts find the map's own files."""
    url = request.app[PARTS].statics.url
    return {"script": url("leaflet/leaflet.js"), "style": url("leaflet/leaflet.css")}


async def session(request: web.Request) -> web.Response:
    """Give a page whose cookie is gone or no longer good a new one, before it tries its socket again."""
    if not phones_for(request):
        raise web.HTTPNotFound
    require_same_origin(request)
    response = web.json_response({})
    greet(request, response)
    return response


def require_address(request: web.Request) -> tuple[str, str]:
    """(contact, address) of the phone that asks. Raises 404 for a phone not shown here, 401 without a good cookie."""
    phone = request.query.get("phone", "")
    if phone not in phones_for(request):
        raise web.HTTPNotFound
    require_same_origin(request)
    contact = read_contact(request)
    if contact is None:
        raise web.HTTPUnauthorized
    return contact, address_of(contact, phone)


async def upload(request: web.Request) -> web.Response:
    """Keep the body as a file until the bot fetches it; the ref is good for this phone only."""
    parts = request.app[PARTS]
    contact, address = require_address(request)
    if wait := parts.uploads.wait_for(contact):
        raise web.HTTPTooManyRequests(headers={"Retry-After": str(math.ceil(wait))})
    try:
        if (request.content_length or 0) > parts.rooms.uploads.most_bytes:
            raise UploadRefusedError("too-large")
        name = await parts.rooms.uploads.keep(_chunks(request))
    except UploadRefusedError as error:
        if error.reason == "full":
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "60"}) from error
        raise web.HTTPRequestEntityTooLarge(parts.rooms.uploads.most_bytes, request.content_length or 0) from error
    return web.json_response({"ref": f"{name}.{parts.signer.sign('upload', f'{address}/{name}')}"})


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_chunked(CHUNK):
        yield chunk
