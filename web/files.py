"""Kept files over HTTP: only under an address that we signed, of the type that we found, whole or in ranges."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from storage.media import SpanError, mime_of
from web.parts import PARTS

if TYPE_CHECKING:
    from web.sign import Signer

WEEK_SECONDS = 7 * 24 * 3600
# Shown in the page; anything else is only offered as a download.
SHOWN = re.compile(r"(image/(jpeg|png|webp|gif)|(video|audio)/[\w.+-]+)")


def sign_media(signer: Signer, key: str, expires: int) -> str:
    """The signature that lets anyone who has it read the file `key` until `expires` (Unix seconds)."""
    return signer.sign("media", f"{key}@{expires}")


def file_url(signer: Signer, key: str, now: float) -> str:
    """An address of a kept file, good for one to two weeks and the same all week, so that browsers keep the file."""
    expires = (int(now) // WEEK_SECONDS + 2) * WEEK_SECONDS
    return f"/media/{quote(key)}?e={expires}&s={sign_media(signer, key, expires)}"


async def media(request: web.Request) -> web.StreamResponse:
    """Serve a kept file, or a span of it, to whoever holds a good address."""
    key, expires = _require_signed(request)
    headers = _headers(key, expires)
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers={name: headers[name] for name in ("ETag", "Cache-Control")})
    if await request.app[PARTS].rooms.hidden(key):
        raise web.HTTPNotFound
    span = _span(request, headers["ETag"])
    try:
        found = await request.app[PARTS].rooms.kept.stream(key, span)
    except FileNotFoundError:
        raise web.HTTPNotFound from None
    except SpanError:
        raise web.HTTPRequestRangeNotSatisfiable from None
    response = web.StreamResponse(status=206 if span else 200, headers=headers)
    response.content_length = found.end - found.start
    if span:
        response.headers["Content-Range"] = f"bytes {found.start}-{found.end - 1}/{found.size}"
    await response.prepare(request)
    if request.method != "HEAD":
        async for chunk in found.chunks:
            await response.write(chunk)
    await response.write_eof()
    return response


def _require_signed(request: web.Request) -> tuple[str, int]:
    key, until, signature = request.match_info["key"], request.query.get("e", ""), request.query.get("s", "")
    expires = int(until) if re.fullmatch(r"[0-9]{1,12}", until) else 0
    signer = request.app[PARTS].signer
    if expires < time.time() or not signer.agrees("media", f"{key}@{expires}", signature):
        raise web.HTTPNotFound
    return key, expires


def _headers(key: str, expires: int) -> dict[str, str]:
    mime = mime_of(key)
    shown = bool(SHOWN.fullmatch(mime))
    return {
        "Content-Type": mime if shown else "application/octet-stream",
        "Content-Disposition": "inline" if shown else "attachment",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": f"private, max-age={expires - int(time.time())}, immutable",
        "ETag": f'"{quote(key)}"',
        "Accept-Ranges": "bytes",
    }


def _span(request: web.Request, etag: str) -> tuple[int, int | None] | None:
    """The span asked for; None for all of it, also when another file's or only the last bytes are asked for."""
    if request.headers.get("If-Range", etag) != etag:
        return None
    try:
        asked = request.http_range
    except ValueError:
        return None
    return None if asked.start is None or asked.start < 0 else (asked.start, asked.stop)
