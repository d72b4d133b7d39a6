"""What the city of the state machine brought to light, each told by itself."""

from __future__ import annotations

from sqlalchemy import select

from storage.schema import ticket
from tests.leaving import dismiss
from tests.machine import DAY, HOUR, Machine, texts
from tests.neighbours import BODY, away, reports


async def test_who_was_dismissed_at_night_reads_no_new_ticket_in_the_morning(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, rosa, ana = (machine.phone(name) for name in ("luis", "rosa", "ana"))
        for phone in (luis, rosa):
            await machine.appoint(phone, BODY)
            await phone.news()
        await machine.wait(2 * HOUR)
        await reports(ana)
        dismissed = (await luis.row()).address_id
        await machine.work(lambda work: dismiss(work, dismissed))
        await machine.wait(3 * DAY)
        assert [text for text in texts(await luis.news()) if "bache" in text] == []
        assert [text for text in texts(await rosa.news()) if "bache" in text] != []


async def test_who_followed_two_merged_tickets_follows_the_lead_while_one_of_them_stays(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, eva, leo = (machine.phone(name) for name in ("luis", "ana", "eva", "leo"))
        await machine.appoint(luis, BODY)
        lead, own, joined = await reports(ana), await reports(eva, away(30)), await reports(leo, away(40))
        await eva.says(f"me sumo {joined}")
        for code in (joined, own):
            await machine.wait(5)
            await luis.says(f"/unir {code} {lead}")
        await machine.wait(5)
        await luis.says(f"/dividir {joined}")
        for phone in (eva, leo):
            await phone.news()
        await luis.says(f"/estado {lead} en obra")
        assert [len(await phone.news()) for phone in (eva, leo)] == [1, 0]


async def test_an_undo_brings_nobody_back_who_had_it_before_it_was_passed_on(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, pepe, ana = (machine.phone(name) for name in ("luis", "pepe", "ana"))
        await machine.appoint(luis, BODY, name="Luis")
        await machine.appoint(pepe, "agua", name="Pepe")
        code = await reports(ana)
        await luis.says(f"/asignar {code} yo")
        await luis.says(f"/pasar {code} agua es un caño")
        await pepe.says(f"/pasar {code} {BODY} no es un caño")
        await pepe.taps("Pasarlo igual")
        await machine.wait(5)
        await luis.says(f"/asignar {code} yo")
        await luis.says(f"/deshacer {code}")
        assert await machine.one(select(ticket.c.taken_by).where(ticket.c.code == code)) is None


async def test_an_undo_does_not_bring_back_a_day_that_was_undone_before(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana = machine.phone("luis"), machine.phone("ana")
        await machine.appoint(luis, BODY)
        code = await reports(ana)
        promised = select(ticket.c.planned_for).where(ticket.c.code == code)
        await luis.says(f"/planificar {code} mañana")
        kept = await machine.one(promised)
        for day in ("en 10 días", "en 5 días"):
            await machine.wait(5)
            await luis.says(f"/planificar {code} {day}")
            assert await machine.one(promised) != kept
            await machine.wait(5)
            await luis.says(f"/deshacer {code}")
            assert await machine.one(promised) == kept
