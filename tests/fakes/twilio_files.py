"""The files on the fake Twilio: kept behind Basic auth, handed out by a store at another host that wants no auth."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

# As signed addresses of stores look: unescaping it and escaping it again would break it.
SIGNATURE = "IQoJb3JpZ2lu%2F%2Fa%2Bb%3D%3D"


@dataclass
class KeptFile:
    """A file of a message's."""

    sid: str
    message: str
    data: bytes
    mime: str


class Files:
    """Every file, by media sid; `store` is where the redirect leads, `elsewhere` replaces it when a test says so.

    `redirects` is how many hops the store makes of one fetch.
    """

    def __init__(self, faults: list[str]) -> None:
        self.store = ""
        self.elsewhere = ""
        self.redirects = 1
        self._faults = faults
        self._kept: dict[str, KeptFile] = {}
        self._numbers = itertools.count(1)

    def keep(self, message: str, data: bytes, mime: str) -> KeptFile:
        """Keep a file that somebody sent."""
        kept = KeptFile(f"ME{next(self._numbers):032x}", message, data, mime)
        self._kept[kept.sid] = kept
        return kept

    def of(self, message: str) -> list[KeptFile]:
        """A message's files."""
        return [kept for kept in self._kept.values() if kept.message == message]

    def get(self, sid: str) -> KeptFile | None:
        """A file."""
        return self._kept.get(sid)

    def remove(self, sid: str) -> bool:
        """Delete a file; False when there is none."""
        return self._kept.pop(sid, None) is not None

    def redirect(self, sid: str, hops: int = 1) -> web.Response:
        """Send on to the store."""
        address = f"{self.elsewhere or self.store}/{quote(sid)}?hop={hops}&signature={SIGNATURE}"
        return web.Response(status=307, headers={"Location": address})

    async def serve(self, request: web.Request) -> web.Response:
        """The store: knows signed addresses, and refuses whoever shows credentials to it."""
        if "Authorization" in request.headers:
            self._faults.append("credentials were shown to the store of the files")
            return web.Response(status=400, text="Only one auth mechanism allowed")
        if not request.raw_path.endswith(f"signature={SIGNATURE}"):
            return web.Response(status=403, text="SignatureDoesNotMatch")
        sid, hops = request.match_info["sid"], int(request.query["hop"])
        if hops < self.redirects:
            return self.redirect(sid, hops + 1)
        kept = self._kept.get(sid)
        return web.Response(body=kept.data, content_type=kept.mime) if kept else web.Response(status=404)
