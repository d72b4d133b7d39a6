"""A town on a stage: its citizens report in the order of time, its officials close what is done.

Those who report within some hours of each other talk at the same time, as they do in a town, and share transactions;
who would report the same thing in the same place waits until the others are done.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import or_, select

from bot.channels.browser import BrowserChannel, Hub, Uploads
from bot.messages import Inbound, Outbound
from routing.pack import Pack
from storage.schema import inbox, outbox, ticket
from storage.schema import update as ticket_update
from tests.handset import Phone
from tests.machine import HOUR
from tests.service_requests.citizen import Answer, Citizen, Request, Talk
from tests.service_requests.globe import metres
from tests.stage import Stage

# Officials write Spanish in every town.
RESOLVED = "/estado {code} resuelto lo tapamos"
# So many talk at once, so long after each other at most; of one kind only where no outage could hold both.
MOST_AT_ONCE, SPAN, APART_M = 16, 2 * HOUR, 3000.0


class Town:
    """The machine with the real browser channel, over the migrated, empty database at `url`.

    `language` is that of its people, `begins` the clock's first time: `async with Town(...) as town`, then
    `await play(town, requests)`.
    """

    def __init__(self, url: str, folder: Path, pack: Pack, language: str, begins: float) -> None:
        self.pack = pack
        self.language = language
        self._heard: defaultdict[str, list[Outbound]] = defaultdict(list)
        self._services: dict[str, str] = {}
        self._to_close: list[tuple[float, str]] = []
        self._officials: dict[str, Phone] = {}
        self._people = 0
        uploads = Uploads(folder / "uploads")
        self.stage = Stage(url, lambda stage: BrowserChannel(Hub(), uploads), self._watch)
        self.stage.pack = pack
        self.stage.language = language
        self.stage.now = begins

    async def __aenter__(self) -> Town:
        await self.stage.__aenter__()
        for number, body in enumerate(self.pack.records.bodies):
            phone = self._phone(f"official-{body.id}", "es")
            code = f"BCDF-2345-{number:04d}"
            await self.stage.invite([body.id], code)
            await self.stage.take(phone.message(f"/start invite-{code}"))
            self._officials[body.id] = phone
        await self.stage.settle()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stage.__aexit__(kind, error, trace)

    async def hears(self, wave: Sequence[Request]) -> list[Talk]:
        """Whole reports, at the time of the last of them; what was to be closed before that is closed."""
        # A second before, so that what was closed and what became part of an outage have different times.
        await self._close_until(wave[-1].at - 1)
        await self.stage.wait(1)
        citizens = {self._next_phone(): self._citizen(request) for request in wave}
        answers = {phone: Answer(text=citizen.talk.request.words) for phone, citizen in citizens.items()}
        while answers:
            await self.stage.take(*(_message(phone, answer) for phone, answer in answers.items()))
            await self.stage.settle()
            heard = {phone: self._heard.pop(phone.who, []) for phone, answer in answers.items() if not answer.ends}
            answers = {phone: citizens[phone].read(said) for phone, said in heard.items()}
            answers = {phone: answer for phone, answer in answers.items() if answer.says}
        talks = [citizen.talk for citizen in citizens.values()]
        for talk in talks:
            self._note(talk)
        return talks

    def _citizen(self, request: Request) -> Citizen:
        return Citizen(request, self.pack, self.language, self._services, self.stage.now)

    def _note(self, talk: Talk) -> None:
        request = talk.request
        if talk.code:
            self._services[talk.code] = request.service
            if request.closed_at is not None:
                heapq.heappush(self._to_close, (max(request.closed_at, talk.at), talk.code))

    async def _close_until(self, now: float) -> None:
        """Let time pass; the officials say of what was done meanwhile that it is: all together, as their days go."""
        await self.stage.wait(max(0.0, now - self.stage.now))
        done = []
        while self._to_close and self._to_close[0][0] <= now:
            done.append(heapq.heappop(self._to_close)[1])
        if not done:
            return
        # A report that became part of an outage has the outage's end.
        rows = await self.stage.rows(select(ticket.c.code, ticket.c.body).where(ticket.c.code.in_(done)))
        messages = [self._officials[row.body].message(RESOLVED.format(code=row.code)) for row in rows]
        await self.stage.take(*messages)
        await self.stage.settle()

    def _next_phone(self) -> Phone:
        self._people += 1
        return self._phone(f"citizen-{self._people}", self.language)

    def _phone(self, who: str, language: str) -> Phone:
        return self.stage.phone(who, account=self.stage.channel.account, language=language)

    async def _watch(self, address: str, message: Outbound) -> None:
        self._heard[address].append(message)

    async def faults(self) -> list[str]:
        """What went wrong inside: messages that could not be handled, and what could not be sent."""
        wrong = [
            *await self.stage.rows(select(inbox.c.status, inbox.c.error).where(or_(inbox.c.error != "", _odd(inbox)))),
            *await self.stage.rows(
                select(outbox.c.status, outbox.c.error).where(outbox.c.status.in_(("failed", "unknown")))
            ),
        ]
        return [f"{row.status}: {row.error}" for row in wrong]

    async def tickets(self) -> Sequence[Any]:
        """All tickets as they are now."""
        return await self.stage.rows(select(ticket))

    async def ends(self) -> dict[str, float]:
        """When each ticket ended first, by its code, for those that ever did."""
        statuses = ("resolved", "confirmed", "declined", "not_responsible", "duplicate", "withdrawn")
        ended = select(ticket_update.c.ticket, ticket_update.c.at).where(ticket_update.c.status.in_(statuses))
        rows = await self.stage.rows(ended.order_by(ticket_update.c.at.desc()))
        return {row.ticket: row.at for row in rows}


def _odd(table: Any) -> Any:
    return table.c.status.not_in(("done", "ignored"))


def _message(phone: Phone, answer: Answer) -> Inbound:
    return phone.message(answer.text, tapped=answer.tapped, place=answer.place)


async def play(town: Town, requests: Iterable[Request]) -> list[Talk]:
    """Every request as a report, in the order of time."""
    talks: list[Talk] = []
    for number, wave in enumerate(waves(sorted(requests, key=lambda request: request.at))):
        for talk in await town.hears(wave):
            talk.wave = number
            talks.append(talk)
    return talks


def waves(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """Requests in the order of time, in groups of those who may talk at the same time."""
    wave: list[Request] = []
    for request in requests:
        full = len(wave) == MOST_AT_ONCE or (wave and request.at > wave[0].at + SPAN)
        if full or any(_meddle(request, other) for other in wave):
            yield wave
            wave = []
        wave.append(request)
    if wave:
        yield wave


def _meddle(one: Request, other: Request) -> bool:
    return one.category == other.category and metres(one.lat, one.lon, other.lat, other.lon) < APART_M
