"""The HTTP under Twilio's client: every request once, in bounded time, and failing in our classes.

The SDK's own transport ignores its timeout (twilio-python #925), repeats POSTs that may have arrived when told to
retry, and makes its session before a loop runs; this one takes its place.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Mapping, Sequence
from socket import AddressFamily
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from yarl import URL

from bot.channels import SendError
from bot.channels.twilio_errors import refusal

CALL_SECONDS = 15.0
CONNECT_SECONDS = 3.0
FILE_SECONDS = 45.0
MOST_ANSWER = 4 << 20
MOST_REDIRECTS = 3
# Where Twilio keeps files and sends who asks for one; a leading dot takes every name below it.
MEDIA_HOSTS = (".twilio.com", ".twiliocdn.com", "s3.amazonaws.com", "s3-external-1.amazonaws.com")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MISSET = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_REDIRECTS = (301, 302, 303, 307, 308)


class Wire(AsyncHttpClient):  # type: ignore[misc]  # twilio has no types
    """One pool of connections to the API at `base` and to the hosts that its files may lie on."""

    def __init__(self, base: URL, hosts: Sequence[str] = MEDIA_HOSTS) -> None:
        super().__init__(None, True, None)
        self._base = base
        self._hosts = tuple(hosts)
        self._at_home = base.host in _LOOPBACK
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The pool, made when the loop runs that it belongs to."""
        if self._session is None:
            resolver = None if self._at_home else PublicOnly(self._base.host or "")
            # `connect` is the wait for a place in the pool too: nothing has left by then.
            timeout = aiohttp.ClientTimeout(CALL_SECONDS, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS)
            connector = aiohttp.TCPConnector(resolver=resolver)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_: Any,
    ) -> Response:
        """One request as the SDK asks for it, in our time; raises SendError for everything but a success."""
        sent = {**(headers or {}), **(_authorization(auth) if auth else {})}
        body = _encoded(data, sent.get("Content-Type", "")) if method == "POST" else None
        creates = method == "POST"
        try:
            async with (
                asyncio.timeout(CALL_SECONDS),
                self.session.request(
                    method, url, params=params, data=body, headers=sent, allow_redirects=False
                ) as answer,
            ):
                read = await _read(answer, MOST_ANSWER)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _lost(error, creates) from None
        if not 200 <= answer.status <= 299:
            raise refusal(answer.status, read, answer.headers, creates=creates)
        return Response(answer.status, read.decode("utf-8", "replace"), answer.headers)

    def is_own(self, url: str) -> bool:
        """True for an address at the API itself, the only one that our credentials are shown to."""
        try:
            return URL(url, encoded=True).origin() == self._base.origin()
        except ValueError:
            return False

    async def download(self, url: str, most: int, auth: tuple[str, str]) -> bytes:
        """A file of at most `most` bytes, followed to where Twilio keeps it; raises SendError."""
        try:
            async with asyncio.timeout(FILE_SECONDS):
                for _ in range(MOST_REDIRECTS + 1):
                    found = await self._step(url, most, auth)
                    if isinstance(found, bytes):
                        return found
                    url = found
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _lost(error, creates=False) from None
        raise SendError("server", "the file is sent from place to place")

    async def _step(self, url: str, most: int, auth: tuple[str, str]) -> bytes | str:
        """The file, or where to look next."""
        own = self.is_own(url)
        if not own and not self._may_fetch(url):
            raise SendError("content", "the file lies on a host that is not Twilio's")
        # A signed address holds only as it is written: encoded=True leaves it so.
        here = URL(url, encoded=True)
        headers = _authorization(auth) if own else {}
        async with self.session.get(
            here, headers=headers, allow_redirects=False, timeout=aiohttp.ClientTimeout(FILE_SECONDS)
        ) as answer:
            if answer.status in _REDIRECTS:
                return str(here.join(URL(answer.headers.get("Location", ""), encoded=True)))
            if answer.status == 200:
                return await _read(answer, most)
            if own or answer.status in (404, 410):
                raise refusal(answer.status, await _read(answer, MOST_ANSWER), answer.headers, creates=False)
            # A store refuses addresses that grew too old; the next try gets a new one.
            raise SendError("server", f"the file's store answered {answer.status}")

    def _may_fetch(self, url: str) -> bool:
        try:
            asked = URL(url, encoded=True)
        except ValueError:
            return False
        host = asked.host or ""
        if self._at_home:
            return asked.scheme in ("http", "https") and host in _LOOPBACK
        return asked.scheme == "https" and any(
            host.endswith(each) if each.startswith(".") else host == each for each in self._hosts
        )

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()


class PublicOnly(AbstractResolver):
    """Finds public addresses only: a name that leads into our own network is not found. `trusted` is exempt.

    The address that is checked is the address that is called, so a name cannot change its mind in between.
    """

    def __init__(self, trusted: str, resolver: AbstractResolver | None = None) -> None:
        self._trusted = trusted
        self._resolver = resolver or aiohttp.DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        """The host's addresses; raises OSError when there is none that may be called."""
        found = await self._resolver.resolve(host, port, family)
        allowed = [each for each in found if host == self._trusted or ipaddress.ip_address(each["host"]).is_global]
        if not allowed:
            raise OSError(None, "leads to a private address")
        return allowed

    async def close(self) -> None:
        """Let the resolver go."""
        await self._resolver.close()


def _authorization(auth: tuple[str, str]) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(*auth)}


def _encoded(data: Mapping[str, Any] | None, content_type: str) -> bytes:
    if content_type == "application/json":
        return json.dumps(data).encode()
    return urlencode(data or {}, doseq=True).encode()


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    kept = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        kept += chunk
        if len(kept) > most:
            raise SendError("content", f"larger than {most} bytes")
    return bytes(kept)


def _lost(error: Exception, creates: bool) -> SendError:
    """A call without an answer: only what creates something may not simply be repeated."""
    if isinstance(error, _MISSET):
        return SendError("config", f"BALDOSA_TWILIO_API_URL: {type(error).__name__}")
    doubtful = creates and not isinstance(error, _NOT_SENT)
    return SendError("ambiguous" if doubtful else "not_sent", type(error).__name__)
