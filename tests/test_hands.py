"""In whose hands a ticket is: her words reach who acted last, and the whole body where that one is gone or silent."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from storage import planning, tickets
from storage.hands import SILENT_AFTER
from storage.schema import address, outbox, ticket
from storage.updates import Change
from storage.work import Work
from tests.handset import Phone
from tests.leaving import dismiss
from tests.machine import DAY, Machine, texts
from tests.neighbours import BODY, reports

WORDS = "ahora hay un auto adentro"


async def at_work(machine: Machine) -> tuple[Phone, Phone, Phone, str]:
    """Return two officials, of whom the first acted last, who reported it, and the ticket's code."""
    luis, marta, ana = machine.phone("luis"), machine.phone("marta"), machine.phone("ana")
    for phone in (luis, marta):
        await machine.appoint(phone, BODY)
    code = await reports(ana)
    await luis.says(f"/tomar {code}")
    for phone in (luis, marta, ana):
        await phone.news()
    return luis, marta, ana, code


def hears(said: list[str]) -> bool:
    return any(WORDS in each for each in said)


async def test_words_reach_who_acted_last_and_nobody_else(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, marta, ana, code = await at_work(machine)
        await ana.says(f"agregar {code} {WORDS}")
        assert hears(texts(await luis.news()))
        assert await marta.news() == []
        assert WORDS in (await marta.says(f"/ver {code}"))[-1].text, "the others read it in the history"


async def test_before_anybody_acted_the_whole_body_hears(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, marta, ana = machine.phone("luis"), machine.phone("marta"), machine.phone("ana")
        for phone in (luis, marta):
            await machine.appoint(phone, BODY)
        code = await reports(ana)
        await ana.says(f"agregar {code} {WORDS}")
        assert hears(texts(await luis.news()))
        assert hears(texts(await marta.news()))


async def test_whoever_answers_next_has_it_in_her_hands(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, marta, ana, code = await at_work(machine)
        await marta.says(f"/responder {code} lo vemos el lunes")
        await luis.news()
        await ana.says(f"agregar {code} {WORDS}")
        assert hears(texts(await marta.news()))
        assert not hears(texts(await luis.news()))


@pytest.mark.parametrize("how", ["dismissed", "blocked", "silent"])
async def test_where_that_one_is_gone_or_silent_the_whole_body_hears(database_url: str, how: str) -> None:
    async with Machine(database_url) as machine:
        luis, marta, ana, code = await at_work(machine)
        if how == "blocked":
            await machine.take(luis.message(kind="blocked"))
        elif how == "dismissed":
            at = await machine.one(select(address.c.id).where(address.c.external == "luis"))
            await machine.work(lambda work: dismiss(work, at))
        else:
            await ana.says(f"agregar {code} ¿alguna novedad?")
            await machine.wait(SILENT_AFTER + 60)
            await marta.news()
        await ana.says(f"agregar {code} {WORDS}")
        # Nobody's phone rings out of hours for what can wait.
        await machine.wait(3 * DAY)
        assert hears(texts(await marta.news()))


async def test_what_a_colleague_was_given_is_in_her_hands(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, marta, ana, code = await at_work(machine)
        marta_id = await machine.one(select(address.c.person_id).where(address.c.external == "marta"))

        async def give(work: Work) -> None:
            found = await tickets.by_code(work, code)
            assert found
            await planning.assign(work, code, marta_id)
            entry = Change(actor="official", person_id=found.taken_by, body=BODY, action="assigned", public=False)
            await tickets.append(work, found, entry)

        await machine.work(give)
        await ana.says(f"agregar {code} {WORDS}")
        assert hears(texts(await marta.news()))
        assert not hears(texts(await luis.news()))


async def test_a_reopened_ticket_goes_back_to_the_same_hands_and_the_others_hear_after(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, marta, ana, code = await at_work(machine)
        await marta.says(f"/estado {code} resuelto listo")
        taken = await machine.one(select(ticket.c.taken_by).where(ticket.c.code == code))
        await ana.news()
        await ana.taps("No")
        assert await machine.one(select(ticket.c.taken_by).where(ticket.c.code == code)) == taken
        told = select(address.c.external).join(outbox, outbox.c.address_id == address.c.id)
        notices = outbox.c.effect_key.like(f"notice:told-official:{code}:%")
        rows = await machine.rows(told.where(notices).order_by(outbox.c.id.desc()).limit(2))
        assert [row.external for row in reversed(rows)] == ["marta", "luis"]
