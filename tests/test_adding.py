"""What comes to a ticket later: photos within bounds, words always, and the photo of before beside the one of after."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.messages import Attachment
from storage.evidence import MOST_PHOTOS
from storage.schema import ticket, ticket_media
from storage.schema import update as ticket_update
from tests.handset import Phone
from tests.machine import DAY, Machine
from tests.neighbours import BODY, reports, tells


async def reported(machine: Machine) -> tuple[Phone, Phone, str]:
    luis, ana = machine.phone("luis"), machine.phone("ana")
    await machine.appoint(luis, BODY)
    code = await reports(ana)
    await luis.news()
    return luis, ana, code


async def photos(phone: Phone, count: int, name: str) -> None:
    await phone.sends(attachments=[Attachment("photo", f"good-{name}-{number}") for number in range(count)])


async def test_a_photo_that_comes_later_reaches_the_officials(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, code = await reported(machine)
        assert "Mandame la foto" in (await ana.says(f"agregar foto {code}"))[-1].text
        await ana.photo(caption="ahora entra una rueda")
        told = (await luis.news())[-1]
        assert "ahora entra una rueda" in told.text
        assert len(told.media) == 1


async def test_a_ticket_holds_so_many_photos_and_says_when_it_is_full(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, ana, code = await reported(machine)
        for number, count in enumerate((4, 3, 4)):
            await ana.says(f"agregar foto {code}")
            await photos(ana, count, str(number))
        assert await machine.count(ticket_media, ticket_media.c.ticket == code) == MOST_PHOTOS
        assert "no entran más" in (await ana.says(f"agregar foto {code}"))[-1].text


async def test_a_story_told_to_the_question_brings_no_more_photos_than_there_is_room_for(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        for number in range(2):
            await ana.says(f"agregar foto {code}")
            await photos(ana, 4, str(number))
        await luis.says(f"/estado {code} resuelto listo")
        await ana.news()
        await ana.photo("good-more", caption="sí, pero dejaron los escombros en la vereda")
        assert "escombros" in "".join(each.text for each in await luis.news())
        assert await machine.count(ticket_media, ticket_media.c.ticket == code) == MOST_PHOTOS


async def test_words_are_taken_even_where_no_photo_is(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        await luis.says(f"/estado {code} resuelto listo")
        await ana.news()
        await ana.taps("Sí")
        await machine.wait(31 * DAY)
        assert "ya no se le pueden sumar fotos" in (await ana.says(f"agregar foto {code}"))[-1].text
        await luis.news()
        await ana.says(f"agregar {code} se volvió a abrir")
        assert "se volvió a abrir" in (await luis.news())[-1].text


async def test_nobody_adds_to_the_ticket_of_a_stranger(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        *_, code = await reported(machine)
        assert "no es un reclamo tuyo" in (await machine.phone("eva").says(f"agregar foto {code}"))[-1].text


async def test_the_photo_of_before_comes_with_the_one_of_after(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        await ana.says(f"agregar foto {code}")
        await ana.photo("good-before")
        (before,) = await machine.rows(select(ticket_media.c.media_id))
        await luis.says(f"/estado {code} resuelto listo")
        await ana.news()
        await luis.says(f"/responder {code}")
        await luis.photo("good-after", caption="así quedó")
        told = (await ana.news())[-1]
        assert told.text.startswith("📷 Antes / Después")
        assert told.media[0] == before.media_id
        assert len(told.media) == 2
        assert [option.label for option in told.options] == ["Sí", "No", "No sé"], "and she is still asked"


async def test_a_mark_is_kept_once_given_by_who_reported_it_over_who_joined(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        leo = machine.phone("leo")
        await leo.says(f"me sumo {code}")
        await luis.says(f"/estado {code} resuelto listo")
        await leo.news()
        await leo.taps("Sí")
        await leo.taps("Muy mal")
        assert await machine.one(select(ticket.c.rating)) == 1
        await ana.news()
        await ana.taps("Sí")
        await ana.says("4")
        assert await machine.one(select(ticket.c.rating)) == 4
        await leo.says(f"puntaje {code} 2")
        assert await machine.one(select(ticket.c.rating)) == 4
        rows = await machine.rows(select(ticket_update.c.words, ticket_update.c.public).where(RATED))
        assert [(row.words, bool(row.public)) for row in rows] == [("1", False), ("4", False), ("2", False)]
        assert "Puntaje (de 1 a 5): 4" in (await luis.says(f"/ver {code}"))[-1].text
        assert "Puntaje" not in (await machine.phone("eva").says(f"estado {code}"))[-1].text


async def told_by_sms(machine: Machine) -> tuple[Phone, Phone, str]:
    """Return an official, who reported by SMS and was just written to, and the code."""
    luis, ana = machine.phone("luis"), machine.phone("+5491155550000", account="sms:1")
    await machine.appoint(luis, BODY)
    await tells(ana)
    code = str(await machine.one(select(ticket.c.code)))
    await luis.says(f"/responder {code} pasamos el lunes")
    await luis.news()
    assert "pasamos el lunes" in (await ana.news())[-1].text
    return luis, ana, code


async def test_who_cannot_quote_a_message_just_answers(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, _ = await told_by_sms(machine)
        assert "Se lo pasé" in (await ana.says("a la mañana no hay nadie en la cuadra"))[-1].text
        assert "no hay nadie en la cuadra" in (await luis.news())[-1].text


@pytest.mark.parametrize("said", ["dale", "gracias", "hay un semáforo roto", "mis reclamos", "7"])
async def test_small_talk_and_another_report_are_no_answers(sqlite_url: str, said: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, _ = await told_by_sms(machine)
        await ana.says(said)
        assert await luis.news() == []


async def test_an_answer_of_days_later_is_none(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, _ = await told_by_sms(machine)
        await machine.wait(2 * DAY)
        await luis.news()
        await ana.says("a la mañana no hay nadie en la cuadra")
        assert await luis.news() == []


RATED = ticket_update.c.action == "rated"


@pytest.mark.parametrize("other", ["hay un semáforo roto en Callao y Mitre", "gracias", "mis reclamos"])
async def test_nobody_has_to_give_a_mark(sqlite_url: str, other: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        await luis.says(f"/estado {code} resuelto listo")
        await ana.news()
        assert "Cómo te atendieron" in (await ana.taps("Sí"))[-1].text
        said = await ana.says(other)
        assert not any("atendieron" in each.text for each in said)
        assert await machine.one(select(ticket.c.rating)) is None


async def test_no_stranger_gives_a_mark_and_nobody_before_it_is_resolved(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, ana, code = await reported(machine)
        assert "no es un reclamo tuyo" in (await machine.phone("eva").says(f"puntaje {code} 1"))[-1].text
        await ana.says(f"puntaje {code} 1")
        assert await machine.one(select(ticket.c.rating)) is None


@pytest.mark.parametrize(
    ("said", "kept"), [("retirar", ""), ("ya no hace falta", "unneeded"), ("ya se arreglo", "solved")]
)
async def test_why_a_report_was_taken_back_is_kept_where_it_was_said(sqlite_url: str, said: str, kept: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, ana, code = await reported(machine)
        await ana.says(f"{said} {code}")
        await ana.says("sí")
        last = select(ticket_update.c.action).where(ticket_update.c.status == "withdrawn")
        assert await machine.one(last) == kept


async def test_the_reason_for_taking_it_back_is_one_tap(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, code = await reported(machine)
        await ana.says(f"retirar {code}")
        await ana.taps("Ya se arregló")
        assert await machine.one(select(ticket.c.status)) == "withdrawn"
        assert "«Ya se arregló»" in (await luis.news())[-1].text


async def test_a_note_is_no_mark_whatever_the_language_calls_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, code = await reported(machine)
        await luis.says("/idioma português")
        await luis.says(f"/nota {code} levar a escada")
        assert "levar a escada" in (await luis.says(f"/ver {code}"))[-1].text
        assert await machine.one(select(ticket.c.rating)) is None
