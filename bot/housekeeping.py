"""What is old is forgotten: once a day, in small pieces. docs/operations.md tells people these times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from storage import backlog, blocks, files, flood, geocodes, inbox, phones, proofs, receipts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.database import Database
    from storage.media import MediaStore

log = structlog.get_logger(__name__)

DAY = 86400.0
# What people wrote to the bot, word for word; tickets keep what was reported.
INBOUND_WORDS = 30 * DAY
# What the bot wrote: the browser's history and `failed --retry` read it.
OUTBOUND_WORDS = 90 * DAY
# What may not be said before somebody writes again, and waits for that.
HELD_WORDS = 30 * DAY
# What is left of it then: when, where, how it ended. Longer than any provider repeats a webhook.
OUTBOUND_ROWS = 365 * DAY
# A number that somebody typed and nobody proved; a day of it bounds how many codes it gets (storage/phones.py).
TYPED_NUMBERS = 2 * DAY
# Files that no ticket has, and where a picture was taken (what a ticket has of it, it keeps).
UNUSED_FILES = 30 * DAY
# What geocoders answered: bot/geocoding.py asks again then.
GEOCODES = 30 * DAY
# Not in the first minute, in which people wait; and a process that is restarted every day sweeps all the same.
FIRST_SWEEP = 60.0
SWEEP_EVERY = DAY


async def keep_house(database: Database, store: MediaStore) -> None:
    """Sweep daily until cancelled."""
    await asyncio.sleep(FIRST_SWEEP)
    while True:
        try:
            log.info("swept", **await sweep(database, store, time.time()))
        except Exception as error:
            # Tomorrow is another day; nothing that people wait for hangs on this.
            log.warning("sweep_failed", error=type(error).__name__)
        await asyncio.sleep(SWEEP_EVERY)


async def sweep(database: Database, store: MediaStore, now: float) -> dict[str, int]:
    """Forget what is old at `now`; how many rows of what. The writer's lock is given back between the pieces."""
    inbound = await _in_pieces(database, lambda connection: inbox.erase_old(connection, now - INBOUND_WORDS))
    async with database.write() as connection:
        held = await backlog.drop_held(connection, now - HELD_WORDS, now)
    ages = now - OUTBOUND_WORDS, now - OUTBOUND_ROWS
    outbound = await _in_pieces(database, lambda connection: backlog.sweep(connection, *ages))
    # Nothing without its words is sent again, so nobody asks any more what became of it.
    told = await _in_pieces(database, lambda connection: receipts.forget_old(connection, now - OUTBOUND_WORDS))
    numbers = await _in_pieces(database, lambda connection: phones.forget_old(connection, now - TYPED_NUMBERS))
    async with database.write() as connection:
        answers = await geocodes.forget_old(connection, now - GEOCODES)
        await proofs.forget_old(connection, now - proofs.DAY)
        await flood.forget_old(connection, now - flood.DAY)
        await blocks.forget_old(connection, now)
    swept = await _sweep_files(database, store, now)
    return {
        "inbound": inbound,
        "outbound": outbound,
        "held": held,
        "receipts": told,
        "numbers": numbers,
        "geocodes": answers,
        "files": swept,
    }


async def _in_pieces(database: Database, sweep_piece: Callable[[AsyncConnection], Awaitable[int]]) -> int:
    total = 0
    while True:
        async with database.write() as connection:
            swept = await sweep_piece(connection)
        if not swept:
            return total
        total += swept


async def _sweep_files(database: Database, store: MediaStore, now: float) -> int:
    async with database.write() as connection:
        await files.forget_places(connection, now - UNUSED_FILES)
    swept = 0
    while True:
        async with database.write() as connection:
            count, keys = await files.forget_unused(connection, now - UNUSED_FILES)
        # After the commit: a crash in between leaves bytes that nothing names, never a name without bytes.
        for key in keys:
            await store.delete(key)
        swept += count
        if not count:
            return swept
