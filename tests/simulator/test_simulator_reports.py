"""A whole report on the simulator's phones in a real browser, by mouse and by keyboard."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Browser, Locator, Route, expect

from bot.messages import Place
from tests.chromium import Visit, visit
from tests.scripted_rooms import House
from tests.simulator.serving import IN_ONE_BROWSER

pytestmark = IN_ONE_BROWSER


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


async def let_in(page: Visit) -> Locator:
    """Come in as an official; the card on which that is done."""
    await page.go()
    card = page.phone("official").locator(".invite")
    await card.get_by_label("Organismo").select_option("Comuna 1")
    await card.get_by_role("button", name="Entrar").click()
    await page.phone("official").locator(".mine .said", has_text="/start invite-J7KQ-2MX9").wait_for()
    return card


async def test_the_official_comes_in_by_an_invitation(browser: Browser, house: House, origin: str) -> None:
    async with visit(browser, origin) as page:
        card = await let_in(page)
        await expect(card).not_to_have_attribute("open", "")
        await page.page.reload()
        await expect(page.phone("official").locator(".mine .foot")).to_contain_text("Recibido")
        await expect(card).not_to_have_attribute("open", "")
    assert house.intake.taken[0].address.startswith("o-")
    assert house.invited == [["c1"]]


async def test_who_was_invited_before_is_asked_no_more_however_late_the_bodies_come(
    browser: Browser, house: House, origin: str
) -> None:
    async with visit(browser, origin) as page:
        card = await let_in(page)
        late = asyncio.Event()

        async def hold_back(route: Route) -> None:
            await late.wait()
            await route.continue_()

        await page.page.route("**/chat/demo.json", hold_back)
        await page.page.reload()
        await expect(page.phone("official").locator(".mine .foot")).to_contain_text("Recibido")
        late.set()
        await expect(card).to_be_visible()
        await expect(card).not_to_have_attribute("open", "")


async def test_dots_move_until_the_bot_has_answered(browser: Browser, house: House, origin: str) -> None:
    async with visit(browser, origin) as page:
        await page.go()
        house.intake.going.clear()
        await page.say("hola")
        await expect(page.phone().locator(".typing")).to_be_visible()
        house.intake.going.set()
        await page.hear("¿Qué está roto")
        await expect(page.phone().locator(".typing")).to_be_hidden()
