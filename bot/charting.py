"""The service that draws a small map of the points that a citizen is to choose from, and keeps it as a picture."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog

from storage import charts
from storage.media import MediaStoreError

if TYPE_CHECKING:
    from routing.pack import Pack
    from storage.database import Database
    from storage.media import MediaStore

log = structlog.get_logger(__name__)

MOST_POINTS = 6


class Charting:
    """Answers `{"do": "chart", "points": [[lat, lon], ...], "language": ...}` with the id of a picture."""

    def __init__(
        self,
        database: Database,
        store: MediaStore,
        pack: Callable[[], Pack],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._store = store
        self._pack = pack
        self._clock = clock

    async def draw(self, request: dict[str, Any]) -> str:
        """The id of a `media` row, "" when there is no picture: nobody waits in vain for one."""
        points = [(float(lat), float(lon)) for lat, lon in request["points"][:MOST_POINTS]]
        pack, language = self._pack(), str(request["language"])
        chart_id = hashlib.sha256(f"{pack.id} {language} {points}".encode()).hexdigest()[:32]
        try:
            async with self._database.write() as connection:
                if await charts.touch(connection, chart_id, self._clock()):
                    return chart_id
            await self._draw(chart_id, pack, points, language)
        except MediaStoreError:
            log.warning("chart_not_kept")
            return ""
        return chart_id

    async def _draw(self, chart_id: str, pack: Pack, points: list[tuple[float, float]], language: str) -> None:
        # Pillow takes 17 ms to import, and only who shows maps needs it.
        from routing.chart import HEIGHT, WIDTH, draw_map

        data = await asyncio.to_thread(draw_map, pack, points, language)
        key = await self._store.put(data, "image/png")
        async with self._database.write() as connection:
            await charts.keep(connection, chart_id, key, len(data), (WIDTH, HEIGHT), self._clock())
