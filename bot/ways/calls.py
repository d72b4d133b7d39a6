"""Calls to far servers: bounded in time and size, without cookies and redirects."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

import aiohttp
from msgspec import Struct
from yarl import URL

from bot.ways.gate import Gate
from routing.deliveries.report import UndeliveredError

# A server that has not answered by then is taken for one that does not; below the sender's own limit.
SECONDS = 20.0
# A day's updates of a big city are below this.
MOST_BYTES = 4 * 1024 * 1024
FORM = "application/x-www-form-urlencoded; charset=utf-8"
CHUNK = 64 * 1024

Form = Sequence[tuple[str, str]]


class Got(Struct, frozen=True):
    """What a server answered."""

    status: int
    body: bytes


class Calls:
    """HTTP to far servers, one session for all, which `close` ends. Raises UndeliveredError and HeldError."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, url: str, query: Form = ()) -> Got:
        """Ask for something."""
        asked = f"{url}?{urlencode(list(query))}" if query else url
        return await self._call("GET", asked, b"", {})

    async def post_form(self, url: str, form: Form) -> Got:
        """Post a form as Open311 wants it."""
        return await self._call("POST", url, urlencode(list(form)).encode(), {"Content-Type": FORM})

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Got:
        """Post these very bytes."""
        return await self._call("POST", url, body, headers)

    async def _call(self, verb: str, url: str, body: bytes, headers: Mapping[str, str]) -> Got:
        host = urlsplit(url).hostname
        self._gate.require(host)
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._open().request(
                    verb, URL(url, encoded=True), data=body or None, headers=headers, allow_redirects=False
                ) as answer,
            ):
                return Got(answer.status, await self._read(answer))
        except TimeoutError:
            raise UndeliveredError(f"{host} has not answered within {SECONDS:g} s") from None
        except (aiohttp.ClientError, ValueError, OSError) as error:
            raise UndeliveredError(f"{host} cannot be reached: {type(error).__name__}") from None

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        parts, size = [], 0
        async for chunk in answer.content.iter_chunked(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > MOST_BYTES:
                raise UndeliveredError(f"{answer.url.host} answers with more than {MOST_BYTES} bytes")
        return b"".join(parts)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Nothing packed: it would unfold to more than was let through.
            headers = {"User-Agent": "Baldosa", "Accept-Encoding": "identity"}
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), headers=headers, auto_decompress=False
            )
        return self._session
