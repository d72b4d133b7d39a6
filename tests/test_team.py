"""A team looks after itself: it invites, a manager proves who she is, and who leaves takes nothing along."""

from __future__ import annotations

import asyncio
import re
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from storage import officials, proofs, tickets
from storage.officials import new_invite_code
from storage.schema import address, invite, official, ticket
from storage.schema import update as ticket_update
from storage.team import members
from storage.work import Work
from tests.handset import Phone
from tests.machine import CONGRESS, DAY, Machine

BODY, OTHER = "comuna-3", "comuna-14"


async def appointed(machine: Machine, phone: Phone, role: str = "agent", *bodies: str, name: str = "") -> None:
    """Make somebody an official by an invitation."""
    code = await machine.work(new_invite_code)
    await machine.work(lambda work: officials.add_invite(work, code, bodies or [BODY], role, name))
    await phone.says(f"/start invite-{code}")


async def managing(machine: Machine, who: str, *bodies: str, name: str = "") -> Phone:
    """A manager whose rights have begun."""
    phone = machine.phone(who)
    await appointed(machine, phone, "manager", *bodies, name=name)
    await confirmed(machine, phone)
    return phone


async def confirmed(machine: Machine, phone: Phone) -> None:
    """Let a manager's rights begin, as an operator does who made sure that it is she."""
    at = (address.c.account == phone.account, address.c.external == phone.who)
    who = (await machine.rows(select(address.c.person_id, address.c.id).where(*at)))[0]
    await machine.work(lambda work: proofs.prove(work, who.person_id, who.id, confirmed="called her"))


async def taken(machine: Machine, phone: Phone, count: int) -> list[str]:
    """Tickets of the body that this official has taken."""
    reporter = machine.phone("ana")
    await reporter.says("/ayuda")
    codes = [await machine.work(opened) for _ in range(count)]
    for code in codes:
        await phone.says(f"/tomar {code}")
    return codes


def opened(work: Work) -> str:
    return tickets.open_ticket(
        work,
        person_id=1,
        address_id=1,
        category="bache",
        body=BODY,
        area="",
        place=CONGRESS,
        words="un pozo",
        media_ids=(),
        language="es",
    )


async def takers(machine: Machine, codes: list[str]) -> set[int | None]:
    rows = await machine.rows(select(ticket.c.taken_by).where(ticket.c.code.in_(codes)))
    return {row.taken_by for row in rows}


async def person_of(machine: Machine, name: str) -> int:
    found: int = await machine.one(select(official.c.person_id).where(official.c.name == name))
    return found


async def invited_by(manager: Phone, role: str, name: str) -> str:
    """The code of an invitation that a manager makes in her chat."""
    await manager.says(f"/invitar {name}")
    (made,) = await manager.taps(role)
    return str(re.findall(r"invite-([\w-]+)", made.text)[0])


async def test_a_manager_invites_and_sees_who_came(database_url: str) -> None:
    async with Machine(database_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        code = await invited_by(eva, "atiende", "Luisa Paz")
        (shown,) = await eva.says("/equipo")
        assert "Luisa Paz · atiende · vence" in shown.text
        luis = machine.phone("luis")
        assert "bienvenida" in (await luis.says(f"/start invite-{code}"))[0].text
        (shown,) = await eva.says("/equipo")
        assert "• Luisa Paz · atiende" in shown.text
        assert "sin usar" not in shown.text
        row = (await machine.rows(select(invite).where(invite.c.name == "Luisa Paz")))[0]
        assert row.made_by == await person_of(machine, "Eva")
        assert row.used_by == await person_of(machine, "Luisa Paz")
        assert code not in str(row)


async def test_an_invitation_that_is_taken_back_is_good_for_nothing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva")
        code = await invited_by(eva, "atiende", "Luisa")
        await eva.says("/revocar")
        assert "Anulada" in (await eva.taps("Luisa"))[0].text
        assert "no sirve" in (await machine.phone("luis").says(f"/start invite-{code}"))[0].text
        assert "No hay invitaciones" in (await eva.says("/revocar"))[0].text


async def test_a_manager_invites_for_her_own_bodies_only(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva", BODY)
        await appointed(machine, eva, "agent", OTHER)
        await invited_by(eva, "dirige", "Luisa")
        assert [row.bodies for row in await machine.rows(select(invite.c.bodies).where(invite.c.name == "Luisa"))] == [
            BODY
        ]


async def test_a_managers_invitation_is_not_for_a_group(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        code = await machine.work(new_invite_code)
        await machine.work(lambda work: officials.add_invite(work, code, [BODY], "manager"))
        (said,) = await machine.phone("-100/luis").says(f"/start invite-{code}")
        assert "en privado" in said.text
        assert "bienvenida" in (await machine.phone("luis").says(f"/start invite-{code}"))[0].text


async def test_who_is_invited_to_more_rises_and_nobody_falls(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis = machine.phone("luis")
        for role, has in (("agent", "agent"), ("dispatcher", "dispatcher"), ("agent", "dispatcher")):
            await appointed(machine, luis, role)
            assert await machine.one(select(official.c.role)) == has


async def test_what_a_leaver_had_goes_to_a_colleague_who_is_told(database_url: str) -> None:
    async with Machine(database_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        luis, rosa = machine.phone("luis"), machine.phone("rosa")
        await appointed(machine, luis, name="Luis")
        await appointed(machine, rosa, name="Rosa")
        codes = await taken(machine, luis, 2)
        await rosa.news(), await luis.news()
        await eva.says("/traspasar")
        await eva.taps("Luis")
        (sure,) = await eva.taps("Rosa")
        assert "Tiene 2 reclamos abiertos; sigue: Rosa" in sure.text
        assert "Hecho" in (await eva.taps("Sí"))[0].text
        assert await takers(machine, codes) == {await person_of(machine, "Rosa")}
        (told,) = await rosa.news()
        assert "los que tenía Luis" in told.text
        assert all(f"{code[:4]}-{code[4:]}" in told.text for code in codes)
        assert "Ya no atendés" in (await luis.news())[0].text
        assert "para quienes atienden" in (await luis.says(f"/tomar {codes[0]}"))[0].text
        kept = ticket_update.c.action == "assigned"
        rows = await machine.rows(select(ticket_update.c.public, ticket_update.c.reason).where(kept))
        assert [tuple(row) for row in rows] == [(False, "Rosa"), (False, "Rosa")]


async def test_what_a_leaver_had_goes_back_to_everybody(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        luis, rosa = machine.phone("luis"), machine.phone("rosa")
        await appointed(machine, luis, name="Luis")
        await appointed(machine, rosa, name="Rosa")
        codes = await taken(machine, luis, 1)
        await rosa.news()
        await eva.says("/quitar")
        await eva.taps("Luis")
        await eva.taps("Sí")
        assert await takers(machine, codes) == {None}
        assert "para quien los tome" in (await rosa.news())[-1].text


async def test_who_has_her_data_deleted_leaves_her_team_and_what_she_did_keeps_its_author(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, rosa = machine.phone("luis"), machine.phone("rosa")
        await appointed(machine, luis, name="Luis")
        await appointed(machine, rosa, name="Rosa")
        (code,) = await taken(machine, luis, 1)
        await rosa.news()
        await luis.says("borrar mis datos")
        await luis.taps("Sí")
        assert await takers(machine, [code]) == {None}
        assert "para quien los tome" in (await rosa.news())[-1].text
        acted = ticket_update.c.actor == "official"
        did = await machine.rows(select(ticket_update.c.action, ticket_update.c.person_id).where(acted))
        assert [row.action for row in did][-1] == "assigned"
        assert len({row.person_id for row in did}) == 1
        assert did[0].person_id is not None
        await machine.wait(DAY)
        await luis.says("hola")
        known = await machine.rows(select(address.c.person_id))
        assert did[0].person_id not in {row.person_id for row in known}


async def test_the_number_of_somebody_whom_an_audit_names_is_given_to_nobody_else(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva, carla = await managing(machine, "eva", name="Eva"), machine.phone("carla")
        (code,) = await taken(machine, eva, 1)
        await appointed(machine, carla, name="Carla")
        await eva.says(f"/asignar {code} carla")
        (named,) = await takers(machine, [code])
        # Nothing is left that she would hand over herself.
        await eva.says(f"/asignar {code} yo")
        await carla.says("borrar mis datos")
        await carla.taps("Sí")
        await machine.wait(DAY)
        await machine.phone("stranger").says("hola")
        assert named is not None
        assert named not in {row.person_id for row in await machine.rows(select(address.c.person_id))}


async def test_who_alone_looks_after_a_team_finds_somebody_before_her_data_go(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        assert "única persona" in (await eva.says("borrar mis datos"))[0].text
        assert await machine.count(official) == 1


async def test_who_stays_stays_when_the_manager_thinks_better_of_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva")
        await appointed(machine, machine.phone("luis"), name="Luis")
        await eva.says("/quitar")
        await eva.taps("Luis")
        assert "como estaba" in (await eva.taps("No"))[0].text
        assert await machine.count(official) == 2


async def test_the_last_manager_leaves_only_when_somebody_follows(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        luis = machine.phone("luis")
        await appointed(machine, luis, "manager", name="Luis")
        await eva.says("/quitar")
        assert "única persona" in (await eva.taps("Eva"))[0].text
        await confirmed(machine, luis)
        await eva.says("/quitar")
        await eva.taps("Eva")
        assert "Hecho" in (await eva.taps("Sí"))[0].text
        assert "para quienes atienden" in (await eva.says("/equipo"))[0].text


async def test_another_bodys_team_is_out_of_sight(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        await appointed(machine, machine.phone("pedro"), "agent", OTHER, name="Pedro")
        assert "Pedro" not in (await eva.says("/equipo"))[0].text
        (asked,) = await eva.says("/quitar")
        assert not [option for option in asked.options if "Pedro" in option.label]


async def test_two_managers_who_dismiss_each_other_leave_one(database_url: str) -> None:
    async with Machine(database_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        luis = machine.phone("luis")
        await appointed(machine, luis, "manager", name="Luis")
        await confirmed(machine, luis)
        await luis.news()
        for phone, other in ((eva, "Luis"), (luis, "Eva")):
            await phone.says("/quitar")
            await phone.taps(other)
        await machine.take(*(phone.message(tapped=phone.button("Sí").tap) for phone in (eva, luis)))
        assert await machine.count(official, official.c.role == "manager") == 1


async def test_an_unused_invitation_grows_old(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva")
        await invited_by(eva, "coordina", "Luisa")
        await machine.wait(officials.DAYS_VALID * DAY)
        assert "Luisa" not in (await eva.says("/equipo"))[0].text


WAYS = [("telegram", "https://t.me/baldosa_bot?start={}"), ("sms", "SMS +5491150000001: /start {}")]


async def test_an_invitation_comes_with_every_way_into_the_bot(sqlite_url: str) -> None:
    async with Machine(sqlite_url, ways=lambda payload: [(kind, way.format(payload)) for kind, way in WAYS]) as machine:
        eva = await managing(machine, "eva")
        code = await invited_by(eva, "atiende", "Luisa")
        assert f"https://t.me/baldosa_bot?start=invite-{code}" in eva.last.text
        assert f"SMS +5491150000001: /start invite-{code}" in eva.last.text


async def test_a_group_that_is_let_go_leaves_its_tickets_to_everybody(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = await managing(machine, "eva", name="Eva")
        luis = machine.phone("-100/luis")
        await appointed(machine, luis, name="Cuadrilla")
        codes = await taken(machine, luis, 1)
        assert None not in await takers(machine, codes)
        shown = (await eva.says("/equipo"))[-1]
        taker = (await takers(machine, codes)).pop()
        assert f"desde el 21/11 12:00 · 1 a cargo\n   – alguien del grupo (n.º {taker}): 1 a cargo" in shown.text
        await eva.says("/quitar")
        await eva.taps("Cuadrilla")
        await eva.taps("Sí")
        assert await takers(machine, codes) == {None}
        assert "para quienes atienden" in (await luis.says("/bandeja"))[-1].text


async def test_who_reads_the_team_waits_for_nobody_who_lets_one_of_them_go(postgres_url: str) -> None:
    async with Machine(postgres_url) as machine:
        await managing(machine, "eva", name="Eva")
        async with machine.database.write() as leaving, machine.database.write() as reading:
            await members(Work(leaving, machine.now, str, str), [BODY], lock=True)
            looking = Work(reading, machine.now, str, str)
            async with asyncio.timeout(10):
                assert [each.name for each in await members(looking, [BODY])] == ["Eva"]
            await reading.execute(text("SET LOCAL lock_timeout = 100"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await members(looking, [BODY], lock=True)


async def test_a_team_is_told_what_it_has_at_work_for_its_own_body_alone(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis = machine.phone("luis")
        await appointed(machine, luis, "agent", BODY, OTHER)
        await taken(machine, luis, 2)
        found = await machine.work(members)
        assert {each.body: each.open for each in found} == {BODY: 2, OTHER: 0}
        for body, number in ((BODY, 2), (OTHER, 0)):
            assert [each.open for each in await machine.work(partial(members, bodies=[body]))] == [number]
