"""What is said in passing to a tap: shown for a moment, above the buttons, and no line of the talk."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.async_api import Browser, expect

from bot.messages import Inbound, Option, Outbound
from tests.chromium import NARROW, visit
from tests.scripted_rooms import House
from tests.simulator.serving import IN_ONE_BROWSER

pytestmark = IN_ONE_BROWSER

CARD = Outbound(text="🆕 K7Q4-2MX", options=(Option("/take K7Q42MX", "Tomar", "✋"),), ticket="K7Q42MX")


def show_card(inbound: Inbound) -> Sequence[Outbound]:
    """Show a card to whoever says something; a tap is answered in passing."""
    return [] if inbound.tapped else [CARD]


async def test_what_is_said_in_passing_is_seen_and_leaves_no_line(browser: Browser, house: House, origin: str) -> None:
    house.intake.script = show_card
    house.intake.passing = Outbound(text="K7Q4-2MX quedó a tu cargo.")
    async with visit(browser, origin, NARROW) as page:
        await page.go()
        await page.say("hola")
        await page.hear("🆕")
        button = page.phone().get_by_role("button", name="Tomar")
        await button.click()
        toast = page.phone().locator(".toast")
        await expect(toast).to_have_text("K7Q4-2MX quedó a tu cargo.")
        await expect(page.phone().locator(".line.mine")).to_have_count(1)
        over, under = await toast.bounding_box(), await button.bounding_box()
        assert over is not None
        assert under is not None
        assert over["y"] + over["height"] < under["y"]
        assert await page.offences() == []
        await toast.click()
        await expect(toast).to_be_empty()
    assert house.intake.taken[-1].reply_to
