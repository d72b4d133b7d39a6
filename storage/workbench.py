"""Where fetched files are made fit to keep, in processes of their own, away from the conversations.

A picture costs a fifth of a second of computing and its reader is the part of the bot that hostile bytes reach first:
a worker that hangs, dies or eats the memory is replaced, and the bot goes on talking.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from bot.messages import MediaKind
from storage.formats import MAX_BYTES, Prepared, Refusal, Refused, Unusable, sniff

# A 50 megapixel PNG with transparency peaks below half of this.
WORKER_MEMORY = 2 * 1024**3


class Workbench:
    """Prepares files in at most `workers` processes, started with the first file; `seconds` bound the work on one."""

    def __init__(self, *, workers: int = 1, seconds: float = 30.0) -> None:
        self._workers = workers
        self._seconds = seconds
        self._pool: ProcessPoolExecutor | None = None
        self._alone = asyncio.Lock()

    async def prepare(self, data: bytes, kind: MediaKind) -> Prepared | Refused:
        """Make a file fit to keep, or say why it cannot be.

        `kind` is what the channel called it. A claimed photo must be a picture; anything else is kept as what it
        turns out to be, so compare `Prepared.kind`. Raises nothing on account of the bytes.
        """
        if len(data) > MAX_BYTES:
            return Refused("media-too-large")
        try:
            return await self._work_in_pool(data, kind)
        except BrokenProcessPool:
            return await self._work_alone(data, kind)

    async def close(self) -> None:
        """Let what is being worked on finish and end the processes; a later `prepare` would start new ones."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)

    async def _work_in_pool(self, data: bytes, kind: MediaKind) -> Prepared | Refused:
        pool = self._pool = self._pool or _open_pool(self._workers)
        try:
            return await _submit(pool, data, kind, self._seconds)
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = None
            pool.shutdown(wait=False)
            raise

    async def _work_alone(self, data: bytes, kind: MediaKind) -> Prepared | Refused:
        """Try once more with nobody beside it: when a pool breaks, only the guilty file may be refused for it."""
        async with self._alone:
            pool = _open_pool(1)
            try:
                return await _submit(pool, data, kind, self._seconds)
            except BrokenProcessPool:
                return Refused("media-broken")
            finally:
                pool.shutdown(wait=False)


def _open_pool(workers: int) -> ProcessPoolExecutor:
    # spawn: a fork would copy the threads' locks of obstore and of the database drivers in whatever state they are
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker)


async def _submit(pool: ProcessPoolExecutor, data: bytes, kind: MediaKind, seconds: float) -> Prepared | Refused:
    return await asyncio.get_running_loop().run_in_executor(pool, _work, data, kind, seconds)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us in its own time
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (WORKER_MEMORY, WORKER_MEMORY))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from storage import pictures, recordings  # noqa: F401  # loaded before the clock runs


def _end_with_parent() -> None:
    """Leave no orphan: a worker holds both ends of its queue and would wait for ever after a kill -9 of the bot."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(data: bytes, kind: MediaKind, seconds: float) -> Prepared | Refused:
    """Prepare within the time limit: the alarm ends the process, also from inside a decoder that never returns."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return prepare_here(data, kind)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def prepare_here(data: bytes, kind: MediaKind) -> Prepared | Refused:
    """Do in this process what `Workbench.prepare` does in another; never raises on account of the bytes."""
    if len(data) > MAX_BYTES:
        return Refused("media-too-large")
    try:
        return _prepare_by_content(data, kind)
    except Unusable as error:
        return Refused(error.reason)
    except MemoryError:
        return Refused("media-too-many-pixels")
    except Exception:  # Pillow's readers raise a dozen kinds of errors on damaged files, and new ones with each release
        return Refused("media-broken")


def _prepare_by_content(data: bytes, kind: MediaKind) -> Prepared:
    # imported here: the bot itself needs neither, and Pillow's faults must stay in the workers
    from storage import pictures, recordings

    mime = sniff(data)
    if mime in pictures.READERS:
        return pictures.develop(data, mime)
    if mime in recordings.CLEANERS and kind != "photo":
        return recordings.CLEANERS[mime](data, mime)
    raise Unusable(_choose_refusal(data, kind, mime))


def _choose_refusal(data: bytes, kind: MediaKind, mime: str) -> Refusal:
    if not data:
        return "media-broken"
    if mime == "text/vcard":
        # Anybody can share anybody's: it proves no number, and says nothing of the street.
        return "media-is-contact"
    return "media-not-a-picture" if kind == "photo" and not mime.startswith("image/") else "media-unsupported"
