"""responses.toml: what is ready to be said, checked before anybody says it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from routing.faults import PackError
from routing.folder import read_records
from routing.responses import MOMENTS
from storage.schema import ticket
from storage.schema import update as ticket_update
from tests.handset import Phone
from tests.machine import Machine, demo_pack

DEMO = Path(__file__).parents[2] / "packs" / "buenos-aires"
GOOD = """[[response]]
status = "resolved"
label = { es = "Listo", pt = "Pronto", en = "Done" }
text = { es = "Listo {code}", pt = "Pronto {code}", en = "Done {code}" }
"""


def faults(tmp_path: Path, text: str) -> str:
    """Everything that is wrong with the demo pack once it has these responses."""
    folder = Path(shutil.copytree(DEMO, tmp_path / "pack"))
    (folder / "responses.toml").write_text(text, "utf-8")
    try:
        read_records(folder)
    except PackError as error:
        return str(error)
    return ""


ASKS = """[[response]]
status = "waiting_citizen"
label = { es = "Foto", pt = "Foto", en = "Photo" }
text = { es = "¿Y una foto?", pt = "E uma foto?", en = "And a photo?" }
"""


def test_the_demo_has_some_for_every_moment_in_every_language() -> None:
    found = demo_pack().records.responses
    assert {each.status for each in found} == set(MOMENTS)
    assert all(each.text.keys() == each.label.keys() == {"es", "pt", "en"} for each in found)
    # WhatsApp shows no more of a button.
    assert max(len(label) for each in found for label in each.label.values()) <= 20


def test_what_asks_for_an_answer_is_a_question_in_every_language(tmp_path: Path) -> None:
    assert faults(tmp_path, ASKS) == ""
    shutil.rmtree(tmp_path / "pack")
    assert "responses.toml:4: response number 1 asks nothing" in faults(tmp_path, ASKS.replace("photo?", "photo."))


@pytest.mark.parametrize(
    ("old", "new", "line", "named"),
    [
        ('"resolved"', '"fixed"', 2, "fixed"),
        ('status = "resolved"', 'status = "resolved"\nbody = "comuna-99"', 3, "comuna-99"),
        ('status = "resolved"', 'status = "resolved"\ncategory = "bachee"', 3, "bachee"),
        ("Listo {code}", "Listo {codigo}", 4, "{codigo}"),
        ("Listo {code}", "Listo {code", 4, "nothing fills in"),
        (', en = "Done {code}"', "", 4, "en"),
        ("[[response]]", "[[answer]]", 1, "answer"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, old: str, new: str, line: int, named: str) -> None:
    assert faults(tmp_path, GOOD) == ""
    shutil.rmtree(tmp_path / "pack")
    said = faults(tmp_path, GOOD.replace(old, new))
    assert f"responses.toml:{line}:" in said
    assert named in said


async def test_a_tap_says_it_in_the_citizens_language(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana = machine.phone("luis"), machine.phone("ana", language="pt")
        await machine.appoint(luis, "comuna-14")
        await ana.says("Tem um buraco enorme na rua -34.5800, -58.4200")
        await ana.says("sim")
        code = await machine.one(select(ticket.c.code))
        await luis.news()
        await luis.says(f"/estado {code} resuelto")
        await luis.taps("Ya lo tapamos")
        await luis.says("sin foto")
        said = await machine.one(select(ticket_update.c.reason).where(ticket_update.c.status == "resolved"))
        assert said.startswith("Tapamos o buraco (")


async def reported(machine: Machine, story: str = "Tem um buraco enorme na rua") -> tuple[Phone, Phone, str]:
    """An official of Comuna 14, a Brazilian, and the code of what she has reported there."""
    luis, ana = machine.phone("luis"), machine.phone("ana", language="pt")
    await machine.appoint(luis, "comuna-14")
    await ana.says(f"{story} -34.5800, -58.4200")
    await ana.says("sim")
    await luis.news()
    return luis, ana, str(await machine.one(select(ticket.c.code)))


async def test_who_joined_reads_what_was_ready_in_her_own_language(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        joined = {language: machine.phone(language, language=language) for language in ("es", "en")}
        await joined["es"].says(f"me sumo {code}")
        await joined["en"].says(f"/join {code}")
        await luis.says(f"/responder {code}")
        await luis.taps("Pasamos a verlo")
        assert "vamos passar para ver" in (await ana.news())[-1].text
        assert "vamos a pasar a verlo" in (await joined["es"].news())[-1].text
        assert "will come and look" in (await joined["en"].news())[-1].text


async def test_words_of_ones_own_are_read_as_they_were_written(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, code = await reported(machine)
        eva = machine.phone("eva", language="en")
        await eva.says(f"/join {code}")
        await luis.says(f"/responder {code} Lo leímos y vamos {{code}}")
        assert "Lo leímos y vamos {code}" in (await eva.news())[-1].text


async def test_what_is_ready_fits_where_the_ticket_stands(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine, "A lâmpada da rua está queimada")

        async def offered() -> list[str]:
            said = (await luis.says(f"/responder {code}"))[-1]
            await luis.says("/cancelar")
            return [option.label for option in said.options]

        assert await offered() == ["Va la cuadrilla", "¿Número del poste?", "Pasamos a verlo", "¿Una foto?"]
        await luis.says(f"/planificar {code} viernes")
        assert (await offered())[:2] == ["¿Número del poste?", "Depende del tiempo"]
        await luis.says(f"/estado {code} esperando")
        await luis.taps("¿Número del poste?")
        assert "O poste tem um número pintado" in (await ana.news())[-1].text
        assert await machine.one(select(ticket.c.status)) == "waiting_citizen"
