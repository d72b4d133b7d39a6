"""Commands that are one SMS and nothing else, from a phone that never wrote and in the middle of a report."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.sms_render import fits, render
from locales import catalog
from storage.codes import check_character, show_code
from storage.schema import address, supporter
from tests.handset import Phone
from tests.machine import Machine
from tests.test_one_message import ACCOUNT, asked, phone

UNKNOWN = "K7Q42M" + check_character("K7Q42M")
BEGIN = "hay un bache"


@pytest.fixture
async def machine(sqlite_url: str) -> AsyncIterator[Machine]:
    """By SMS as it runs: short words, lists in pages."""
    async with Machine(sqlite_url, variant=lambda account: "sms", fits=lambda account, out: fits(out)) as running:
        yield running


async def a_ticket(machine: Machine) -> str:
    """Somebody else's report; its code."""
    other = machine.phone("+5491199999999", account=ACCOUNT, language="es")
    await other.says("BACHE av corrientes 1234 casi callao")
    return (await other.says("si"))[-1].ticket


async def new_and_busy(machine: Machine, first: int = 1) -> list[Phone]:
    """A phone that never wrote, and one in the middle of a report."""
    busy = phone(machine, first + 1)
    await busy.says(BEGIN)
    assert await asked(busy) == "place"
    return [phone(machine, first), busy]


def spoken(writer: Phone) -> str:
    """What she has read last, as her phone shows it."""
    return "\n".join(render(out) for out in writer.heard[-2:])


async def goes_on(writer: Phone) -> bool:
    """True when the report that she was in the middle of is asked about again; nobody else is asked anything."""
    began = render(writer.heard[-1]) == render(writer.heard[0]) and len(writer.heard) > 1
    return (began and await asked(writer) == "place") or (not began and await asked(writer) == "")


@pytest.mark.parametrize("typed", ["ESTADO {}", "estado {}", "Estado de {}", "STATUS {}", "hola, estado {}"])
async def test_a_ticket_tells_how_it_stands(machine: Machine, typed: str) -> None:
    code = await a_ticket(machine)
    for number, shown in enumerate((code, show_code(code), show_code(code).lower())):
        for writer in await new_and_busy(machine, 2 * number):
            await writer.says(typed.format(shown))
            assert show_code(code) in spoken(writer)
            assert await goes_on(writer)


async def test_a_code_alone_tells_how_it_stands(machine: Machine) -> None:
    code = await a_ticket(machine)
    writer = phone(machine)
    await writer.says(show_code(code).lower())
    assert show_code(code) in spoken(writer)


async def test_an_unknown_code_is_said_to_be_none(machine: Machine) -> None:
    for writer in await new_and_busy(machine):
        await writer.says(f"ESTADO {UNKNOWN}")
        assert show_code(UNKNOWN) in spoken(writer)
        assert await goes_on(writer)


@pytest.mark.parametrize(
    "typed",
    [
        "SUMO {}",
        "sumo {}",
        "me sumo {}",
        "ME SUMO A {}",
        "yo tambien {}",
        "SOMO {}",
        "eu tambem {}",
        "JOIN {}",
        "me too {}",
    ],
)
async def test_who_joins_by_one_sms_is_joined(machine: Machine, typed: str) -> None:
    code = await a_ticket(machine)
    for number, shown in enumerate((code, show_code(code).lower())):
        for writer in await new_and_busy(machine, 2 * number):
            await writer.says(typed.format(shown))
            assert show_code(code) in spoken(writer)
            assert await goes_on(writer)
    assert await machine.count(supporter, supporter.c.ticket == code) == 4


@pytest.mark.parametrize("typed", ["MIS", "mis", "MIS RECLAMOS", "MEUS", "meus chamados", "MINE", "my reports"])
async def test_her_own_reports_are_listed(machine: Machine, typed: str) -> None:
    await a_ticket(machine)
    for writer in await new_and_busy(machine):
        [said, *_] = await writer.says(typed)
        assert said.text
        assert await goes_on(writer)
    owner = machine.phone("+5491199999999", account=ACCOUNT)
    await owner.says(typed)
    assert "Bache" in owner.last.text
    assert await asked(owner) == ""


@pytest.mark.parametrize("typed", ["AYUDA", "ayuda!", "AJUDA", "HELP"])
async def test_help_is_one_word(machine: Machine, typed: str) -> None:
    for writer in await new_and_busy(machine):
        [said, *_] = await writer.says(typed)
        assert said.text == catalog(said.language).text("help", "sms", city="")
        assert await goes_on(writer)


async def is_shut(writer: Phone) -> bool:
    """True when nothing goes to her any more."""
    of_hers = address.c.external == writer.who
    return bool(await writer.machine.count(address, of_hers, address.c.opted_out_at.is_not(None)))


@pytest.mark.parametrize("typed", ["BAJA", "baja", "Darme de baja", "PARAR", "descadastrar", "UNSUBSCRIBE", "STOP"])
@pytest.mark.parametrize("back", ["ALTA", "alta", "start", "hola"])
async def test_silence_is_one_word_and_so_is_coming_back(machine: Machine, typed: str, back: str) -> None:
    for writer in await new_and_busy(machine):
        await writer.says(typed)
        assert await is_shut(writer)
        carried = typed in ("UNSUBSCRIBE", "STOP")
        await writer.says(back)
        # What the carrier took it opens again by its own word alone.
        assert await is_shut(writer) is (carried and back != "start")


@pytest.mark.parametrize("typed", ["MAS", "mas", "Más", "MAIS", "MORE", "+"])
async def test_more_turns_the_page_of_what_is_asked(machine: Machine, typed: str) -> None:
    writer = phone(machine)
    await writer.says("hola")
    assert await asked(writer) == "category"
    [page] = await writer.says(typed)
    assert await asked(writer) == "category"
    assert page.first > 1


@pytest.mark.parametrize("typed", ["MAS", "MAIS", "MORE"])
async def test_more_of_nothing_is_a_welcome(machine: Machine, typed: str) -> None:
    writer = phone(machine)
    [said] = await writer.says(typed)
    assert await asked(writer) == "category"
    assert said.options
    assert "BALDOSA" in render(said).upper()


@pytest.mark.parametrize("yes", ["SI", "sim", "yes", "dale", "1", "ok"])
async def test_yes_is_yes_in_every_language(machine: Machine, yes: str) -> None:
    writer = phone(machine)
    await writer.says("BACHE av corrientes 1234 casi callao")
    assert await asked(writer) == "send"
    await writer.says(yes)
    assert await asked(writer) == ""
    assert writer.last.ticket


@pytest.mark.parametrize("no", ["NO", "nao", "não", "nope"])
async def test_no_is_no_in_every_language(machine: Machine, no: str) -> None:
    writer = phone(machine)
    await writer.says("BACHE av corrientes 1234 casi callao")
    await writer.says(no)
    assert await asked(writer) == "send"


@pytest.mark.parametrize(
    ("words", "language", "said"),
    [
        ("oi", "pt", "Baldosa: conte"),
        ("bom dia, tem um buraco", "pt", "Onde"),
        ("BURACO NA RUA av corrientes 1234 quase callao", "pt", "Responda"),
        ("AJUDA", "pt", "MEUS"),
        ("hello", "en", "Baldosa: say"),
        ("hola", "es", "Baldosa: contame"),
        ("HELP", "es", "MIS:"),
    ],
)
async def test_the_first_words_choose_the_language_where_it_is_a_guess(
    machine: Machine, words: str, language: str, said: str
) -> None:
    writer = phone(machine)
    [first, *_] = await writer.says(words)
    assert first.language == language
    assert said in render(first)


async def test_a_language_once_spoken_is_not_changed_by_a_word(machine: Machine) -> None:
    writer = phone(machine)
    await writer.says("hola, hay un bache en thames 1800")
    await writer.says("sim")
    [said] = await writer.says("oi")
    assert said.language == "es"


async def test_a_messenger_that_tells_the_language_is_believed(machine: Machine) -> None:
    writer = machine.phone("77", account="telegram:1", language="es")
    [said] = await writer.says("oi")
    assert said.language == "es"
