"""The simulator's pages: on small screens, for everyone, and with nothing on them that somebody else wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot.messages import Link, Option, Outbound
from tests.chromium import NARROW, WIDE, visit
from tests.scripted_rooms import House
from tests.simulator.serving import IN_ONE_BROWSER, serving

pytestmark = IN_ONE_BROWSER


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
        # What has arrived is on its way no more.
        await expect(page.phone().locator("progress")).to_have_count(0)
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
