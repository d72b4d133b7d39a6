"""Commands are heard on top of whatever runs; back, change and cancel work at every point."""

from __future__ import annotations

import pytest

from bot.switchboard import DEEPEST
from storage.schema import ticket
from tests.machine import CONGRESS, Machine, texts
from tests.walking import DETAILS, PLACE, PREVIEW, STEPS, WELCOME, walk

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
