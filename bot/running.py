"""What runs in a process: parts, without which nothing goes on, and chores beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

Work = Coroutine[Any, Any, Any]


class Running:
    """Begun one by one, ended together. `over` is set when it is time to stop: by whoever wants it, or by a fault."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self._parts: list[asyncio.Task[Any]] = []
        self._chores: list[asyncio.Task[Any]] = []

    @property
    def parts(self) -> int:
        """How many parts were begun."""
        return len(self._parts)

    @property
    def failed(self) -> bool:
        """True when a part ended by a fault of ours."""
        return any(_fault(task) for task in self._parts)

    def begin(self, name: str, work: Work) -> None:
        """Run a part. When it fails the process ends, and whoever supervises it starts a new one."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_report)
        task.add_done_callback(lambda done: self.over.set() if _fault(done) else None)
        self._parts.append(task)

    def begin_chores(self, chores: Iterable[Work]) -> None:
        """Run what goes on until it is cancelled; a fault of one is only told."""
        for chore in chores:
            task = asyncio.create_task(chore)
            task.add_done_callback(_report)
            self._chores.append(task)

    async def end_chores(self) -> None:
        """Cancel the chores, and wait until they have ended."""
        for task in self._chores:
            task.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)

    async def end(self) -> None:
        """Wait until the parts have ended, each of which was told to."""
        await asyncio.gather(*self._parts, return_exceptions=True)


def _fault(task: asyncio.Task[Any]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


def _report(task: asyncio.Task[Any]) -> None:
    if error := _fault(task):
        log.error("task_failed", task=task.get_name(), exc_info=error)
