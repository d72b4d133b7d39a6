"""Kept files lent to a provider for a few minutes: Twilio fetches what it sends, without cookie or password."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from bot.channels import SendError
from web.files import SHOWN
from web.sign import Signer

if TYPE_CHECKING:
    from bot.channels import File, Files

PATH = "/m/{id}"
# A message that waits longer at Twilio than this is sent again with a new address.
LENT_SECONDS = 900
# WhatsApp takes no larger picture (twilio.com/docs/whatsapp/guidance-whatsapp-media-messages).
IMAGE_BYTES = 5 * 1024 * 1024


class Lender:
    """Makes addresses that give one file each for a quarter of an hour, and serves them.

    `public_url` is what providers reach; without one nothing can be lent and addresses are "".
    """

    def __init__(self, secret: str, public_url: str, files: Files, clock: Callable[[], float] = time.time) -> None:
        self._signer = Signer(secret)
        self._public_url = public_url.rstrip("/")
        self._files = files
        self._clock = clock

    def url(self, media_id: str) -> str:
        """The address of one file, good from now on for LENT_SECONDS."""
        if not self._public_url:
            return ""
        expires = int(self._clock()) + LENT_SECONDS
        return f"{self._public_url}/m/{quote(media_id, safe='')}?e={expires}&s={self._sign(media_id, expires)}"

    def route(self) -> web.RouteDef:
        """The route to serve them by."""
        return web.get(PATH, self.serve)

    async def serve(self, request: web.Request) -> web.Response:
        """The file of a good address; 404 for any other, 503 while it cannot be read."""
        media_id, expires = request.match_info["id"], request.query.get("e", "")
        if not re.fullmatch(r"[0-9]{1,12}", expires) or int(expires) < self._clock():
            raise web.HTTPNotFound
        if not self._signer.agrees("lent", f"{media_id}@{expires}", request.query.get("s", "")):
            raise web.HTTPNotFound
        file = await self._find(media_id)
        mime = file.mime if SHOWN.fullmatch(file.mime) else "application/octet-stream"
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return web.Response(body=file.data, content_type=mime, headers=headers)

    async def _find(self, media_id: str) -> File:
        try:
            file = await self._files.file(media_id)
            if file is not None and file.mime.startswith("image/") and len(file.data) > IMAGE_BYTES:
                file = await self._files.file(media_id, thumbnail=True)
        except SendError as error:
            raise web.HTTPServiceUnavailable from error
        if file is None:
            raise web.HTTPNotFound
        return file

    def _sign(self, media_id: str, expires: int) -> str:
        return self._signer.sign("lent", f"{media_id}@{expires}")
