"""Confirmed choices: counted when a report is sent, once for each word, and read again as suggestions."""

from __future__ import annotations

from bot.messages import Place
from bot.municipality import Popularity
from storage import choices
from storage.database import Database
from storage.schema import category_choice
from storage.work import Work
from tests.machine import CONGRESS, Lots, Machine

PALERMO = Place(lat=-34.5812, lon=-58.4212, source="pin")


async def counts(database: Database) -> dict[tuple[str, str, str], int]:
    async with database.read() as connection:
        rows = (await connection.execute(category_choice.select())).all()
    return {(row.language, row.word, row.category): row._mapping["count"] for row in rows}


async def test_counts_add_up_over_transactions(database_url: str) -> None:
    database, lots = Database(database_url), Lots()
    for _ in range(2):
        async with database.write() as connection:
            work = Work(connection, 1000.0, lots.code, lots.id)
            choices.note(work, "es-AR", ["pileta", "esquina"], "inundacion")
            choices.note(work, "es", ["pileta"], "inundacion")
            await choices.write(work)
            await choices.write(work)
    assert await counts(database) == {("es", "pileta", "inundacion"): 4, ("es", "esquina", "inundacion"): 2}
    async with database.read() as connection:
        assert await choices.read(connection) == [
            ("es", "pileta", "inundacion", 4),
            ("es", "esquina", "inundacion", 2),
        ]
    await database.close()


async def test_what_was_said_once_is_not_read(database_url: str) -> None:
    database, lots = Database(database_url), Lots()
    async with database.write() as connection:
        work = Work(connection, 1000.0, lots.code, lots.id)
        choices.note(work, "es", ["pileta"], "inundacion")
        await choices.write(work)
    async with database.read() as connection:
        assert await choices.read(connection) == []
    await database.close()


async def report_flood(machine: Machine, who: str, words: str, place: Place) -> None:
    phone = machine.phone(who)
    await phone.says("hola")
    await phone.taps("💧 Agua y desagües")
    await phone.taps("🌊 Calle inundada")
    await phone.sends(place=place)
    await phone.says(words)
    await phone.says("dale")


async def test_what_two_citizens_confirmed_is_suggested_to_a_third(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await report_flood(machine, "ana", "la esquina es una pileta", CONGRESS)
        await report_flood(machine, "bea", "otra vez la pileta de siempre", PALERMO)
        popularity = Popularity(machine.database)
        await popularity.count()
        assert machine.pack.recognition.suggest("hay una pileta", "es", learned=popularity.learned) == ("inundacion",)


async def test_a_correction_moves_the_words_to_what_they_meant(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        phone = machine.phone("ana")
        await phone.says("hay un bache enorme")
        await phone.sends(place=CONGRESS)
        code = (await phone.says("dale"))[-1].ticket
        assert (await counts(machine.database))["es", "enorme", "bache"] == 1
        await phone.says(f"cambiar {code} tema")
        await phone.says("es una vereda rota")
        await phone.says("sí")
        after = await counts(machine.database)
        assert (after["es", "enorme", "bache"], after["es", "enorme", "vereda-rota"]) == (0, 1)


async def test_a_draft_that_was_never_sent_teaches_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        phone = machine.phone("ana")
        await phone.says("hay un bache enorme, una pileta")
        await phone.sends(place=CONGRESS)
        await phone.says("cancelar")
        assert await counts(machine.database) == {}
