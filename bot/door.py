"""Whether an address takes messages: it opens to whoever writes, and what it kept out is not forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage import blocks, fallback, people, windows
from storage.codes import show_code
from storage.missed import codes_with_news

if TYPE_CHECKING:
    from bot.messages import Inbound
    from bot.room import Room
    from locales import Catalog
    from storage.people import Session
    from storage.work import Work

# How many tickets with news are named to somebody who is back.
MOST_MISSED = 5
# The notices that tell a citizen what happened to her ticket, or ask her once more, and the same by SMS where that did
# not arrive: what must reach her somehow.
FOLLOW_UPS = ("told-citizen", "asked-again", "told-waiting", "told-by-sms")
# Who keeps her messages from her: the provider, which only her START moves.
PROVIDER = "provider"


class Door:
    """The door of one address, inside the intake's transaction."""

    def __init__(self, room: Room, work: Work, session: Session) -> None:
        self._room = room
        self._work = work
        self._session = session

    async def come_back(self) -> float | None:
        """Open the door to whoever writes; since when she wanted no messages, None when she did."""
        session, since = self._session, self._session.opted_out_at
        if session.opted_out_by == PROVIDER or not session.closed:
            return None
        await people.set_flags(
            self._work, self._session.person.address_id, opted_out_at=None, opted_out_by="", blocked_at=None
        )
        session.opted_out_at, session.blocked = None, False
        return since

    async def keeps_out(self, *, first: bool) -> bool:
        """True while nothing is taken from her: she is blocked, or was before she had herself forgotten."""
        who = self._session.person
        until = who.blocked_until
        if first:
            mark = blocks.mark_of(self._room.keyed_hash, who.account, who.external)
            until = max(until, await blocks.meet_again(self._work, who.address_id, mark) or 0.0)
        return until > self._work.now

    def open_window(self, inbound: Inbound) -> None:
        """Free words may be said again for a while, where that depends on when she wrote last."""
        if window := self._room.window(self._session.person.account):
            # The provider counts from when she wrote, which was earlier when it could not reach us.
            written_at = min(inbound.at or self._work.now, self._work.now)
            windows.note_window(self._work, self._session.person.address_id, written_at + window)

    async def missed(self, since: float) -> list[str]:
        """Her tickets of which something was said since then."""
        return await codes_with_news(self._work, self._session.person.id, since, MOST_MISSED)

    async def note_unreached(self, inbound: Inbound, key: str) -> None:
        """Leave a follow-up that a closed address keeps out to the fallback; `key` makes that happen once."""
        if inbound.name in FOLLOW_UPS:
            who, stopped = self._session.person, self._session.opted_out
            code = str(inbound.data.get("code", ""))
            await fallback.note_unreached(self._work, who.address_id, who.account, code, key, stopped=stopped)


def welcome_back(words: Catalog, variant: str, codes: list[str]) -> str:
    """What is said to whoever opened her door, with the tickets that have news."""
    names = ", ".join(map(show_code, codes))
    news = words.text("missed-later", variant, names=names) if codes else ""
    return f"{words.text('back-again', variant)} {news}".strip()
