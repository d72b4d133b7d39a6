"""A conversation with a fault of ours costs an apology, ends by itself and touches nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from bot.conversation import MOST_RUNS, MOST_STEPS, Chat
from storage.schema import inbox
from tests.colours import colour, tell, words
from tests.machine import Machine, only, texts

APOLOGY = "algo me falló a mí"


async def same_name(chat: Chat) -> None:
    await chat.ask("told", words())
    await tell(chat, "x", name="told")


async def loop(chat: Chat) -> None:
    for number in range(MOST_STEPS + 1):
        await tell(chat, number, name=f"n{number}")


async def hesitant(chat: Chat) -> None:
    chat.change("told")


async def becoming_itself(chat: Chat) -> None:
    chat.become("opening")


async def raising(chat: Chat) -> None:
    await chat.ask("told", words())
    raise ValueError


@pytest.mark.parametrize("faulty", [same_name, loop, hesitant, becoming_itself, raising])
async def test_a_faulty_conversation_costs_an_apology_and_ends_by_itself(sqlite_url: str, faulty: Any) -> None:
    async with Machine(sqlite_url, table=only(faulty)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("a")
        assert APOLOGY in ana.last.text
        assert len(ana.heard) <= 2
        assert "dead" in await ana.inbox()


async def test_the_fault_is_named_for_the_programmer(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(same_name)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("a")
        assert await machine.one(select(inbox.c.error).where(inbox.c.status == "dead")) == "ProgrammingError"
    assert MOST_RUNS < MOST_STEPS


async def test_a_draft_survives_the_fault_and_goes_on_when_it_is_mended(database_url: str) -> None:
    async def bomb(chat: Chat) -> None:
        chosen = await chat.ask("colour", colour())
        told = await chat.ask("told", words())
        if told == "bomb":
            raise ValueError
        await tell(chat, f"{chosen}, {told}")

    async with Machine(database_url, table=only(bomb)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("rojo")
        before = (await ana.row()).talks
        for _ in range(2):
            (apology,) = await ana.says("bomb")
            assert APOLOGY in apology.text
        assert (await ana.row()).talks == before
        assert await ana.inbox() == ["done", "done", "dead", "dead"]
        assert texts(await ana.says("una historia")) == ["r, una historia"]


async def test_a_bomb_in_the_middle_of_a_batch_touches_nobody_else(database_url: str) -> None:
    async def bomb(chat: Chat) -> None:
        told = await chat.ask("told", words())
        await chat.do("effect", lambda: None)
        if told == "bomb":
            raise ValueError
        await tell(chat, f"told {told}")

    async with Machine(database_url, table=only(bomb)) as machine:
        phones = [machine.phone(f"p{number}") for number in range(9)]
        for phone in phones:
            await phone.says("hola")
        said = ["bomb" if number in (3, 4, 7) else f"n{number}" for number in range(9)]
        await machine.take(*(phone.message(text) for phone, text in zip(phones, said, strict=True)))
        for phone, text in zip(phones, said, strict=True):
            (answer,) = texts(await phone.news())
            assert APOLOGY in answer if text == "bomb" else answer == f"told {text}"
            assert (await phone.inbox())[-1] == ("dead" if text == "bomb" else "done")
            assert bool((await phone.state()).talks) is (text == "bomb"), "the draft is as it was"


async def test_more_bombs_than_a_batch_bears_are_found_one_by_one(sqlite_url: str) -> None:
    async def bomb(chat: Chat) -> None:
        if (await chat.ask("told", words())) == "bomb":
            raise ValueError
        await tell(chat, "told")

    async with Machine(sqlite_url, table=only(bomb)) as machine:
        phones = [machine.phone(f"p{number}") for number in range(20)]
        for phone in phones:
            await phone.says("hola")
        await machine.take(*(phone.message("bomb" if n % 2 else "ok") for n, phone in enumerate(phones)))
        for number, phone in enumerate(phones):
            (answer,) = texts(await phone.news())
            assert (APOLOGY in answer) is bool(number % 2)
