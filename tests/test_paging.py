"""Lists too long for one message: every option is reached, by number and by name, whatever page is shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answers import Said, Took
from bot.choices import Choice, YesNo
from bot.conversation import Chat
from bot.messages import Option, Outbound
from bot.offering import MORE, offer, turn_page
from bot.questions import Item
from bot.scene import Scene
from bot.talk import Talk
from locales import LANGUAGES, catalog
from tests.machine import Machine, demo_pack, only

WORDS = [
    "bache",
    "vereda",
    "luz",
    "arbol",
    "basura",
    "agua",
    "ruido",
    "rata",
    "semaforo",
    "poste",
    "cloaca",
    "cesto",
    "banco",
    "rampa",
    "cable",
    "tapa",
]
lists = st.lists(st.sampled_from(WORDS), min_size=2, max_size=16, unique=True)


def by_size(most: int) -> object:
    """A channel on which so many options fit, "more" being one of them."""
    return lambda message: len(message.options) if len(message.options) <= most else most - 1


def scene(most: int) -> Scene:
    return Scene(
        person=None,  # type: ignore[arg-type]
        now=0.0,
        words=catalog("es"),
        variant="",
        pack=demo_pack(),
        work=None,  # type: ignore[arg-type]
        fits=by_size(most),  # type: ignore[arg-type]
    )


def question(names: list[str]) -> Choice:
    return Choice(tuple(Item(f"value-{name}", name) for name in names), "ask-category")


def put(talk: Talk, asked: Choice, most: int) -> Outbound:
    here = scene(most)
    offer(here, talk, "category", asked)
    return here.outs[-1]


def shown(out: Outbound) -> list[str]:
    return [option.label for option in out.options if option.tap != MORE]


def read(talk: Talk, asked: Choice, text: str) -> object:
    assert talk.pending is not None
    took = asked.read(Said(text=text), catalog("es"), talk.pending.values)
    assert isinstance(took, Took), f"{text!r} is not understood"
    return took.value


@settings(max_examples=50, deadline=None)
@given(names=lists, most=st.integers(2, 12), turns=st.integers(0, 9))
def test_every_option_answers_by_number_and_by_name_whatever_page_is_shown(
    names: list[str], most: int, turns: int
) -> None:
    asked, talk = question(names), Talk(1, "report")
    put(talk, asked, most)
    for _ in range(turns):
        if turn_page(talk, "", "mas"):
            put(talk, asked, most)
    for number, name in enumerate(names, 1):
        assert read(talk, asked, str(number)) == f"value-{name}"
        assert read(talk, asked, name.upper()) == f"value-{name}"


@settings(max_examples=50, deadline=None)
@given(names=lists, most=st.integers(2, 12))
def test_asking_for_more_shows_every_option_once_under_its_number_and_then_begins_again(
    names: list[str], most: int
) -> None:
    asked, talk = question(names), Talk(1, "report")
    first = out = put(talk, asked, most)
    seen: dict[int, str] = {}
    for _ in names:
        assert len(out.options) <= most
        numbered = dict(enumerate(shown(out), out.first))
        assert not seen.keys() & numbered.keys()
        seen |= numbered
        if out.options[-1].tap != MORE:
            break
        assert turn_page(talk, MORE, "")
        out = put(talk, asked, most)
    assert seen == dict(enumerate(names, 1))
    assert not turn_page(talk, "", "mas") or put(talk, asked, most) == first


def test_a_misunderstood_answer_shows_the_same_page_once_more() -> None:
    asked, talk = question(WORDS), Talk(1, "report")
    put(talk, asked, 5)
    assert turn_page(talk, "", "+")
    second = put(talk, asked, 5)
    assert second.first == 5
    assert put(talk, asked, 5) == second


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_asks_for_more_as_it_is_told_to(language: str) -> None:
    for variant in ("", "sms"):
        label = catalog(language).text("more-options", variant)
        asked, talk = question(WORDS), Talk(1, "report")
        put(talk, asked, 4)
        assert turn_page(talk, "", label.partition(":")[0])


def test_more_is_an_ordinary_word_where_everything_is_shown() -> None:
    asked, talk = question(WORDS), Talk(1, "report")
    put(talk, asked, 99)
    assert not turn_page(talk, "", "mas")
    assert not turn_page(Talk(1, "report"), "", "mas")


async def opening(chat: Chat) -> None:
    names = tuple(Item(name, name) for name in WORDS)
    chosen = await chat.ask("category", Choice(names, "ask-category"))
    sure = await chat.ask("sure", YesNo("ask-language"))
    await chat.say("told-status", code="", category=str(chosen), status=str(sure), said="", body="")


async def test_a_talk_turns_pages_by_word_and_by_button_and_keeps_its_place(sqlite_url: str) -> None:
    async with Machine(
        sqlite_url, table=only(opening), fits=lambda account, message: min(len(message.options), 4)
    ) as machine:
        ana = machine.phone("ana")
        [first] = await ana.says("hola")
        [second] = await ana.says("MAS")
        [third] = await ana.sends(tapped=MORE)
        assert [first.first, second.first, third.first] == [1, 5, 9]
        assert shown(first) + shown(second) + shown(third) == WORDS[:12]
        assert third.options[-1].tap == MORE
        [misread] = await ana.says("nada que ver")
        assert shown(misread) == WORDS[8:12]
        [sure] = await ana.says("2")
        assert [option.label for option in sure.options] == ["Sí", "No"]
        [told] = await ana.says("mas")
        assert [option.label for option in told.options] == ["Sí", "No"]
        [told] = await ana.says("si")
        assert WORDS[1] in told.text


async def test_a_button_for_more_of_a_list_that_is_gone_is_an_old_button(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(opening)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        [said] = await ana.sends(tapped=MORE)
        assert said.text.startswith(catalog("es").text("old-button"))


def test_a_later_page_says_from_which_number_it_counts() -> None:
    out = Outbound(text="", options=(Option("a", "a"),), first=9)
    assert out.first == 9
