"""Servers that restart, pages that reload, files too large, words too fast: nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from playwright.async_api import Browser, expect

from bot.messages import Outbound
from tests.chromium import NARROW, WIDE, visit
from tests.scripted_rooms import House, jpeg
from tests.simulator.serving import IN_ONE_BROWSER, serving

pytestmark = IN_ONE_BROWSER


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
