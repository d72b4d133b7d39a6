"""Pictures that we draw ourselves, each drawn once: its id is made of what it shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from storage import charts
from storage.media import MediaStoreError

if TYPE_CHECKING:
    from storage.database import Database
    from storage.media import MediaStore

log = structlog.get_logger(__name__)


class Drawings:
    """Draws beside the loop, and keeps what was drawn."""

    def __init__(self, database: Database, store: MediaStore, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._store = store
        self._clock = clock

    async def show(self, drawing_id: str, draw: Callable[[], bytes], side: tuple[int, int]) -> str:
        """The id of a `media` row of so many pixels, "" where it cannot be kept; `draw` makes a PNG where none is."""
        try:
            async with self._database.write() as connection:
                if await charts.touch(connection, drawing_id, self._clock()):
                    return drawing_id
            data = await asyncio.to_thread(draw)
            key = await self._store.put(data, "image/png")
        except MediaStoreError:
            log.warning("drawing_not_kept")
            return ""
        async with self._database.write() as connection:
            await charts.keep(connection, drawing_id, key, len(data), side, self._clock())
        return drawing_id
