"""Bodies measured outside any transaction: for a conversation, with a picture of the figures, and for the metrics."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from locales import catalog
from storage.indicators import WEEKS_SHOWN, Report, Week, measure, measure_weeks, weekly
from storage.periods import first_day, last_day, last_days, weeks

if TYPE_CHECKING:
    from bot.drawings import Drawings
    from bot.plot import Plot
    from routing.pack import Pack
    from storage.database import Database
    from storage.indicators import Indicators

MOST_DAYS = 366
# Seconds for which the figures of today serve whoever asks for them again.
FRESH = 60.0


class Numbering:
    """Answers `{"do": "numbers", "bodies": [...], ...}` with a `storage.indicators.Report`, as JSON.

    `days` is how many, today the last of them, `by` the grouping; `weekly` asks for the first body's last full week
    instead. With a `picture`, it is kept and named; `language` and `title` are what it speaks and is called.
    """

    def __init__(
        self,
        database: Database,
        drawings: Drawings,
        pack: Callable[[], Pack],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._drawings = drawings
        self._pack = pack
        self._clock = clock

    async def report(self, request: dict[str, Any]) -> Any:
        """The figures, and the picture's id: "" where none is wanted or none could be kept."""
        found = await (self._weekly(request) if request.get("weekly") else self._days(request))
        if request.get("picture"):
            plot = plot_of(found, str(request["title"]), str(request["language"]), self._pack().info.timezone)
            found = msgspec.structs.replace(found, picture=await self._draw(plot))
        return msgspec.to_builtins(found)

    async def _days(self, request: dict[str, Any]) -> Report:
        now, zone, bodies = self._clock(), self._pack().info.timezone, list(request["bodies"])
        period = last_days(min(int(request["days"]), MOST_DAYS), now, zone)
        async with self._database.read() as connection:
            return Report(
                await measure(connection, period, now, by=request.get("by", ""), bodies=bodies),
                await measure_weeks(connection, weeks(WEEKS_SHOWN, period.end, zone), bodies),
            )

    async def _weekly(self, request: dict[str, Any]) -> Report:
        async with self._database.read() as connection:
            zone = self._pack().info.timezone
            found = await weekly(connection, str(request["bodies"][0]), float(request["weekly"]), zone)
        return Report(found.week, found.weeks, found.before)

    async def _draw(self, plot: Plot) -> str:
        # Pillow takes 17 ms to import, and only who shows pictures needs it.
        from bot.plot import HEIGHT, WIDTH, draw

        picture_id = hashlib.sha256(b"numbers" + msgspec.json.encode(plot)).hexdigest()[:32]
        return await self._drawings.show(picture_id, partial(draw, plot), (WIDTH, HEIGHT))


class Today:
    """How each body stands today, for whoever asks often: measured once a minute at most."""

    def __init__(self, database: Database, pack: Callable[[], Pack], clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._pack = pack
        self._clock = clock
        self._found: Indicators | None = None

    async def read(self) -> Indicators:
        """The figures of today by body, a minute old at most."""
        now = self._clock()
        if self._found is None or not 0 <= now - self._found.at < FRESH:
            period = last_days(1, now, self._pack().info.timezone)
            async with self._database.read() as connection:
                self._found = await measure(connection, period, now, by="body")
        return self._found


def plot_of(report: Report, title: str, language: str, timezone: str) -> Plot:
    """What a picture of these figures says, in a language."""
    from bot.plot import Plot

    words, figures = catalog(language), report.now.total
    return Plot(
        title=title,
        subtitle=words.text("plot-weeks", until=f"{last_day(report.now.period, timezone):%d/%m}"),
        legend=(words.text("plot-received"), words.text("plot-closed")),
        weeks=tuple((_label(week, timezone), week.received, week.closed) for week in report.weeks),
        ages_title=words.text("plot-ages", n=figures.backlog),
        ages=(
            (words.text("plot-under-week"), figures.ages.week),
            (words.text("plot-under-month"), figures.ages.month),
            (words.text("plot-under-quarter"), figures.ages.quarter),
            (words.text("plot-older"), figures.ages.older),
        ),
    )


def _label(week: Week, timezone: str) -> str:
    return f"{first_day(week.period, timezone):%d/%m}"
