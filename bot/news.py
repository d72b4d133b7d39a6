"""What a body answers in another way than the chat: its words, its status, its photos, into the ticket's history."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from handlers.notices import tell_colleagues, tell_followers
from locales import catalog
from routing.masking import OFFICE_KINDS, masked_or_none
from storage import files, statuses, tickets
from storage.formats import Refused
from storage.media import MediaStore
from storage.statuses import NEED_REASON
from storage.tickets import Ticket
from storage.updates import Change

if TYPE_CHECKING:
    from storage.database import Database
    from storage.work import Work
    from storage.workbench import Workbench


# A far side's letter may be of any length; in characters.
MOST_WORDS = 4000


class News(Struct, frozen=True):
    """What a body says of a ticket: `status` is one of ours, "" for none; `media` are ids of kept files."""

    body: str
    method: str
    words: str = ""
    status: str = ""
    media: tuple[str, ...] = ()


class Keeper:
    """Keeps photos that come in by mail or from far servers; `account` is what they are noted to come from."""

    def __init__(self, database: Database, store: MediaStore, workbench: Workbench) -> None:
        self._database = database
        self._store = store
        self._workbench = workbench

    async def keep(self, data: bytes, account: str) -> str:
        """Make a photo fit, keep it and return its id; "" for what is no usable photo. Raises MediaStoreError."""
        prepared = await self._workbench.prepare(data, "photo")
        if isinstance(prepared, Refused):
            return ""
        key = await self._store.put(prepared.data, prepared.mime)
        thumbnail = await self._store.put(prepared.thumbnail, "image/jpeg") if prepared.thumbnail else ""
        media_id = secrets.token_hex(12)
        async with self._database.write() as connection:
            await files.add_kept(connection, media_id, account, prepared, key, thumbnail, time.time())
        return media_id

    async def keep_all(self, pictures: list[bytes], account: str) -> tuple[str, ...]:
        """Keep what can be kept. Raises MediaStoreError: whatever the photos came with is to be taken up again then."""
        kept = [await self.keep(each, account) for each in pictures]
        return tuple(each for each in kept if each)


async def append_news(work: Work, ticket: Ticket, news: News) -> Ticket | None:
    """Append it as the body's own step and tell its followers and the body's officials; None when it says nothing new.

    A status that the ticket cannot go to from here is left out, its words are not. Like an official's own answer, words
    alone show that the ticket was seen, and a question waits for the citizen.
    """
    way = statuses.way(ticket.status, news.status) if news.status else None
    words = news.words[:MOST_WORDS]
    if way is None:
        if not (words or news.media):
            return None
        way = (_implied(ticket, words),)
    elif news.status in NEED_REASON and not words:
        words = catalog(ticket.language).text("far-no-reason")
    heard = news.body, news.method
    for step in way[:-1]:
        change = Change(actor="official", body=news.body, status=step)
        ticket = await tickets.append(work, ticket, change, heard=heard)
    public = masked_or_none(words, ticket.language, OFFICE_KINDS)
    last = Change(actor="official", body=news.body, status=way[-1], words=words, media=news.media, public_words=public)
    ticket = await tickets.append(work, ticket, last, heard=heard)
    await tell_followers(work, ticket)
    await tell_colleagues(work, news.body, ticket)
    return ticket


def _implied(ticket: Ticket, words: str) -> str:
    if words.rstrip().endswith("?") and ticket.open and ticket.status != "waiting_citizen":
        return "waiting_citizen"
    return "acknowledged" if ticket.status == "received" else ""
