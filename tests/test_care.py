"""Hiding, correcting, holding, freeing, blocking; how many reports a person may send; emergencies all the while."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.messages import Attachment, Outbound
from bot.providers import Providers
from bot.scene import Limits
from storage import blocks, moderation, updates
from storage.codes import show_code
from storage.schema import block, media, ticket, ticket_media
from storage.schema import update as ticket_update
from storage.work import Work
from tests.handset import Phone
from tests.machine import Machine
from tests.test_rights import hired, opened, person_at

DAY = 86400.0
UNTOLD = "Listo: eso de {code} ya no se ve en público. El original queda."
OWN = "own"


async def reported(machine: Machine, phone: Phone) -> str:
    """A ticket of the official's own body, reported from this phone."""
    mine = await person_at(machine, phone)
    return str(await machine.work(lambda work: opened(work, OWN, mine)))


async def citizen(machine: Machine) -> Phone:
    phone = machine.phone("ana")
    await phone.says("/ayuda")
    return phone


async def public_words(machine: Machine, code: str) -> str | None:
    rows = await machine.rows(select(ticket.c.words, ticket.c.public_words).where(ticket.c.code == code))
    return rows[0].public_words  # type: ignore[no-any-return]


async def test_hidden_words_are_kept_and_shown_to_nobody_outside(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        before = (await machine.rows(select(ticket.c.words).where(ticket.c.code == code)))[0].words
        await luis.says(f"/ocultar {code} nombra a otra persona")
        assert await public_words(machine, code) == ""
        assert (await machine.rows(select(ticket.c.words).where(ticket.c.code == code)))[0].words == before
        assert before in (await luis.says(f"/ver {code}"))[0].text


async def test_who_wrote_it_is_told_why_and_may_object(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        await luis.says(f"/ocultar {code} nombra a otra persona")
        await ana.news()
        assert "«nombra a otra persona»" in ana.last.text
        assert [option.tap for option in ana.last.options] == [f"/reply {code}"]


async def test_a_correction_is_read_instead_and_undone_by_freeing(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        await luis.says(f"/corregir {code} hay un pozo en la esquina")
        assert await public_words(machine, code) == "hay un pozo en la esquina"
        await luis.says(f"/liberar {code}")
        assert await public_words(machine, code) is None
        acts = await machine.rows(select(ticket_update.c.action).where(ticket_update.c.ticket == code))
        assert [row.action for row in acts if row.action] == ["corrected", "freed"]


async def test_every_entry_tells_who_did_it_and_from_where(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        for line in ("/tomar {}", "/responder {} mañana vamos", "/ocultar {} nombra a otra", "/estado {} en obra"):
            await luis.says(line.format(code))
        await ana.says(f"/contestar {code} gracias")
        rows = await machine.rows(select(ticket_update).where(ticket_update.c.ticket == code))
        official, reporter = await person_at(machine, luis), await person_at(machine, ana)
        for row in rows:
            who = official if row.actor == "official" else reporter
            assert (row.person_id, row.address_id) == who


async def test_hidden_pictures_are_no_part_of_what_the_public_sees(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = await citizen(machine)
        code = await reported(machine, ana)

        async def attach(work: Work) -> None:
            work.add(media, id="m1", account="x", ref="", kind="photo", status="kept", key="a.jpg", created_at=work.now)
            work.add(ticket_media, ticket=code, media_id="m1", update_seq=1, position=0)
            await work.flush()

        async def seen(work: Work) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]:
            public = (await updates.history(work, code, public_only=True))[0].media
            inside = (await updates.history(work, code, public_only=False))[0].media
            return public, inside, await updates.first_photos(work, [code])

        await machine.work(attach)
        assert await machine.work(seen) == (("m1",), ("m1",), {code: "m1"})
        await machine.work(lambda work: moderation.hide_files(work, code, work.now))
        assert await machine.work(seen) == ((), ("m1",), {})
        assert await machine.work(lambda work: moderation.is_hidden(work.connection, "a.jpg"))
        assert not await machine.work(lambda work: moderation.is_hidden(work.connection, "b.jpg"))


async def report(phone: Phone, words: str, lat: str = "-34.6095") -> str:
    """Report a pothole in these words; what was said last."""
    for line in ("bache", f"{lat}, -58.3925", words, "dale"):
        await phone.says(line)
    return phone.last.text


async def test_a_held_report_is_no_page_and_near_nobody(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, beto = machine.phone("ana"), machine.phone("beto")
        await report(ana, "asdfasdf")
        code = (await machine.rows(select(ticket.c.code).where(ticket.c.held_at.is_not(None))))[0].code
        show = Providers(machine.database, machine.pack, lambda connection: _work(machine, connection), dict)
        assert await show.ticket(code, "es") is None
        assert "No encuentro" in (await beto.says(f"estado {code}"))[0].text
        await beto.says("bache")
        assert "¿Cómo es?" in (await beto.says("-34.6095, -58.3925"))[0].text


def _work(machine: Machine, connection: object) -> Work:
    return Work(connection, machine.now, machine.lots.code, machine.lots.id)  # type: ignore[arg-type]


async def test_an_angry_report_is_not_held(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        await report(machine.phone("ana"), "estoy podrida de esta mugre, arreglen la puta vereda")
        rows = await machine.rows(select(ticket.c.held_at))
        assert [row.held_at for row in rows] == [None]


async def test_who_sent_enough_keeps_her_draft_and_sends_it_later(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        machine.limits = Limits(per_hour=2, per_day=3)
        await machine.restart()
        ana = machine.phone("ana")
        for lat in ("-34.6095", "-34.6195", "-34.6295"):
            await report(ana, "un pozo enorme", lat)
        assert "Este queda guardado" in ana.last.text
        assert await count(machine) == 2
        machine.now += 3700
        await ana.says("dale")
        assert await count(machine) == 3


async def test_who_sent_enough_hears_why_each_time_she_tries(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        machine.limits = Limits(per_hour=1, per_day=3)
        await machine.restart()
        ana = machine.phone("ana")
        await report(ana, "un pozo enorme", "-34.6095")
        await ana.says("hay un pozo enorme en -34.6195, -58.3925 frente a la escuela")
        await ana.says("bache")
        for _ in range(2):
            await ana.says("dale")
            assert "Este queda guardado" in ana.last.text
        assert await count(machine) == 1


async def count(machine: Machine) -> int:
    return len(await machine.rows(select(ticket.c.code)))


async def test_who_is_blocked_is_told_once_and_hears_of_emergencies_only(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        await luis.says(f"/bloquear {code} 30 manda cualquier cosa")
        await ana.news()
        assert "no voy a tomar tus mensajes" in ana.last.text
        assert await ana.says("hola") == []
        assert await ana.says("hay un bache") == []
        assert "100" in (await ana.says("hay un incendio en casa"))[0].text
        assert await ana.says("baja") != []


async def test_a_block_ends_by_itself_or_is_lifted(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = await citizen(machine)
        _, address_id = await person_at(machine, ana)
        until = machine.now + 30 * DAY
        await machine.work(lambda work: blocks.shut_out(work, address_id, "", until=until))
        assert await ana.says("hola") == []
        await machine.work(lambda work: blocks.lift(work, address_id))
        assert await ana.says("hola") != []
        await machine.work(lambda work: blocks.shut_out(work, address_id, "", until=until))
        assert await ana.says("hola") == []
        machine.now = until + 1
        assert await ana.says("hola") != []
        assert len(await machine.rows(select(block.c.id))) == 2


async def test_an_emergency_is_told_of_before_its_picture_is_here(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = await citizen(machine)
        await machine.take(ana.message("hay un incendio", captioned=True, attachments=(Attachment("photo", "good"),)))
        assert "100" in (await ana.news())[0].text
        assert all("llamá ya" not in out.text for out in await ana.says("el incendio sigue"))


async def test_of_who_is_forgotten_only_the_public_words_stay(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await report(ana, "un pozo, llamame al 11 5555-4444")
        await ana.says("/borrar")
        await ana.says("sí")
        rows = await machine.rows(select(ticket.c.words, ticket.c.person_id))
        assert [(row.words, row.person_id) for row in rows] == [("un pozo, llamame al [teléfono]", None)]


async def test_how_long_somebody_is_kept_out_is_chosen_and_lifted_before_that(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        (asked,) = await luis.says(f"/bloquear {code} manda cualquier cosa")
        assert [option.label for option in asked.options] == ["1 día", "7 días", "30 días", "hasta desbloquearlo"]
        assert "(hasta desbloquearlo)" in (await luis.taps("hasta desbloquearlo"))[0].text
        assert "hasta que la municipalidad lo revise" in (await ana.news())[-1].text
        machine.now += 400 * DAY
        assert await ana.says("hola") == []
        assert "puede escribir de nuevo" in (await luis.says(f"/desbloquear {code}"))[0].text
        assert "Ya podés escribirme" in (await ana.news())[-1].text
        assert await ana.says("hola") != []
        assert "no está bloqueado" in (await luis.says(f"/desbloquear {code}"))[0].text


@pytest.mark.parametrize(("days", "lasts"), [(1, 1), (7, 7), (30, 30)])
async def test_a_block_lasts_as_long_as_was_said_in_one_line(days: int, lasts: int, sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        await luis.says(f"/bloquear {code} {days} manda cualquier cosa")
        row = (await machine.rows(select(block.c.until, block.c.reason)))[0]
        assert tuple(row) == (machine.now + lasts * DAY, "manda cualquier cosa")


async def attach(work: Work, code: str, number: int) -> None:
    """So many photos, m0 the first of them, to the report itself."""
    for n in range(number):
        kept = {"account": "x", "ref": "", "kind": "photo", "status": "kept", "created_at": work.now}
        work.add(media, id=f"m{n}", key=f"{n}.jpg", **kept)
        work.add(ticket_media, ticket=code, media_id=f"m{n}", update_seq=1, position=n)
    await work.flush()


async def hidden_media(machine: Machine) -> list[str]:
    hidden = select(ticket_media.c.media_id).where(ticket_media.c.hidden_at.is_not(None))
    return [row.media_id for row in await machine.rows(hidden.order_by(ticket_media.c.position))]


async def shown_by(luis: Phone, ana: Phone, done: Outbound) -> str:
    """What the citizen hears when the button under what was `done` shows it again."""
    await luis.says(done.options[0].tap)
    return (await ana.news())[-1].text


async def test_one_picture_of_several_is_hidden_and_the_others_stay(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        await machine.work(lambda work: attach(work, code, 3))
        (asked,) = await luis.says(f"/ocultar {code} se ve una patente")
        assert [option.label for option in asked.options][:4] == ["3 fotos", "Foto 1", "Foto 2", "Foto 3"]
        assert asked.media == ("m0", "m1", "m2")
        assert "ya no se ve en público" in (await luis.taps("Foto 2"))[0].text
        assert await hidden_media(machine) == ["m1"]
        assert "se ve una patente" in (await ana.news())[-1].text
        await luis.says(f"/liberar {code}")
        assert await machine.count(ticket_media, ticket_media.c.hidden_at.is_not(None)) == 0


async def test_each_thing_that_was_hidden_is_shown_again_by_itself(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        await machine.work(lambda work: attach(work, code, 3))
        await luis.says(f"/ocultar {code} se ve una patente")
        (plate,) = await luis.taps("Foto 2")
        await luis.says(f"/ocultar {code} se ve la cara de una nena")
        (face,) = await luis.taps("Foto 1")
        await luis.says(f"/ocultar {code} insulta")
        (words,) = await luis.taps("un pozo")
        await ana.news()
        assert "Lo que mandaste" in (await shown_by(luis, ana, plate))
        assert await hidden_media(machine) == ["m0"]
        assert "no está retenido" in (await luis.says(plate.options[0].tap))[-1].text
        assert "Lo que escribiste" in (await shown_by(luis, ana, words))
        assert await hidden_media(machine) == ["m0"]
        await luis.says(f"/ocultar {code} todo")
        (every,) = await luis.taps("2 fotos")
        (asked,) = await luis.says(every.options[0].tap)
        assert [option.label for option in asked.options] == ["3 fotos", "Foto 1", "Foto 2", "Foto 3"]
        await luis.taps("Foto 3")
        assert await hidden_media(machine) == ["m0", "m1"]
        await luis.says(face.options[0].tap)
        assert await hidden_media(machine) == ["m1"]


async def test_who_sent_the_picture_that_is_hidden_hears_it_and_who_reported_does_not(
    sqlite_url: str,
) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis, bea = await citizen(machine), await hired(machine, "dispatcher"), machine.phone("bea")
        code = await reported(machine, ana)
        await bea.says(f"/sumo {code}")
        await bea.photo("goodb", caption=f"/agregarfoto {code}")
        await ana.news()
        await luis.says(f"/ocultar {code} se ve una cara")
        await luis.taps("1 foto")
        assert "se ve una cara" in (await bea.news())[-1].text
        assert await ana.news() == []


async def test_where_nobody_is_told_of_what_was_done_to_words_nobody_is_said_to_be(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        await luis.says(f"/responder {code} vamos el lunes")
        await luis.says(f"/ocultar {code} nombra a otra persona")
        (hidden,) = await luis.taps("vamos el lunes")
        (shown,) = await luis.says(f"/liberar {code}")
        await luis.says(f"/corregir {code} hay un pozo en la esquina")
        (corrected,) = await luis.taps("vamos el lunes")
        for said in (hidden, shown, corrected):
            assert "quien" not in said.text, "an office is not told"
        assert hidden.text == UNTOLD.format(code=show_code(code))
        await luis.says(f"/ocultar {code} insulta")
        assert "quien lo mandó" in (await luis.taps("un pozo"))[0].text


async def test_pictures_are_called_photos_where_they_are_nothing_else(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = await citizen(machine), await hired(machine, "dispatcher")
        code = await reported(machine, ana)
        await machine.work(lambda work: attach(work, code, 2))
        assert (await luis.says(f"/ocultar {code} todo"))[0].options[0].label == "2 fotos"
        await luis.says("/cancelar")
        await machine.work(lambda work: work.execute(media.update().where(media.c.id == "m1").values(kind="video")))
        assert (await luis.says(f"/ocultar {code} todo"))[0].options[0].label == "2 archivos"
