"""What is asked for from the command line: a talk, the list of what could not be sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.app import App
from bot.areas import Areas, compiled_path
from bot.channels.terminal import Terminal, typed_lines
from bot.channels.terminal import chat as hold
from bot.housekeeping import DAY
from bot.municipality import Popularity, load_or_read_pack
from bot.providers import read_spending
from bot.routes import LANGUAGE, explain
from routing.towns import read_towns
from storage import backlog, costs, deliveries, indicators, periods
from storage.database import Database, migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.settings import Settings
    from storage.deliveries import Trouble, Waiting
    from storage.indicators import By, Indicators


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The settings' database, migrated, for as long as the block lasts."""
    await migrate(settings.database_url)
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


async def explain_route(settings: Settings, lat: float, lon: float, words: str) -> list[str]:
    """Who answers there, step by step, in the pack that this deployment serves."""
    async with opened(settings) as database:
        popularity = Popularity(database)
        await popularity.count()
        pack = await load_or_read_pack(database, settings)
        await Areas(database, compiled_path(settings), pack.use_atlas).refresh()
        # Read only where no area is: it takes a second.
        pack.use_towns(lambda lat, lon: read_towns().nearest(lat, lon, LANGUAGE))
        return list(explain(pack, lat, lon, words, popularity.learned))


async def list_failed(settings: Settings, ids: Sequence[int], *, retry: bool) -> tuple[list[backlog.Undelivered], int]:
    """(what could not be delivered, how many go again)."""
    async with opened(settings) as database:
        async with database.write() as connection:
            again = await backlog.retry(connection, ids or None, time.time()) if retry else 0
        async with database.read() as connection:
            return await backlog.failed(connection), again


async def list_deliveries(settings: Settings, *, retry: bool) -> tuple[list[Trouble], list[Waiting], int, str]:
    """(what has not arrived, the bodies that nobody receives for, how many are tried at once, the city's time zone)."""
    async with opened(settings) as database:
        zone = (await load_or_read_pack(database, settings)).info.timezone
        async with database.write() as connection:
            hurried = await deliveries.hurry(connection, time.time()) if retry else 0
        async with database.read() as connection:
            troubles, waiting = await deliveries.in_trouble(connection), await deliveries.unclaimed_by_size(connection)
        return troubles, waiting, hurried, zone


async def list_costs(settings: Settings, days: int) -> tuple[list[costs.Cost], costs.Spending]:
    """(what was spent in so many days, today's the first of them; what of it was spent today)."""
    async with opened(settings) as database:
        pack = await load_or_read_pack(database, settings)
        now = time.time()
        first = costs.day_in(pack.info.timezone, now - (days - 1) * DAY)
        async with database.read() as connection:
            found = await costs.since(connection, first)
        return found, await read_spending(database, pack, now)


async def measure_numbers(
    settings: Settings, by: By, first: date | None, last: date | None
) -> tuple[Indicators, str, Callable[[str], str]]:
    """(the figures, the time zone that their days are in, what each group is called); usually of the last week."""
    async with opened(settings) as database:
        pack = await load_or_read_pack(database, settings)
        now, zone = time.time(), pack.info.timezone
        until = last or periods.day_of(now, zone)
        period = periods.days(first or until - timedelta(days=periods.WEEK - 1), until, zone)
        async with database.read() as connection:
            found = await indicators.measure(connection, period, now, by=by)
    find = {"body": pack.body, "category": pack.category, "area": pack.area}.get(by)

    def name(key: str) -> str:
        group = find(key) if find and key else None
        return group.name(pack.info.language) if group else key

    return found, zone, name


async def talk(settings: Settings, language: str, write: Callable[[str], None]) -> None:
    """The conversation in this terminal, until its input ends."""
    terminal = Terminal(write, language or settings.language)
    app = App(settings, terminal)
    try:
        await app.start()
        await hold(terminal, app.intake, app.database, typed_lines())
    finally:
        await app.stop()
