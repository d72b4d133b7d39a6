"""Who reads what: personal data and hidden words are for who wrote them and for the officials of the ticket's body."""

from __future__ import annotations

from msgspec.structs import replace

from storage import tickets
from tests.machine import CONGRESS, Machine
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
        ana, beto, luis = machine.phone("ana"), machine.phone("beto"), await hired(machine, "dispatcher")
        await ana.says("/ayuda")
        code = await told_all(machine, await person_at(machine, ana))
        await beto.says(f"me sumo {code}")
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
