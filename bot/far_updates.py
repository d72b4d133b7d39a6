"""What Open311 servers tell of the tickets that they took: tokens become ids, updates and statuses become history.

Servers with servicerequestupdates are asked for what is new since the last time, by windows of a day, and once a day
for the whole last day; the same update is heard once. Of the others each request is asked for by its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from bot.news import Keeper, News, append_news
from bot.turns import Turn
from bot.ways.gate import HeldError
from bot.ways.open311 import Open311Way
from bot.ways.secrets import require_secret
from locales import catalog
from routing.deliveries import open311, statuses
from routing.deliveries.open311 import Update
from routing.deliveries.report import UndeliveredError, w3c
from storage import deliveries, far_sides, tickets, updates
from storage.statuses import OPEN

if TYPE_CHECKING:
    from bot.ways.calls import Calls
    from bot.workplace import Workplace
    from routing import ways
    from storage.deliveries import Delivery
    from storage.tickets import Ticket
    from storage.work import Work

log = structlog.get_logger(__name__)

METHOD = "open311"
# mySociety's client asks as often, and for the last day once a day.
LOOK_EVERY = 300.0
DAY = 86400.0
# Clocks differ, and an update may be written down later than it happened: what is asked for twice is heard once.
OVERLAP = 900.0
# Nothing older is asked for after a long silence of ours; GeoReport gives 90 days at most.
FARTHEST = 30 * DAY
# GeoReport's own limit of an answer: as many means that there may be more.
MOST_IN_ANSWER = 1000
SHORTEST_WINDOW = 60.0
# Requests that are asked for by their ids: each this often, so many a look.
POLL_EVERY = 1800.0
MOST_POLLED = 50
MOST_TOKENS = 50
MOST_PHOTOS = 4


class FarUpdates:
    """Asks far servers."""

    def __init__(self, place: Workplace, calls: Calls, secrets: Mapping[str, str], keeper: Keeper) -> None:
        self._place = place
        self._calls = calls
        self._secrets = secrets
        self._keeper = keeper
        self._turn = Turn("far-updates", place.database, place.owner, 3 * LOOK_EVERY)
        self._way = Open311Way(calls, secrets)
        self._asked_whole_day: dict[str, float] = {}

    async def keep_looking(self) -> None:
        """Look until cancelled."""
        await self._turn.keep(self.look, LOOK_EVERY)

    async def look(self, now: float) -> int:
        """Ask every server, unless another process does; how many updates were new."""
        servers = self._servers()
        if not servers or not await self._turn.comes(now):
            return 0
        total = 0
        for way, bodies in servers:
            try:
                total += await self._ask(way, bodies, now)
            except HeldError:
                continue
            except UndeliveredError as error:
                log.warning("far_server_away", bodies=bodies, detail=error.line)
        return total

    def _servers(self) -> list[tuple[ways.Open311Way, list[str]]]:
        """The servers, each with the bodies behind it."""
        found: dict[str, tuple[ways.Open311Way, list[str]]] = {}
        for body in self._place.pack().records.bodies:
            if body.open311 and METHOD in body.delivery:
                found.setdefault(open311.source_of(body.open311), (body.open311, []))[1].append(body.id)
        return list(found.values())

    async def _ask(self, way: ways.Open311Way, bodies: list[str], now: float) -> int:
        await self._ask_tokens(way, bodies, now)
        return await (self._ask_updates if way.updates else self._poll)(way, bodies, now)

    async def _ask_tokens(self, way: ways.Open311Way, bodies: list[str], now: float) -> None:
        async with self._place.database.read() as connection:
            rows = await far_sides.with_tokens(connection, bodies, MOST_TOKENS)
        for row in rows:
            number = await self._way.ask_token(way, row.token)
            known: dict[str, object] = {"status": "accepted", "remote_id": number} if number else {"polled_at": now}
            async with self._place.database.write() as connection:
                await deliveries.note(connection, row.id, **known)

    # Servers with servicerequestupdates

    async def _ask_updates(self, way: ways.Open311Way, bodies: list[str], now: float) -> int:
        async with self._place.database.read() as connection:
            until = await far_sides.asked_until(connection, METHOD, bodies)
        if until is None:
            return 0
        source, total = open311.source_of(way), 0
        start = max(min(until, now) - OVERLAP, now - FARTHEST)
        if whole_day := now - self._asked_whole_day.get(source, 0.0) >= DAY:
            start = min(start, now - DAY)
        while start < now:
            end = min(start + DAY, now)
            for update in await self._window(way, start, end):
                total += await self._hear(way, bodies, update, now)
            async with self._place.database.write() as connection:
                await far_sides.note_asked(connection, METHOD, bodies, end)
            start = end
        if whole_day:
            self._asked_whole_day[source] = now
        return total

    async def _window(self, way: ways.Open311Way, start: float, end: float) -> list[Update]:
        """The updates of a window, in the order in which they happened; a full answer is asked for in halves."""
        query = open311.ask(way, require_secret(self._secrets, way.key), start_date=w3c(start), end_date=w3c(end))
        got = await self._calls.get(open311.url_of(way, "servicerequestupdates"), query)
        open311.require_ok(got.status, got.body)
        found = open311.read_updates(got.body)
        if len(found) >= MOST_IN_ANSWER and end - start > SHORTEST_WINDOW:
            middle = (start + end) / 2
            found = [*await self._window(way, start, middle), *await self._window(way, middle, end)]
        return sorted(found, key=lambda update: (update.at, update.update_id))

    # Servers without

    async def _poll(self, way: ways.Open311Way, bodies: list[str], now: float) -> int:
        async with self._place.database.read() as connection:
            rows = await far_sides.to_poll(connection, bodies, OPEN, now - POLL_EVERY, MOST_POLLED)
        total = 0
        for row in rows:
            got = await self._calls.get(open311.url_of(way, f"requests/{row.remote_id}"), open311.ask(way))
            # One that the server has lost must not keep the others from being asked for.
            found = open311.read_status(got.body, row.remote_id) if got.status == 200 else None
            total += await self._hear(way, bodies, found, now) if found else 0
            async with self._place.database.write() as connection:
                await deliveries.note(connection, row.id, polled_at=now)
        return total

    # What they tell

    async def _hear(self, way: ways.Open311Way, bodies: list[str], update: Update, now: float) -> bool:
        """Write an update into the history, once; False for one that is known, or of nobody's ticket."""
        source = open311.source_of(way)
        async with self._place.database.read() as connection:
            work = self._place.make_work(connection)
            row = await far_sides.find_remote(connection, METHOD, update.remote_id, bodies)
            if row is None or await far_sides.was_heard(work, source, update.update_id):
                return False
        media, links = await self._fetch(way, update)
        async with self._place.database.write() as connection:
            work = self._place.make_work(connection)
            newest = await far_sides.last_heard(work, source, row.ticket)
            if not await far_sides.remember_update(work, source, update.update_id, row.ticket, update.at or now):
                return False
            ticket = await tickets.by_code(work, row.ticket)
            if ticket is None:
                return False
            status = await self._status(work, way, ticket, row, update, newest)
            words = _words(update, links, ticket.language)
            await append_news(work, ticket, News(row.body, METHOD, words, status, media))
            if newest is None or update.at >= newest:
                await deliveries.note(connection, row.id, remote_status=update.status[:80])
            await work.flush()
        self._place.wake(work.accounts)
        return True

    async def _status(
        self,
        work: Work,
        way: ways.Open311Way,
        ticket: Ticket,
        row: Delivery,
        update: Update,
        newest: float | None,
    ) -> str:
        """The status that it means, "" when it is none of news: said before, or older than what happened since."""
        # Who has passed a ticket on no longer decides about it.
        if row.body not in await deliveries.bodies_of(work, ticket.code):
            return ""
        if update.status.lower() == row.remote_status.lower():
            return ""
        if newest is not None and update.at:
            history = await updates.history(work, ticket.code, public_only=True)
            moved = max((entry.at for entry in history if entry.status), default=0.0)
            if update.at < max(newest, moved):
                return ""
        return statuses.heard(update.status, way.statuses)

    async def _fetch(self, way: ways.Open311Way, update: Update) -> tuple[tuple[str, ...], list[str]]:
        """(photos kept, addresses to be told): a far server has us fetch from itself and from nowhere else."""
        own = urlsplit(way.endpoint)
        mine = [url for url in update.media if urlsplit(url)[:2] == (own.scheme, own.netloc)][:MOST_PHOTOS]
        pictures = []
        for url in mine:
            try:
                got = await self._calls.get(url)
            except (UndeliveredError, HeldError):
                continue
            if got.status == 200:
                pictures.append(got.body)
        others = [url for url in update.media if url not in mine and urlsplit(url).scheme == "https"]
        return await self._keeper.keep_all(pictures, METHOD), others


def _words(update: Update, links: list[str], language: str) -> str:
    told = [update.words.strip()] if update.words.strip() else []
    if links:
        told.append(catalog(language).text("far-photos", urls=" ".join(links)))
    return "\n".join(told)[: open311.MOST_WORDS]
