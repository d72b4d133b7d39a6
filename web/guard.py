"""What stands before and behind every handler: who may ask, how long it may take, what the answer must carry."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from bot.intake import Unavailable
from storage.database import is_away
from web.parts import PARTS
from web.replies import plain_page
from web.rooms import is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from web.rooms import PhoneName

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger("web")

MOST_SECONDS = 30.0
# 20 MB over a slow phone line.
MOST_UPLOAD_SECONDS = 300.0
# Never believed, but whoever sends one stands between us and somebody else.
FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(self), payment=(), usb=()",
}


def is_local(request: web.Request) -> bool:
    """True when the request was made on this machine, to this machine, by nobody else's order.

    Besides the peer's address its Host must be a loopback name, because a page elsewhere can point its own name at
    127.0.0.1, and nothing may say that it was passed on.
    """
    if not request.app[PARTS].rooms.on_loopback or request.remote is None:
        return False
    if any(name in request.headers for name in FORWARDING):
        return False
    return is_loopback(request.remote) and is_loopback(request.url.host or "")


def phones_for(request: web.Request) -> Sequence[PhoneName]:
    """The phones that this visitor is offered: both in the simulator, the citizen's, or none."""
    offered = request.app[PARTS].rooms.phones
    return offered if "official" not in offered or is_local(request) else ()


def require_same_origin(request: web.Request) -> None:
    """Raise 403 unless the request comes from a page of ours."""
    origin = urlsplit(request.headers.get("Origin", ""))
    public = urlsplit(request.app[PARTS].rooms.public_url)
    ours = {("http", request.host), ("https", request.host), (public.scheme, public.netloc)}
    if not origin.netloc or (origin.scheme, origin.netloc) not in ours:
        raise web.HTTPForbidden(text="this comes from another page")


@web.middleware
async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log and count each request by its route: never its query, its address or who asked."""
    began = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        seconds = time.perf_counter() - began
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "none"
        if status != 101:  # a WebSocket is not slow because somebody keeps it open
            request.app[PARTS].rooms.metrics.request(route, status, seconds)
        log.info("request", method=request.method, route=route, status=status, ms=round(seconds * 1000, 1))


@web.middleware
async def bound(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give up on a request that takes too long; a WebSocket may stay."""
    if request.headers.get("Upgrade"):
        return await handler(request)
    async with asyncio.timeout(MOST_UPLOAD_SECONDS if request.path == "/chat/upload" else MOST_SECONDS):
        return await handler(request)


@web.middleware
async def soften(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what goes wrong into an answer: a kind page for a person, a bare status for a machine."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400 or not _is_person(request):
            raise
        return plain_page(request, error.status)
    except Exception as error:
        if request.transport is None:
            raise  # nobody is there to hear it
        away = isinstance(error, Unavailable) or is_away(error)
        log.error("request failed", away=away, error=type(error).__name__, exc_info=not away)
        status = 503 if away else 500
        response = plain_page(request, status) if _is_person(request) else web.Response(status=status)
        if away:
            response.headers["Retry-After"] = "5"
        return response


def _is_person(request: web.Request) -> bool:
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on every answer."""
    rooms = request.app[PARTS].rooms
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", content_policy(rooms.tiles))
    if rooms.public_url.startswith("https:"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def content_policy(tiles: str) -> str:
    """What a page of ours may load: our own files, and the map's tiles where some are configured."""
    place = urlsplit(tiles.replace("{s}.", "*."))
    host = f" {place.scheme}://{place.netloc}" if place.netloc else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' blob:{host}",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
