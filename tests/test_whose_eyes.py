"""Who reads what: personal data and hidden words are for who wrote them and for the officials of the ticket's body."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import select

from storage import moderation, tickets
from storage.schema import media, ticket, ticket_media
from storage.work import Work
from tests.handset import Phone
from tests.machine import CONGRESS, Machine
from tests.test_care import public_words, report
from tests.test_rights import appointed, hired, person_at

PHONE, MAIL = "11 5555-4444", "ana@example.org"
MASKED = "[teléfono]"


async def told_all(machine: Machine, reporter: tuple[int, int], body: str = "comuna-3") -> str:
    """A ticket whose words and place hold what is nobody else's business."""
    person_id, address_id = reporter
    return str(
        await machine.work(
            lambda work: tickets.open_ticket(
                work,
                person_id=person_id,
                address_id=address_id,
                category="bache",
                body=body,
                area="comuna-3",
                place=replace(CONGRESS, words=f"Rivadavia 1900, timbre de {MAIL}"),
                words=f"un pozo, llamame al {PHONE}",
                public_words=f"un pozo, llamame al {MASKED}",
                media_ids=(),
                language="es",
            )
        )
    )


async def told_to_a_dispatcher(machine: Machine) -> tuple[Phone, Phone, str]:
    """Who reported such a ticket, a dispatcher of its body, and its code."""
    ana, luis = machine.phone("ana"), await hired(machine, "dispatcher")
    await ana.says("/ayuda")
    return ana, luis, await told_all(machine, await person_at(machine, ana))


async def joined(machine: Machine, code: str) -> Phone:
    """Somebody who joined a ticket."""
    beto = machine.phone("beto")
    await beto.says(f"me sumo {code}")
    return beto


async def test_a_request_holds_personal_data_only_for_who_reported_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, beto = machine.phone("ana"), machine.phone("beto")
        await ana.says("/ayuda")
        code = await told_all(machine, await person_at(machine, ana))
        await beto.says(f"me sumo {code}")
        hers, his = (await ana.says(f"pedido {code}"))[-1].text, (await beto.says(f"pedido {code}"))[-1].text
        assert PHONE in hers
        assert MAIL in hers
        assert f"un pozo, llamame al {MASKED}" in his
        assert "Rivadavia 1900" in his
        assert MAIL not in his


async def test_a_request_tells_a_follower_nothing_that_an_official_hid(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, luis, code = await told_to_a_dispatcher(machine)
        beto = await joined(machine, code)
        await luis.says(f"/ocultar {code} nombra a otra persona")
        his = (await beto.says(f"pedido {code}"))[-1].text
        assert "un pozo" not in his
        assert "«…»" in his


async def test_an_official_of_another_body_reads_the_place_as_everybody_does(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, eva, luis = machine.phone("ana"), machine.phone("eva"), await hired(machine, "agent")
        for phone in (ana, eva):
            await phone.says("/ayuda")
        await appointed(machine, eva, "comuna-14", "agent", proved=False)
        code = await told_all(machine, await person_at(machine, ana))
        for line in (f"estado {code}", f"me sumo {code}"):
            said = (await eva.says(line))[-1].text
            assert "Rivadavia 1900" in said
            assert MAIL not in said
        for line in (f"/ver {code}", f"/mapa {code}", "/bandeja", "/buscar rivadavia"):
            assert MAIL in (await luis.says(line))[-1].text


async def test_what_was_hidden_stays_hidden_in_the_report_that_goes_on_from_it(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), await hired(machine, "dispatcher")
        await ana.says("/ayuda")
        code = await told_all(machine, await person_at(machine, ana))

        def attach(work: Work) -> None:
            for n in range(2):
                kept = {"account": "x", "ref": "", "kind": "photo", "status": "kept", "created_at": work.now}
                work.add(media, id=f"m{n}", key=f"{n}.jpg", **kept)
                work.add(ticket_media, ticket=code, media_id=f"m{n}", update_seq=1, position=n)

        await machine.work(attach)
        await machine.work(lambda work: moderation.hide_file(work, code, "m1", work.now))
        await machine.work(lambda work: moderation.show_instead(work, code, 1, ""))
        await luis.says(f"/tomar {code}")
        await luis.says(f"/estado {code} en obra")
        for line in (f"cambiar {code} tema", "basura en la calle", "sí"):
            await ana.says(line)
        new = await machine.one(select(ticket.c.code).where(ticket.c.code != code))
        assert await public_words(machine, new) == ""
        shown = await machine.work(lambda work: moderation.shown_files(work, new))
        assert [each.media_id for each in shown] == ["m0"]


async def test_what_was_looked_at_once_is_not_held_when_it_goes_on_in_another_report(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), await hired(machine, "dispatcher")
        await report(ana, "asdfasdf")
        code = await machine.one(select(ticket.c.code))
        for line in ("/liberar {}", "/tomar {}", "/estado {} en obra"):
            await luis.says(line.format(code))
        for line in (f"cambiar {code} tema", "basura en la calle", "sí"):
            await ana.says(line)
        assert await machine.count(ticket) == 2
        assert await machine.count(ticket, ticket.c.held_at.is_not(None)) == 0
