"""What an SMS shows of a message: words, numbers to type, commands, one page; always one body in GSM-7."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels import SendError
from bot.channels.gsm7 import is_gsm7, segments, units
from bot.channels.sms import SmsChannel
from bot.channels.sms_render import MOST_ABOUT_A_TICKET, fits, render
from bot.channels.twilio_api import Api
from bot.messages import Link, Option, Outbound

CODE = "K7Q42MX"
LONG = " ".join(f"palabra{number}" for number in range(300))


def choices(*labels: str, icon: str = "") -> tuple[Option, ...]:
    return tuple(Option(tap=f"q1.x.{label}", label=label, icon=icon) for label in labels)


def channel(sender: str = "+5491150000000") -> SmsChannel:
    return SmsChannel(sender, Api("AC" + "0" * 32, "token", "http://127.0.0.1:9"), "https://b.example")


def test_options_of_one_word_stand_side_by_side_with_their_numbers_and_without_icons() -> None:
    out = Outbound(text="¿Qué es?", options=choices("Calles", "Árboles", icon="🚧"))
    assert render(out) == "¿Qué es?\n1 Calles 2 Arboles"


def test_longer_options_stand_in_lines_of_their_own() -> None:
    out = Outbound(text="¿Qué es?", options=choices("Tapa rota", "Otro"))
    assert render(out) == "¿Qué es?\n1 Tapa rota\n2 Otro"


def test_a_later_page_goes_on_counting_and_ends_with_more() -> None:
    out = Outbound(text="¿Qué es?", options=(*choices("Agua"), Option("@more", "MÁS: ver más")), first=7)
    assert render(out) == "¿Qué es?\n7 Agua\nMAS: ver mas"


def test_buttons_of_the_phone_itself_are_left_out() -> None:
    out = Outbound(text="¿Dónde?", options=(Option("@location", "Mandar mi ubicación"), Option("@contact", "Número")))
    assert render(out) == "¿Donde?"


def test_a_shortcut_on_the_ticket_becomes_a_command_to_type() -> None:
    options = (Option(f"/reply {CODE}", "Responder"),)
    assert render(Outbound(text="Hola", options=options, numbered=False, ticket=CODE)) == (
        "Hola\nResponder: CONTESTAR K7Q42MX"
    )
    two = (*options, Option(f"/status {CODE} resolved", "Resuelto"))
    assert render(Outbound(text="Hola", options=two, numbered=False, ticket=CODE)) == (
        "Hola\nCONTESTAR K7Q42MX / ESTADO K7Q42MX RESUELTO"
    )


def test_shortcuts_to_other_tickets_are_left_out() -> None:
    assert render(Outbound(text="Tuyos", options=(Option(f"/status {CODE}", CODE),), numbered=False)) == "Tuyos"


def test_a_link_is_written_out() -> None:
    assert (
        render(Outbound(text="Listo", link=Link("Ver", "https://b.example/t/A"))) == "Listo\nVer: https://b.example/t/A"
    )


def test_a_picture_is_a_page_to_open_or_nothing() -> None:
    out = Outbound(text="Mirá", media=("m1",), ticket=CODE)
    assert render(out) == "Mira"
    assert render(out, page=f"https://b.example/t/{CODE}") == f"Mira\nVer: https://b.example/t/{CODE}"
    assert render(out, page="https://a.very.long.name.of.a.municipality.example/t/K7Q42MX") == "Mira"


def test_quoted_words_are_what_is_shortened_first() -> None:
    body = render(Outbound(text=f"Comuna 14 por K7Q4-2MX:\n«{LONG}»\nContestá este SMS.", ticket=CODE))
    assert segments(body) == MOST_ABOUT_A_TICKET
    assert body.startswith('Comuna 14 por K7Q4-2MX:\n"palabra0 palabra1 ')
    assert body.endswith('..."\nContesta este SMS.')


def test_a_question_keeps_all_its_options_however_long_its_words_are() -> None:
    body = render(Outbound(text=f"¿Lo mando? «{LONG}» o {LONG}", options=choices("Enviar", "Texto")))
    assert segments(body) == 2
    assert body.endswith("\n1 Enviar 2 Texto")


def test_a_list_that_is_too_long_ends_early() -> None:
    body = render(Outbound(text="Tuyos:\n" + "\n".join(f"K7Q4-2M{n} Bache o hundimiento: Recibido" for n in range(20))))
    assert segments(body) == 2
    assert body.endswith("\n...")
    assert body.count("K7Q4") > 5


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(min_size=1, max_size=900),
    quoted=st.text(max_size=900),
    labels=st.lists(st.text(min_size=1, max_size=30), max_size=16),
    ticket=st.sampled_from(["", CODE]),
)
def test_whatever_is_said_is_one_body_of_few_segments_in_gsm_7(
    text: str, quoted: str, labels: list[str], ticket: str
) -> None:
    out = Outbound(text=f"{text}\n«{quoted}»", options=choices(*labels), ticket=ticket)
    body = render(out)
    assert is_gsm7(body)
    assert segments(body) <= MOST_ABOUT_A_TICKET
    assert units(body) <= 1600


@settings(max_examples=40, deadline=None)
@given(words=st.integers(1, 60), labels=st.lists(st.text("abc de", min_size=1, max_size=30), min_size=1, max_size=20))
def test_there_is_always_something_to_choose_and_few_options_are_never_parted(words: int, labels: list[str]) -> None:
    out = Outbound(text=" ".join(["dicho"] * words), options=choices(*labels))
    assert 1 <= fits(out) <= len(labels)
    assert len(labels) > 5 or fits(out) == len(labels)


async def test_one_message_is_one_request_from_a_number_or_a_service() -> None:
    out = Outbound(text="¡Listo!")
    assert await channel().forms("+549115", out) == [{"To": "+549115", "From": "+5491150000000", "Body": "¡Listo!"}]
    assert await channel("MG1").forms("+549115", out) == [
        {"To": "+549115", "MessagingServiceSid": "MG1", "Body": "¡Listo!"}
    ]


async def test_what_no_sms_can_say_is_no_request() -> None:
    assert await channel().forms("+549115", Outbound(text="🎉")) == []
    with pytest.raises(SendError, match="nothing to say"):
        await channel().send("+549115", Outbound(text=""), again=False, plain=False)
