"""A question that is asked loosely holds nobody up: what does not answer it is heard as if it had not been asked."""

from __future__ import annotations

import pytest

from bot.choices import Choice
from bot.conversation import Chat
from bot.messages import Inbound
from bot.questions import Item, Words
from bot.switchboard import Table
from tests.handset import Phone
from tests.machine import Machine, texts


class Stars(Choice):
    """How many stars, as commands."""

    loose = True


async def opening(chat: Chat) -> None:
    words = await chat.ask("words", Words("ask-details"))
    await chat.say("quoted", words=words)


async def offer(chat: Chat) -> None:
    stars = (Item("/take one", "Uno"), Item("/take two", "Dos"))
    chosen = await chat.ask("stars", Stars(stars, "ask-status", code="K7Q4-2MX"))
    chat.become("shout", rest=chosen.partition(" ")[2])


async def shout(chat: Chat) -> None:
    await chat.say("quoted", words=f"shouted {chat.args['rest']}")


TABLE = Table(
    conversations={"opening": opening, "offer": offer, "shout": shout},
    commands={"unknown": "opening", "take": "shout", "help": "offer"},
    opening="opening",
    official="opening",
    reply="opening",
    status="opening",
    drafts=frozenset(),
)


async def offered(machine: Machine) -> Phone:
    ana = machine.phone("ana")
    await ana.says("/help")
    assert [option.label for option in ana.last.options] == ["Uno", "Dos"]
    return ana


async def tell(machine: Machine, who: str, name: str) -> None:
    key = machine.key()
    await machine.take(Inbound(account="stage:1", key=key, address=who, kind="notice", name=name, data={"rest": "new"}))
    await machine.settle()


@pytest.mark.parametrize(("typed", "meant"), [("2", "two"), ("uno", "one")])
async def test_a_number_or_a_label_answers_it(sqlite_url: str, typed: str, meant: str) -> None:
    async with Machine(sqlite_url, table=TABLE) as machine:
        ana = await offered(machine)
        assert texts(await ana.says(typed)) == [f"«shouted {meant}»"]


async def test_anything_else_goes_where_it_would_have_gone(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=TABLE) as machine:
        ana = await offered(machine)
        (said,) = texts(await ana.says("hay un bache enorme acá"))
        assert said == "«hay un bache enorme acá»"
        assert (await ana.state()).talks == []


async def test_what_was_asked_before_goes_on_under_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=TABLE) as machine:
        ana = machine.phone("ana")
        await ana.says("algo")
        await ana.says("/help")
        assert [talk.name for talk in (await ana.state()).talks] == ["opening", "offer"]
        assert texts(await ana.says("una historia más larga")) == ["«una historia más larga»"]


async def test_it_is_dropped_when_something_else_begins_and_never_asked_again(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=TABLE) as machine:
        ana = await offered(machine)
        await tell(machine, "ana", "shout")
        assert texts(await ana.news()) == ["«shouted new»"]
        assert (await ana.state()).talks == []


async def test_its_buttons_are_commands_and_work_for_ever(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=TABLE) as machine:
        ana = await offered(machine)
        tap = ana.button("Dos").tap
        await ana.says("otra cosa")
        assert texts(await ana.sends(tapped=tap))[0] == "«shouted two»"
