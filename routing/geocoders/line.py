"""One geocoder as it is asked: not faster than it wants, not longer than we can wait, and left alone while it fails."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from geopy.adapters import AdapterHTTPError
from geopy.exc import GeocoderQueryError, GeocoderRateLimited

from routing.candidates import Candidate, weigh
from routing.geocoders.provider import Provider, Region, Setup

# Whoever has just failed is asked again after so many seconds; after a "too many" the pause that it names, at most.
REST, LONGEST_REST = 30.0, 3600.0


class Unanswered(Exception):
    """A geocoder that did not answer; the reason is the class of what went wrong, never what was asked."""


class Line:
    """One geocoder under its name. Seconds are the event loop's."""

    def __init__(self, name: str, provider: Provider, setup: Setup) -> None:
        self.name = name
        self._provider = provider
        self._geocoder = provider.make(setup)
        # A server of one's own has no policy but one's own.
        self._pace = 0.0 if setup.url else provider.pace
        self._next = 0.0
        self._rests_until = 0.0

    async def ask(self, words: str, region: Region, within: float) -> list[Candidate]:
        """Where `words` may be, in no order; raises Unanswered after `within` seconds at the latest."""
        now = asyncio.get_running_loop().time()
        starts = max(now, self._next)
        if now < self._rests_until or starts - now >= within:
            raise Unanswered("resting" if now < self._rests_until else "busy")
        self._next = starts + self._pace
        try:
            async with asyncio.timeout(within):
                await asyncio.sleep(starts - now)
                found = await self._geocode(words, region, within)
            return [weigh(each, words, region.language) for each in found]
        except Exception as error:
            if isinstance(error, GeocoderQueryError) and isinstance(error.__cause__, AdapterHTTPError):
                return []  # It answered: these words are no address to it.
            # Whatever a server sends that is not what it has documented, geopy may raise anything on it.
            self._rest(error)
            raise Unanswered(type(error).__name__) from error

    async def close(self) -> None:
        """Close its connections."""
        await self._geocoder.adapter.__aexit__(None, None, None)

    async def _geocode(self, words: str, region: Region, within: float) -> list[Candidate]:
        found = await self._geocoder.geocode(
            words,
            exactly_one=False,
            timeout=aiohttp.ClientTimeout(total=within),
            **self._provider.arguments(region),
        )
        return [candidate for each in found or () if (candidate := self._read(each.raw))]

    def _read(self, raw: dict[str, Any]) -> Candidate | None:
        candidate = self._provider.read(raw)
        if candidate is None or not candidate.words:
            return None
        return Candidate(candidate.lat, candidate.lon, candidate.words, candidate.kind, candidate.score, self.name)

    def _rest(self, error: Exception) -> None:
        asked = error.retry_after if isinstance(error, GeocoderRateLimited) else None
        pause = min(max(float(asked or 0.0), REST), LONGEST_REST)
        self._rests_until = asyncio.get_running_loop().time() + pause
