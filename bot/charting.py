"""The service that draws a small map of the points that a citizen is to choose from, and keeps it as a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.drawings import Drawings
    from routing.pack import Pack

MOST_POINTS = 6


class Charting:
    """Answers `{"do": "chart", "points": [[lat, lon], ...], "language": ...}` with the id of a picture."""

    def __init__(self, drawings: Drawings, pack: Callable[[], Pack]) -> None:
        self._drawings = drawings
        self._pack = pack

    async def draw(self, request: dict[str, Any]) -> str:
        """The id of a `media` row, "" when there is no picture: nobody waits in vain for one."""
        # Pillow takes 17 ms to import, and only who shows maps needs it.
        from routing.chart import HEIGHT, WIDTH, draw_map

        points = [(float(lat), float(lon)) for lat, lon in request["points"][:MOST_POINTS]]
        pack, language = self._pack(), str(request["language"])
        chart_id = hashlib.sha256(f"{pack.id} {language} {points}".encode()).hexdigest()[:32]
        return await self._drawings.show(chart_id, partial(draw_map, pack, points, language), (WIDTH, HEIGHT))
