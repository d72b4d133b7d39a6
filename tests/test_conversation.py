"""A conversation is read from top to bottom like the talk it holds, whatever is deployed between two messages."""

from __future__ import annotations

from bot.choices import Choice, YesNo
from bot.conversation import Chat, Conversation
from bot.place_questions import Where
from bot.questions import Number, Photos
from tests.colours import COLOURS, colour, tell, words
from tests.machine import CONGRESS, Machine, only, texts


async def three_questions(chat: Chat) -> None:
    """Ask a colour, words and yes or no, and say all three."""
    chosen = await chat.ask("colour", colour())
    told = await chat.ask("told", words())
    agreed = await chat.ask("agreed", YesNo("ask-delete"))
    await tell(chat, f"{chosen}, {told}, {agreed}")


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
        # What she says to it is heard as something new.
        assert (await ana.says("verde"))[-1].options


async def test_unclear_answers_are_asked_again_with_a_reason_as_often_as_needed(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(three_questions)) as machine:
        ana = machine.phone("ana")
        question = (await ana.says("hola"))[-1]
        for _ in range(3):
            (again,) = await ana.says("violeta")
            assert "No entendí" in again.text
            assert again.text.endswith(question.text)
            assert again.options == question.options
