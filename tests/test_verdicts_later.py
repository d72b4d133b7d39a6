"""Answers of earlier resolutions, and what is sent after a No: neither counts for anything else."""

from __future__ import annotations

from sqlalchemy import select

from storage.schema import ticket, update, verdict
from tests.machine import Machine, texts
from tests.test_verdicts import resolved, status


async def test_an_old_button_counts_for_nothing_new(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, (leo,), code = await resolved(machine, "leo")
        old = leo.button("No").tap
        await ana.taps("No")
        await luis.says(f"/estado {code} resuelto ahora sí")
        await leo.news()
        said = (await leo.sends(tapped=old))[-1]
        assert said.text.startswith("Eso era de un arreglo anterior.")
        assert "¿Quedó arreglado lo de" in said.text
        assert await machine.count(verdict) == 1
        assert await status(machine, code) == "resolved"


async def test_an_answer_to_an_earlier_question_is_not_taken_for_a_later_resolution(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, others, code = await resolved(machine, "leo", "mia")
        # All of this at once: she has heard of no reopening yet, nor of what came after it.
        for phone in others:
            await machine.take(phone.message(tapped=phone.button("No").tap))
        await machine.take(luis.message(f"/estado {code} resuelto ahora sí"))
        await machine.take(ana.message("1"))
        assert await status(machine, code) == "resolved"
        assert (await ana.news())[0].text.startswith("Eso era de un arreglo anterior.")
        await machine.settle()
        await ana.says("1")
        assert await status(machine, code) == "confirmed"


async def test_what_she_misses_is_kept_though_it_was_resolved_once_more_meanwhile(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, _, code = await resolved(machine)
        await ana.says("no")
        # She has heard nothing of it yet.
        await machine.take(luis.message(f"/estado {code} resuelto ahora sí"))
        await machine.take(ana.message("sigue el pozo del otro lado"))
        await machine.settle()
        assert "sigue el pozo del otro lado" in [each.words for each in await machine.rows(select(update))]
        assert "sigue el pozo del otro lado" in (await luis.news())[-1].text


async def test_what_she_sends_next_belongs_to_the_ticket(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, *_ = await resolved(machine)
        await ana.says("No, sigue igual")
        await luis.news()
        assert "Se lo pasé" in (await ana.photo())[-1].text
        assert "Se lo pasé" in (await ana.says("y ahora junta agua"))[-1].text
        (shown, told) = await luis.news()
        assert shown.media
        assert "junta agua" in told.text
        assert await machine.count(ticket) == 1


async def test_another_report_after_a_no_is_another_report(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, *_ = await resolved(machine)
        await ana.taps("No")
        await ana.says("sigue igual")
        await luis.news()
        await ana.says("hay un semáforo roto en Callao y Mitre")
        assert await luis.news() == []
        assert (await ana.state()).talks[-1].name == "report"
        await ana.says("/cancelar")


async def test_an_alarm_after_a_no_is_another_report(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, *_ = await resolved(machine)
        await ana.taps("No")
        await ana.says("sigue igual")
        await luis.news()
        said = texts(await ana.says("hay olor a gas en la esquina"))
        assert "llamá" in said[0]
        assert not any("Se lo pasé" in text for text in said)
        assert await luis.news() == []


async def test_a_photo_much_later_begins_another_report(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, ana, _, _ = await resolved(machine)
        await ana.says("No, sigue igual")
        machine.now += 2 * 3600
        await ana.photo()
        assert (await ana.state()).talks[-1].name == "report"
