"""responses.toml: what is ready to be said, checked before anybody says it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from routing.faults import PackError
from routing.folder import read_records
from storage.schema import ticket
from storage.schema import update as ticket_update
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


def test_the_demo_has_some_in_every_language() -> None:
    found = demo_pack().records.responses
    assert found
    assert all(each.text.keys() == {"es", "pt", "en"} for each in found)


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
        assert said.startswith("Tapamos o buraco na ")
