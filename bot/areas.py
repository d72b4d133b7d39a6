"""The imported areas of a running process: always those of the database, read from a compiled file beside it."""

from __future__ import annotations

import asyncio
import fcntl
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.engine import make_url

from routing.atlas import Atlas, read_edition
from routing.binding import Binder
from storage import areas
from storage.database import Database

if TYPE_CHECKING:
    from bot.settings import Settings

log = structlog.get_logger(__name__)

CHECK_EVERY = 20.0


def compiled_path(settings: Settings) -> Path:
    """Where the compiled areas of a deployment are: beside an SQLite file, else in the data folder."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(f"{url.database}.areas")
    return settings.data_dir / "database.areas"


class Areas:
    """Keeps the imported areas fresh: `use` is given each new set of them, whole, between two steps of the loop."""

    def __init__(
        self, database: Database, path: Path, use: Callable[[Atlas], None], *, every: float = CHECK_EVERY
    ) -> None:
        self._database = database
        self._path = path
        self._use = use
        self._edition = ""
        self._every = every

    async def refresh(self) -> bool:
        """Take what the database has now; False when nothing is new.

        Where no process of this machine has compiled it yet, another process does it, and this one waits, some seconds
        for each thousand areas.
        """
        async with self._database.read() as connection:
            edition = await areas.edition(connection)
        if edition == self._edition:
            return False
        if edition and await asyncio.to_thread(read_edition, self._path) != edition:
            await compile_elsewhere(self._database.url, self._path)
        atlas = await asyncio.to_thread(Atlas, self._path) if edition else Atlas()
        self._use(atlas)
        self._edition = atlas.edition
        log.info("areas_in_use", areas=len(atlas.areas))
        return True

    async def keep_fresh(self) -> None:
        """Refresh now and then until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.refresh()
            except Exception as error:
                # The areas in use stay; the next round tries again.
                log.warning("areas_not_refreshed", error=type(error).__name__)


def compile_areas(url: str, path: Path) -> None:
    """Compile what the database at `url` has into `path`, unless another process of this machine just did."""
    with _alone(path):
        asyncio.run(_compile(url, path))


async def _compile(url: str, path: Path) -> None:
    database = Database(url)
    try:
        async with database.read() as connection:
            # First the edition: what changes meanwhile is compiled in the next round.
            edition = await areas.edition(connection)
            if not edition or read_edition(path) == edition:
                return
            with Binder(path) as binder:
                async for rows in areas.pages(connection):
                    binder.add(rows)
                binder.finish(edition)
    finally:
        await database.close()


async def compile_elsewhere(url: str, path: Path) -> None:
    """Compile in a process of its own: it computes for seconds, and conversations must not wait for that."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, compile_areas, url, path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process of this machine at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
