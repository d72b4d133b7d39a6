"""Reports that somebody looks at first, and what is hidden: freed, dropped and shown again by who may, told to whom."""

from __future__ import annotations

from sqlalchemy import select

from bot.messages import Outbound, Place
from locales import catalog
from storage import updates
from storage.codes import show_code
from storage.schema import block, delivery, supporter, ticket
from storage.wording import read_words
from tests.handset import Phone
from tests.machine import Machine
from tests.test_care import UNTOLD, attach, citizen, hidden_media, public_words, report, reported
from tests.test_rights import appointed, hired, person_at
from tests.test_whose_eyes import MASKED, joined, told_all, told_to_a_dispatcher

# In Villa 20, where the water's body leads and the settlements' stands beside it.
SETTLEMENT = Place(lat=-34.6730, lon=-58.4640, source="pin")


async def held_in_a_settlement(machine: Machine) -> tuple[Phone, str]:
    """Who reported that there is no water in a settlement, in words that are held, and the ticket's code."""
    ana = machine.phone("ana")
    await ana.says("sin agua")
    await ana.sends(place=SETTLEMENT)
    await ana.says("asdfasdf")
    await ana.says("dale")
    return ana, str(await machine.one(select(ticket.c.code).where(ticket.c.held_at.is_not(None))))


async def official_of(machine: Machine, who: str, body: str, role: str = "agent") -> Phone:
    phone = machine.phone(who)
    await phone.says("/ayuda")
    await appointed(machine, phone, body, role, proved=False)
    return phone


async def colleague(machine: Machine) -> Phone:
    """Another dispatcher of the body for which Luis works."""
    return await official_of(machine, "bea", "comuna-3", "dispatcher")


async def test_a_held_report_of_two_bodies_is_looked_at_by_one_and_then_told_to_the_other(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        marta, nora = await official_of(machine, "marta", "agua"), await official_of(machine, "nora", "barrios")
        _, code = await held_in_a_settlement(machine)
        assert await nora.news() == []
        assert code[:4] in (await marta.news())[-1].text
        await marta.says(f"/liberar {code}")
        assert await machine.one(select(ticket.c.held_at).where(ticket.c.code == code)) is None
        assert code[:4] in (await nora.news())[-1].text


async def test_what_was_dropped_is_freed_no_more(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        marta, nora = await official_of(machine, "marta", "agua"), await official_of(machine, "nora", "barrios")
        ana, code = await held_in_a_settlement(machine)
        await marta.says(f"/descartar {code}")
        await ana.news()
        assert "ya está cerrado" in (await marta.says(f"/liberar {code}"))[-1].text
        assert await machine.one(select(ticket.c.held_at).where(ticket.c.code == code)) is not None
        assert await nora.news() == []
        assert await ana.news() == []


async def test_an_agent_shows_nothing_again_that_a_dispatcher_hid(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await told_to_a_dispatcher(machine)
        agent = await official_of(machine, "nora", "comuna-3")
        await luis.says(f"/ocultar {code} nombra a otra persona")
        assert (await agent.says(f"/liberar {code}"))[-1].text == catalog("es").text("needs-dispatcher")
        assert await public_words(machine, code) == ""
        await luis.says(f"/liberar {code}")
        assert await public_words(machine, code) == f"un pozo, llamame al {MASKED}"


async def test_who_joined_hears_that_her_words_are_shown_again_and_who_reported_does_not(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await told_to_a_dispatcher(machine)
        beto = await joined(machine, code)
        await beto.says(f"/contestar {code} sigue igual, me dijo el vecino")
        await luis.says(f"/ocultar {code} nombra a otra persona")
        await luis.taps("sigue igual")
        assert "nombra a otra persona" in (await beto.news())[-1].text
        await luis.says(f"/liberar {code}")
        assert "se lee otra vez en público" in (await beto.news())[-1].text
        assert await ana.news() == []


async def test_an_offices_telephone_is_read_again_after_it_was_hidden(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await told_to_a_dispatcher(machine)
        await luis.says(f"/responder {code} llamen al 4444-5555 de 8 a 16")
        await luis.says(f"/ocultar {code} ya no atienden")
        await luis.taps("llamen al")
        await luis.says(f"/liberar {code}")
        told = (await machine.work(lambda work: updates.history(work, code, public_only=True)))[-1]
        assert read_words(told, "public") == "llamen al 4444-5555 de 8 a 16"


async def test_a_held_report_is_there_for_nobody_outside(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        beto, eva = machine.phone("beto"), await official_of(machine, "eva", "comuna-14")
        ana, code = await held_in_a_settlement(machine)
        unknown = catalog("es").text("code-unknown", code=show_code(code))
        for line in ("estado {}", "me sumo {}", "pedido {}", "/contestar {} hola", "/fotos {}"):
            assert (await beto.says(line.format(code)))[-1].text == unknown
        for line in ("/ver {}", "/tomar {}", "/unir {} {}"):
            assert (await eva.says(line.format(code, code)))[-1].text == unknown
        assert code[:4] in (await ana.says(f"estado {code}"))[-1].text


async def test_nobody_works_on_a_held_report_before_it_is_looked_at(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        marta = await official_of(machine, "marta", "agua", "dispatcher")
        ana, code = await held_in_a_settlement(machine)
        waits = catalog("es").text("still-held", code=show_code(code))
        lines = (
            "/tomar {}",
            "/responder {} vamos",
            "/contestar {} vamos",
            "/estado {} en obra",
            "/planificar {} viernes",
        )
        for line in (*lines, "/pasar {} comuna-2 no es acá", "/prioridad {} alta", "/asignar {} yo", "/ocultar {} no"):
            assert (await marta.says(line.format(code)))[-1].text == waits
        assert await machine.one(select(ticket.c.update_seq).where(ticket.c.code == code)) == 2
        assert await ana.news() == []
        assert await marta.says(f"me sumo {code}")
        assert await machine.count(supporter) == 0


async def test_the_digest_counts_what_the_inbox_shows(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        marta = await official_of(machine, "marta", "agua")
        ana, _ = await held_in_a_settlement(machine)
        await told_all(machine, await person_at(machine, ana), "agua")
        assert "1 nuevo)" in (await marta.says("/bandeja"))[-1].text
        assert "entró 1" in (await marta.says("/resumen"))[0].text


async def set_right(machine: Machine) -> tuple[Phone, str]:
    """Who sent a pothole that is held and says then that it is rubbish, and the ticket's code."""
    ana = machine.phone("ana")
    await report(ana, "asdfasdf")
    code = str(await machine.one(select(ticket.c.code).where(ticket.c.held_at.is_not(None))))
    for line in (f"cambiar {code} tema", "basura en la calle", "sí"):
        await ana.says(line)
    assert await machine.one(select(ticket.c.body).where(ticket.c.code == code)) == "higiene-urbana"
    return ana, code


async def test_a_held_report_that_is_set_right_still_goes_nowhere(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await set_right(machine)
        assert await machine.count(delivery) == 0


async def test_who_leads_a_held_report_that_was_set_right_looks_at_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        nora = await official_of(machine, "nora", "higiene-urbana")
        _, code = await set_right(machine)
        assert [option.tap for option in (await nora.news())[-1].options][:2] == [f"/free {code}", f"/reject {code}"]
        await nora.says(f"/liberar {code}")
        assert await machine.one(select(ticket.c.held_at).where(ticket.c.code == code)) is None


async def test_nobody_shuts_out_who_acts_for_a_body(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, eva = await hired(machine, "dispatcher"), await official_of(machine, "eva", "comuna-14")
        code = await told_all(machine, await person_at(machine, eva))
        assert (await luis.says(f"/bloquear {code} 30 molesta"))[-1].text == catalog("es").text(
            "block-nobody", code=show_code(code)
        )
        assert await machine.count(block) == 0
        assert await eva.says("/bandeja")


async def test_nobody_shuts_out_who_works_in_a_bodys_group(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        luis, group = await hired(machine, "dispatcher"), machine.phone("-100")
        await group.says("/ayuda")
        await appointed(machine, group, "comuna-14", "agent", proved=False)
        member = machine.phone("-100/7")
        await member.says("/ayuda")
        code = await told_all(machine, await person_at(machine, member))
        assert (await luis.says(f"/bloquear {code} 30 molesta"))[-1].text == catalog("es").text(
            "block-nobody", code=show_code(code)
        )
        assert await machine.count(block) == 0


def offered(said: list[Outbound]) -> list[str]:
    return [option.label for option in said[-1].options]


async def test_an_official_who_names_no_code_is_offered_her_bodys_tickets(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await told_to_a_dispatcher(machine)
        await told_all(machine, await person_at(machine, luis), "comuna-14")
        for command in ("/ocultar", "/bloquear", "/dividir", "/ver", "/tomar", "/estado", "/liberar"):
            assert offered(await luis.says(command)) == [show_code(code)], command
            await luis.says("/cancelar")


async def test_an_official_who_frees_and_names_no_code_is_offered_what_is_held(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        marta = await official_of(machine, "marta", "agua")
        ana, code = await held_in_a_settlement(machine)
        await told_all(machine, await person_at(machine, ana), "agua")
        for command in ("/liberar", "/descartar"):
            assert offered(await marta.says(command)) == [show_code(code)], command
            await marta.says("/cancelar")


async def test_who_sent_what_was_dropped_hears_it_from_the_bot_and_not_from_the_body(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        marta = await official_of(machine, "marta", "agua")
        ana, code = await held_in_a_settlement(machine)
        await marta.says(f"/descartar {code}")
        (told,) = await ana.news()
        assert "lo paso enseguida" in told.text
        assert "No se va a hacer" not in told.text
        assert "Agua" not in told.text


async def test_every_entry_of_a_long_history_can_be_hidden(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await told_to_a_dispatcher(machine)
        for n in range(1, 8):
            await ana.says(f"/contestar {code} lo digo por {n}ª vez")
        await luis.says(f"/ocultar {code} insulta")
        await luis.taps("por 1ª vez")
        said = await machine.work(lambda work: updates.history(work, code, public_only=True))
        assert [read_words(entry, "public") for entry in said if entry.words][:2] == ["", "lo digo por 2ª vez"]


async def test_of_two_who_show_the_same_again_the_second_hears_that_it_is_shown(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, code = await told_to_a_dispatcher(machine)
        bea = await colleague(machine)
        await luis.says(f"/responder {code} vamos el lunes")
        await machine.work(lambda work: attach(work, code, 2))
        for label in ("un pozo", "vamos el lunes", "2 "):
            await luis.says(f"/ocultar {code} nombra a otra persona")
            await luis.taps(label)
        await ana.news()
        nothing = catalog("es").text("free-nothing", code=show_code(code))
        for label in ("vamos el lunes", "Foto 2"):
            await luis.says(f"/liberar {code}")
            await bea.says(f"/liberar {code}")
            await bea.taps(label)
            assert [out.text for out in await luis.taps(label)] == [nothing]
            assert not (await luis.state()).talks
        acts = [entry.action for entry in await machine.work(lambda w: updates.history(w, code, public_only=False))]
        assert acts.count("freed") == 2


async def test_of_two_who_hide_the_same_picture_the_second_hears_that_it_is_hidden(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, bea = await citizen(machine), await hired(machine, "dispatcher"), await colleague(machine)
        code = await reported(machine, ana)
        await machine.work(lambda work: attach(work, code, 2))
        for phone in (luis, bea):
            await phone.says(f"/ocultar {code} se ve una patente")
        await bea.taps("Foto 2")
        assert (await luis.taps("Foto 2"))[0].text == UNTOLD.format(code=show_code(code))
        assert len(await ana.news()) == 1
        assert await hidden_media(machine) == ["m1"]


async def test_of_two_who_correct_the_same_words_the_second_hears_who_was_first(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, bea = await citizen(machine), await hired(machine, "dispatcher"), await colleague(machine)
        code = await reported(machine, ana)
        await luis.says(f"/enmendar {code}")
        await bea.says(f"/enmendar {code} hay un pozo en la esquina")
        await ana.news()
        (second,) = await luis.says("hay un pozo frente a la escuela")
        assert "llegó antes" in second.text
        assert "«hay un pozo en la esquina»" in second.text
        assert await public_words(machine, code) == "hay un pozo en la esquina"
        assert await ana.news() == []
        await luis.says(f"/enmendar {code}")
        await luis.says("hay un pozo frente a la escuela")
        assert await public_words(machine, code) == "hay un pozo frente a la escuela"
