"""What conversations do for WhatsApp: which template a follow-up asks for, and when a message counts as seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.messages import Outbound
from bot.spool import Spool
from tests.handset import Phone
from tests.machine import Machine
from tests.telegram.desk import Desk, until
from tests.test_officials import BODY, report
from tests.twilio.front import TOKEN, post, served

CITY = "la Ciudad de Buenos Aires"
MESSAGE = {"MessageSid": "SM" + "0a" * 16, "From": "whatsapp:+5491155551234", "Body": "hola", "NumMedia": "0"}


async def told(machine: Machine, step: str, *, busy: bool = False) -> tuple[Outbound, Phone]:
    """What Ana hears when her official takes this step, and Ana."""
    ana, luis = machine.phone("ana"), machine.phone("luis")
    await machine.appoint(luis, BODY)
    code = await report(machine, ana)
    if busy:
        await ana.says("hay un árbol caído")
    await luis.says(step.format(code=code))
    return (await ana.news())[0], ana


@pytest.mark.parametrize(
    ("step", "template", "text"),
    [
        ("/estado {code} en obra", "update", "En obra"),
        ("/estado {code} en obra Van el lunes", "update", "En obra. Van el lunes"),
        ("/responder {code} ¿De qué mano es?", "question", "¿De qué mano es?"),
        ("/estado {code} resuelto Quedó firme", "resolved", "Quedó firme"),
        ("/estado {code} resuelto Lo tapamos ayer", "resolved", "Lo tapamos ayer"),
    ],
)
async def test_a_follow_up_names_its_template(sqlite_url: str, step: str, template: str, text: str) -> None:
    async with Machine(sqlite_url) as machine:
        out, _ = await told(machine, step)
        body = machine.pack.body(BODY)
        assert body is not None
        assert (out.template, out.important) == (template, True)
        assert out.about == {"text": text, "body": body.name("es"), "city": CITY}


@pytest.mark.parametrize("step", ["/responder {code} ¿De qué mano es?", "/estado {code} resuelto lo tapamos"])
async def test_who_is_in_the_middle_of_something_is_asked_nothing_by_a_template(sqlite_url: str, step: str) -> None:
    async with Machine(sqlite_url) as machine:
        out, _ = await told(machine, step, busy=True)
        assert out.template == "update"


async def test_what_a_template_asks_may_be_answered_with_a_word(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        _, ana = await told(machine, "/estado {code} resuelto lo tapamos")
        assert "Gracias" in (await ana.says("sí"))[0].text


async def test_what_is_no_follow_up_asks_for_no_template(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        assert [(out.template, out.about) for out in await ana.says("hola")] == [("", {})]


async def test_a_whatsapp_message_is_seen_once_it_is_committed(tmp_path: Path) -> None:
    desk, spool, seen = Desk(), Spool(tmp_path / "spool"), list[tuple[str, int]]()
    spool.open()
    async with served(desk, spool, seen=lambda sid: seen.append((sid, len(desk.taken)))) as (_, url):
        assert (await post(url, "/twilio/whatsapp", MESSAGE, token=TOKEN))[0] == 200
        desk.closed = True
        assert (await post(url, "/twilio/whatsapp", MESSAGE | {"MessageSid": "SM" + "0b" * 16}))[0] == 503
        desk.closed = False
        sms = MESSAGE | {"MessageSid": "SM" + "0c" * 16, "From": "+5491155551234"}
        assert (await post(url, "/twilio/sms", sms))[0] == 200
    await until(lambda: len(desk.taken) == 2)
    assert seen == [(MESSAGE["MessageSid"], 1)]
