"""Which conversation hears a message: commands on top, going back, stale buttons, corrections, drafts that wait."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from bot.conversation import Chat
from bot.questions import Choice, Item, Photos, Where, Words, YesNo
from bot.switchboard import DEEPEST
from routing.pack import Pack
from storage.schema import outbox, ticket, update
from tests.machine import CONGRESS, DAY, HOUR, Machine, Phone, demo_pack, lonely_pack, only, texts

BODY = "comuna-3"
WELCOME, PLACE, DETAILS, PREVIEW = "De qué se trata", "Dónde es", "¿Cómo es?", "Lo recibe"
REMINDER = "Te quedó un reclamo sin mandar"
# A report step by step: what is said, and what the bot asks then.
STEPS = (("hola", WELCOME), ("bache", PLACE), (None, DETAILS), ("es enorme", PREVIEW))


async def walk(ana: Phone, steps: int) -> None:
    """Go so many steps of a report; None stands for a pin."""
    for said, asked in STEPS[:steps]:
        await (ana.says(said) if said else ana.sends(place=CONGRESS))
        assert asked in ana.last.text


async def colours(chat: Chat) -> None:
    """Ask for one of two colours and for a word, and say both."""
    chosen = await chat.ask("colour", Choice((Item("r", "Rojo"), Item("v", "Verde")), "ask-category"))
    told = await chat.ask("told", Words("ask-code"))
    await chat.say("category-notice", notice=f"{chosen}, {told}")


# Commands on top


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "command", ["ayuda", "/help", "estado 0000-000", "mis reclamos", "/idioma english", "/quépasa"]
)
async def test_a_command_runs_on_top_and_the_pending_question_is_repeated(
    sqlite_url: str, command: str, steps: int
) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, steps)
        pending = (await ana.state()).talks[0].pending
        said = await ana.says(command)
        assert len(said) == 2
        assert said[-1].options or said[-1].wants
        state = await ana.state()
        assert len(state.talks) == 1
        assert pending
        assert state.talks[0].pending == pending


async def test_a_command_that_asks_is_answered_before_the_draft_goes_on(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        assert "código" in (await ana.says("estado"))[0].text
        said = texts(await ana.says("K7Q4-2MX"))
        assert PLACE in said[-1]
        assert len(said) == 2


async def test_a_command_in_the_same_words_as_the_running_one_begins_it_anew(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.says("estado")
        await ana.says("estado")
        assert [talk.name for talk in (await ana.state()).talks] == ["status"]


async def test_interruptions_of_interruptions_are_bounded_and_the_draft_is_not_among_the_lost(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        for command in ("/idioma", "/estado", "/retirar", "/contestar", "/arreglado", "/borrar", "/idioma", "/estado"):
            await ana.says(command)
        state = await ana.state()
        assert len(state.talks) <= DEEPEST + 1
        assert state.talks[0].name == "report"
        assert len(state.talks) > 2
        for _ in range(len(state.talks) - 1):
            await ana.says("cancelar")
        assert PLACE in ana.last.text


async def test_a_new_report_while_one_is_open_goes_on_with_that_one(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        (said,) = await ana.says("/reclamo")
        assert "Seguimos con el reclamo" in said.text
        assert PLACE in said.text


async def test_commands_are_heard_in_three_languages_whatever_is_spoken(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        for command in ("ayuda", "ajuda", "help", "/ajuda", "/help@somebot"):
            assert "borrar mis datos" in (await ana.says(command))[0].text


# Back, change, cancel


@pytest.mark.parametrize("steps", [2, 3, 4])
async def test_going_back_asks_the_last_question_again_at_every_point(sqlite_url: str, steps: int) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, steps)
        for _, asked in reversed(STEPS[: steps - 1]):
            assert asked in (await ana.says("volver"))[-1].text
        assert "No hay nada anterior" in (await ana.says("volver"))[0].text
        for said, asked in STEPS[1:]:
            await (ana.says(said) if said else ana.sends(place=CONGRESS))
            assert asked in ana.last.text


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
async def test_cancelling_ends_the_draft_at_every_point(sqlite_url: str, steps: int) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, steps)
        assert "lo dejamos ahí" in (await ana.says("cancelar"))[0].text
        assert (await ana.state()).talks == []
        assert "No hay nada para cancelar" in (await ana.says("cancelar"))[0].text
        assert WELCOME in (await ana.says("hola"))[0].text
        assert await machine.count(ticket) == 0


async def test_cancelling_a_question_on_top_leaves_the_draft(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 3)
        await ana.says("borrar mis datos")
        (said,) = await ana.says("cancelar")
        assert DETAILS in said.text


@pytest.mark.parametrize(
    ("button", "answer", "shown"),
    [
        ("Cambiar el tema", "basura", "Basura"),
        ("Cambiar el texto", "es chiquito", "💬 es chiquito"),
        ("Sumar fotos", None, "1 foto"),
    ],
)
async def test_everything_can_be_changed_at_the_preview_and_the_rest_stays(
    sqlite_url: str, button: str, answer: str | None, shown: str
) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 4)
        await ana.taps(button)
        await (ana.says(answer) if answer else ana.photo())
        while PREVIEW not in ana.last.text:
            await ana.sends(tapped=ana.last.options[0].tap)
        assert shown in ana.last.text
        assert await machine.count(ticket) == 0


async def test_back_when_nothing_runs_says_how_to_begin(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        (said,) = await ana.says("volver")
        assert "No hay nada anterior" in said.text
        assert "arrancamos" in said.text


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


# The pocket


@pytest.mark.parametrize("order", ["pin, photo, words", "photo, words, pin", "words, pin, photo", "photo, pin, words"])
async def test_a_report_may_be_told_in_any_order(sqlite_url: str, order: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        ways: dict[str, dict[str, Any]] = {
            "pin": {"place": CONGRESS},
            "words": {"text": "hay un bache enorme en la esquina"},
        }
        for part in order.split(", "):
            await (ana.photo() if part == "photo" else ana.sends(**ways[part]))
        assert PREVIEW in ana.last.text
        assert "bache enorme" in ana.last.text
        assert "1 foto" in ana.last.text


async def test_one_message_may_hold_everything(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.photo("good", "hola, hay un bache enorme -34.6098, -58.3925")
        assert PREVIEW in ana.last.text
        assert "💬 hay un bache enorme" in ana.last.text


async def test_a_greeting_is_no_description_and_a_failed_answer_neither(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        for said in ("hola buenas tardes", "no", "qué sé yo", "bache"):
            await ana.says(said)
        await ana.sends(place=CONGRESS)
        assert DETAILS in ana.last.text


async def test_a_hello_in_the_middle_of_a_draft_is_no_answer(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        (said,) = await ana.says("hola")
        assert PLACE in said.text


async def test_a_photo_with_the_word_that_sends_is_part_of_what_is_sent(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 4)
        await ana.photo("good", "dale")
        assert await machine.count(ticket) == 1
        files = await machine.rows(update.select())
        assert len(files) == 1
        luis = machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = (await machine.rows(ticket.select()))[0].code
        assert len((await luis.says(f"/ver {code}"))[0].media) == 1


async def test_a_pin_sent_later_corrects_the_place(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        await ana.says("Santa Fe y Callao, Recoleta")
        await ana.says("es enorme")
        await ana.sends(place=CONGRESS)
        assert "Comuna 3" in ana.last.text


# Time


async def test_a_draft_is_reminded_of_once_after_an_hour(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        await machine.wait(HOUR - 1)
        assert await ana.news() == []
        await machine.restart()
        await machine.wait(2)
        (reminder,) = await ana.news()
        assert REMINDER in reminder.text
        assert PLACE in reminder.text
        await machine.wait(5 * DAY)
        assert await ana.news() == []


async def test_every_word_puts_the_reminder_off(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 2)
        for _ in range(30):
            await machine.wait(0.9 * HOUR)
            assert REMINDER not in str(texts(await ana.says("ayuda")))
        await machine.wait(HOUR)
        assert REMINDER in texts(await ana.news())[0]
        assert await machine.count(outbox, outbox.c.kind == "timer", outbox.c.done_at.is_(None)) == 1


async def test_a_draft_survives_a_municipality_that_drops_what_it_offered(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, eva, leo = machine.phone("ana"), machine.phone("eva"), machine.phone("leo")
        await ana.says("hola")
        await eva.says("bache")
        await leo.says("hola")
        await leo.taps("Calles")
        records = demo_pack().records
        gone = {"calles", "bache", "tapa-faltante", "calles-otro"}
        left = tuple(each for each in records.categories if each.id not in gone)
        machine.pack = Pack(msgspec.structs.replace(records, categories=left))
        for phone in (ana, eva, leo):
            await phone.says("ayuda")
            assert WELCOME in phone.last.text, phone.who
            assert not [option for option in phone.last.options if "Calles" in option.label]


async def test_who_has_told_nothing_yet_is_not_reminded(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 1)
        await machine.wait(DAY)
        assert await ana.news() == []


async def test_a_draft_is_forgotten_after_seven_days_and_not_before(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 3)
        await machine.wait(7 * DAY - 10)
        assert len((await ana.state()).talks) == 1
        await machine.wait(20)
        assert (await ana.state()).talks == []
        assert WELCOME in (await ana.says("hola"))[-1].text
        await machine.wait(8 * DAY)
        assert (await ana.state()).talks == [], "the second draft ends as well"
        assert await machine.count(outbox, outbox.c.kind == "timer", outbox.c.done_at.is_(None)) == 0


async def test_a_draft_goes_on_after_two_days(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await walk(ana, 3)
        await machine.wait(2 * DAY)
        await ana.says("es enorme")
        assert PREVIEW in ana.last.text


# Told in the middle of something


async def ticket_of(machine: Machine, ana: Phone, luis: Phone) -> str:
    await machine.appoint(luis, BODY)
    await walk(ana, 4)
    await ana.taps("Enviar")
    await luis.news()
    return ana.last.ticket


async def test_a_question_of_an_official_waits_for_its_answer_for_days(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        code = await ticket_of(machine, ana, luis)
        await machine.wait(30 * DAY)
        await luis.says(f"/responder {code} ¿de qué lado?")
        await machine.wait(6 * DAY)
        assert "de qué lado" in texts(await ana.news())[0]
        await ana.says("del lado del bar")
        assert "del lado del bar" in texts(await luis.news())[-1]


async def test_news_of_a_second_ticket_do_not_end_the_question_of_the_first(sqlite_url: str) -> None:
    async with Machine(sqlite_url, pack=lonely_pack()) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        first = await ticket_of(machine, ana, luis)
        second = await ticket_of(machine, ana, luis)
        await luis.says(f"/estado {first} resuelto")
        await luis.says(f"/estado {second} en obra")
        assert "¿Quedó arreglado?" in (await ana.news())[-1].text
        await ana.says("sí")
        assert await machine.count(ticket, ticket.c.code == first, ticket.c.status == "confirmed") == 1


async def test_news_in_the_middle_of_a_draft_are_told_and_the_question_repeated(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        code = await ticket_of(machine, ana, luis)
        await walk(ana, 2)
        await luis.says(f"/estado {code} resuelto")
        said = texts(await ana.news())
        assert "está resuelto" in said[0] or "Resuelto" in said[0]
        assert PLACE in said[-1]
        await ana.sends(place=CONGRESS)
        assert DETAILS in ana.last.text, "her answer went to the draft"


async def test_a_reply_to_a_message_about_a_ticket_is_an_answer_however_short(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        code = await ticket_of(machine, ana, luis)
        sent = outbox.update().where(outbox.c.ticket == code).values(provider_id="p-1")
        await machine.work(lambda work: work.execute(sent))
        await luis.says("ya vamos", reply_to="p-1")
        assert "ya vamos" in texts(await ana.news())[-1]


async def test_what_waits_for_a_place_is_asked_before_a_reminder_of_nothing(sqlite_url: str) -> None:
    async def conversation(chat: Chat) -> None:
        await chat.ask("place", Where())

    async with Machine(sqlite_url, table=only(conversation)) as machine:
        ana = machine.phone("ana")
        await ana.says("hola")
        await machine.wait(2 * HOUR)
        assert await ana.news() == []
