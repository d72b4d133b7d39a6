"""What a conversation says, does, recalls and looks up happens once; what a forgotten answer takes back with it."""

from __future__ import annotations

from bot.choices import YesNo
from bot.conversation import Chat
from bot.messages import Place
from bot.place_questions import Where
from storage.schema import outbox
from tests.colours import colour, tell, words
from tests.machine import CONGRESS, Machine, only, texts

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
