"""Officials: an invitation works once, an office reaches as far as its body, and every refusal says why."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import select

from bot.messages import Inbound
from routing.pack import Pack
from storage import officials
from storage.officials import DAYS_VALID, hash_code, make_invite_code
from storage.schema import invite, official, ticket, update
from tests.handset import Phone
from tests.machine import CONGRESS, DAY, Machine, demo_pack, texts

# CONGRESS lies in this comuna, which answers for potholes there.
BODY, OTHER = "comuna-3", "comuna-14"


async def report(machine: Machine, phone: Phone, words: str = "hay un bache enorme en la esquina") -> str:
    """Report a pothole at CONGRESS and return the ticket's code."""
    await phone.says(words)
    await phone.sends(place=CONGRESS)
    # By SMS one question is enough.
    if any("Enviar" in option.label for option in phone.last.options):
        await phone.taps("Enviar")
    code: str = await machine.one(select(ticket.c.code).order_by(ticket.c.created_at.desc()).limit(1))
    return code


async def status_of(machine: Machine, code: str) -> str:
    status: str = await machine.one(select(ticket.c.status).where(ticket.c.code == code))
    return status


def test_an_invitation_is_read_out_easily_and_kept_only_as_a_hash() -> None:
    code = make_invite_code(lambda below: below - 1)
    assert code == "ZZZZ-ZZZZ-ZZZZ"
    assert hash_code(" zzzz zzzz-ZZZZ") == hash_code(code)
    assert code not in hash_code(code)


async def test_an_invitation_makes_an_official_once(database_url: str) -> None:
    async with Machine(database_url) as machine:
        code = "BCDF-2345-GHJK"
        await machine.work(lambda work: officials.add_invite(work, code, [BODY, OTHER], "agent", "Luisa"))
        luis, eva = machine.phone("luis"), machine.phone("eva")
        (welcome,) = await luis.says(f"/start invite-{code}")
        assert "Comuna 3" in welcome.text
        assert "Comuna 14" in welcome.text
        (refusal,) = await eva.says(f"/start invite-{code}")
        assert "invitación no sirve" in refusal.text
        rows = await machine.rows(select(official.c.body, official.c.role, official.c.name).order_by(official.c.id))
        assert [tuple(row) for row in rows] == [(BODY, "agent", "Luisa"), (OTHER, "agent", "Luisa")]
        assert code not in str(await machine.rows(select(invite)))


async def test_two_who_use_one_invitation_at_the_same_time_are_one_official_and_one_refused(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await machine.work(lambda work: officials.add_invite(work, "BCDF-2345-GHJK", [BODY], "agent"))
        phones = [machine.phone("luis"), machine.phone("eva")]
        await machine.take(*(phone.message("/start invite-BCDF-2345-GHJK") for phone in phones))
        said = [(await phone.news())[0].text for phone in phones]
        assert "bienvenida" in said[0]
        assert "no sirve" in said[1]
        assert await machine.count(official) == 1


@pytest.mark.parametrize("typed", ["BCDF-2345-GHJX", "", "BCDF", "x" * 300])
async def test_a_wrong_invitation_is_refused(sqlite_url: str, typed: str) -> None:
    async with Machine(sqlite_url) as machine:
        await machine.work(lambda work: officials.add_invite(work, "BCDF-2345-GHJK", [BODY], "agent"))
        luis = machine.phone("luis")
        (refusal,) = await luis.says(f"/start invite-{typed}")
        assert "invitación no sirve" in refusal.text
        assert await machine.count(official) == 0


async def test_an_old_invitation_is_refused(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await machine.work(lambda work: officials.add_invite(work, "BCDF-2345-GHJK", [BODY], "agent"))
        await machine.wait(DAYS_VALID * DAY)
        luis = machine.phone("luis")
        assert "invitación no sirve" in (await luis.says("/start invite-BCDF-2345-GHJK"))[0].text


async def test_an_invitation_can_be_typed_as_a_command_and_in_small_letters(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await machine.work(lambda work: officials.add_invite(work, "BCDF-2345-GHJK", [BODY], "agent"))
        assert "bienvenida" in (await machine.phone("luis").says("/invitacion bcdf 2345 ghjk"))[0].text


async def test_who_is_invited_again_holds_each_office_once(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis = machine.phone("luis")
        await machine.appoint(luis, BODY)
        await machine.appoint(luis, BODY, OTHER)
        assert [row.body for row in await machine.rows(select(official.c.body).order_by(official.c.id))] == [
            BODY,
            OTHER,
        ]


async def test_a_new_ticket_is_pushed_to_all_officials_of_its_body_and_to_no_other(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        phones = {name: machine.phone(name) for name in ("luis", "eva", "pedro", "ana")}
        for name, body in (("luis", BODY), ("eva", BODY), ("pedro", OTHER)):
            await machine.appoint(phones[name], body)
        code = await report(machine, phones["ana"])
        for name, pushed in (("luis", True), ("eva", True), ("pedro", False)):
            said = await phones[name].news()
            assert [out.ticket for out in said] == ([code] if pushed else [])
        shown = phones["luis"].last
        assert "bache enorme" in shown.text
        assert shown.place == CONGRESS


COMMANDS = (
    "/ver {}",
    "/tomar {}",
    "/responder {} vamos",
    "/estado {} resuelto lo tapamos",
    "/estado {} rechazado no hay fondos",
)


async def test_an_official_touches_no_ticket_of_another_body(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, pedro = machine.phone("ana"), machine.phone("pedro")
        await machine.appoint(pedro, OTHER)
        code = await report(machine, ana)
        for command in COMMANDS:
            (refusal,) = await pedro.says(command.format(code))
            assert "lo atiende Comuna 3" in refusal.text, command
        assert (await status_of(machine, code), await machine.count(update)) == ("received", 1)
        (said,) = await pedro.says("/bandeja")
        assert code[:4] not in said.text


async def test_a_citizen_touches_no_ticket_as_an_official(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        code = await report(machine, ana)
        for command in ("/ver {}", "/tomar {}", "/bandeja"):
            for phone in (ana, eva):
                (refusal,) = await phone.says(command.format(code))
                assert "para quienes atienden" in refusal.text, command
        (answer,) = await eva.says(f"/estado {code} resuelto lo tapamos")
        assert "Recibido" in answer.text, "the status is public, to change it is not"
        (refusal,) = await eva.says(f"/responder {code} ya está")
        assert "no es un reclamo tuyo" in refusal.text
        assert (await status_of(machine, code), await machine.count(update)) == ("received", 1)


async def test_every_step_reaches_the_citizen_and_every_answer_the_official(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await report(machine, ana)
        await ana.news()
        await luis.says(f"/tomar {code}")
        assert "Visto" in (await ana.news())[0].text
        await luis.says(f"/responder {code} ¿de qué lado de la avenida?")
        assert "¿de qué lado de la avenida?" in (await ana.news())[0].text
        assert await status_of(machine, code) == "waiting_citizen"
        await luis.news()
        await ana.says("del lado del bar")
        assert "del lado del bar" in (await luis.news())[0].text
        assert await status_of(machine, code) == "acknowledged"
        await luis.says(f"/estado {code} resuelto lo tapamos")
        assert "¿Quedó arreglado?" in (await ana.news())[0].text
        await luis.news()
        await ana.says("no")
        assert await status_of(machine, code) == "reopened"
        assert "no quedó arreglado" in (await luis.news())[0].text


async def test_an_end_without_a_reason_asks_for_one(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await report(machine, ana)
        await luis.news()
        (question,) = await luis.says(f"/estado {code} rechazado")
        assert "motivo" in question.text
        assert await status_of(machine, code) == "received"
        await luis.says("es un terreno privado")
        assert await status_of(machine, code) == "declined"
        assert "es un terreno privado" in (await ana.news())[-1].text


async def test_what_the_graph_does_not_have_is_refused_with_what_it_has(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await report(machine, ana)
        await luis.says(f"/estado {code} rechazado no hay fondos")
        (refusal,) = await luis.says(f"/estado {code} en obra")
        assert "ya no cambia de estado" in refusal.text
        assert await status_of(machine, code) == "declined"


async def test_of_two_officials_who_take_a_ticket_one_is_told_that_it_is_taken(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, eva = machine.phone("ana"), machine.phone("luis"), machine.phone("eva")
        await machine.appoint(luis, BODY)
        await machine.appoint(eva, BODY)
        code = await report(machine, ana)
        await luis.news(), await eva.news()
        await machine.take(luis.message(f"/tomar {code}"), eva.message(f"/tomar {code}"))
        assert "a tu cargo" in (await luis.news())[0].text
        assert "llegó antes" in (await eva.news())[0].text
        assert await machine.count(update, update.c.status == "acknowledged") == 1


async def test_nobody_learns_who_the_other_is(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana-5491155551234"), machine.phone("luis-5491155559876")
        await machine.appoint(luis, BODY, name="Luisa Paz")
        code = await report(machine, ana)
        await luis.says(f"/responder {code} vamos mañana")
        await ana.says(f"/contestar {code} gracias")
        said = texts([*await ana.everything(), *await luis.everything()])
        assert not [text for text in said if "5491155" in text or "Luisa" in text]


async def test_an_officials_name_is_shown_where_the_body_wants_it(sqlite_url: str) -> None:
    records = demo_pack().records
    named = tuple(msgspec.structs.replace(body, show_official_names=True) for body in records.bodies)
    pack = Pack(msgspec.structs.replace(records, bodies=named))
    async with Machine(sqlite_url, pack=pack) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, BODY, name="Luisa Paz")
        code = await report(machine, ana)
        await luis.says(f"/responder {code} vamos mañana")
        assert "vamos mañana (Luisa Paz)" in (await ana.news())[-1].text


async def test_a_group_becomes_an_office_for_whoever_is_in_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, eva, ana = machine.phone("-100/luis"), machine.phone("-100/eva"), machine.phone("ana")
        group = machine.phone("-100")
        await machine.appoint(luis, BODY)
        code = await report(machine, ana)
        assert [out.ticket for out in await group.news()] == [code], "the ticket is pushed to the group itself"
        (taken,) = await eva.says(f"/tomar {code}")
        assert "a tu cargo" in taken.text
        assert await status_of(machine, code) == "acknowledged"


async def test_an_office_of_a_group_is_held_in_that_group_only(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await machine.appoint(machine.phone("-100/luis"), BODY)
        code = await report(machine, ana)
        for elsewhere in (machine.phone("luis"), machine.phone("-200/luis")):
            assert "para quienes atienden" in (await elsewhere.says(f"/tomar {code}"))[0].text
        assert await status_of(machine, code) == "received"


async def test_an_office_held_in_private_stays_out_of_groups(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, BODY)
        await machine.appoint(machine.phone("-100/eva"), OTHER)
        code = await report(machine, ana)
        here = machine.phone("-100/luis")
        assert "lo atiende Comuna 3" in (await here.says(f"/ver {code}"))[0].text
        assert code[:4] not in (await here.says("/bandeja"))[0].text


async def test_a_group_that_puts_the_bot_out_is_no_office_any_more(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana = machine.phone("-100/luis"), machine.phone("ana")
        await machine.appoint(luis, BODY)
        await machine.take(luis.message(kind="left"))
        code = await report(machine, ana)
        assert await machine.phone("-100").news() == []
        assert "para quienes atienden" in (await luis.says(f"/tomar {code}"))[0].text


async def test_a_group_that_moves_stays_an_office(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, ana = machine.phone("-100/luis"), machine.phone("ana")
        await machine.appoint(luis, BODY)
        moved = Inbound(account=luis.account, key="move", address="-100", kind="migrated", text="-200")
        # Telegram may hand over both at once; what is written to the new group comes after the move.
        await machine.take(moved, machine.phone("-200/luis").message("/bandeja"))
        assert "No hay nada pendiente" in (await machine.phone("-200/luis").everything())[-1].text
        code = await report(machine, ana)
        assert [out.ticket for out in await machine.phone("-200").everything()] == [code]
