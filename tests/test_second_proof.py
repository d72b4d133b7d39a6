"""A manager's second proof: her code goes to an address that whoever invited her named, and nowhere else."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from storage import officials, proofs
from storage.schema import invite, official, outbox, second_proof
from tests.handset import Phone
from tests.leaving import dismiss
from tests.machine import DAY, HOUR, Machine
from tests.test_team import BODY, invited_by, managing

SMS = "sms:+5491150000001"
NUMBER = "+5491155550000"


async def arrived(machine: Machine, phone: Phone, *, second: str = NUMBER, made_by: int | None = None) -> None:
    """Use a manager's invitation that names a telephone, or whoever made it."""
    code = await machine.work(officials.new_invite_code)
    await machine.work(lambda work: officials.add_invite(work, code, [BODY], "manager", "Eva Paz", made_by, second))
    await phone.says(f"/start invite-{code}")


async def sent_code(phone: Phone) -> str:
    """The code that came to a phone."""
    said = [out.text for out in await phone.everything()]
    return str(re.findall(r"\b\d{6}\b", said[-1])[-1])


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def proved(machine: Machine) -> bool:
    return await machine.count(official, official.c.proved_at.is_not(None)) > 0


async def test_her_rights_begin_with_the_code_that_came_to_her_telephone(database_url: str) -> None:
    async with Machine(database_url, sms=SMS) as machine:
        eva, sms = machine.phone("eva"), machine.phone(NUMBER, account=SMS)
        await arrived(machine, eva)
        assert "termina en 0000" in eva.last.text
        assert "verificar que sos vos" in (await eva.says("/equipo"))[0].text
        assert "No hay nada pendiente" in (await eva.says("/bandeja"))[0].text, "an agent's rights she has"
        code = await sent_code(sms)
        assert "ya podés dirigir" in (await eva.says(f"/verificar {code}"))[0].text
        assert "El equipo de Comuna 3" in (await eva.says("/equipo"))[0].text
        assert "Ya está verificado" in (await eva.says(f"/verificar {code}"))[0].text


async def test_who_got_hold_of_the_invitation_gets_no_code_on_any_account_of_hers(sqlite_url: str) -> None:
    async with Machine(sqlite_url, sms=SMS) as machine:
        thief, own = machine.phone("thief"), machine.phone("+5491166660000", account=SMS)
        await arrived(machine, thief)
        code = await sent_code(machine.phone(NUMBER, account=SMS))
        assert await own.news() == []
        assert code not in "".join(out.text for out in thief.heard)
        # What the telephone's owner writes from there proves nothing for somebody else's chat.
        assert "No hay nada que verificar" in (await machine.phone("eva").says(f"/verificar {code}"))[0].text
        assert not await proved(machine)


async def test_without_a_telephone_the_code_goes_to_who_invited_her(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        luis = machine.phone("luis")
        code = await invited_by(eva, "dirige", "Luis Paz")
        await luis.says(f"/start invite-{code}")
        assert "quien te invitó tiene un código" in luis.last.text
        (asked,) = await eva.news()
        assert "Luis Paz usó tu invitación para dirigir el equipo de Comuna 3" in asked.text
        token = str(re.findall(r"\d{3} \d{3}", asked.text)[0])
        assert "ya podés dirigir" in (await luis.says(f"/verificar {token}"))[0].text
        assert "empezó a dirigir el equipo de Comuna 3" in (await eva.news())[-1].text


async def test_a_telephone_is_asked_of_who_invites_where_codes_can_be_sent(sqlite_url: str) -> None:
    async with Machine(sqlite_url, sms=SMS) as machine:
        eva = await managing(machine, "eva", name="Eva")
        await eva.says("/invitar Luis Paz")
        (asked,) = await eva.taps("dirige")
        assert "¿A qué teléfono" in asked.text
        assert "no lo reconozco" in (await eva.says("no sé cuál es"))[0].text
        (made,) = await eva.says("11 5555-0000")
        row = (await machine.rows(select(invite).where(invite.c.name == "Luis Paz")))[0]
        assert row.second == NUMBER
        luis = machine.phone("luis")
        await luis.says(f"/start invite-{re.findall(r'invite-([A-Z0-9-]+)', made.text)[0]}")
        token = await sent_code(machine.phone(NUMBER, account=SMS))
        await luis.says(f"/verificar {token}")
        assert "El equipo de Comuna 3" in (await luis.says("/equipo"))[0].text
        assert await machine.count(invite, invite.c.second != "") == 0, "the number was for this alone"


async def test_the_very_telephone_that_used_the_invitation_is_no_second_one(sqlite_url: str) -> None:
    async with Machine(sqlite_url, sms=SMS) as machine:
        eva = machine.phone(NUMBER, account=SMS)
        await arrived(machine, eva)
        assert "quien administra Baldosa" in eva.last.text
        assert await machine.count(second_proof) == 0


async def test_an_operators_invitation_without_a_telephone_waits_for_the_operator(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = machine.phone("eva")
        await arrived(machine, eva, second="")
        assert "quien administra Baldosa" in eva.last.text
        (person_id,) = [row.person_id for row in await machine.rows(select(official.c.person_id))]
        (address_id,) = [row.address_id for row in await machine.rows(select(official.c.address_id))]
        await machine.work(lambda work: proofs.prove(work, person_id, address_id, confirmed="called the town hall"))
        assert "El equipo de Comuna 3" in (await eva.says("/equipo"))[0].text
        assert await machine.one(select(official.c.confirmed)) == "called the town hall"


async def test_who_invited_her_and_manages_no_more_confirms_nobody(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        code = await invited_by(eva, "dirige", "Luis")
        await machine.work(lambda work: dismiss(work, 1))
        luis = machine.phone("luis")
        await luis.says(f"/start invite-{code}")
        assert "quien administra Baldosa" in luis.last.text
        assert await eva.news() == []


async def test_a_code_is_good_for_ten_minutes_once_and_only_the_last_one(sqlite_url: str) -> None:
    async with Machine(sqlite_url, sms=SMS) as machine:
        eva, sms = machine.phone("eva"), machine.phone(NUMBER, account=SMS)
        await arrived(machine, eva)
        old = await sent_code(sms)
        await machine.wait(proofs.CODE_VALID)
        assert "no sirve" in (await eva.says(f"/verificar {old}"))[0].text
        await eva.says("/verificar")
        first = await sent_code(sms)
        await eva.says("/verificar")
        last = await sent_code(sms)
        assert "no sirve" in (await eva.says(f"/verificar {first}"))[0].text
        assert "ya podés dirigir" in (await eva.says(f"/verificar {last}"))[0].text


async def test_codes_are_not_found_by_trying(sqlite_url: str) -> None:
    async with Machine(sqlite_url, sms=SMS) as machine:
        eva, sms = machine.phone("eva"), machine.phone(NUMBER, account=SMS)
        await arrived(machine, eva)
        right = await sent_code(sms)
        for _ in range(proofs.MOST_TRIES):
            assert "no sirve" in (await eva.says(f"/verificar {other_than(right)}"))[0].text
        assert "demasiados intentos" in (await eva.says(f"/verificar {right}"))[0].text
        await machine.wait(HOUR + 1)
        assert "no sirve" in (await eva.says(f"/verificar {right}"))[0].text


async def test_only_so_many_codes_are_sent_in_an_hour(sqlite_url: str) -> None:
    async with Machine(sqlite_url, sms=SMS) as machine:
        eva = machine.phone("eva")
        await arrived(machine, eva)
        said = [(await eva.says("/verificar"))[0].text for _ in range(proofs.MOST_SENT)]
        assert ["Esperá una hora" in text for text in said] == [False] * (proofs.MOST_SENT - 1) + [True]


async def test_a_code_is_kept_only_as_a_hash_and_its_words_no_longer_than_it_is_good(sqlite_url: str) -> None:
    async with Machine(sqlite_url, sms=SMS) as machine:
        eva, sms = machine.phone("eva"), machine.phone(NUMBER, account=SMS)
        await arrived(machine, eva)
        code = await sent_code(sms)
        kept = await machine.one(select(second_proof.c.code_hash))
        assert len(kept) == 64
        await machine.wait(proofs.CODE_VALID + 1)
        assert await machine.count(outbox, outbox.c.payload.contains(code)) == 0


async def test_numbers_in_invitations_that_are_over_are_forgotten(sqlite_url: str) -> None:
    async with Machine(sqlite_url, sms=SMS) as machine:
        await machine.work(lambda work: officials.add_invite(work, "BCDF-2345-GHJK", [BODY], "manager", second=NUMBER))
        for now, left in ((machine.now, 1), (machine.now + 8 * DAY, 0)):
            async with machine.database.write() as connection:
                await proofs.forget_old(connection, now)
            assert await machine.count(invite, invite.c.second != "") == left


@pytest.mark.parametrize("written", ["123 456", "123-456", "123456"])
async def test_a_code_may_be_written_in_groups(written: str, sqlite_url: str) -> None:
    async with Machine(sqlite_url, sms=SMS) as machine:
        eva, sms = machine.phone("eva"), machine.phone(NUMBER, account=SMS)
        await arrived(machine, eva)
        code = await sent_code(sms)
        gap = written[3] if len(written) == 7 else ""
        assert "ya podés dirigir" in (await eva.says(f"/verificar {code[:3]}{gap}{code[3:]}"))[0].text
