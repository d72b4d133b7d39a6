"""The request for information: a page and a link that open a mail program with it, and nothing personal in either."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot.mailto import MOST_LINK, mail_link
from bot.providers import Providers
from storage.schema import ticket
from storage.work import Work
from tests.machine import Machine
from tests.scripted_rooms import House
from web.letters import LetterPage

HTML = {"Accept": "text/html", "Accept-Language": "es"}
PERSONAL = "un pozo enorme; me llamo Ana Pérez, llamame al 11 5555-4444"


def read(link: str) -> tuple[str, str, str]:
    """(to, subject, text) as a mail program reads them."""
    parts = urlsplit(link)
    said = parse_qs(parts.query)
    return parts.path, said["subject"][0], said.get("body", [""])[0]


@given(st.text(max_size=400), st.text(max_size=80))
def test_a_link_is_bounded_and_reads_back(words: str, subject: str) -> None:
    words = words.encode("utf-8", "ignore").decode().replace("\r", "")
    subject = "s" + subject.encode("utf-8", "ignore").decode()
    link = mail_link("a@b.example", subject, lambda most: f"Carta:\n{words[:most]}")
    assert len(link) <= MOST_LINK
    assert link.isascii()
    assert " " not in link
    to, about, text = read(link)
    assert (to, about) == ("a@b.example", subject)
    assert text.replace("\r\n", "\n") in [f"Carta:\n{words[:most]}" for most in (300, 160, 60, 0)]


def test_a_letter_too_long_for_any_link_leaves_the_mail_to_be_filled_in() -> None:
    link = mail_link("", "Pedido", lambda most: "ñ" * 5000)
    assert read(link) == ("", "Pedido", "")


async def reported(machine: Machine) -> tuple[str, Providers]:
    ana = machine.phone("ana")
    for line in ("bache", "-34.6095, -58.3925", PERSONAL, "dale"):
        await ana.says(line)
    show = Providers(machine.database, machine.pack, lambda connection: _work(machine, connection), dict)
    return str(await machine.one(select(ticket.c.code))), show


def _work(machine: Machine, connection: object) -> Work:
    return Work(connection, machine.now, machine.lots.code, machine.lots.id)  # type: ignore[arg-type]


async def test_the_page_has_the_case_and_nothing_personal(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        code, show = await reported(machine)
        found = await show.letter(code)
        assert found is not None
        text = read(found.link)[2]
        for said in (found.text, text):
            assert f"{code[:4]}-{code[4:]}" in said
            assert "un pozo enorme; me llamo [nombre], llamame al [teléfono]" in said
            assert "Pérez" not in said
            assert "5555" not in said
        assert read(found.link)[1] == f"Pedido de información sobre el reclamo {code[:4]}-{code[4:]}"


@pytest.mark.parametrize("change", [{"held_at": 1.0}, {"status": "resolved"}])
async def test_there_is_no_letter_about_what_is_held_or_done(change: dict[str, object], sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        code, show = await reported(machine)
        await machine.work(lambda work: work.execute(update(ticket).values(**change)))
        assert await show.letter(code) is None
        assert await show.letter("garbage") is None


async def test_the_page_opens_a_mail_program(house: House) -> None:
    link = mail_link("", "Pedido", lambda most: "A la comuna:\n<b>«pozo» & más</b>")

    async def letter(code: str) -> LetterPage | None:
        return LetterPage("K7Q4-2MX", "<b>«pozo» & más</b>", link, "mesa de entradas") if code == "K7Q4-2MX" else None

    async with house.open(letter=letter) as client:
        text = await (await client.get("/t/K7Q4-2MX/request", headers=HTML)).text()
        assert f'href="{link.replace("&", "&amp;")}"' in text
        assert "&lt;b&gt;«pozo» &amp; más" in text
        assert "mesa de entradas" in text
        assert (await client.get("/t/RT2G-ZSA/request", headers=HTML)).status == 404
