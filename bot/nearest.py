"""The nearest town, read in when the first place without an area is asked about."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import structlog

from routing.towns import read_towns

if TYPE_CHECKING:
    from routing.towns import Towns

log = structlog.get_logger(__name__)


class NearestTown:
    """Names towns near positions; "" until they are read, which the first question for one begins."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._towns: Towns | None = None
        self._wanted = asyncio.Event()

    def __call__(self, lat: float, lon: float) -> str:
        """The town nearest to a position with its province and country; never waits."""
        if self._towns is None:
            self._wanted.set()
            return ""
        return self._towns.nearest(lat, lon, self._language)

    async def read_when_wanted(self, known: Callable[[], None]) -> None:
        """Wait for the first question, then read them in a process of its own, and say so to `known`."""
        await self._wanted.wait()
        try:
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                self._towns = await asyncio.get_running_loop().run_in_executor(pool, read_towns)
        except Exception as error:
            # Only a word less is told then.
            log.warning("towns_not_read", error=type(error).__name__)
        else:
            known()
