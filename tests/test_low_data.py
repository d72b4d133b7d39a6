"""Little data: no pictures, no pins, short words, few messages; the pictures come to whoever asks for them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.lightening import lighten
from bot.messages import Option, Outbound, Place
from locales import LANGUAGES, catalog, find_command
from storage.codes import PATTERN
from storage.schema import outbox, person
from tests.handset import Phone
from tests.machine import CONGRESS, HOUR, Machine, texts
from tests.test_officials import BODY, report

EVERYTHING = Outbound(
    text="Novedades",
    options=(Option(tap="/reply K7Q42MX", label="Responder"),),
    numbered=False,
    media=("a", "b"),
    place=CONGRESS,
    ticket="K7Q42MX",
)


def light(out: Outbound, *, official: bool = False) -> Outbound:
    return lighten(out, catalog("es"), "", official=official)


async def reported(machine: Machine, *, words: str = "pocos datos") -> tuple[Phone, Phone, str]:
    """Return somebody with little data and a ticket, the official who answers for it, and its code."""
    ana, luis = machine.phone("ana"), machine.phone("luis")
    await machine.appoint(luis, BODY)
    await ana.says(words)
    code = await report(machine, ana)
    await luis.news()
    return ana, luis, code


def test_pictures_pins_and_shortcuts_stay_away_and_the_way_to_the_pictures_is_said() -> None:
    assert light(EVERYTHING) == Outbound(
        text="Novedades\n(2 archivos: «fotos K7Q4-2MX»)", numbered=False, ticket="K7Q42MX"
    )


def test_the_answers_to_a_question_stay() -> None:
    question = Outbound(text="¿Lo mando?", options=(Option(tap="q1.send.yes", label="Enviar"),))
    assert light(question) == question


def test_a_picture_without_a_ticket_is_left_out_without_a_word() -> None:
    assert light(Outbound(text="Así queda", media=("a",))) == Outbound(text="Así queda")


def test_an_official_keeps_her_tools_and_the_way_there() -> None:
    kept = light(EVERYTHING, official=True)
    assert (kept.options, kept.place, kept.media) == (EVERYTHING.options, EVERYTHING.place, ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_leaves_a_picture_out_tells_words_that_are_understood(language: str) -> None:
    said = lighten(EVERYTHING, catalog(language), "", official=False).text
    typed = said.split(": ")[1].strip("«»“”)")
    command = find_command(typed, language, PATTERN)
    assert command is not None
    assert (command.name, command.rest) == ("photos", "K7Q4-2MX")


@pytest.mark.parametrize(
    ("language", "on", "off"),
    [("es", "modo liviano", "modo completo"), ("pt", "modo leve", "modo completo"), ("en", "low data", "full data")],
)
async def test_it_is_turned_on_and_off_with_a_word(language: str, on: str, off: str, database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana", language=language)
        (said,) = await ana.says(on)
        assert off in said.text
        assert await machine.one(select(person.c.low_data)) is True
        await ana.says(off)
        assert await machine.one(select(person.c.low_data)) is False


async def test_it_holds_for_the_person_and_nobody_else(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await ana.says("liviano")
        await eva.says("hola")
        assert sorted(row.low_data for row in await machine.rows(select(person.c.low_data))) == [False, True]


async def test_the_short_words_of_sms_are_used_on_every_channel(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await ana.says("liviano")
        (short,) = await ana.says("ayuda")
        (long,) = await eva.says("ayuda")
        words, city = catalog("es"), machine.pack.name("es")
        assert short.text == words.text("help", "sms", city=city)
        assert long.text == words.text("help", city=city)


async def test_that_it_was_only_seen_is_no_news_but_words_are(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, luis, code = await reported(machine)
        await luis.says(f"/tomar {code}")
        assert await ana.news() == []
        await luis.says(f"/responder {code} Mañana vamos")
        assert ["Mañana vamos" in text for text in texts(await ana.news())] == [True]


async def test_that_it_was_seen_with_words_is_news(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await reported(machine)
        await luis.says(f"/responder {code} Lo vimos")
        assert ["Lo vimos" in text for text in texts(await ana.news())] == [True]


async def test_nobody_reminds_her_of_a_draft(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await ana.says("liviano")
        for phone in (ana, eva):
            await phone.says("hay un árbol caído")
        await machine.wait(2 * HOUR)
        assert await ana.news() == []
        assert len(await eva.news()) == 1


async def test_a_picture_comes_when_it_is_asked_for(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await reported(machine)
        await luis.says(f"/responder {code}")
        await luis.photo(caption="Así está hoy")
        (told,) = await ana.news()
        assert told.media == ()
        assert f"(1 archivo: «fotos {code[:4]}-{code[4:]}»)" in told.text
        (shown,) = await ana.says(f"fotos {code}")
        assert len(shown.media) == 1


async def test_a_ticket_without_pictures_says_so_to_whoever_asks(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, _, code = await reported(machine, words="hola")
        (none,) = await machine.phone("eva").says(f"foto {code}")
        assert "no tiene fotos" in none.text


async def test_no_pin_goes_out(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await reported(machine)
        await luis.says(f"/estado {code} resuelto lo tapamos")
        everything = [*await ana.everything()]
        assert all(out.place is None and not out.media for out in everything)
        assert any(isinstance(out.place, Place) for out in await luis.everything())
        assert await machine.count(outbox, outbox.c.kind == "message") > 0
