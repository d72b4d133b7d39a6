"""What comes in is taken once, in order, whole or not at all, whatever else happens at the same moment."""

from __future__ import annotations

import asyncio
import functools
import random
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select, text

from bot.conversation import Chat
from bot.intake import Intake, Unavailable
from bot.messages import Attachment, Place
from bot.questions import Words
from storage import database as database_module
from storage.schema import address, conversation, inbox, media, outbox, ticket
from storage.schema import update as ticket_update
from storage.work import Work
from tests.machine import CONGRESS, Lots, Machine, Phone, lonely_pack, only, texts

APOLOGY = "algo me falló a mí"


async def echo(chat: Chat) -> None:
    """Say every word back, for ever."""
    said: list[str] = []
    while len(said) < 100:
        said.append(await chat.ask(f"n{len(said)}", Words("ask-code")))
        await chat.say("category-notice", name=f"s{len(said)}", notice=said[-1])


def echoes(phone: Phone) -> list[str]:
    return [out.text for out in phone.heard if "código" not in out.text]


async def ready(machine: Machine, *names: str) -> list[Phone]:
    phones = [machine.phone(name) for name in names]
    for phone in phones:
        await phone.says("hola")
    return phones


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
        statements: list[str] = []
        event.listen(
            machine.database.engine.sync_engine,
            "before_cursor_execute",
            lambda c, cur, sql, *rest: statements.append(sql),
        )

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
        assert machine.woken >= {"stage:1", "stage:2", "local"}


# The database away, and in the way


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


# What cannot be handled


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


# Others in the way


class CollidingLots(Lots):
    """Draws the same code again and again before it draws another."""

    def __init__(self, again: int) -> None:
        super().__init__()
        self.again = again
        self.drawn = 0

    def code(self) -> str:
        self.drawn += 1
        return "0000000" if self.drawn <= self.again + 1 else super().code()


async def send_report(ana: Phone) -> None:
    await ana.says("hay un bache enorme en la esquina")
    await ana.sends(place=CONGRESS)
    await ana.taps("Enviar")


@pytest.mark.parametrize("together", [False, True])
async def test_a_code_that_is_taken_already_is_drawn_anew(database_url: str, together: bool) -> None:
    async with Machine(database_url, lots=CollidingLots(2), pack=lonely_pack()) as machine:
        ana, eva, leo = machine.phone("ana"), machine.phone("eva"), machine.phone("leo")
        await send_report(ana)
        await eva.says("hay un bache enorme en la esquina")
        await eva.sends(place=CONGRESS)
        others = [leo.message("hola")] if together else []
        await machine.take(eva.message("dale"), *others)
        codes = {row.code for row in await machine.rows(select(ticket.c.code))}
        assert len(codes) == 2
        assert "Tu reclamo es" in (await eva.news())[0].text
        assert await eva.inbox() == ["done", "done", "done"]


async def test_a_code_that_is_always_taken_ends_in_an_apology_and_keeps_the_draft(database_url: str) -> None:
    async with Machine(database_url, lots=CollidingLots(1000), pack=lonely_pack()) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await send_report(ana)
        await send_report(eva)
        assert APOLOGY in eva.last.text
        assert await machine.count(ticket) == 1
        assert [talk.name for talk in (await eva.state()).talks] == ["report"]


async def test_two_processes_with_the_same_chats_take_everything_once_and_in_order(postgres_url: str) -> None:
    async with Machine(postgres_url, table=only(echo)) as one, Machine(postgres_url, table=only(echo)) as two:
        phones = await ready(one, "ana", "eva", "leo", "mia")
        lots = random.Random(5)
        for number in range(8):
            # A provider brings a chat's next message when it was told that the last one was taken, by whomever.
            takes: list[Any] = []
            for phone in phones:
                message = phone.message(f"{number}", key=f"{phone.who}-{number}")
                ways = lots.choice([[one], [two], [one, two], [two, one, one]])
                takes += [machine.intake.take(message) for machine in ways]
            lots.shuffle(takes)
            await asyncio.gather(*takes)
        for phone in phones:
            await phone.news()
            assert echoes(phone) == [str(number) for number in range(8)]
            assert await phone.inbox() == ["done"] * 9
        effects = [row.effect_key for row in await one.rows(select(outbox.c.effect_key))]
        assert len(effects) == len(set(effects))


async def test_two_processes_may_meet_the_same_stranger_at_once(postgres_url: str) -> None:
    async with Machine(postgres_url) as one, Machine(postgres_url) as two:
        messages = [one.phone(f"p{n}").message("hola", key=f"p{n}") for n in range(20)]
        await asyncio.gather(one.take(*messages), two.take(*reversed(messages)))
        assert await one.count(address) == 20
        assert await one.count(inbox) == 20
        assert await one.count(outbox, outbox.c.kind == "message") == 20


async def test_two_processes_that_work_on_the_same_tickets_lose_no_update(postgres_url: str) -> None:
    pack = lonely_pack()
    async with Machine(postgres_url, pack=pack) as one, Machine(postgres_url, pack=pack) as two:
        luis, eva = one.phone("luis"), two.phone("eva")
        await one.appoint(luis, "comuna-3")
        await one.appoint(eva, "comuna-3")
        ana = one.phone("ana")
        codes = []
        for _ in range(3):
            await send_report(ana)
            codes.append(ana.last.ticket)

        async def answer(machine: Machine, phone: Phone, order: Callable[[list[str]], Any]) -> None:
            for number in range(4):
                said = [phone.message(f"/responder {c} n{number}", key=f"{phone.who}{number}{c}") for c in order(codes)]
                await machine.take(*said)

        await asyncio.gather(answer(one, luis, list), answer(two, eva, lambda each: list(reversed(each))))
        for code in codes:
            rows = await one.rows(
                select(ticket_update).where(ticket_update.c.ticket == code).order_by(ticket_update.c.seq)
            )
            assert [row.seq for row in rows] == list(range(1, 10))
            for number in range(4):
                assert sum(row.words == f"n{number}" for row in rows) == 2
        assert "dead" not in await luis.inbox() + await eva.inbox()


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
