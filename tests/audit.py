"""What must hold in the database after a run, however often the process died in it, held against what phones show."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from bot.switchboard import read_state
from storage import backlog
from storage.database import Database
from storage.schema import address, conversation, inbox, outbox, receipt, ticket, update
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_people import Shown
from tests.robots import CODE

# How many updates the report's own way has: received, seen, in_progress (implied), resolved, confirmed.
CONFIRMED = ["received", "acknowledged", "in_progress", "resolved", "confirmed"]
REOPENED = ["received", "acknowledged", "in_progress", "resolved", "reopened", ""]


@dataclass(frozen=True)
class Audit:
    """The rows of a stopped deployment, and the phones of its people."""

    rows: dict[str, list[Any]]
    fake: FakeTelegram | None = None

    @classmethod
    async def of(cls, url: str, fake: FakeTelegram | None = None) -> Audit:
        """Read everything."""
        tables = {t.name: t for t in (address, conversation, inbox, outbox, receipt, ticket, update)}
        database = Database(url)
        try:
            async with database.read() as connection:
                rows = {name: list(await connection.execute(_all(table))) for name, table in tables.items()}
        finally:
            await database.close()
        return cls(rows, fake)

    @property
    def telegram(self) -> FakeTelegram:
        """Telegram; fails where there was none."""
        assert self.fake is not None
        return self.fake

    def steps(self, code: str) -> list[str]:
        """The statuses that a ticket went through; "" for words alone."""
        bare = code.replace("-", "")
        return [row.status for row in self.rows["ticket_update"] if row.ticket == bare]

    def expect_everything_taken_once(self) -> None:
        """Each update of Telegram's that says something is in the inbox once, and was understood."""
        numbers = {f"u:{each['update_id']}" for each in self.telegram.updates.delivered}
        assert not self.telegram.updates.waiting
        own = ("result", "notice", "timer")
        keys = [row.key for row in self.rows["inbox"] if row.kind not in own]
        assert len(keys) == len(set(keys))
        assert set(keys) <= numbers
        ended = ("done", "beside")
        bad = [(row.key, row.status, row.error) for row in self.rows["inbox"] if row.status not in ended]
        assert not bad, bad

    def expect_nothing_left(self) -> None:
        """No talk hangs, nothing waits to be sent but reminders, nothing was given up."""
        due = [(r.id, r.kind, r.status, r.error) for r in self.rows["outbox"] if not r.done_at and r.kind != "timer"]
        assert not due, due
        given_up = [
            (row.id, row.status, row.error) for row in self.rows["outbox"] if row.status in ("failed", "unknown")
        ]
        assert not given_up, given_up
        # Who shut the door after a question answers none; what nobody has to answer ends with whatever comes next.
        shut = {row.id for row in self.rows["address"] if row.blocked_at is not None}
        open_ones = [row for row in self.rows["conversation"] if row.address_id not in shut]
        talks = [talk for row in open_ones for talk in read_state(row.talks).talks]
        hanging = [talk for talk in talks if not (talk.pending and talk.pending.loose)]
        assert not hanging, hanging
        assert all(row.gathering == "[]" for row in self.rows["conversation"])

    def expect_every_word_shown(self) -> int:
        """Each message stands on its phone, in its order; return how many stand there twice, none of which rang."""
        chats: dict[int, list[Any]] = {}
        for where in self.rows["address"]:
            sent = [row for row in self.rows["outbox"] if row.address_id == where.id and row.status == "sent"]
            # What changes an earlier message is none of its own.
            every = [row for row in sorted(sent, key=lambda row: row.seq) if row.kind == "message"]
            changed = {row.provider_id: row for row in every if '"card":' in row.payload}
            said = [changed.get(row.provider_id, row) for row in every if '"card":' not in row.payload]
            # What an operator repeated comes when it comes.
            ids = [int(row.provider_id) for row in said if row.doubts < 2]
            assert ids == sorted(ids), f"{where.external} heard {ids}"
            # What could be changed no more was said anew.
            said += [changed[each] for each in sorted(changed.keys() - {row.provider_id for row in said})]
            # Each member of a group has a lane of her own; the chat is one.
            chats.setdefault(_chat(where.external), []).extend(said)
        return sum(self._doubles_in(chat, said) for chat, said in chats.items())

    def _doubles_in(self, chat: int, said: list[Any]) -> int:
        shown = self.telegram.chats[chat].chat
        here = {where.id for where in self.rows["address"] if _chat(where.external) == chat}
        doubtful = [row for row in self.rows["outbox"] if row.address_id in here and row.doubts and row.payload]
        doubtful = [row for row in doubtful if row.kind == "message" and '"card":' not in row.payload]
        if chat < 0:
            # What was said before a group became a supergroup stands in the old one: only tickets are compared.
            told, shown = [row for row in said if row.ticket], [each for each in shown if CODE.search(each.text)]
            return _doubles(told, shown, doubtful)
        return _doubles(said, shown, doubtful)


def _chat(external: str) -> int:
    return int(external.partition("/")[0])


def _doubles(said: list[Any], shown: list[Shown], doubtful: list[Any]) -> int:
    """Hold what was said in a chat against what its phone shows; what is left over is a double, and rang no bell.

    `doubtful` are the rows that may have arrived more than once, or once although they were given up.
    """
    by_id = {str(each.id): each for each in shown}
    assert {row.provider_id for row in said} <= set(by_id)
    extra = [each for each in shown if each.text and str(each.id) not in {row.provider_id for row in said}]
    # A ticket's message may have changed since: what it began with tells.
    maybe = Counter(_opening(json.loads(row.payload)["text"]) for row in doubtful)
    unknown = {_opening(each.text) for each in extra} - maybe.keys()
    assert not unknown, unknown
    rang = Counter(_opening(each.text) for each in extra if not each.silent)
    for row in doubtful:
        if row.status == "sent" and not by_id[row.provider_id].silent:
            rang[_opening(json.loads(row.payload)["text"])] += 1
    assert not (rang - maybe), rang - maybe
    return len(extra)


def _opening(text: str) -> str:
    return text.partition("\n")[0]


async def repeat_what_is_unknown(url: str) -> None:
    """Do what `bot failed --retry` does: a send that two kills fell into is unknown until somebody decides."""
    database = Database(url)
    try:
        while True:
            await asyncio.sleep(1)
            async with database.write() as connection:
                await backlog.retry(connection, None, time.time())
    finally:
        await database.close()


async def until_idle(url: str, seconds: float = 30.0) -> None:
    """Return when nothing waits to be sent or done but what is meant for later."""
    waiting = select(outbox.c.id).where(outbox.c.done_at.is_(None), outbox.c.kind != "timer").limit(1)
    database = Database(url)
    try:
        async with asyncio.timeout(seconds):
            while True:
                async with database.read() as connection:
                    if (await connection.execute(waiting)).first() is None:
                        return
                await asyncio.sleep(0.1)
    finally:
        await database.close()


def _all(table: Any) -> Select[Any]:
    return select(table).order_by(*table.primary_key.columns)
