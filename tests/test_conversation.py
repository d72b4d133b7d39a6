"""A conversation is read from top to bottom like the talk it holds, whatever happens between two of its messages."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from bot.conversation import MOST_RUNS, MOST_STEPS, Chat, Conversation
from bot.messages import Place
from bot.questions import Choice, Item, Number, Photos, Where, Words, YesNo
from storage.schema import inbox, outbox
from tests.machine import CONGRESS, Machine, only, texts

APOLOGY = "algo me falló a mí"
COLOURS = (Item("r", "Rojo"), Item("v", "Verde"), Item("a", "Azul"))


def colour(**values: Any) -> Choice:
    return Choice(COLOURS, "ask-category", **values)


def words(**values: Any) -> Words:
    return Words("ask-code", **values)


async def three_questions(chat: Chat) -> None:
    """Ask a colour, words and yes or no, and say all three."""
    chosen = await chat.ask("colour", colour())
    told = await chat.ask("told", words())
    agreed = await chat.ask("agreed", YesNo("ask-delete"))
    await tell(chat, f"{chosen}, {told}, {agreed}")


async def tell(chat: Chat, result: object, name: str = "") -> None:
    """Say anything as it is: the message's only value."""
    await chat.say("category-notice", name=name, notice=result)


# Remembered answers


async def test_answers_are_asked_for_one_by_one_and_remembered_by_name(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(three_questions)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("verde")
        talk = (await ana.state()).talks[0]
        assert {name: memory.value for name, memory in talk.memory.items()} == {"colour": "v"}
        assert talk.pending
        assert talk.pending.name == "told"
        await ana.says("una historia")
        assert texts(await ana.says("sí")) == ["v, una historia, True"]
        assert (await ana.state()).talks == []


async def test_a_stopped_and_started_machine_goes_on_where_it_was(database_url: str) -> None:
    async with Machine(database_url, table=only(three_questions)) as machine:
        ana = machine.phone("ana")
        for said in ("hola", "verde", "una historia"):
            await ana.says(said)
            await machine.restart()
        assert texts(await ana.says("sí")) == ["v, una historia, True"]


async def changed(machine: Machine, conversation: Conversation) -> None:
    """Deploy another version of the conversation."""
    await machine.stop()
    machine.table = only(conversation)
    machine.start()


async def test_a_deploy_that_adds_drops_and_reorders_questions_does_not_break_a_draft(sqlite_url: str) -> None:
    async def newer(chat: Chat) -> None:
        agreed = await chat.ask("agreed", YesNo("ask-delete"))
        chosen = await chat.ask("colour", colour())
        many = await chat.ask("many", Number("ask-code"))
        await tell(chat, f"{agreed}, {chosen}, {many}")

    async with Machine(sqlite_url, table=only(three_questions)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("verde")
        await changed(machine, newer)
        await ana.says("an answer to a question that is gone")
        assert "borrar" in ana.last.text
        await ana.says("sí")
        assert texts(await ana.says("7")) == ["True, v, 7"]


async def test_a_renamed_question_is_asked_under_its_new_name(sqlite_url: str) -> None:
    async def newer(chat: Chat) -> None:
        hue = await chat.ask("hue", colour())
        await tell(chat, f"{hue}, {await chat.ask('told', words())}")

    async with Machine(sqlite_url, table=only(three_questions)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("verde")
        await changed(machine, newer)
        await ana.says("una historia")
        assert ana.last.options, "the new question, because nobody knows what the old answer was to"
        await ana.says("rojo")
        assert texts(await ana.says("una historia")) == ["r, una historia"]


async def test_what_a_message_brought_to_a_question_that_is_gone_is_not_lost(sqlite_url: str) -> None:
    async def older(chat: Chat) -> None:
        await chat.ask("where-from", Where("ask-place"))

    async def newer(chat: Chat) -> None:
        chosen = await chat.ask("colour", colour())
        place = await chat.ask("place", Where())
        photos = await chat.ask("photos", Photos(quiet=True))
        await tell(chat, f"{chosen}, {place.lat}, {len(photos)}")

    async with Machine(sqlite_url, table=only(older)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await changed(machine, newer)
        await ana.photo("good", place=CONGRESS)
        assert texts(await ana.says("rojo")) == [f"r, {CONGRESS.lat}, 1"]


async def test_an_answer_that_no_longer_decodes_is_asked_again(sqlite_url: str) -> None:
    async def newer(chat: Chat) -> None:
        many = await chat.ask("colour", Number("ask-code"))
        await tell(chat, many)

    async with Machine(sqlite_url, table=only(three_questions)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("verde")
        await changed(machine, newer)
        await ana.says("¿y ahora?")
        assert texts(await ana.says("7")) == ["7"]


async def test_an_answer_that_is_no_longer_offered_is_asked_again(sqlite_url: str) -> None:
    async def newer(chat: Chat) -> None:
        chosen = await chat.ask("colour", Choice(COLOURS[:1], "ask-category"))
        told = await chat.ask("told", words())
        await tell(chat, f"{chosen}, {told}")

    async with Machine(sqlite_url, table=only(three_questions)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("verde")
        await changed(machine, newer)
        await ana.says("una historia")
        assert [option.label for option in ana.last.options] == ["Rojo"]
        await ana.says("rojo")
        assert texts(await ana.says("una historia")) == ["r, una historia"]


async def test_a_conversation_that_a_deploy_dropped_ends_its_drafts(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(three_questions)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await machine.stop()
        machine.table = machine.table._replace(conversations={"another": three_questions}, opening="another")
        machine.start()
        assert await ana.says("verde") == []
        assert (await ana.says("hola"))[-1].options


async def test_unclear_answers_are_asked_again_with_a_reason_as_often_as_needed(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(three_questions)) as machine:
        ana = machine.phone("ana")
        question = (await ana.says("hola"))[-1]
        for _ in range(3):
            (again,) = await ana.says("violeta")
            assert "No entendí" in again.text
            assert again.text.endswith(question.text)
            assert again.options == question.options


# Said, done, recalled: once


async def test_what_is_said_and_done_and_recalled_happens_once(database_url: str) -> None:
    drawn: list[int] = []

    def draw() -> int:
        drawn.append(len(drawn))
        return drawn[-1]

    async def conversation(chat: Chat) -> None:
        await tell(chat, "hello")
        kept = await chat.recall("kept", draw)
        done = await chat.do("done", draw)
        told = await chat.ask("told", words())
        more = await chat.ask("more", words())
        await tell(chat, f"{kept} {done} {told} {more}", name="end")

    async with Machine(database_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        assert len(await ana.says("hola")) == 2
        assert len(await ana.says("a")) == 1
        assert texts(await ana.says("b")) == ["0 1 a b"]
        assert drawn == [0, 1]


async def test_a_question_may_follow_an_effect_and_nothing_before_it_is_taken_back(sqlite_url: str) -> None:
    done: list[str] = []

    async def conversation(chat: Chat) -> None:
        told = await chat.ask("told", words())
        await chat.do("effect", lambda: done.append(told))
        more = await chat.ask("more", words())
        await tell(chat, f"{told} {more}")

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("a")
        (refusal,) = await ana.says("volver")
        assert "No hay nada anterior" in refusal.text
        assert texts(await ana.says("b")) == ["a b"]
        assert done == ["a"]


async def test_an_async_effect_is_awaited_and_its_result_kept_as_json(sqlite_url: str) -> None:
    async def effect() -> Place:
        return CONGRESS

    async def conversation(chat: Chat) -> None:
        first = await chat.do("effect", effect)
        await chat.ask("told", words())
        await tell(chat, first["lat"])

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        assert texts(await ana.says("a")) == [str(CONGRESS.lat)]


async def test_forgetting_an_answer_forgets_what_was_said_and_recalled_after_it_but_no_effect(sqlite_url: str) -> None:
    done: list[str] = []

    async def conversation(chat: Chat) -> None:
        await tell(chat, "before", name="before")
        chosen = await chat.ask("colour", colour())
        await tell(chat, f"after {chosen}", name="after")
        kept = await chat.recall("kept", lambda: chosen)
        told = await chat.ask("told", words())
        if not await chat.ask("agreed", YesNo("ask-delete")):
            chat.change("agreed", "colour")
        await chat.do("effect", lambda: done.append(kept))
        await tell(chat, f"{chosen} {kept} {told}", name="end")

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("rojo")
        await ana.says("una historia")
        (question,) = await ana.says("no")
        assert question.options, "the colour is asked anew"
        assert texts(await ana.says("verde"))[0] == "after v"
        assert texts(await ana.says("sí")) == ["v v una historia"], "the other answers were kept"
        assert done == ["v"]


async def test_a_rejected_answer_is_asked_again_with_the_reason(sqlite_url: str) -> None:
    async def conversation(chat: Chat) -> None:
        told = await chat.ask("told", words())
        if told == "mal":
            chat.reject("told", "place-outside", city="la ciudad")
        await tell(chat, told)

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        for _ in range(2):
            assert "fuera de la ciudad" in (await ana.says("mal"))[0].text
        assert texts(await ana.says("bien")) == ["bien"]


async def test_a_remark_goes_in_front_of_what_is_said_next_once(sqlite_url: str) -> None:
    async def conversation(chat: Chat) -> None:
        chat.remark("old-button")
        await chat.ask("colour", colour())
        chat.remark("noted")

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        (first,) = await ana.says("hola")
        assert first.text.startswith("Ese botón era de antes.\n\n")
        assert "Ese botón" not in (await ana.says("violeta"))[0].text
        assert texts(await ana.says("rojo")) == ["Anotado 👍"], "also where nothing is said any more"


async def test_a_supposed_answer_is_taken_back_with_the_one_it_follows_from(sqlite_url: str) -> None:
    async def conversation(chat: Chat) -> None:
        if not chat.heard("place") and await chat.ask("here", YesNo("ask-delete")):
            chat.suppose("place", CONGRESS)
        place = await chat.ask("place", Where())
        told = await chat.ask("told", words())
        await tell(chat, f"{place.lat} {place.words} {told}")

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("sí")
        assert "código" in ana.last.text.lower()
        await ana.says("volver")
        assert "borrar" in ana.last.text, "the question that was really answered"
        await ana.says("no")
        await ana.says("Callao y Corrientes")
        assert texts(await ana.says("a")) == ["None Callao y Corrientes a"]


async def test_a_part_has_names_of_its_own(sqlite_url: str) -> None:
    async def pair(chat: Chat) -> str:
        return f"{await chat.ask('colour', colour())}{await chat.ask('told', words())}"

    async def conversation(chat: Chat) -> None:
        await tell(chat, f"{await pair(chat.part('one'))} {await pair(chat.part('two').part('deep'))}")

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.taps("Rojo")
        await ana.says("a")
        await ana.taps("Verde")
        assert texts(await ana.says("b")) == ["ra vb"]


# Look-ups


async def shouted(chat: Chat) -> None:
    """Have a service shout what was said."""
    told = await chat.ask("told", words())
    loud = await chat.look_up("loud", {"do": "shout", "words": told})
    place = await chat.ask("place", Where())
    await tell(chat, f"{loud} {place.words or place.lat}")


async def test_a_look_up_waits_for_its_service_and_goes_on(database_url: str) -> None:
    async with Machine(database_url, table=only(shouted)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("abc")
        assert texts(await ana.says("en la esquina")) == ["ABC en la esquina"]


async def test_what_is_sent_while_a_service_thinks_is_kept_and_answered_kindly(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(shouted)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await machine.take(ana.message("abc"))
        await machine.take(ana.message(place=CONGRESS))
        assert "segundito" in texts(await ana.news())[0]
        await machine.restart()
        await machine.settle()
        assert texts(await ana.news()) == [f"ABC {CONGRESS.lat}"]


async def test_the_answer_of_a_look_up_that_was_given_up_is_not_taken_for_anothers(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(shouted)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await machine.take(ana.message("first"))
        await machine.take(ana.message("volver"))
        await machine.take(ana.message("second"))
        await machine.settle()
        assert texts(await ana.says("por ahí"))[-1] == "SECOND por ahí"


async def test_a_look_up_that_nobody_answers_is_asked_for_again(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(shouted)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await machine.take(ana.message("abc"))
        lost = outbox.delete().where(outbox.c.account == "errands")
        await machine.work(lambda work: work.execute(lost))
        await ana.says("¿y?")
        assert await machine.count(outbox, outbox.c.account == "errands") == 0
        await machine.wait(61)
        await ana.says("¿y?")
        assert texts(await ana.says("por ahí")) == ["ABC por ahí"]


# Mistakes of ours


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
