"""The service that finds points for words: the geocoders that the settings name, one after the other, with a memory.

An errand, outside of every transaction: nobody waits for it but the conversation that asked, and that no longer than
`WITHIN`. Logs tell who failed and why, never what was asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from routing.candidates import Candidate, rank
from routing.geocoders import GEOCODERS, Region, Setup
from routing.geocoders.line import Line, Unanswered
from routing.words import plain
from storage import geocodes

if TYPE_CHECKING:
    from bot.settings import Settings
    from routing.pack import Pack
    from storage.database import Database

log = structlog.get_logger(__name__)

# Seconds for one geocoder, and for all of them together.
EACH_WITHIN, WITHIN = 3.0, 7.0
# Google's terms allow 30 days; what was not found may be drawn on the map tomorrow.
KEPT, NOTHING_KEPT = 30 * 86400.0, 86400.0
MOST_WORDS = 200


def open_lines(settings: Settings) -> list[Line]:
    """The geocoders of the settings, in their order."""
    agent = f"Baldosa ({settings.geocoder_contact or settings.public_url or 'civic reports'})"
    keys = settings.geocoder_key_of
    return [
        Line(name, GEOCODERS[name], Setup(url=url, key=keys(name), user_agent=agent))
        for name, url in settings.geocoder_list
    ]


class Geocoding:
    """Answers `{"do": "geocode", "words": ..., "language": ...}` with candidates in what is served, best first."""

    def __init__(
        self,
        database: Database,
        pack: Callable[[], Pack],
        lines: Sequence[Line],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._pack = pack
        self._lines = lines
        self._clock = clock

    async def look_up(self, request: dict[str, Any]) -> list[dict[str, Any]] | None:
        """Candidates as dicts, empty when nobody knows the place; None when nobody answered."""
        words, language = str(request["words"])[:MOST_WORDS], str(request["language"])
        region = region_of(self._pack(), language)
        until = asyncio.get_running_loop().time() + WITHIN
        answered = False
        for line in self._lines:
            found = await self._ask(line, words, region, until)
            answered = answered or found is not None
            if likely := rank(self._served(found or ())):
                return [msgspec.to_builtins(each) for each in likely]
        return [] if answered else None

    async def close(self) -> None:
        """Close every connection."""
        for line in self._lines:
            await line.close()

    async def _ask(self, line: Line, words: str, region: Region, until: float) -> list[Candidate] | None:
        """What one says of these words, or has said lately; None when it did not answer."""
        asked = f"{region}|{' '.join(plain(words).split())}"
        if (kept := await self._remembered(line.name, asked)) is not None:
            return kept
        within = min(EACH_WITHIN, until - asyncio.get_running_loop().time())
        try:
            found = await line.ask(words, region, within)
        except Unanswered as error:
            log.warning("geocoder_unanswered", geocoder=line.name, reason=str(error))
            return None
        async with self._database.write() as connection:
            await geocodes.keep(connection, line.name, asked, msgspec.json.encode(found).decode(), self._clock())
        return found

    async def _remembered(self, name: str, asked: str) -> list[Candidate] | None:
        now = self._clock()
        async with self._database.read() as connection:
            raw = await geocodes.read(connection, name, asked, now - KEPT)
            if raw == "[]":
                raw = await geocodes.read(connection, name, asked, now - NOTHING_KEPT)
        try:
            return msgspec.json.decode(raw, type=list[Candidate]) if raw is not None else None
        except msgspec.ValidationError:
            return None  # An older version kept it otherwise.

    def _served(self, found: Iterable[Candidate]) -> list[Candidate]:
        pack = self._pack()
        return [each for each in found if pack.areas_at(each.lat, each.lon)]


def region_of(pack: Pack, language: str) -> Region:
    """The box around everything that a pack serves."""
    south, west, north, east = pack.bounds()
    # To about 100 m: what was asked is remembered under it.
    sides = round(south, 3), round(west, 3), round(north, 3), round(east, 3)
    return Region(*sides, pack.info.country, language[:2].lower())
