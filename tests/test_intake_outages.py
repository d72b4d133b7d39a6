"""While the database is away or locked the intake says "come again", and nothing is half done."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from sqlalchemy import text

from bot.conversation import Chat
from bot.intake import Unavailable
from bot.questions import Words
from storage import database as database_module
from tests.echoes import echo, echoes, ready
from tests.handset import Phone
from tests.machine import Machine, only, texts


async def test_a_locked_database_says_come_again_and_nothing_is_half_done(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "PRAGMAS", (*database_module.PRAGMAS, "PRAGMA busy_timeout=50"))
    async with Machine(sqlite_url, table=only(echo)) as machine:
        ana, eva = await ready(machine, "ana", "eva")
        before = await machine.dump()
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite+aiosqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        messages = [ana.message("one"), eva.message("two"), ana.message("three")]
        for refused in await asyncio.gather(*map(machine.intake.take, messages), return_exceptions=True):
            assert isinstance(refused, Unavailable)
        with pytest.raises(Unavailable):
            await machine.intake.bury("stage:1", "k", b"{", "no JSON")
        other.execute("ROLLBACK")
        other.close()
        assert await machine.dump() == before
        await machine.take(*messages)
        await ana.news()
        assert echoes(ana) == ["one", "three"]


async def test_what_waits_behind_a_refused_message_does_not_overtake_it(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "PRAGMAS", (*database_module.PRAGMAS, "PRAGMA busy_timeout=100"))
    async with Machine(sqlite_url, table=only(echo)) as machine:
        (ana,) = await ready(machine, "ana")
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite+aiosqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        first = asyncio.create_task(machine.intake.take(ana.message("first")))
        # The database comes back in the very moment in which the first is refused.
        first.add_done_callback(lambda _: other.execute("ROLLBACK"))
        await asyncio.sleep(0.02)
        second = asyncio.create_task(machine.intake.take(ana.message("second")))
        refused = await asyncio.gather(first, second, return_exceptions=True)
        other.close()
        assert [type(each) for each in refused] == [Unavailable, Unavailable]
        assert (await ana.inbox()) == ["done"]


KILL = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def test_cut_connections_of_postgres_say_come_again_and_nothing_is_lost_or_doubled(postgres_url: str) -> None:
    async with Machine(postgres_url, table=only(echo)) as machine, Machine(postgres_url) as other:
        phones = await ready(machine, "ana", "eva", "leo")

        async def insist(phone: Phone) -> None:
            for number in range(15):
                message = phone.message(f"{number}")
                while True:
                    try:
                        await machine.intake.take(message)
                        break
                    except Unavailable:
                        await asyncio.sleep(0.002)

        async def cut() -> None:
            for _ in range(6):
                await asyncio.sleep(0.03)
                await other.rows(KILL)

        await asyncio.gather(*map(insist, phones), cut())
        for phone in phones:
            await phone.news()
            assert echoes(phone) == [str(number) for number in range(15)]


async def test_a_connection_cut_in_the_middle_of_a_conversation_leaves_nothing_half_done(postgres_url: str) -> None:
    cuts = ["once"]

    async def conversation(chat: Chat) -> None:
        told = await chat.ask("told", Words("ask-code"))
        await chat.say("category-notice", notice=told)
        if told == "cut" and cuts.pop():
            await chat.work.rows(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async with Machine(postgres_url, table=only(conversation)) as machine:
        ana, eva = await ready(machine, "ana", "eva")
        before = await machine.dump()
        messages = [eva.message("other"), ana.message("cut")]
        for refused in await asyncio.gather(*map(machine.intake.take, messages), return_exceptions=True):
            assert isinstance(refused, Unavailable)
        assert await machine.dump() == before
        cuts.append("")
        await machine.take(*messages)
        assert [texts(await phone.news()) for phone in (ana, eva)] == [["cut"], ["other"]]
