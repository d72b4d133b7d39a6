"""Photos and voice notes that come with a command or as a reply: nothing that is sent along is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.messages import Attachment
from locales import catalog
from storage.schema import outbox, ticket
from tests.handset import Phone
from tests.machine import Machine

SMS = "sms:+5491150000000"


async def reported(machine: Machine, account: str = "") -> tuple[Phone, Phone, str]:
    """An official, who reported something (at an account of her own), and its code."""
    luis = machine.phone("luis")
    ana = machine.phone("+5491155550001", account=account) if account else machine.phone("ana")
    await machine.appoint(luis, "comuna-14")
    for words in ("Hay un pozo enorme en la bajada -34.5800, -58.4200", "dale"):
        await ana.says(words)
    await ana.news()
    await luis.news()
    return luis, ana, str(await machine.one(select(ticket.c.code)))


async def status(machine: Machine) -> str:
    return str(await machine.one(select(ticket.c.status)))


@pytest.mark.parametrize("command", ["/estado {code} resuelto tapado", "estado {code} resuelto tapado"])
async def test_a_command_under_a_photo_is_one(sqlite_url: str, command: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        await luis.photo(caption=command.format(code=code))
        assert await status(machine) == "resolved"
        told = (await ana.news())[-1]
        assert "tapado" in told.text
        assert told.media


async def test_any_status_takes_its_photo_along(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        await luis.photo(caption=f"/estado {code} en obra empezamos hoy")
        told = (await ana.news())[-1]
        assert "empezamos hoy" in told.text
        assert told.media


async def test_an_official_who_names_no_status_is_asked_and_keeps_her_photo(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        await luis.photo(caption=f"/estado {code}")
        await luis.taps("Resuelto")
        await luis.says("tapado con asfalto")
        assert await status(machine) == "resolved"
        assert (await ana.news())[-1].media


async def test_a_citizens_photo_with_her_code_is_added_to_her_report(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        said = await ana.photo(caption=f"estado {code}")
        assert "Se lo pasé" in said[-1].text
        assert (await luis.news())[-1].media


async def test_a_word_under_a_photo_is_no_command(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.photo(caption="ayuda")
        assert (await ana.state()).talks[-1].name == "report"


async def test_a_photo_that_replies_to_a_ticket_is_an_answer_with_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        sent = outbox.update().where(outbox.c.ticket == code).values(provider_id="p-1")
        await machine.work(lambda work: work.execute(sent))
        await luis.photo(reply_to="p-1")
        assert (await ana.news())[-1].media
        assert await status(machine) == "acknowledged"


@pytest.mark.parametrize("language", ["es", "pt", "en"])
async def test_a_voice_note_to_a_phone_without_data_says_where_it_is_heard(sqlite_url: str, language: str) -> None:
    variant = {SMS: "sms"}
    async with Machine(sqlite_url, variant=lambda account: variant.get(account, "")) as machine:
        luis, ana, code = await reported(machine, SMS)
        await ana.says(f"/idioma {language}")
        await ana.news()
        await luis.says(f"/responder {code}")
        await luis.sends(attachments=[Attachment("voice", "good")])
        told = (await ana.news())[-1]
        words = catalog(language)
        start = words.text("told-voice", "sms", body="", code="", category="").split(".")[-2].strip()
        assert start in told.text
        assert told.ticket == code
