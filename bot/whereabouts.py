"""What conversations look up in a running process: imported areas, towns, geocoders, maps, and a body's figures."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bot.areas import Areas, compiled_path
from bot.charting import Charting
from bot.drawings import Drawings
from bot.nearest import NearestTown
from bot.numbering import Numbering

if TYPE_CHECKING:
    from bot.errands import Service
    from bot.geocoding import Geocoding
    from bot.settings import Settings
    from routing.pack import Pack
    from storage.database import Database
    from storage.media import MediaStore


class Whereabouts:
    """`services` are the look-ups that conversations may ask for; without geocoders there is none for addresses."""

    def __init__(self, settings: Settings, database: Database, pack: Pack, store: MediaStore) -> None:
        self._pack = pack
        self._areas = Areas(database, compiled_path(settings), pack.use_atlas)
        self._nearest = NearestTown(settings.language)
        self._geocoding = _open_geocoding(settings, database, pack)
        drawings = Drawings(database, store)
        self.services: dict[str, Service] = {
            "chart": Charting(drawings, lambda: pack).draw,
            "numbers": Numbering(database, drawings, lambda: pack).report,
        }
        if self._geocoding:
            self.services["geocode"] = self._geocoding.look_up
        self._name_towns()

    async def refresh(self) -> None:
        """Take the imported areas as they are now: before anybody is told that a place is not served."""
        await self._areas.refresh()

    def chores(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on beside the senders until it is cancelled."""
        return [self._areas.keep_fresh(), self._nearest.read_when_wanted(self._name_towns)]

    async def close(self) -> None:
        """End every connection."""
        if self._geocoding:
            await self._geocoding.close()

    def _name_towns(self) -> None:
        self._pack.use_towns(self._nearest)


def _open_geocoding(settings: Settings, database: Database, pack: Pack) -> Geocoding | None:
    if not settings.geocoder_list:
        return None
    # geopy takes its time to import, which nobody waits for who does not use it.
    from bot.geocoding import Geocoding, open_lines

    return Geocoding(database, lambda: pack, open_lines(settings))
