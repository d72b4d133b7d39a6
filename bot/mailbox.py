"""Answers to letters: what a body writes back by mail becomes a step of the ticket that the letter told of."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Literal

import structlog

from bot.imap import FLAGGED, SEEN, Imap, Mail, MailboxError
from bot.news import Keeper, News, append_news
from bot.turns import Turn
from routing.deliveries.answering import agrees
from routing.deliveries.answers import Answer, read_answer
from storage import deliveries, far_sides, tickets

if TYPE_CHECKING:
    from bot.ways.gate import Gate
    from bot.workplace import Workplace
    from storage.deliveries import Delivery

log = structlog.get_logger(__name__)

METHOD = "email"
SOURCE = "mail"
LOOK_EVERY = 60.0
# Mail that was looked at and may be unread all the same: it is another's, or the server takes no marks.
MOST_KNOWN = 10_000

# What became of a mail: a step of a ticket; nothing (a robot's, a double, an empty one); none of ours.
Taken = Literal["taken", "ignored", "foreign"]


class Mailbox:
    """Reads the answers; `secret` is what letters were signed with."""

    def __init__(self, place: Workplace, imap: Imap, gate: Gate, keeper: Keeper, secret: str) -> None:
        self._place = place
        self._imap = imap
        self._gate = gate
        self._keeper = keeper
        self._secret = secret
        self._turn = Turn("mailbox", place.database, place.owner, 5 * LOOK_EVERY)
        self._known: set[int] = set()
        self._validity = b""

    async def keep_reading(self) -> None:
        """Read until cancelled."""
        await self._turn.keep(self._read_or_tell, LOOK_EVERY, while_busy=True)

    async def read(self, now: float) -> int:
        """Take some unread answers, unless another process does; how many mails were looked at. Raises MailboxError."""
        if self._gate.closed(self._imap.host) or not await self._turn.comes(now):
            return 0
        mails = await asyncio.to_thread(self._imap.read_new, tuple(self._known))
        if self._imap.validity != self._validity or len(self._known) >= MOST_KNOWN:
            self._known, self._validity = set(), self._imap.validity
        marks = []
        for mail in mails:
            marks.append((mail.uid, await self._see_to(mail, now)))
            self._known.add(mail.uid)
        if marks := [(uid, flags) for uid, flags in marks if flags]:
            await asyncio.to_thread(self._imap.mark, marks)
        return len(mails)

    async def _read_or_tell(self, now: float) -> int:
        try:
            return await self.read(now)
        except MailboxError as error:
            log.warning("mailbox_away", detail=str(error))
            return 0

    async def _see_to(self, mail: Mail, now: float) -> str:
        """Take a mail; the flags that it gets, "" for one that is none of our business and stays unread."""
        try:
            taken = await self.take(mail.raw, now)
        except (ValueError, LookupError, RecursionError) as error:
            # Whatever is wrong with this mail, the next one must be read; somebody may look at it.
            log.warning("mail_unreadable", uid=mail.uid, error=type(error).__name__)
            return f"{SEEN} {FLAGGED}"
        log.info("mail", uid=mail.uid, taken=taken)
        return "" if taken == "foreign" else SEEN

    async def take(self, raw: bytes, now: float) -> Taken:
        """Write an answer into its ticket's history, once."""
        answer = await asyncio.to_thread(read_answer, raw)
        row = await self._find(answer)
        if row is None:
            return "foreign"
        number = hashlib.sha256(answer.id.encode() if answer.id else raw).hexdigest()
        if answer.kind == "bounce":
            return await self._note_bounce(row, number, answer, now)
        if answer.kind == "robot" or not (answer.words or answer.status or answer.photos):
            return "ignored"
        return await self._append(row, number, answer, now)

    async def _find(self, answer: Answer) -> Delivery | None:
        """The delivery whose letter this answers: a tag without our signature counts for nothing."""
        async with self._place.database.read() as connection:
            for tag in answer.tags:
                for row in await deliveries.of_ticket(connection, tag.code, METHOD):
                    if agrees(self._secret, tag, row.body):
                        return row
        return None

    async def _append(self, row: Delivery, number: str, answer: Answer, now: float) -> Taken:
        async with self._place.database.read() as connection:
            if await far_sides.was_heard(self._place.make_work(connection), SOURCE, number):
                return "ignored"
        if answer.too_large:
            log.warning("mail_file_left_out", ticket=row.ticket, body=row.body)
        media = await self._keeper.keep_all([each.data for each in answer.photos], SOURCE)
        async with self._place.database.write() as connection:
            work = self._place.make_work(connection)
            ticket = await tickets.by_code(work, row.ticket)
            if ticket is None or not await far_sides.remember_update(work, SOURCE, number, row.ticket, now):
                return "ignored"
            # Who has passed a ticket on may still say something, and no longer decides about it.
            answers_for_it = row.body in await deliveries.bodies_of(work, ticket.code)
            status = answer.status if answers_for_it else ""
            appended = await append_news(work, ticket, News(row.body, METHOD, answer.words, status, media))
            await work.flush()
        self._place.wake(work.accounts)
        return "taken" if appended else "ignored"

    async def _note_bounce(self, row: Delivery, number: str, answer: Answer, now: float) -> Taken:
        async with self._place.database.write() as connection:
            work = self._place.make_work(connection)
            if await far_sides.remember_update(work, SOURCE, number, row.ticket, now):
                await deliveries.note_failed(connection, row.id, f"the letter came back: {answer.words}")
        log.warning("letter_came_back", ticket=row.ticket, body=row.body)
        return "ignored"
