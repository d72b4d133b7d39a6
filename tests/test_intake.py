"""What comes in is taken once, in order, whole or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversation import Chat
from bot.intake import Intake, Unavailable
from bot.messages import Attachment
from bot.questions import Words
from storage.schema import inbox, media, outbox
from tests.echoes import APOLOGY, echo, echoes, ready
from tests.handset import Phone
from tests.machine import Machine, only, texts

# Once


async def test_a_redelivered_message_changes_nothing(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        message = ana.message("hay un bache enorme en la esquina")
        await machine.take(message)
        before = await machine.dump()
        for _ in range(3):
            await machine.take(message, message)
        await machine.restart()
        await machine.take(message)
        assert await machine.dump() == before


async def test_a_message_that_comes_twice_in_one_batch_is_taken_once(database_url: str) -> None:
    async with Machine(database_url, table=only(echo)) as machine:
        (ana,) = await ready(machine, "ana")
        one, two = ana.message("one"), ana.message("two")
        await machine.take(one, two, one, one, two)
        await ana.news()
        assert echoes(ana) == ["one", "two"]


async def test_one_key_of_two_accounts_is_two_messages(database_url: str) -> None:
    async with Machine(database_url, table=only(echo)) as machine:
        here, there = machine.phone("ana", account="stage:1"), machine.phone("ana", account="stage:2")
        await machine.take(here.message("hola", key="k"), there.message("hola", key="k"))
        assert len(await here.news()) == len(await there.news()) == 1


async def test_everything_of_a_message_is_committed_or_nothing(database_url: str) -> None:
    async def conversation(chat: Chat) -> None:
        await chat.ask("told", Words("ask-code"))
        await chat.do("one", lambda: chat.work.post(account="x", lane="x", kind="timer", payload={}, effect_key="same"))

    async with Machine(database_url, table=only(conversation)) as machine:
        ana, eva = await ready(machine, "ana", "eva")
        await ana.says("first")
        before = await machine.dump("id")
        # The same effect key again: the database refuses it, however often it is tried.
        await machine.take(eva.message("second"))
        assert APOLOGY in (await eva.news())[0].text
        after = await machine.dump("id")
        for table in ("conversation", "ticket", "media"):
            assert [row for row in after[table] if row not in before[table]] in ([], after[table][-1:]), table
        assert await machine.count(outbox, outbox.c.effect_key == "same") == 1


# In order


async def test_two_messages_of_one_chat_keep_their_order_within_and_over_batches(database_url: str) -> None:
    async with Machine(database_url, table=only(echo)) as machine:
        phones = await ready(machine, "ana", "eva", "leo")
        said = [(phone, f"{phone.who}{n}") for n in range(12) for phone in phones]
        tasks = []
        for phone, words in said:
            tasks.append(asyncio.create_task(machine.intake.take(phone.message(words))))
            if len(tasks) % 5 == 0:
                await asyncio.sleep(0.001)
        await asyncio.gather(*tasks)
        for phone in phones:
            await phone.news()
            assert echoes(phone) == [f"{phone.who}{n}" for n in range(12)]
            seqs = [
                row.seq for row in await machine.rows(select(outbox.c.seq).where(outbox.c.lane == await lane(phone)))
            ]
            assert sorted(seqs) == list(range(1, len(seqs) + 1)), "a lane has no gaps and no doubles"


async def lane(phone: Phone) -> str:
    return str((await phone.row()).address_id)


async def test_messages_taken_together_are_answered_as_if_one_by_one(database_url: str) -> None:
    said = [
        "hola",
        "bache",
        "ayuda",
        "Callao y Corrientes, San Nicolás",
        "es enorme",
        "/language english",
        "help",
        "yes",
    ]

    async def play(machine: Machine, *, together: bool) -> list[str]:
        ana = machine.phone("ana" if together else "eva")
        messages = [ana.message(words) for words in said]
        if together:
            await machine.take(*messages)
        else:
            for message in messages:
                await machine.take(message)
        return [each.replace(machine_code(await ana.everything()), "CODE") for each in texts(await ana.everything())]

    async with Machine(database_url) as machine:
        assert await play(machine, together=True) == await play(machine, together=False)


def machine_code(said: Any) -> str:
    code = next((out.ticket for out in said if out.ticket), "-------")
    return f"{code[:4]}-{code[4:]}"


async def test_what_comes_while_a_commit_is_under_way_shares_the_next_one(database_url: str) -> None:
    async with Machine(database_url, table=only(echo)) as machine:
        phones = await ready(machine, *(f"p{n}" for n in range(40)))
        machine.batches.clear()
        await machine.take(*(phone.message("x") for phone in phones for _ in range(5)))
        assert sum(machine.batches) == 200
        assert len(machine.batches) <= 3


async def test_a_commit_costs_the_same_statements_whatever_its_size(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        statements = machine.statements()

        async def cost(count: int) -> int:
            phones = [machine.phone(f"{count}-{n}") for n in range(count)]
            statements.clear()
            await machine.take(*(phone.message("hola") for phone in phones))
            return len(statements)

        await cost(1)
        assert await cost(100) <= await cost(2) + 1


async def test_accounts_with_something_to_send_are_woken_after_the_commit(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await machine.take(
            machine.phone("ana").message("hola"), machine.phone("eva", account="stage:2").message("hola")
        )
        assert machine.woken == {"stage:1", "stage:2"}, "nobody is woken for a reminder in an hour"


# To the end


async def test_a_stopping_intake_takes_nothing_more_and_finishes_what_it_has(database_url: str) -> None:
    async with Machine(database_url, table=only(echo)) as machine:
        (ana,) = await ready(machine, "ana")
        tasks = [asyncio.create_task(machine.intake.take(ana.message(f"{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        machine.intake.stop()
        with pytest.raises(Unavailable):
            await machine.intake.take(ana.message("late"))
        await asyncio.gather(*tasks)
        await machine.restart()
        await ana.news()
        assert echoes(ana) == ["0", "1", "2", "3", "4"]


async def test_who_hangs_up_before_the_commit_is_heard_all_the_same(database_url: str) -> None:
    async with Machine(database_url, table=only(echo)) as machine:
        ana, eva = await ready(machine, "ana", "eva")
        impatient = asyncio.create_task(machine.intake.take(ana.message("one")))
        patient = asyncio.create_task(machine.intake.take(eva.message("two")))
        await asyncio.sleep(0)
        impatient.cancel()
        await patient
        await ana.news()
        assert echoes(ana) == ["one"]


async def test_a_file_is_fetched_once_for_a_message_that_comes_twice(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        message = ana.message(attachments=(Attachment("photo", "good"),))
        await machine.take(message, message)
        await machine.take(message)
        assert await machine.count(media) == 1
        assert await machine.count(outbox, outbox.c.kind == "errand") == 1


async def test_an_intake_that_is_not_run_takes_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        idle = Intake(machine.intake._room)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(idle.take(machine.phone("ana").message("hola")), 0.05)
        assert await machine.count(inbox) == 0
