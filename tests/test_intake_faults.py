"""What cannot be handled is buried or apologised for, holds up nobody, and does not come again for ever."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversation import Chat
from bot.messages import Attachment, Place
from bot.questions import Words
from storage.schema import conversation, inbox
from storage.work import Work
from tests.echoes import APOLOGY, ready
from tests.machine import CONGRESS, Machine, only, texts


async def test_what_cannot_be_read_is_buried_and_holds_up_nobody(database_url: str) -> None:
    async with Machine(database_url) as machine:
        for key in ("k", "k", "x" * 500):
            await machine.intake.bury("stage:1", key, b"\xff\0{" * 3000, "no JSON" * 100)
        rows = await machine.rows(select(inbox.c.status, inbox.c.error, inbox.c.body))
        assert [row.status for row in rows] == ["dead", "dead"]
        assert rows[0].error.startswith("no JSON")


STRANGE: tuple[dict[str, Any], ...] = (
    {"text": "a\0b"},
    {"text": "half \ud83d"},
    {"text": "x" * 100_000},
    {"text": "\u202e\u200b\u0301"},
    {"place": Place(lat=1e308, lon=-1e308, words="\0\udfff")},
    {"place": Place(lat=float("nan"), lon=float("inf"))},
    {"text": "hay un bache\0 enorme en la esquina", "language": "\ud800"},
    {"tapped": "q\0.\ud83d."},
    {"attachments": (Attachment("photo", "never\0\ud83d" * 50),)},
    {"data": {"\0": ["\ud83d", {"x": "\0"}]}},
    {"reply_to": "\0"},
)


async def test_strange_messages_are_taken_and_the_next_one_is_answered(database_url: str) -> None:
    async with Machine(database_url) as machine:
        phones = [machine.phone(f"p{number}") for number in range(len(STRANGE))]
        for phone, values in zip(phones, STRANGE, strict=True):
            await phone.says("bache")
            await machine.take(phone.message(**values))
        await machine.settle()
        await machine.wait(20)
        for phone, values in zip(phones, STRANGE, strict=True):
            assert await phone.says("ayuda"), values
            assert APOLOGY not in str(texts(phone.heard)), values


BREAKING: tuple[dict[str, Any], ...] = (
    {"key": "k" * 500},
    {"attachments": (Attachment("photo", "never", mime="x" * 500), Attachment("x" * 50, "never"))},  # type: ignore[arg-type]
    {"kind": "result", "name": "look-up", "data": {}},
    {"kind": "result", "name": "media", "data": {"media": 7}},
    {"kind": "notice", "name": "told-citizen", "data": {}},
    {"kind": "notice", "name": "no-such-talk"},
    {"kind": "timer", "name": "no-such-timer"},
    {"kind": "timer", "name": "forget", "data": {"at": "x"}},
)


async def test_a_message_that_nothing_can_be_done_with_does_not_come_again_for_ever(database_url: str) -> None:
    async with Machine(database_url) as machine:
        eva = machine.phone("eva")
        await eva.says("hola")
        for number, values in enumerate(BREAKING):
            ana = machine.phone(f"ana{number}")
            await machine.take(ana.message("bache"), ana.message(**values), eva.message("bache"))
            await eva.news()
            await eva.says("volver")
            await ana.news()
            await ana.sends(place=CONGRESS)
            assert "¿Cómo es?" in ana.last.text, values


async def test_what_people_did_not_do_is_not_apologised_for(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await ana.says("bache")
        await machine.take(ana.message(kind="notice", name="told-citizen", data={}))
        assert await ana.news() == []
        assert (await ana.inbox())[-1] == "dead"


async def test_a_bomb_behind_a_photo_that_is_waited_for_does_not_wedge_the_chat(database_url: str) -> None:
    async def bomb(chat: Chat) -> None:
        for number in range(10):
            if await chat.ask(f"n{number}", Words("ask-code")) == "bomb":
                raise ValueError
            await chat.say("category-notice", name=f"s{number}", notice=number)

    async with Machine(database_url, table=only(bomb)) as machine:
        (ana,) = await ready(machine, "ana")
        await machine.take(ana.message("bomb", captioned=True, attachments=(Attachment("photo", "good"),)))
        await machine.take(ana.message("after"))
        assert await ana.news() == []
        await machine.settle()
        said = texts(await ana.news())
        assert APOLOGY in said[0]
        assert said[1] == "0", "the next message is heard"
        assert await ana.inbox() == ["done", "dead", "done", "done"]
        assert texts(await ana.says("and on"))[0] == "1"


@pytest.mark.parametrize("column", ["talks", "gathering"])
async def test_what_was_kept_and_cannot_be_read_any_more_does_not_wedge_the_chat(
    database_url: str, column: str
) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await ana.says("bache")
        for spoilt in ('[{"x":1}]', "{", '{"talks":[{"id":"x"}]}'):
            change = conversation.update().values({column: spoilt})
            await machine.work(functools.partial(Work.execute, statement=change))
            await ana.says("ayuda")
            assert APOLOGY not in str(texts(ana.heard))
            await ana.says("cancelar")
            assert "Dónde es" in (await ana.says("bache"))[-1].text


async def test_a_bomb_in_a_reminder_leaves_the_clock_working(database_url: str) -> None:
    faulty = [False]

    async def conversation(chat: Chat) -> None:
        await chat.ask("first", Words("ask-code"))
        if faulty[0]:
            raise ValueError
        await chat.ask("second", Words("ask-details"))

    async with Machine(database_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("a")
        faulty[0] = True
        await machine.wait(3700)
        assert await ana.news() == []
        faulty[0] = False
        await ana.says("¿?")
        await machine.wait(3700)
        assert "sin mandar" in (await ana.news())[0].text
