"""The phones in a real browser: a report by mouse and by keyboard, through breaks, on small screens, for everyone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, expect

from bot.messages import Link, Option, Outbound, Place
from tests.chromium import NARROW, WIDE, open_chromium, visit
from tests.scripted_rooms import House, jpeg, make_house, report
from web.server import make_app, start

# One loop for all, because one browser serves all: each test has a profile of its own.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def house(sqlite_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with make_house(sqlite_url, tmp_path, report) as house:
        yield house


@asynccontextmanager
async def serving(house: House, port: int = 0) -> AsyncIterator[str]:
    """The server, for as long as the block lasts; its origin."""
    runner = await start(make_app(house.rooms), "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{port_of(runner)}"
    finally:
        await runner.cleanup()


def port_of(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])


@pytest_asyncio.fixture(loop_scope="module")
async def origin(house: House) -> AsyncIterator[str]:
    async with serving(house) as origin:
        yield origin


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"foto{number}.jpg" for number in range(2)]
    for path in paths:
        path.write_bytes(jpeg())
    return paths


async def test_a_whole_report_by_mouse_and_a_link_to_follow_it(
    browser: Browser, house: House, origin: str, photos: list[Path]
) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        phone = page.phone()
        await phone.get_by_role("button", name="Hola").click()
        await phone.get_by_role("button", name="Bache").click()
        await phone.get_by_role("button", name="Marcar en el mapa").click()
        await page.page.locator("dialog.place .leaflet-container").click(position={"x": 250, "y": 120})
        await page.page.get_by_role("button", name="Mandar este lugar").click()
        await page.hear("Mandame hasta 4 fotos")
        await phone.locator('[data-input="gallery"]').set_input_files(photos)
        await phone.locator("textarea").fill("Pozo enorme")
        await phone.get_by_role("button", name="Mandar", exact=True).click()
        await page.hear("Así lo van a ver")
        await phone.get_by_role("button", name="✅ Mandar").click()
        await page.hear("¡Gracias!")
        async with page.context.expect_page() as opened:
            await phone.get_by_role("link", name="Seguir el reclamo").click()
        ticket = await opened.value
        await ticket.get_by_role("heading", name="Bache en la calzada").wait_for()
        await ticket.locator(".leaflet-container .pin-drop").wait_for()
    place, album = house.intake.taken[2], house.intake.taken[3]
    assert place.place is not None
    assert (place.place.source, len(album.attachments), album.text) == ("pin", 2, "Pozo enorme")


async def test_a_whole_report_by_keyboard_alone(
    browser: Browser, house: House, origin: str, photos: list[Path]
) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        keys = page.page.keyboard
        await keys.type("hola")
        await keys.press("Enter")
        await page.hear("¿Qué está roto")
        await keys.type("2")
        await keys.press("Enter")
        await page.hear("¿Dónde está?")
        await keys.press("Shift+Tab")
        await keys.press("Enter")
        await expect(page.page.get_by_role("button", name="Sacar una foto")).to_be_focused()
        for _ in range(3):
            await keys.press("Tab")
        await keys.press("Enter")
        await page.page.locator("dialog.place .leaflet-container").focus()
        await keys.press("Enter")
        pin = page.page.get_by_role("button", name="Pin")
        before = await page.page.get_by_label("Coordenadas").input_value()
        await pin.focus()
        await keys.press("ArrowRight")
        assert await page.page.get_by_label("Coordenadas").input_value() != before
        await page.page.get_by_label("Coordenadas").fill("-34.6037, -58.3816")
        await keys.press("Enter")
        await page.hear("Mandame hasta 4 fotos")
        await expect(page.phone().locator("textarea")).to_be_focused()
        await page.phone().locator(".log").focus()
        await keys.press("ArrowUp")
        await keys.press("ArrowUp")
        await keys.press("Enter")
        await expect(page.phone().locator(".answering")).to_contain_text("Mandame hasta 4 fotos")
        await keys.press("Escape")
        await expect(page.phone().locator(".answering")).to_be_hidden()
    place = house.intake.taken[-1].place
    assert place == Place(lat=-34.6037, lon=-58.3816, source="coordinates")


async def test_a_line_break_is_typed_with_shift(browser: Browser, house: House, origin: str) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        await page.page.keyboard.type("uno")
        await page.page.keyboard.press("Shift+Enter")
        await page.page.keyboard.type("dos")
        tall = await page.phone().locator("textarea").evaluate("e => e.clientHeight")
        await page.page.keyboard.press("Enter")
        await page.hear("¿Qué está roto")
        assert await page.phone().locator("textarea").evaluate("e => e.clientHeight") < tall
    assert house.intake.taken[0].text == "uno\ndos"


async def test_the_devices_own_position_is_sent_with_its_margin(browser: Browser, house: House, origin: str) -> None:
    where = {"latitude": -34.6, "longitude": -58.4, "accuracy": 21.0}
    async with visit(browser, origin, permissions=["geolocation"], geolocation=where) as page:
        await page.go()
        await page.say("bache")
        await page.phone().get_by_role("button", name="Mandar mi ubicación").click()
        await page.hear("Mandame hasta 4 fotos")
    assert house.intake.taken[1].place == Place(lat=-34.6, lon=-58.4, accuracy=21.0, source="device")


async def test_a_position_that_was_not_allowed_is_said(browser: Browser, origin: str) -> None:
    async with visit(browser, origin, permissions=[]) as page:
        await page.go()
        await page.say("bache")
        await page.phone().get_by_role("button", name="Mandar mi ubicación").click()
        await expect(page.phone().locator(".composer .trouble")).to_contain_text("marcar")


async def test_the_official_comes_in_by_an_invitation(browser: Browser, house: House, origin: str) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        card = page.phone("official").locator(".invite")
        await card.get_by_label("Organismo").select_option("Comuna 1")
        await card.get_by_role("button", name="Entrar").click()
        await page.phone("official").locator(".mine .said", has_text="/start invite-J7KQ-2MX9").wait_for()
        await expect(card).not_to_have_attribute("open", "")
        await page.page.reload()
        await expect(page.phone("official").locator(".mine .foot")).to_contain_text("Recibido")
        await expect(card).not_to_have_attribute("open", "")
    assert house.intake.taken[0].address.startswith("o-")
    assert house.invited == [["c1"]]


async def test_a_server_that_restarts_costs_nothing(browser: Browser, house: House) -> None:
    async with visit(browser, "http://127.0.0.1:1") as page:
        async with serving(house) as origin:
            page.origin = origin
            await page.go()
            await page.say("hola")
            await page.hear("¿Qué está roto")
        await expect(page.phone().locator(".state")).to_have_text("conectando…")
        await page.say("dicho sin línea")
        await expect(page.phone().locator(".line.mine").last).to_contain_text("Por salir")
        await house.intake.say(house.intake.taken[0].address, Outbound(text="dicho mientras tanto"))
        async with serving(house, int(origin.rpartition(":")[2])):
            await page.hear("dicho mientras tanto")
            await expect(page.phone().locator(".state")).to_have_text("en línea", timeout=20_000)
            await expect(page.phone().locator(".line.mine", has_text="dicho sin línea")).to_contain_text("Recibido")
            texts = await page.texts()
    assert [each.text for each in house.intake.taken] == ["hola", "dicho sin línea"]
    assert texts.count("dicho sin línea") == texts.count("dicho mientras tanto") == 1


async def test_what_could_not_be_stored_outlives_the_page_and_arrives_once(
    browser: Browser, house: House, origin: str
) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        house.intake.away = True
        await page.say("primero")
        await page.say("segundo")
        await expect(page.phone().locator(".line.mine").first).to_contain_text("Por salir")
        await page.page.reload()
        await expect(page.phone().locator(".line.mine")).to_have_count(2)
        other = await page.context.new_page()
        await other.goto(origin)
        house.intake.away = False
        for tab in (page.page, other):
            await expect(tab.locator('[data-phone="citizen"] .line.mine .foot', has_text="Recibido")).to_have_count(2)
    assert [each.text for each in house.intake.taken] == ["primero", "segundo"]


async def test_two_tabs_of_one_browser_show_the_same(browser: Browser, origin: str) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        other = await page.context.new_page()
        await other.goto(origin)
        await page.say("hola")
        await page.hear("¿Qué está roto")
        await expect(other.locator('[data-phone="citizen"] .said')).to_have_count(2)
        assert len(await page.texts()) == 2


async def test_a_reload_shows_the_talk_again_with_its_pictures(
    browser: Browser, house: House, origin: str, photos: list[Path]
) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        await page.say("hola")
        await page.hear("¿Qué está roto")
        await page.phone().locator('[data-input="gallery"]').set_input_files(photos[:1])
        await page.phone().get_by_role("button", name="Mandar", exact=True).click()
        await page.hear("Así lo van a ver")
        before = await page.texts()
        ref = house.intake.taken[1].attachments[0].ref
        await house.intake.keep(house.store, ref, jpeg())
        await page.page.reload()
        picture = page.phone().locator('.mine .file img[src^="/media/"]')
        await picture.wait_for()
        assert await page.texts() == before
        await page.phone().get_by_role("button", name="Foto: ver en grande").click()
        await page.page.locator("dialog.viewer img").wait_for()
        await page.page.keyboard.press("Escape")
        await expect(page.page.locator("dialog.viewer")).to_be_hidden()


async def test_a_file_that_is_too_large_is_said_before_it_is_sent(
    browser: Browser, house: House, photos: list[Path]
) -> None:
    house.rooms.uploads.most_bytes = 100
    async with serving(house) as origin, visit(browser, origin) as page:
        await page.go()
        await page.phone().locator('[data-input="gallery"]').set_input_files(photos)
        await expect(page.phone().locator(".composer .trouble")).to_contain_text("muy pesado")
        await expect(page.phone().locator(".tray")).to_be_hidden()


async def test_a_file_that_only_the_server_finds_too_large_is_said_too(
    browser: Browser, house: House, origin: str, photos: list[Path]
) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        house.rooms.uploads.most_bytes = 100
        await page.phone().locator('[data-input="gallery"]').set_input_files(photos[:1])
        await page.phone().get_by_role("button", name="Mandar", exact=True).click()
        await expect(page.phone().locator(".line.failed")).to_contain_text("muy pesado")
        await page.say("hola")
        await page.hear("¿Qué está roto")
    assert [each.text for each in house.intake.taken] == ["hola"]


async def test_nothing_that_is_said_becomes_part_of_the_page(browser: Browser, house: House, origin: str) -> None:
    odd = "<img src=x onerror=alert(1)> /start x https://ejemplo.test/a?b=1. fin"
    house.intake.script = lambda inbound: [
        Outbound(text=odd, options=(Option("t", "<b>sí</b>"),), link=Link("Seguir", "javascript:alert(1)"))
    ]
    async with visit(browser, origin) as page:
        await page.go()
        await page.say("<script>alert(1)</script>")
        await page.hear("onerror=alert(1)")
        lines = page.phone().locator(".lines")
        assert await lines.locator("img, script, b").count() == 0
        assert await lines.locator("a").evaluate_all("all => all.map(a => a.href)") == ["https://ejemplo.test/a?b=1"]
        await lines.get_by_role("button", name="/start").click()
        await expect(page.phone().locator(".mine .said").last).to_have_text("/start")


async def test_dots_move_until_the_bot_has_answered(browser: Browser, house: House, origin: str) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        house.intake.going.clear()
        await page.say("hola")
        await expect(page.phone().locator(".typing")).to_be_visible()
        house.intake.going.set()
        await page.hear("¿Qué está roto")
        await expect(page.phone().locator(".typing")).to_be_hidden()


async def test_older_buttons_stay_but_step_back(browser: Browser, house: House, origin: str) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        await page.say("hola")
        await page.phone().get_by_role("button", name="Bache").click()
        await page.hear("¿Dónde está?")
        older = page.phone().get_by_role("button", name="Vereda rota")
        await expect(older).to_have_attribute("tabindex", "-1")
        await older.click()
        await expect(page.phone().locator(".mine .said").last).to_have_text("🧱 Vereda rota")
        await expect(page.phone().locator(".mine .foot").last).to_contain_text("Recibido")
    assert house.intake.taken[-1].tapped == "vereda"


async def test_every_line_says_whose_it_is(browser: Browser, origin: str) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        await page.say("hola")
        await page.hear("¿Qué está roto")
        bubbles = await page.phone().locator(".bubble").all_inner_texts()
        assert [text.split(":")[0] for text in bubbles] == ["Vos", "Baldosa"]
        log = page.phone().get_by_role("log")
        await expect(log).to_have_attribute("aria-label", "Conversación de la vecina")
        await expect(log).to_have_attribute("aria-live", "polite")


async def test_a_small_screen_shows_one_phone_and_counts_what_comes_on_the_other(
    browser: Browser, house: House, origin: str
) -> None:
    async with visit(browser, origin, NARROW, has_touch=True) as page:
        await page.go()
        await page.say("hola")
        await page.hear("¿Qué está roto")
        await page.page.get_by_role("button", name="Municipio").click()
        await expect(page.phone("citizen")).to_be_hidden()
        await house.intake.say(house.intake.taken[0].address, Outbound(text="novedad"))
        tab = page.page.locator('[data-tab="citizen"]')
        await expect(tab).to_contain_text("1 sin leer")
        assert await page.page.title() == "(1) Baldosa · Dos teléfonos"
        await tab.click()
        await expect(tab.locator(".unread")).to_be_hidden()
        await page.hear("novedad")


@pytest.mark.parametrize("size", [NARROW, (640, 400), (320, 640), WIDE, (1920, 1080)], ids=str)
async def test_nothing_hangs_over_the_edge(browser: Browser, house: House, size: tuple[int, int]) -> None:
    async with house.pictured(3), serving(house) as origin, visit(browser, origin, size) as page:
        await page.go()
        await page.say("hola")
        await page.hear("¿Qué está roto")
        await page.say("unapalabralarguisimasinespacios" * 12)
        await page.hear("¿Qué está roto")
        for path in ("", "/t/K7Q4-2MX", "/t/K7Q4-999", "/nowhere"):
            if path:
                await page.go(path)
            across = await page.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert across[0] <= across[1], path
        await page.go()
        box = await page.phone().locator("textarea").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_axe_finds_no_fault(
    browser: Browser, house: House, size: tuple[int, int], scheme: str, photos: list[Path]
) -> None:
    # Without motion, because what is half faded in has no contrast yet.
    style = {"color_scheme": scheme, "reduced_motion": "reduce"}
    async with house.pictured(2), serving(house) as origin, visit(browser, origin, size, **style) as page:
        found: dict[str, list[str]] = {}
        await page.go()
        found["empty"] = await page.offences()
        await page.say("hola")
        await page.phone().get_by_role("button", name="Bache").click()
        await page.hear("¿Dónde está?")
        await page.say("😀")
        await page.hear("¿Qué está roto")
        await page.phone().locator('[data-input="gallery"]').set_input_files(photos)
        await page.phone().locator(".attach > button").click()
        found["talk"] = await page.offences()
        await page.phone().get_by_role("button", name="Marcar el lugar").click()
        await page.page.locator("dialog.place .leaflet-container").click(position={"x": 150, "y": 120})
        found["map"] = await page.offences()
        await page.page.get_by_role("button", name="Mandar este lugar").click()
        await page.hear("Mandame hasta 4 fotos")
        await page.phone().get_by_role("button", name="Mandar", exact=True).click()
        await page.say("send")
        await page.hear("¡Gracias!")
        found["end"] = await page.offences()
        if size == NARROW:
            await page.page.get_by_role("button", name="Municipio").click()
            found["official"] = await page.offences()
        for path in ("/t/K7Q4-2MX", "/t/K7Q4-999", "/nowhere"):
            await page.go(path)
            found[path] = await page.offences()
        assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(("language", "words"), [("pt-BR", "Marcar no mapa"), ("en-GB", "Mark on the map")])
async def test_the_page_speaks_the_browsers_language(browser: Browser, origin: str, language: str, words: str) -> None:
    async with visit(browser, origin, locale=language) as page:
        await page.go()
        await page.say("bache")
        await page.phone().get_by_role("button", name=words).wait_for()


async def test_the_public_chat_is_one_phone(browser: Browser, house: House) -> None:
    house.rooms = replace(house.rooms, phones=("citizen",))
    for size in (NARROW, WIDE):
        async with serving(house) as origin, visit(browser, origin, size) as page:
            await page.go()
            await page.say("hola")
            await page.hear("¿Qué está roto")
            assert await page.page.locator(".phone").count() == 1
            assert await page.offences() == []


async def test_who_writes_too_fast_loses_nothing(browser: Browser, house: House, origin: str) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        for number in range(30):
            await page.say(f"línea {number}")
        done = page.phone().locator(".line.mine .foot", has_text="Recibido")
        await expect(done).to_have_count(30, timeout=20_000)
    assert [each.text for each in house.intake.taken] == [f"línea {number}" for number in range(30)]


async def test_a_refused_message_can_be_mended(browser: Browser, house: House, origin: str) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        # What a browser in another time left behind: a message that names an upload of somebody else.
        await page.page.evaluate(
            """id => localStorage.setItem(`baldosa:unsent:citizen:${id}`, JSON.stringify(
            {id, at: 1, text: "con foto", uploads: [{ref: "x.y", mime: "image/jpeg"}]}))""",
            f"{1:032x}",
        )
        await page.page.reload()
        failed = page.phone().locator(".line.failed")
        await expect(failed).to_contain_text("no se puede recibir")
        await failed.get_by_role("button", name="Corregir").click()
        await expect(page.phone().locator("textarea")).to_have_value("con foto")
        await page.page.keyboard.press("Enter")
        await page.hear("¿Qué está roto")
        await page.page.reload()
        await page.hear("¿Qué está roto")
        assert len(await page.texts()) == 2
