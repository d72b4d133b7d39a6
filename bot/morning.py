"""What the operator is told of deliveries, each morning; and the watch over bodies that nobody receives for yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from bot.channels import SendError
from bot.delivering import DELAYS, HELD_SECONDS, SUMMARY
from bot.turns import Turn
from bot.ways import HeldError
from handlers.notices import tell
from locales import catalog
from routing.deliveries.report import UndeliveredError
from storage import deliveries, fallback, tickets
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.ways import Post
    from bot.workplace import Workplace
    from storage.deliveries import Trouble, Waiting
    from storage.work import Work

log = structlog.get_logger(__name__)

LOOK_EVERY = 60.0
# In the pack's own time: FixMyStreet's hour.
HOUR = 8
MOST_LINES = 100


class Morning:
    """Has the operator told once a day, and hands over what waited for a body that can receive by now."""

    def __init__(self, place: Workplace, post: Post | None, operator: str, language: str) -> None:
        self._place = place
        self._post = post
        self._operator = operator
        self._language = language
        self._turn = Turn("morning", place.database, place.owner, 3 * LOOK_EVERY)

    async def keep_watch(self) -> None:
        """Watch until cancelled."""
        await self._turn.keep(self.watch, LOOK_EVERY, while_busy=True)

    async def watch(self, now: float) -> list[str]:
        """Do what is due, unless another process does; the tickets that were handed over after waiting."""
        async with self._place.database.write() as connection:
            if not await self._turn.take(connection, now):
                return []
            work = self._place.make_work(connection)
            claimed = await deliveries.claim_waiting(work, self._place.pack())
            await self._tell_citizens(work, claimed)
            await self._order_summary(work, now)
            await work.flush()
        self._place.wake(work.accounts)
        if claimed:
            log.info("deliveries_claimed", tickets=len(claimed))
        return claimed

    async def summarise(self) -> None:
        """Tell the operator what is not delivered: by the log, and by mail where one is set. Raises SendError."""
        async with self._place.database.read() as connection:
            troubles = await deliveries.in_trouble(connection)
            waiting = await deliveries.unclaimed_by_size(connection)
        number = sum(each.tickets for each in waiting)
        if not troubles and not number:
            return
        log.warning("deliveries_not_arrived", failed=len(troubles), unclaimed=number, bodies=len(waiting))
        if not self._operator or self._post is None:
            return
        try:
            await self._post.send(self._letter(self._post, troubles, waiting))
        except HeldError as error:
            raise SendError("ceiling", str(error), retry_after=HELD_SECONDS) from None
        except UndeliveredError as error:
            raise SendError("not_sent", error.line, retry_after=DELAYS[-1]) from None

    async def _tell_citizens(self, work: Work, claimed: Sequence[str]) -> None:
        """Tell those who were told that their reports wait."""
        for code in claimed:
            found = await tickets.by_code(work, code)
            if found and found.address_id is not None:
                tell(work, found.address_id, "told-claimed", code, found.update_seq)

    async def _order_summary(self, work: Work, now: float) -> None:
        """Put the day's summary into the outbox, once."""
        local = datetime.fromtimestamp(now, ZoneInfo(self._place.pack().info.timezone))
        key = f"{SUMMARY}:{local:%Y-%m-%d}"
        if local.hour >= HOUR and not await fallback.known_keys(work, [key]):
            # What was not told by tomorrow is told again then.
            ends = now + (24 - local.hour) * 3600
            lane = SUMMARY
            work.post(account="deliveries", lane=lane, kind="summary", payload={}, effect_key=key, expires_at=ends)

    def _letter(self, post: Post, troubles: Sequence[Trouble], waiting: Sequence[Waiting]) -> EmailMessage:
        words, number = catalog(self._language), sum(each.tickets for each in waiting)
        name, address = parseaddr(post.sender.mail_from)
        local, _, domain = address.rpartition("@")
        letter = EmailMessage(policy=SMTP)
        letter["From"] = Address(name, local, domain)
        letter["To"] = self._operator
        letter["Subject"] = words.text("summary-subject", failed=len(troubles), waiting=number)
        letter["Auto-Submitted"] = "auto-generated"
        lines = [words.text("summary-failed"), *map(self._trouble, troubles[:MOST_LINES]), ""] if troubles else []
        if waiting:
            lines += [words.text("summary-waiting"), *map(self._waiting, waiting[:MOST_LINES]), ""]
        letter.set_content("\n".join([*lines, words.text("summary-mend")]))
        return letter

    def _trouble(self, trouble: Trouble) -> str:
        return "- " + catalog(self._language).text(
            "summary-line",
            code=show_code(trouble.ticket),
            body=self._name(trouble.body),
            method=trouble.method,
            error=trouble.error,
            n=trouble.tries,
        )

    def _waiting(self, waiting: Waiting) -> str:
        since = datetime.fromtimestamp(waiting.oldest, ZoneInfo(self._place.pack().info.timezone))
        words = catalog(self._language)
        return "- " + words.plural(
            "summary-body", waiting.tickets, body=self._name(waiting.body), since=f"{since:%d/%m/%Y}"
        )

    def _name(self, body_id: str) -> str:
        body = self._place.pack().body(body_id)
        return body.name(self._language) if body else body_id
