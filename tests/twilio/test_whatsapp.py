"""WhatsApp over the strict fake: what a phone shows, what is asked of Twilio, what happens when it refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels import SendError
from bot.channels.twilio_api import Api
from bot.channels.whatsapp import MOST_TYPING, WINDOW, WhatsAppChannel
from bot.messages import Link, Option, Outbound, Place
from routing.records import Template
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_people import FakePhone
from tests.telegram.desk import SHELF, until
from web.lent import Lender

PUBLIC_URL = "https://baldosa.example"
YES_NO = (Option("q1.fixed.yes", "Sí", "✅"), Option("q1.fixed.no", "No"))
COMUNAS = tuple(Option(f"c{number}", f"Comuna {number} (Un barrio, otro barrio)") for number in range(9))
UPDATE = "Novedades de {{1}}: {{2}} Respondé acá."


@pytest.fixture
async def channel(fake: FakeTwilio, api: Api) -> AsyncIterator[WhatsAppChannel]:
    """A channel whose files Twilio can fetch."""
    lender = Lender("a secret", PUBLIC_URL, SHELF)
    app = web.Application()
    app.add_routes([lender.route()])
    async with TestServer(app) as server:
        fake.webhooks.reaches[PUBLIC_URL] = str(server.make_url("")).rstrip("/")
        yield WhatsAppChannel(fake.whatsapp_from, api, SHELF, lender.url)


@pytest.fixture
def luz(fake: FakeTwilio) -> FakePhone:
    """Somebody who has just written."""
    phone = fake.whatsapp("+5491155550001")
    phone.window_until = fake.now() + WINDOW
    return phone


async def send(
    channel: WhatsAppChannel, phone: FakePhone, text: str = "¿Sí?", *, plain: bool = False, **more: Any
) -> str:
    return await channel.send(phone.address, Outbound(text=text, **more), again=False, plain=plain)


async def test_buttons_lines_and_all_reach_the_phone(channel: WhatsAppChannel, luz: FakePhone) -> None:
    await send(channel, luz, "Comuna 14 dice que está resuelto.\n\n¿Quedó arreglado?", options=YES_NO)
    shown = await luz.next()
    assert shown.text == "Comuna 14 dice que está resuelto.\n\n¿Quedó arreglado?"
    assert [(row.label, row.data) for row in shown.rows] == [("✅ Sí", "q1.fixed.yes"), ("No", "q1.fixed.no")]


async def test_a_list_reaches_the_phone(channel: WhatsAppChannel, luz: FakePhone) -> None:
    await send(channel, luz, "¿En qué barrio?", options=COMUNAS, language="pt")
    shown = await luz.next()
    assert (shown.kind, shown.opener, len(shown.rows)) == ("list", "Escolher", 9)
    assert (shown.rows[0].label, shown.rows[0].description) == ("Comuna 0", "Un barrio, otro barrio")


async def test_somebody_without_a_number_is_written_to(fake: FakeTwilio, channel: WhatsAppChannel) -> None:
    paz = fake.whatsapp(user_id="AR.abc123XYZ")
    paz.window_until = fake.now() + WINDOW
    await send(channel, paz, "Hola")
    assert (await paz.next()).text == "Hola"
    assert fake.created[0]["To"] == "whatsapp:AR.abc123XYZ"


async def test_pictures_are_fetched_where_they_are_lent(channel: WhatsAppChannel, luz: FakePhone) -> None:
    await send(channel, luz, "Mirá", media=("a", "b"))
    first, second = await luz.next(), await luz.next()
    assert [(len(shown.files), shown.text) for shown in (first, second)] == [(1, ""), (1, "Mirá")]
    assert second.files[0].endswith(b"picture" + b"b")


async def test_a_place_is_a_pin_with_its_name(fake: FakeTwilio, channel: WhatsAppChannel, luz: FakePhone) -> None:
    await send(channel, luz, "Es acá", place=Place(lat=-34.6, lon=-58.4, words="Plaza | Congreso"))
    pin = await luz.next()
    assert (pin.place, pin.text) == ((-34.6, -58.4), "Plaza Congreso")
    assert fake.created[0]["PersistentAction"] == "geo:-34.600000,-58.400000|Plaza Congreso"


async def test_without_a_content_the_menu_is_written_out(
    fake: FakeTwilio, channel: WhatsAppChannel, luz: FakePhone
) -> None:
    fake.trouble.refuse(20422, path="/v1/Content", calls=5)
    await send(channel, luz, "¿Sí?", options=YES_NO, media=("a",), link=Link("Ver", "https://x.example"))
    assert (await luz.next()).files
    assert (await luz.next()).text == "¿Sí?\n\nVer: https://x.example\n\n1. ✅ Sí\n2. No"


async def test_plain_asks_for_no_content_and_no_picture(
    fake: FakeTwilio, channel: WhatsAppChannel, luz: FakePhone
) -> None:
    await send(channel, luz, "¿Sí?", options=YES_NO, media=("a",), plain=True)
    assert (await luz.next()).text == "¿Sí?\n\n1. ✅ Sí\n2. No"
    assert [call.path.rpartition("/")[2] for call in fake.calls] == ["Messages.json"]


async def test_what_was_written_out_may_be_tapped_again_later(
    fake: FakeTwilio, channel: WhatsAppChannel, luz: FakePhone
) -> None:
    fake.trouble.refuse(20422, path="/v1/Content")
    await send(channel, luz, "¿Sí?", options=YES_NO)
    await send(channel, luz, "Uno\n¿Sí?", options=YES_NO)
    assert [(await luz.next()).kind, (await luz.next()).kind] == ["text", "buttons"]


async def test_a_picture_still_on_its_way_is_waited_for(channel: WhatsAppChannel, luz: FakePhone) -> None:
    with pytest.raises(SendError, match="not_yet"):
        await send(channel, luz, "Mirá", media=("coming",))


async def test_a_picture_that_was_refused_leaves_the_words(channel: WhatsAppChannel, luz: FakePhone) -> None:
    await send(channel, luz, "Mirá", media=("gone",))
    assert (await luz.next()).text == "Mirá"


async def test_nothing_to_say_is_told(channel: WhatsAppChannel, luz: FakePhone) -> None:
    with pytest.raises(SendError, match="nothing to say"):
        await send(channel, luz, "")


async def test_after_a_day_only_a_template_arrives(fake: FakeTwilio, channel: WhatsAppChannel, luz: FakePhone) -> None:
    sid = fake.contents.template(UPDATE, samples={"1": "K7Q4-2MX", "2": "En obra."})
    fake.pass_time(WINDOW + 60)
    message = Outbound(
        text="Novedades de K7Q4-2MX:\nEn obra.",
        ticket="K7Q42MX",
        about={"text": "En obra.\nVan el\tlunes", "body": "C14"},
    )
    template = Template(name="update", language="es", sid=sid, variables=("code", "text"))
    (form,) = await channel.forms(luz.address, message, template=template)
    await channel.api.create(form)
    shown = await luz.next()
    assert shown.template
    assert shown.text == "Novedades de K7Q4-2MX: En obra. Van el lunes. Respondé acá."


@pytest.mark.parametrize(
    ("about", "filled"),
    [
        ({"body": "Comuna 14", "city": "Buenos Aires", "text": "Listo"}, ["Buenos Aires", "Listo.", "Comuna 14"]),
        ({}, ["-", "Lo de siempre, con saltos.", "-"]),
        ({"text": "¿Vienen?", "city": "a" * 100}, ["a" * 59 + "…", "¿Vienen?", "-"]),
    ],
)
async def test_a_template_is_filled_in_its_own_order(
    channel: WhatsAppChannel, luz: FakePhone, about: dict[str, str], filled: list[str]
) -> None:
    template = Template(name="update", language="es", sid="HX" + "0" * 32, variables=("city", "text", "body", "code"))
    message = Outbound(text="Lo de siempre,\ncon saltos", ticket="K7Q42MX", about=about)
    (form,) = await channel.forms(luz.address, message, template=template)
    assert list(json.loads(form["ContentVariables"]).values()) == [*filled, "K7Q4-2MX"]


async def test_a_template_never_outgrows_what_meta_allows(channel: WhatsAppChannel, luz: FakePhone) -> None:
    template = Template(name="update", language="es", sid="HX" + "0" * 32, variables=("code", "text", "body", "city"))
    message = Outbound(text="x " * 2000, ticket="K7Q42MX", about={"body": "y" * 500, "city": "z" * 500})
    (form,) = await channel.forms(luz.address, message, template=template)
    # The longest text of docs/packs.md has 90 characters of its own.
    assert sum(map(len, json.loads(form["ContentVariables"]).values())) + 100 <= 1024


async def test_a_file_is_fetched_and_then_forgotten_at_twilio(
    fake: FakeTwilio, channel: WhatsAppChannel, luz: FakePhone
) -> None:
    sid = luz.sends_photo(b"\xff\xd8 a hole")
    (kept,) = fake.files.of(sid)
    ref = fake.file_address(sid, kept.sid)
    assert await channel.fetch(ref, 1000) == b"\xff\xd8 a hole"
    await channel.forget(ref)
    with pytest.raises(SendError):
        await channel.fetch(ref, 1000)


async def test_typing_is_shown_and_its_failure_costs_nothing(
    fake: FakeTwilio, channel: WhatsAppChannel, luz: FakePhone
) -> None:
    sid = luz.says("hola")
    await channel.typing(sid)
    assert luz.seen_typing == [sid]
    fake.trouble.fail(1, path="Typing")
    await channel.typing(sid)
    assert luz.seen_typing == [sid]


async def test_typing_is_shown_beside_everything_else_to_so_many_at_once(
    fake: FakeTwilio, channel: WhatsAppChannel, luz: FakePhone
) -> None:
    sids = [luz.says(str(number)) for number in range(MOST_TYPING + 5)]
    for sid in sids:
        channel.seen(sid)
    await until(lambda: len(luz.seen_typing) == MOST_TYPING)
    await channel.close()
    assert sorted(luz.seen_typing) == sids[:MOST_TYPING]


async def test_hanging_up_ends_what_is_still_shown(fake: FakeTwilio, channel: WhatsAppChannel, luz: FakePhone) -> None:
    fake.trouble.hang(path="Typing", accepts=False)
    channel.seen(luz.says("hola"))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(1):
        await channel.close()
    assert luz.seen_typing == []
