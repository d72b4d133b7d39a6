"""What only the page with both phones has: the demo's bodies, an invitation for the official, and the map's outline."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from web.guard import phones_for, require_same_origin
from web.parts import PARTS
from web.words import language_of

if TYPE_CHECKING:
    from web.rooms import Rooms


class Wish(Struct):
    """Whose official the visitor wants to be: some bodies by their ids, or all."""

    bodies: Annotated[list[str], Meta(max_length=100)] = []
    all: bool = False


def _require_simulator(request: web.Request) -> Rooms:
    if "official" not in phones_for(request):
        raise web.HTTPNotFound
    return request.app[PARTS].rooms


async def demo(request: web.Request) -> web.Response:
    """List the bodies of the pack in the visitor's language."""
    bodies = _require_simulator(request).bodies(language_of(request))
    return web.Response(body=msgspec.json.encode({"bodies": bodies}), content_type="application/json")


async def invite(request: web.Request) -> web.Response:
    """Make a one-time code for an official of the bodies wished for."""
    rooms = _require_simulator(request)
    require_same_origin(request)
    try:
        wish = msgspec.json.decode(await request.read(), type=Wish)
    except msgspec.DecodeError as error:
        raise web.HTTPBadRequest(text='say {"bodies": [ids]} or {"all": true}') from error
    known = [body.id for body in rooms.bodies(language_of(request))]
    chosen = known if wish.all else [body for body in known if body in wish.bodies]
    if not chosen:
        raise web.HTTPBadRequest(text="none of these bodies is known")
    return web.json_response({"code": await rooms.invite(chosen)})


async def map_outline(request: web.Request) -> web.Response:
    """Give the pack's areas to draw a map from, where no tiles are configured."""
    outline = request.app[PARTS].rooms.map_outline()
    etag = hashlib.sha256(outline).hexdigest()[:32]
    headers = {"Cache-Control": "no-cache", "ETag": f'"{etag}"'}
    if etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    response = web.Response(body=outline, content_type="application/geo+json", headers=headers)
    response.enable_compression()
    return response
