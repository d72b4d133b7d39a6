"""Two tickets become one and are parted again; an outage becomes one incident: nobody loses a follow-up."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from bot.messages import Outbound
from routing.pack import Pack
from routing.records import Rule
from storage import merging, tickets
from storage.schema import supporter, ticket
from storage.schema import update as ticket_update
from storage.statuses import Forbidden
from storage.updates import Change
from tests.handset import Phone
from tests.machine import CONGRESS, HOUR, Machine, demo_pack, texts
from tests.neighbours import BODY, STORY, away, reports

OUTAGE = "no hay agua en todo el barrio desde anoche"
WATER = "agua"


def shown(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"


async def two(machine: Machine) -> tuple[Phone, Phone, Phone, str, str]:
    """Return an official, two citizens, and the tickets of each, beside each other."""
    luis, ana, eva = machine.phone("luis"), machine.phone("ana"), machine.phone("eva")
    await machine.appoint(luis, BODY)
    first, second = await reports(ana), await reports(eva, away(30))
    for phone in (luis, ana, eva):
        await phone.news()
    return luis, ana, eva, first, second


async def followers(machine: Machine, code: str) -> set[int]:
    rows = await machine.rows(select(supporter.c.person_id).where(supporter.c.ticket == code))
    return {row.person_id for row in rows}


async def status(machine: Machine, code: str) -> str:
    return str(await machine.one(select(ticket.c.status).where(ticket.c.code == code)))


# Merging


async def test_a_merged_ticket_brings_its_reporter_and_its_supporters_along(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, eva, first, second = await two(machine)
        leo = machine.phone("leo")
        await leo.says(f"me sumo {second}")
        assert "quedó unido" in (await luis.says(f"/unir {second} {first}"))[-1].text
        assert await status(machine, second) == "duplicate"
        assert len(await followers(machine, first)) == 2
        for phone in (eva, leo):
            (told,) = await phone.news()
            assert shown(first) in told.text
            assert told.important, "a follow-up that must reach her"
        assert await ana.news() == []
        await luis.says(f"/estado {first} en obra")
        for phone in (ana, eva, leo):
            assert "En obra" in (await phone.news())[-1].text


async def test_both_histories_say_so(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, _, first, second = await two(machine)
        await luis.says(f"/unir {second} con {first}")
        assert shown(second) in (await ana.says(f"estado {first}"))[-1].text
        assert f"Repetido: {shown(first)}" in (await ana.says(f"estado {second}"))[-1].text


@pytest.mark.parametrize("said", ["/estado {0} duplicado de {1}", "/estado {0} repetido {1}", "unir {0} {1}"])
async def test_an_official_says_it_in_her_own_words(sqlite_url: str, said: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, _, first, second = await two(machine)
        await luis.says(said.format(shown(second), shown(first)))
        assert await machine.one(select(ticket.c.duplicate_of).where(ticket.c.code == second)) == first


async def test_an_official_who_names_one_is_asked_for_the_other_and_offered_what_is_near(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, _, first, second = await two(machine)
        asked = (await luis.says(f"/unir {second}"))[-1]
        assert [option.label for option in asked.options] == [shown(first)]
        await luis.taps(shown(first))
        assert await status(machine, second) == "duplicate"
        assert "repetido" in (await luis.says(f"/estado {first} duplicado"))[-1].text


async def test_a_reason_without_a_code_ends_a_ticket_as_before(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, eva, _, second = await two(machine)
        await luis.says(f"/estado {second} duplicado ya lo reportaron por teléfono")
        assert await status(machine, second) == "duplicate"
        assert "ya lo reportaron por teléfono" in (await eva.news())[-1].text
        assert "no está unido" in (await luis.says(f"/dividir {second}"))[-1].text


async def test_only_an_official_of_both_bodies_may_merge_or_part(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, _, first, second = await two(machine)
        other = await reports(machine.phone("leo"), story="se rompió un caño y sale agua de la vereda")
        mia = machine.phone("mia")
        await machine.appoint(mia, WATER)
        assert "lo atiende" in (await luis.says(f"/unir {second} {other}"))[-1].text
        assert "lo atiende" in (await mia.says(f"/unir {other} {first}"))[-1].text
        assert "quienes atienden" in (await ana.says(f"/unir {second} {first}"))[-1].text
        await luis.says(f"/unir {second} {first}")
        assert "lo atiende" in (await mia.says(f"/dividir {second}"))[-1].text
        assert "quienes atienden" in (await ana.says(f"/dividir {second}"))[-1].text
        assert await status(machine, second) == "duplicate"


async def test_what_cannot_be_merged_is_refused_with_the_reason(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, _, first, second = await two(machine)
        assert "dos códigos" in (await luis.says(f"/unir {first} {first}"))[-1].text
        await luis.says(f"/estado {first} rechazado no es de acá")
        assert "ya está cerrado" in (await luis.says(f"/unir {second} {first}"))[-1].text
        assert "ya está cerrado" in (await luis.says(f"/unir {first} {second}"))[-1].text
        assert "No encuentro" in (await luis.says(f"/unir {second} 0000000"))[-1].text
        assert await followers(machine, first) == await followers(machine, second) == set()


async def test_who_follows_both_is_told_once_of_each_step(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, eva, first, second = await two(machine)
        await eva.says(f"me sumo {first}")
        await ana.says(f"me sumo {second}")
        await luis.says(f"/unir {second} {first}")
        await ana.news(), await eva.news()
        await luis.says(f"/estado {first} en obra")
        assert len(await ana.news()) == len(await eva.news()) == 1


async def test_a_redelivered_merge_is_one(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, _, eva, first, second = await two(machine)
        order = luis.message(f"/unir {second} {first}")
        await machine.take(order, order)
        await machine.take(order)
        await machine.settle()
        assert len(await eva.news()) == 1
        assert await machine.count(ticket_update, ticket_update.c.status == "duplicate") == 1
        assert "ya está cerrado" in (await luis.says(f"/unir {second} {first}"))[-1].text


async def test_two_officials_who_merge_each_into_the_other_leave_one_open(postgres_url: str) -> None:
    async with Machine(postgres_url) as one, Machine(postgres_url) as two_:
        luis, _, _, first, second = await two(one)
        await one.appoint(one.phone("mia"), BODY)
        mia = two_.phone("mia")
        here = luis.message(f"/unir {first} {second}", key="x1")
        there = mia.message(f"/unir {second} {first}", key="x2")
        await asyncio.gather(one.intake.take(here), two_.intake.take(there))
        found = sorted([await status(one, first), await status(one, second)])
        assert found == ["duplicate", "received"]


# What follows from it


async def test_an_answer_to_a_merged_ticket_reaches_the_one_that_stands_for_it(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, _, eva, first, second = await two(machine)
        await luis.says(f"/unir {second} {first}")
        await luis.news()
        await eva.says(f"contestar {second} sigue igual")
        assert shown(first) in (await luis.news())[-1].text
        await eva.says(f"salgo {second}")
        assert await followers(machine, first) == set()
        await machine.phone("mia").says(f"me sumo {second}")
        assert len(await followers(machine, first)) == 1


async def test_merged_tickets_may_be_merged_on(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, eva, first, second = await two(machine)
        third = await reports(machine.phone("leo"), away(60))
        await luis.says(f"/unir {second} {first}")
        await luis.says(f"/unir {first} {third}")
        await ana.news(), await eva.news()
        await luis.says(f"/estado {third} en obra")
        assert "En obra" in (await ana.news())[-1].text
        assert "En obra" in (await eva.news())[-1].text
        await eva.says(f"contestar {second} gracias")
        assert await machine.count(ticket_update, ticket_update.c.ticket == third, ticket_update.c.words == "gracias")


# Parting


async def test_parting_gives_everybody_back_what_she_followed(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, eva, first, second = await two(machine)
        leo, mia = machine.phone("leo"), machine.phone("mia")
        await leo.says(f"me sumo {second}")
        await machine.wait(HOUR)
        await luis.says(f"/unir {second} {first}")
        await machine.wait(HOUR)
        await mia.says(f"me sumo {second}")
        for phone in (ana, eva, leo, mia):
            await phone.news()
        assert "se separó" in (await luis.says(f"/dividir {second}"))[-1].text
        for phone in (eva, leo):
            assert "se separaron" in (await phone.news())[-1].text
        await luis.says(f"/estado {second} en obra")
        assert [len(await phone.news()) for phone in (ana, eva, leo, mia)] == [0, 1, 1, 0]
        await luis.says(f"/estado {first} en obra")
        assert [len(await phone.news()) for phone in (ana, eva, leo, mia)] == [1, 0, 0, 1]


async def test_who_left_the_merged_one_is_not_brought_back_by_parting(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, _, _, first, second = await two(machine)
        leo = machine.phone("leo")
        await leo.says(f"me sumo {second}")
        await luis.says(f"/unir {second} {first}")
        await leo.says(f"salgo {first}")
        await luis.says(f"/estado {second} reabierto")
        assert await status(machine, second) == "reopened"
        assert await followers(machine, second) == await followers(machine, first) == set()


async def test_a_ticket_that_was_never_merged_cannot_be_parted(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, _, _, first, _ = await two(machine)

        async def part(work: object) -> None:
            found = await tickets.by_code(work, first)  # type: ignore[arg-type]
            assert found
            with pytest.raises(Forbidden):
                await merging.split(work, found, Change(actor="official"))  # type: ignore[arg-type]

        await machine.work(part)


# Outages


async def without_water(machine: Machine, names: str, step: float = -100.0) -> list[Phone]:
    """Let so many citizens report that they have no water, each some steps from the other."""
    phones = [machine.phone(name) for name in names.split()]
    for number, phone in enumerate(phones):
        await phone.says(OUTAGE)
        await phone.sends(place=away(number * step))
        if any(option.label == "Es otro" for option in phone.last.options):
            await phone.taps("Es otro")
        await phone.taps("Enviar")
        await machine.wait(60)
    return phones


async def incidents(machine: Machine) -> list[str]:
    rows = await machine.rows(select(ticket.c.code).where(ticket.c.incident_at.is_not(None)))
    return [row.code for row in rows]


async def test_five_without_water_are_one_incident_with_one_answer_for_all(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis = machine.phone("luis")
        await machine.appoint(luis, WATER)
        phones = await without_water(machine, "ana eva leo mia")
        assert await incidents(machine) == []
        await luis.news()
        (zoe,) = await without_water(machine, "zoe")
        codes = [row.code for row in await machine.rows(select(ticket.c.code).order_by(ticket.c.created_at))]
        assert await incidents(machine) == codes[:1]
        assert len(await followers(machine, codes[0])) == 4
        told = texts(await luis.news())
        assert len(told) == 1, "the fifth report is told as the outage that it makes"
        assert "5 reclamos" in told[0]
        for phone in phones:
            assert shown(codes[0]) in (await phone.news())[-1].text
        await luis.says(f"/responder {codes[0]} se cortó un caño maestro, vuelve a las 18")
        for phone in (*phones, zoe):
            assert "vuelve a las 18" in (await phone.news())[-1].text
        assert await machine.count(ticket, ticket.c.status == "duplicate") == 4


async def test_a_body_beside_hears_of_the_outage_as_well_and_who_works_for_both_hears_once(database_url: str) -> None:
    records = demo_pack().records
    beside = Rule(bodies=("ciudad",), also=True)
    async with Machine(database_url, pack=Pack(replace(records, rules=(*records.rules, beside)))) as machine:
        luis, marta = machine.phone("luis"), machine.phone("marta")
        await machine.appoint(luis, WATER, "ciudad")
        await machine.appoint(marta, "ciudad")
        await without_water(machine, "ana eva leo mia")
        for phone in (luis, marta):
            await phone.news()
        await without_water(machine, "zoe")
        for phone in (luis, marta):
            (told,) = texts(await phone.news())
            assert "5 reclamos" in told


async def test_the_sixth_is_offered_the_incident_first(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await without_water(machine, "ana eva leo mia zoe")
        (code,) = await incidents(machine)
        eva = machine.phone("sol")
        await eva.says(OUTAGE)
        asked: Outbound = (await eva.sends(place=away(-300)))[-1]
        assert "Ya hay un corte" in asked.text
        assert shown(code) in asked.text
        await eva.taps("Me sumo")
        assert len(await followers(machine, code)) == 5


async def test_words_that_tell_only_the_quarter_count_and_are_offered_it_too(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await without_water(machine, "ana eva leo mia zoe")
        sol = machine.phone("sol")
        await sol.says(OUTAGE)
        said = await sol.says("frente a la plaza, Balvanera")
        if "¿En qué barrio" in said[-1].text:
            said = await sol.says("Balvanera")
        assert "Ya hay un corte" in said[-1].text


@pytest.mark.parametrize("names", ["ana ana ana ana ana ana", "ana eva leo mia"])
async def test_fewer_than_five_people_are_no_outage(sqlite_url: str, names: str) -> None:
    async with Machine(sqlite_url) as machine:
        await without_water(machine, names)
        assert await incidents(machine) == []


async def test_five_in_a_day_or_all_over_the_comuna_are_no_outage(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        for name in ("ana", "eva", "leo", "mia", "zoe"):
            await without_water(machine, name)
            await machine.wait(HOUR)
        assert await incidents(machine) == []


async def test_five_potholes_are_five_potholes(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        for number, name in enumerate(("ana", "eva", "leo", "mia", "zoe")):
            await reports(machine.phone(name), away(40 * number), STORY)
        assert await incidents(machine) == []
        assert await machine.count(ticket, ticket.c.status == "received") == 5


async def test_an_outage_reported_at_the_same_moment_is_one_incident(database_url: str) -> None:
    async with Machine(database_url) as machine:
        phones = [machine.phone(f"p{number}") for number in range(9)]
        for phone in phones:
            await phone.says(OUTAGE)
            await phone.sends(place=CONGRESS)
        await machine.take(*(phone.message("sí") for phone in phones))
        await machine.settle()
        (code,) = await incidents(machine)
        assert await machine.count(ticket, ticket.c.duplicate_of == code) == 4
        assert await machine.count(ticket) == 9
