"""Was it fixed: who reported it decides, but two who say No are believed before anybody, and no answer counts twice."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from handlers.fixed import ASK_UNSURE_AFTER, ask_again, read_verdict
from locales import catalog
from storage import tickets, updates, verdicts
from storage.schema import outbox, supporter, ticket, verdict
from storage.schema import update as ticket_update
from storage.verdicts import Answer, outcome
from storage.work import Work
from tests.handset import Phone
from tests.machine import DAY, Machine, texts
from tests.neighbours import BODY, reports

ASKED = "¿Quedó arreglado?"
REPORTER, LEO, MIA = 1, 2, 3


async def resolved(machine: Machine, *joined: str) -> tuple[Phone, Phone, list[Phone], str]:
    """Return the official, who reported it, who joined, and the code of a ticket that was just resolved."""
    luis, ana = machine.phone("luis"), machine.phone("ana")
    await machine.appoint(luis, BODY)
    code = await reports(ana)
    others = [machine.phone(name) for name in joined]
    for phone in others:
        await phone.says(f"me sumo {code}")
    await luis.says(f"/estado {code} resuelto quedó como nuevo")
    for phone in (ana, *others):
        assert ASKED in (await phone.news())[-1].text
        assert [option.label for option in phone.last.options] == ["Sí", "No", "No sé"]
    await luis.news()
    return luis, ana, others, code


async def status(machine: Machine, code: str) -> str:
    return str(await machine.one(select(ticket.c.status).where(ticket.c.code == code)))


async def steps(machine: Machine, code: str) -> list[str]:
    rows = await machine.rows(select(ticket_update.c.status).where(ticket_update.c.ticket == code))
    return [row.status for row in rows if row.status]


@pytest.mark.parametrize(
    ("stands", "answers", "who", "reachable", "step"),
    [
        ("resolved", {REPORTER: "yes"}, REPORTER, True, "confirmed"),
        ("resolved", {REPORTER: "no"}, REPORTER, True, "reopened"),
        ("resolved", {REPORTER: "unsure"}, REPORTER, True, ""),
        ("resolved", {LEO: "yes"}, LEO, True, ""),
        ("resolved", {LEO: "no"}, LEO, True, "doubted"),
        ("resolved", {LEO: "no", MIA: "no"}, MIA, True, "reopened"),
        ("resolved", {LEO: "no", REPORTER: "yes"}, REPORTER, True, "confirmed"),
        ("confirmed", {LEO: "no", REPORTER: "yes"}, LEO, True, "doubted"),
        ("confirmed", {LEO: "no", MIA: "no", REPORTER: "yes"}, MIA, True, "reopened"),
        ("confirmed", {REPORTER: "no"}, REPORTER, True, "reopened"),
        ("resolved", {LEO: "yes"}, LEO, False, "confirmed"),
        ("resolved", {LEO: "no"}, LEO, False, "reopened"),
        ("resolved", {LEO: "no", MIA: "yes"}, MIA, False, ""),
        ("confirmed", {LEO: "yes", MIA: "no"}, MIA, False, "doubted"),
        ("confirmed", {LEO: "no"}, LEO, False, "reopened"),
        ("reopened", {LEO: "no", MIA: "no"}, MIA, True, ""),
        ("withdrawn", {REPORTER: "yes"}, REPORTER, True, ""),
    ],
)
def test_what_follows_from_an_answer(
    stands: str, answers: dict[int, Answer], who: int, reachable: bool, step: str
) -> None:
    assert outcome(stands, answers, who, reporter=REPORTER, reachable=reachable) == step


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("sí, gracias!", ("yes", "")),
        ("dale", ("yes", "")),
        ("No, falta la vereda", ("no", "falta la vereda")),
        ("todavía no. Sigue el agua", ("no", "Sigue el agua")),
        ("no sé, no pasé por ahí", ("unsure", "")),
        ("ni idea", ("unsure", "")),
        ("sí, pero dejaron un pozo", None),
        ("no hay más agua", None),
        ("hola", None),
    ],
)
def test_words_are_understood_as_they_are_meant(typed: str, heard: tuple[str, str] | None) -> None:
    assert read_verdict(typed, catalog("es")) == heard


async def test_a_yes_of_who_reported_it_confirms_and_who_joined_hears_of_it(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, (leo,), code = await resolved(machine, "leo")
        await ana.taps("Sí")
        assert await status(machine, code) == "confirmed"
        assert "confirmaron que quedó arreglado" in (await leo.news())[-1].text
        assert "confirman" in (await luis.news())[-1].text


async def test_a_yes_of_who_joined_is_noted_and_confirms_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, (leo,), code = await resolved(machine, "leo")
        assert "Lo anoto" in (await leo.taps("Sí"))[0].text
        assert await status(machine, code) == "resolved"
        assert await luis.news() == await ana.news() == []


async def test_two_who_say_no_reopen_what_the_reporter_has_confirmed(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, (leo, mia), code = await resolved(machine, "leo", "mia")
        await ana.taps("Sí")
        await luis.news()
        await leo.sends(tapped=f"/fixed {code} no")
        assert await status(machine, code) == "confirmed"
        assert "alguien que se sumó dice que no" in (await luis.news())[-1].text
        await mia.says(f"arreglado {code} no")
        assert await status(machine, code) == "reopened"
        assert (await steps(machine, code))[-3:] == ["resolved", "confirmed", "reopened"]
        assert any("avisan que no quedó" in said for said in texts(await luis.news()))
        assert any("abierto otra vez" in said for said in texts(await ana.news()))


async def test_a_no_given_twice_by_one_person_is_one_no(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, _, (leo,), code = await resolved(machine, "leo")
        for _ in range(3):
            await leo.sends(tapped=f"/fixed {code} no")
        assert await status(machine, code) == "resolved"
        assert len(await luis.news()) == 1
        assert await machine.count(verdict) == 1


async def test_two_answers_at_once_are_both_heard(database_url: str) -> None:
    async with Machine(database_url) as machine:
        _, _, (leo, mia), code = await resolved(machine, "leo", "mia")
        said = [phone.message(tapped=f"/fixed {code} no") for phone in (leo, mia)]
        await asyncio.gather(*map(machine.take, said))
        await machine.settle()
        assert await status(machine, code) == "reopened"
        assert (await steps(machine, code)).count("reopened") == 1


async def test_an_answer_after_the_reopening_changes_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, (leo,), code = await resolved(machine, "leo")
        await ana.taps("No")
        await luis.news()
        for answer in ("yes", "no", "unsure"):
            said = (await leo.sends(tapped=f"/fixed {code} {answer}"))[-1]
            assert "ya está abierto otra vez" in said.text
        assert await status(machine, code) == "reopened"
        assert await luis.news() == []


async def test_who_left_has_no_voice_any_more(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, _, (leo, mia), code = await resolved(machine, "leo", "mia")
        await leo.sends(tapped=f"/fixed {code} no")
        await leo.says(f"ya no sigo {code}")
        await mia.sends(tapped=f"/fixed {code} no")
        assert await status(machine, code) == "resolved"
        assert "no es un reclamo tuyo" in (await leo.sends(tapped=f"/fixed {code} no"))[-1].text


async def test_nobody_but_who_follows_a_ticket_is_asked_or_heard(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        *_, code = await resolved(machine)
        eva = machine.phone("eva")
        assert "no es un reclamo tuyo" in (await eva.says(f"arreglado {code} no"))[-1].text
        assert await machine.count(verdict) == 0


@pytest.mark.parametrize("gone", ["blocked", "/baja", "erased"])
async def test_who_joined_speaks_for_a_reporter_who_cannot_be_asked(sqlite_url: str, gone: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, ana, (leo,), code = await resolved(machine, "leo")
        if gone == "blocked":
            await machine.take(ana.message(kind="blocked"))
        elif gone == "erased":
            await ana.says("borrar mis datos")
            await ana.says("sí")
        else:
            await ana.says(gone)
        await leo.taps("Sí")
        assert await status(machine, code) == "confirmed"


async def test_the_verdicts_of_a_merged_ticket_go_to_the_one_it_was_merged_into(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, eva = machine.phone("luis"), machine.phone("ana"), machine.phone("eva")
        await machine.appoint(luis, BODY)
        first, second = await reports(ana), await reports(eva)
        await luis.says(f"/unir {second} {first}")
        await luis.says(f"/estado {first} resuelto listo")
        await eva.says(f"arreglado {second} no")
        rows = await machine.rows(select(verdict.c.ticket, verdict.c.answer))
        assert [tuple(row) for row in rows] == [(first, "no")]


async def test_who_joined_goes_on_with_what_she_wants_to_say_instead(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        *_, (leo,), code = await resolved(machine, "leo")
        said = await leo.says("hay un semáforo roto en Callao y Mitre")
        assert not any(ASKED in each.text for each in said), "a new report, and nobody asks her again"
        assert await status(machine, code) == "resolved"


async def test_a_story_instead_of_an_answer_goes_to_those_who_work_on_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, _, code = await resolved(machine)
        said = await ana.says("taparon el pozo pero dejaron los escombros")
        assert "Se lo pasé a" in said[-1].text
        assert "dejaron los escombros" in (await luis.news())[-1].text
        await ana.taps("No")
        assert await status(machine, code) == "reopened"


async def test_a_no_that_says_why_asks_for_nothing_more(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, _, code = await resolved(machine)
        said = await ana.says("No, sigue igual de roto")
        assert "sigue abierto" in said[-1].text
        assert "sigue igual de roto" in (await luis.news())[-1].text
        assert await status(machine, code) == "reopened"


async def test_a_quoted_yes_to_any_message_of_a_resolved_ticket_is_an_answer(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, _, (leo,), code = await resolved(machine, "leo")
        sent = outbox.update().where(outbox.c.ticket == code).values(provider_id="p-1")
        await machine.work(lambda work: work.execute(sent))
        await leo.says("hay un semáforo roto en Callao y Mitre")
        await leo.says("no, todavía está roto", reply_to="p-1")
        assert any("alguien que se sumó" in said for said in texts(await luis.news()))
        assert await machine.one(select(verdict.c.answer).where(verdict.c.ticket == code)) == "no"


async def test_who_is_not_sure_is_asked_again_once(database_url: str) -> None:
    async with Machine(database_url) as machine:
        _, _, (leo,), code = await resolved(machine, "leo")
        assert "te vuelvo a preguntar" in (await leo.taps("No sé"))[-1].text
        assert await machine.one(select(ticket.c.watch_at).where(ticket.c.code == code)) is not None
        await machine.wait(ASK_UNSURE_AFTER)
        assert await asked_again(machine, code)
        assert "¿Pudiste ver" in (await leo.news())[-1].text
        assert not await asked_again(machine, code), "nobody is asked a third time"
        await leo.says("3")
        assert await machine.count(verdict, verdict.c.answer == "unsure") == 1


async def test_nobody_is_asked_again_about_what_was_confirmed_or_reopened_meanwhile(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, ana, (leo,), code = await resolved(machine, "leo")
        await leo.taps("No sé")
        await ana.taps("Sí")
        assert not await asked_again(machine, code)


async def test_who_reported_it_and_said_nothing_is_asked_again(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, ana, (leo,), code = await resolved(machine, "leo")
        await machine.wait(8 * DAY)
        assert await asked_again(machine, code)
        assert "¿Pudiste ver" in (await ana.news())[-1].text
        assert await leo.news() == []
        await ana.says("1")
        assert await status(machine, code) == "confirmed"


async def test_a_joined_person_keeps_her_verdict_for_each_resolution(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana, (leo,), code = await resolved(machine, "leo")
        await leo.taps("No")
        await ana.taps("No")
        await luis.says(f"/estado {code} resuelto ahora sí")
        await leo.news()
        said = (await leo.taps("Sí"))[-1]
        assert said.text.startswith("Eso era de un arreglo anterior."), "it stood under the first resolution"
        assert await machine.count(verdict) == 2
        await leo.taps("Sí")
        rows = await machine.rows(select(verdict.c.seq, verdict.c.answer).order_by(verdict.c.seq, verdict.c.answer))
        seqs = sorted({row.seq for row in rows})
        assert [(seqs.index(row.seq), row.answer) for row in rows] == [(0, "no"), (0, "no"), (1, "yes")]


async def test_what_an_erased_person_said_is_erased_too(database_url: str) -> None:
    async with Machine(database_url) as machine:
        *_, (leo,), code = await resolved(machine, "leo")
        await leo.taps("No")
        await leo.says("borrar mis datos")
        await leo.says("sí")
        assert await machine.count(verdict) == 0
        assert await status(machine, code) == "resolved"


async def test_two_who_turn_out_to_be_one_have_one_voice(database_url: str) -> None:
    async with Machine(database_url) as machine:
        *_, (leo, mia), code = await resolved(machine, "leo", "mia")
        await leo.taps("No")
        people = await machine.rows(select(supporter.c.person_id).order_by(supporter.c.person_id))
        first, second = (row.person_id for row in people)
        await machine.work(lambda work: verdicts.move(work, first, second))
        assert await machine.one(select(verdict.c.person_id)) == second
        await mia.taps("No")
        assert await machine.count(verdict) == 1
        assert await status(machine, code) == "resolved"


async def asked_again(machine: Machine, code: str) -> bool:
    """Have the clock ask again, as its chore does."""

    async def again(work: Work) -> bool:
        found = await tickets.by_code(work, code)
        if found is None:
            return False
        history = await updates.history(work, code, public_only=False)
        return await ask_again(work, found, history, (await verdicts.voices(work, [found]))[code])

    asked = bool(await machine.work(again))
    await machine.settle()
    return asked
