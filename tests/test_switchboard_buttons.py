"""Buttons that are stale, pressed twice or somebody else's, typed numbers, and answers that are edited later."""

from __future__ import annotations

import pytest

from bot.choices import Choice, YesNo
from bot.conversation import Chat
from bot.questions import Item, Photos, Words
from storage.schema import ticket
from tests.machine import Machine, only, texts
from tests.walking import walk


async def colours(chat: Chat) -> None:
    """Ask for one of two colours and for a word, and say both."""
    chosen = await chat.ask("colour", Choice((Item("r", "Rojo"), Item("v", "Verde")), "ask-category"))
    told = await chat.ask("told", Words("ask-code"))
    await chat.say("category-notice", notice=f"{chosen}, {told}")


# Buttons


async def test_a_button_of_an_ended_talk_is_told_to_be_old(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(colours)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("cancelar")
        (said,) = await ana.taps("Verde")
        assert said.text.startswith("Ese botón era de antes.")
        assert (await ana.state()).talks == []


async def test_a_button_of_an_earlier_question_changes_nothing_and_repeats_the_pending_one(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(colours)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.taps("Verde")
        (said,) = await ana.taps("Rojo")
        assert said.text.startswith("Ese botón era de antes.")
        assert "código" in said.text
        assert texts(await ana.says("x")) == ["v, x"]


async def test_a_button_of_somebody_elses_talk_or_of_nobodys_changes_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(colours)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        for forged in ("q9.colour.v", "q1.other.v", "q1.colour", "q1..", "q", "q1.colour.#99", "qqq", "q1.colour.x"):
            await ana.sends(tapped=forged)
        assert (await ana.state()).talks[0].memory == {}
        await ana.taps("Verde")
        assert texts(await ana.says("x")) == ["v, x"]


@pytest.mark.parametrize("label", ["Verde", "Rojo"])
async def test_a_nervous_thumb_is_heard_once(sqlite_url: str, label: str) -> None:
    async with Machine(sqlite_url, table=only(colours)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.taps(label)
        assert await ana.sends(tapped=ana.button(label).tap) == []
        assert (await ana.state()).talks[0].pending


async def test_a_nervous_thumb_sends_one_report_and_hears_of_it_once(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 4)
        twice = ana.button("Enviar").tap
        await machine.take(ana.message(tapped=twice), ana.message(tapped=twice))
        assert len(await ana.news()) == 1
        assert await ana.sends(tapped=twice) == []
        assert await machine.count(ticket) == 1


@pytest.mark.parametrize("optional", [True, False])
async def test_a_nervous_thumb_on_skip_and_no_is_heard_once(sqlite_url: str, optional: bool) -> None:
    async def conversation(chat: Chat) -> None:
        await chat.ask("first", Photos("ask-code") if optional else YesNo("ask-delete"))
        await chat.ask("told", Words("ask-code"))

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        tap = ana.last.options[-1].tap
        await ana.sends(tapped=tap)
        assert await ana.sends(tapped=tap) == []


async def test_a_value_too_long_for_a_button_travels_as_its_number(sqlite_url: str) -> None:
    long = tuple(Item(f"{letter}{'x' * 80}", letter) for letter in "ABC")

    async def conversation(chat: Chat) -> None:
        chosen = await chat.ask("long", Choice(long, "ask-category"))
        await chat.say("category-notice", notice=chosen)

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        (question,) = await ana.says("hola")
        assert all(len(option.tap.encode()) <= 64 for option in question.options)
        assert texts(await ana.taps("B")) == [long[1].value]


async def test_a_typed_number_means_what_was_shown_when_the_order_has_changed_since(sqlite_url: str) -> None:
    order = ["r", "v", "a"]

    async def conversation(chat: Chat) -> None:
        chosen = await chat.ask("colour", Choice(tuple(Item(each, f"colour {each}") for each in order), "ask-category"))
        await chat.say("category-notice", notice=chosen)

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        order.reverse()
        assert texts(await ana.says("1")) == ["r"]


# Corrections


async def test_an_edited_message_corrects_the_answer_it_gave(sqlite_url: str) -> None:
    async with Machine(sqlite_url, table=only(colours)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await ana.says("rojo", key="k-colour")
        (said,) = await ana.sends(kind="edited", text="verde", message="m-k-colour")
        assert "código" in said.text
        assert texts(await ana.says("x")) == ["v, x"]


async def test_an_edited_description_shows_a_new_preview(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 3)
        await ana.says("es enorme", key="k-details")
        (said,) = await ana.sends(kind="edited", text="es gigante", message="m-k-details")
        assert "es gigante" in said.text
        assert "enorme" not in said.text


@pytest.mark.parametrize("message", ["m-unknown", "", "m-k-first"])
async def test_other_edits_change_nothing_and_are_not_answered(sqlite_url: str, message: str) -> None:
    async with Machine(sqlite_url, table=only(colours)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola", key="k-first")
        before = await ana.state()
        assert await ana.sends(kind="edited", text="verde", message=message) == []
        assert await ana.state() == before


async def test_an_edit_after_the_report_was_sent_changes_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 3)
        await ana.says("es enorme", key="k-details")
        await ana.taps("Enviar")
        assert await ana.sends(kind="edited", text="otra cosa", message="m-k-details") == []
        assert "otra cosa" not in str(await machine.rows(ticket.select()))
