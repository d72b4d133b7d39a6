"""What must reach her and does not goes by SMS, once, if she agreed and nobody said stop."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from bot.fallback import Fallback
from handlers.fixed import ask_again
from storage import tickets, updates
from storage.schema import address, outbox, person
from storage.work import Work
from tests.handset import Phone
from tests.machine import Machine
from tests.unreached import LOST, SMS, TELEGRAM, UNREAD, agree, provider_tells, story

# GSM-7 in two segments: each holds 153 characters beside its header (3GPP TS 23.040).
TWO_SEGMENTS = 306


@pytest.mark.parametrize("end", LOST, ids=str)
async def test_what_did_not_reach_her_goes_by_sms_once_if_she_agreed(end: dict[str, Any], database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        await here.agree()
        await here.ends(**end)
        assert await here.look() == 1
        sms, official = await here.told()
        assert [here.shown in each and "Mañana vamos" in each for each in sms] == [True]
        assert official == []
        await here.ends(**end)
        assert await here.look() == 0
        assert await here.told() == ([], [])
        assert await machine.count(outbox, outbox.c.effect_key.startswith("fallback:")) == 1


async def test_who_has_blocked_us_before_the_answer_is_reached_by_sms_all_the_same(database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine, TELEGRAM)
        await here.agree()
        await here.ends(status="sent")
        await provider_tells(machine, here.ana, "blocked")
        (said,) = await here.luis.says(f"/estado {here.code} en obra")
        assert "Ya le avisé" in said.text
        machine.now += 60
        assert await here.look() == 1
        sms, official = await here.told()
        assert [f"novedades de {here.shown}: En obra." in each for each in sms] == [True]
        assert official == []
        assert await here.ana.news() == []


async def test_who_asked_for_silence_is_not_written_to_at_her_number_either(database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        await here.agree()
        await here.ends(status="dropped", error_class="opted_out")
        await here.look()
        sms, official = await here.told()
        assert sms == []
        assert ["pidió no recibir mensajes" in each for each in official] == [True]


async def test_a_number_that_was_told_to_stop_is_not_used(database_url: str) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        sms = await here.agree()
        await provider_tells(machine, sms, "opted_out")
        await here.ends(status="failed")
        await here.look()
        assert [len(said) for said in await here.told()] == [0, 1]


async def test_a_stop_between_the_look_and_the_sms_wins(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine)
        sms = await here.agree()
        await here.ends(status="failed")
        chore = Fallback(machine.workplace(), unread_after=UNREAD)
        assert await chore.look(machine.now) == 1
        await provider_tells(machine, sms, "opted_out")
        await machine.settle()
        assert await here.look() == 1
        sms_said, official = await here.told()
        assert (sms_said, len(official)) == ([], 1), "and her officials learn it"
        assert await here.look() == 0


@pytest.mark.parametrize("joined", [True, False])
async def test_when_the_sms_does_not_arrive_either_the_officials_are_told_and_no_other_sms_is_sent(
    joined: bool, database_url: str
) -> None:
    async with Machine(database_url) as machine:
        here = await story(machine)
        sms = await here.agree()
        if not joined:
            await machine.work(lambda work: _vouched_only(work, here.ana, sms))
            # Who has the number now agreed to another one, for reports of her own.
            await machine.work(lambda work: agree(work, sms, "+5491155558888", "es"))
        await here.ends(status="failed")
        await here.look()
        assert [len(said) for said in await here.told()] == [1, 0]
        await here.end(SMS, status="sent", receipt="undelivered", done_at=machine.now)
        assert await here.look() == 1
        assert [len(said) for said in await here.told()] == [0, 1]
        assert await here.look() == 0
        assert await machine.count(outbox, outbox.c.effect_key.startswith("fallback:")) == 1


async def test_the_number_she_reported_from_is_no_other_way(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine, SMS)
        await machine.work(lambda work: _agree_to_own(work, here.ana))
        await here.ends(status="sent", receipt="undelivered")
        await here.look()
        assert await here.ana.news() == []
        assert [len(said) for said in await here.told()] == [0, 1]


async def _vouched_only(work: Work, ana: Phone, sms: Phone) -> None:
    """Her messenger said that the number is hers; nobody has written from there, so that it is nobody's chat yet."""
    stranger = (await work.rows(insert(person).values(created_at=1.0).returning(person.c.id)))[0].id
    await work.execute(update(address).where(address.c.external == sms.who).values(person_id=stranger))
    hers = update(address).where(address.c.account == ana.account, address.c.external == ana.who)
    await work.execute(hers.values(phone=sms.who, verified_at=1.0))


async def _agree_to_own(work: Work, phone: Phone) -> None:
    hers = select(address.c.id, address.c.person_id).where(address.c.external == phone.who)
    row = (await work.rows(hers))[0]
    await work.execute(update(person).where(person.c.id == row.person_id).values(fallback_address_id=row.id))


@pytest.mark.parametrize("language", ["es", "pt", "en"])
async def test_the_sms_is_in_her_language_and_fits_two_segments_however_long_the_answer(
    language: str, sqlite_url: str
) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine, said="palabra " * 150)
        sms = await here.agree(language=language)
        await here.ends(status="failed")
        await here.look()
        (said,) = await sms.news()
        assert here.shown in said.text
        assert {"es": "novedades", "pt": "novidades", "en": "news"}[language] in said.text
        assert len(said.text) <= TWO_SEGMENTS - 40
        assert not said.media


async def test_a_second_answer_is_another_step_and_another_sms(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine)
        await here.agree()
        await here.ends(status="failed")
        await here.look()
        await here.told()
        machine.now += 60
        await here.luis.says(f"/estado {here.code} en obra")
        async with machine.database.write() as connection:
            new = update(outbox).where(outbox.c.important, outbox.c.status == "pending")
            await connection.execute(new.values(status="failed", done_at=machine.now))
        await here.look()
        assert ["En obra" in each for each in (await here.told())[0]] == [True]


async def test_was_it_fixed_asked_once_more_reaches_her_by_sms_and_is_answered_there(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        here = await story(machine)
        sms = await here.agree()
        await here.luis.says(f"/estado {here.code} resuelto Tapado")
        await machine.work(lambda work: work.execute(update(outbox).values(fallback_at=work.now)))

        async def ask(work: Work) -> None:
            found = await tickets.by_code(work, here.code)
            assert found is not None
            history = await updates.history(work, here.code, public_only=False)
            assert await ask_again(work, found, history, ())

        await machine.work(ask)
        await here.ana.news()
        await machine.settle()
        asked = outbox.c.important & outbox.c.fallback_at.is_(None)
        await machine.work(
            lambda work: work.execute(update(outbox).where(asked).values(status="failed", done_at=work.now))
        )
        assert await here.look() == 1
        (told,) = (await here.told())[0]
        assert f"Contestá ARREGLADO {here.shown} y sí o no" in told
        assert "Gracias" in (await sms.says(f"ARREGLADO {here.shown} sí"))[0].text
