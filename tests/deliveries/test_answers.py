"""What an answer by mail says: the quoted letter is cut, robots are known, attachments are bounded."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locales import LANGUAGES, catalog
from routing.deliveries import answers
from routing.deliveries.answering import Tag, agrees, message_id, read_tags, reply_address, sign
from routing.deliveries.answers import cut_quote, read_answer, split_status

SECRET = "a secret"
CODE, BODY = "K7Q42MX", "agua"
TO = reply_address("answers@baldosa.test", SECRET, CODE, BODY)


def mail(words: str = "Vamos mañana", **headers: str) -> EmailMessage:
    """An answer as a mail program writes it."""
    made = EmailMessage()
    usual = {"From": "Obras <obras@agua.test>", "To": TO, "Subject": "Re: [K7Q4-2MX]", "Message-ID": "<1@agua.test>"}
    for name, value in {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        if value:
            made[name] = value
    made.set_content(words)
    return made


# Whose ticket it is


def test_the_address_names_the_ticket_and_proves_it() -> None:
    (tag,) = read_answer(mail().as_bytes()).tags
    assert tag.code == CODE
    assert agrees(SECRET, tag, BODY)
    assert not agrees(SECRET, tag, "otra")
    assert not agrees("another secret", tag, BODY)


def test_another_tickets_signature_proves_nothing() -> None:
    assert not agrees(SECRET, Tag("0000000", sign(SECRET, CODE, BODY)), BODY)


@pytest.mark.parametrize("header", ["Delivered-To", "X-Original-To", "To", "Cc", "In-Reply-To", "References"])
def test_the_ticket_is_found_wherever_mail_systems_leave_it(header: str) -> None:
    number = message_id("x@baldosa.test", SECRET, CODE, BODY, 3)
    value = f"<other@x.test> {number}" if header == "References" else number if header == "In-Reply-To" else TO.upper()
    made = mail(To="baldosa@baldosa.test")
    del made[header]
    made[header] = value
    assert any(agrees(SECRET, tag, BODY) for tag in read_answer(made.as_bytes()).tags)


def test_the_address_fits_into_what_mail_allows() -> None:
    assert len(TO.partition("@")[0]) <= 64


def test_words_that_look_like_a_tag_prove_nothing() -> None:
    assert read_tags(["me+hello-world@x.test"], ["<k7q42mx-short@x>"]) == []


# What is new in it

QUOTED = [
    "Vamos mañana.\n\nEl sáb, 21 nov 2026 a las 12:00, Baldosa (<a+b@baldosa.test>) escribió:\n> ~~~ Respondé\n> hola",
    "Vamos mañana.\n\nEl sáb, 21 nov 2026 a las 12:00, Baldosa\n(<answers+k7q42mx@baldosa.test>) escribió:\n\n> hola",
    "Vamos mañana.\n\nOn Sat, Nov 21, 2026 at 12:00 PM Baldosa <a@baldosa.test> wrote:\n> hola\n> chau",
    "Vamos mañana.\n\nEm sáb., 21 de nov. de 2026 às 12:00, Baldosa <a@baldosa.test> escreveu:\n\n> hola",
    "Vamos mañana.\r\n\r\n-----Mensaje original-----\r\nDe: Baldosa\r\nAsunto: hola\r\n\r\nhola",
    "Vamos mañana.\n\n________________________________\nFrom: Baldosa <a@baldosa.test>\nSent: Saturday\n\nhola",
    "Vamos mañana.\n\nDe: Baldosa <a@baldosa.test>\nEnviado: sábado\nPara: Obras\n\nhola",
    "Vamos mañana.\n\n-- \nJuana Pérez\nObras",
    "Vamos mañana.\n\n~~~ Respondé arriba de esta línea ~~~\n\nUn vecino reporta",
    "Vamos mañana.\n\n> > ~~~ Please answer above this line ~~~\nhola",
    "> hola\n\nVamos mañana.",
    "Vamos mañana.",
]


@pytest.mark.parametrize("text", QUOTED)
def test_the_letter_that_is_answered_is_cut_off(text: str) -> None:
    assert cut_quote(text) == "Vamos mañana."


@pytest.mark.parametrize(
    "text",
    [
        "El caño lo cambió ayer la cuadrilla 3 y el vecino escribió que quedó bien.",
        "De: la calle Rivadavia al fondo.\nSe repara el lunes.",
        "On Monday we fix it.\nOn Tuesday we come back.",
        "Lo hacemos\n\n- el lunes\n- el martes",
        "Precio: 20 --- 30",
    ],
)
def test_nothing_of_an_answer_is_taken_for_the_letter(text: str) -> None:
    assert cut_quote(text) == text


def test_an_answer_in_html_alone_is_read_without_what_it_quotes() -> None:
    made = mail()
    html = """<html><head><style>p{color:red}</style></head><body><p>Vamos&nbsp;ma&ntilde;ana.</p>
      <p>A la <b>tarde</b>.<br>Saludos</p><div class="gmail_quote">On Sat Baldosa wrote:<blockquote>hola</blockquote>
      </div><script>alert(1)</script></body></html>"""
    made.set_content(html, subtype="html")
    assert read_answer(made.as_bytes()).words.split() == ["Vamos", "mañana.", "A", "la", "tarde.", "Saludos"]


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252"])
@pytest.mark.parametrize("encoding", ["quoted-printable", "base64"])
def test_an_answer_is_read_in_any_writing(charset: str, encoding: str) -> None:
    made = mail()
    made.set_content("Vamos mañana", charset=charset, cte=encoding)
    assert read_answer(made.as_bytes()).words == "Vamos mañana"


def test_a_charset_that_nobody_knows_is_read_as_far_as_it_goes() -> None:
    raw = mail().as_bytes().replace(b'charset="utf-8"', b'charset="klingon"')
    assert "Vamos" in read_answer(raw).words


@pytest.mark.parametrize(
    ("first", "status"),
    [("Resuelto", "resolved"), ("EN OBRA", "in_progress"), ("in progress", "in_progress"), ("Resolvido.", "resolved")],
)
def test_a_first_line_that_is_a_status_is_one(first: str, status: str) -> None:
    answer = read_answer(mail(f"{first}\n\nSe cambió el caño.").as_bytes())
    assert (answer.status, answer.words) == (status, "Se cambió el caño.")


def test_what_letters_say_may_be_written_is_understood() -> None:
    from routing.deliveries.letter import ANSWERABLE

    for language in LANGUAGES:
        for status in ANSWERABLE:
            assert split_status(catalog(language).text(f"status-{status}"))[0] == status, (language, status)


def test_a_story_that_begins_with_a_status_is_a_story() -> None:
    assert split_status("Resuelto el lunes que viene")[0] == ""


# What is no answer


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Auto-Submitted": "auto-generated; type=vacation"},
        {"Precedence": "bulk"},
        {"Precedence": "auto_reply"},
        {"X-Autoreply": "yes"},
        {"List-Id": "<x.test>"},
        {"Return-Path": "<>"},
        {"From": "no-reply@agua.test"},
    ],
)
def test_a_robots_answer_is_none(headers: dict[str, str]) -> None:
    assert read_answer(mail("Estoy de vacaciones", **headers).as_bytes()).kind == "robot"


@pytest.mark.parametrize("headers", [{"Auto-Submitted": "no"}, {"X-Auto-Response-Suppress": "All"}, {}])
def test_a_persons_answer_is_one(headers: dict[str, str]) -> None:
    assert read_answer(mail(**headers).as_bytes()).kind == "answer"


def test_a_letter_that_came_back_says_why_and_whose_it_was() -> None:
    number = message_id("baldosa@baldosa.test", SECRET, CODE, BODY, 1)
    answer = read_answer(bounce(number))
    assert answer.kind == "bounce"
    assert answer.words == "5.1.1 smtp; 550 no such user"
    assert [agrees(SECRET, tag, BODY) for tag in answer.tags] == [True]


def bounce(number: str) -> bytes:
    """A mail server's report that a letter could not be delivered (RFC 3464)."""
    return f"""From: Mail Delivery System <MAILER-DAEMON@mail.test>
To: baldosa@baldosa.test
Subject: Undelivered Mail Returned to Sender
Message-ID: <b@mail.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your message.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.test

Final-Recipient: rfc822; obras@agua.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user

--b
Content-Type: message/rfc822

From: baldosa@baldosa.test
To: obras@agua.test
Message-ID: {number}
Subject: hola

hola
--b--
""".replace("\n", "\r\n").encode()


# What comes with it


def test_photos_are_kept_and_everything_else_is_left_out() -> None:
    made = mail()
    made.add_attachment(b"\xff\xd8one", maintype="image", subtype="jpeg", filename="a.jpg")
    made.add_attachment(b"MZ", maintype="application", subtype="exe", filename="b.exe")
    made.add_attachment("not the words", filename="c.txt")
    answer = read_answer(made.as_bytes())
    assert [photo.data for photo in answer.photos] == [b"\xff\xd8one"]
    assert (answer.words, answer.too_large) == ("Vamos mañana", False)


def test_what_is_too_large_or_too_much_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_PHOTO_BYTES", 100)
    made = mail()
    for size in (101, 50, 50, 50, 50, 50):
        made.add_attachment(b"x" * size, maintype="image", subtype="png")
    answer = read_answer(made.as_bytes())
    assert [len(photo.data) for photo in answer.photos] == [50] * 4
    assert answer.too_large


def test_our_own_pictures_coming_back_are_no_photos_of_the_office() -> None:
    made = mail()
    made.add_attachment(b"ours", maintype="image", subtype="jpeg", cid="<k7q42mx-1-1@baldosa>")
    assert read_answer(made.as_bytes()).photos == ()


def test_a_mail_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    made = mail()
    made.add_attachment(b"x" * 9000, maintype="image", subtype="jpeg")
    assert read_answer(made.as_bytes()[:2000]).words == "Vamos mañana"


@given(st.binary(max_size=2000))
def test_whatever_comes_by_mail_is_read_without_a_fault(raw: bytes) -> None:
    read_answer(raw)
    read_answer(
        b"Subject: =?x?q?=\r\nFrom: " + raw[:50] + b"\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" + raw
    )


@given(st.text(max_size=500))
def test_whatever_is_written_is_cut_without_a_fault(text: Any) -> None:
    assert len(cut_quote(text)) <= len(text)
