"""A headless Chromium for tests, and a visit with it that remembers everything that went wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

# No sandbox, because tests often run as root in a container; the rest keeps it from talking to anybody by itself.
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Milliseconds: a machine with other things to do is no fault of a page.
expect.set_options(timeout=20_000)

NARROW, WIDE = (360, 740), (1280, 800)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def find_chromium() -> str:
    """The path of a Chromium; skips the test without one, or fails it where BALDOSA_REQUIRE_BROWSER says so."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("BALDOSA_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        missing = pytest.fail if os.environ.get("BALDOSA_REQUIRE_BROWSER") else pytest.skip
        missing("no Chromium on this machine: the pages were NOT tried in a browser (apt install chromium)")
    return str(path)


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Browser]:
    """A browser for one test."""
    path = find_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        await browser.close()


class Visit:
    """A page of one browser profile at `origin`; `faults` are script errors, refusals of the policy, other hosts."""

    def __init__(self, origin: str, page: Page) -> None:
        self.origin = origin
        self.page = page
        self.context: BrowserContext = page.context
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", lambda request: self._look_at(request.url))
        page.on("console", lambda message: self._hear(message.type, message.text))

    def _look_at(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("blob", "data") and parts.netloc != urlsplit(self.origin).netloc:
            self.faults.append(f"another host: {url}")

    def _hear(self, kind: str, text: str) -> None:
        # A browser itself reports each 404 and each lost connection; tests cause both on purpose.
        if kind == "error" and "Failed to load resource" not in text and "WebSocket connection" not in text:
            self.faults.append(f"console: {text}")

    async def go(self, path: str = "/") -> None:
        """Open a page and, where there are phones, wait until they are connected."""
        await self.page.goto(self.origin + path)
        for state in await self.page.locator(".state").all():
            await self.page.wait_for_function("e => e.dataset.state === 'open'", arg=await state.element_handle())

    def phone(self, name: str = "citizen") -> Locator:
        """One of the phones."""
        return self.page.locator(f'[data-phone="{name}"]')

    async def say(self, text: str, name: str = "citizen") -> None:
        """Type into a phone and send."""
        await self.phone(name).locator("textarea").fill(text)
        await self.phone(name).locator("textarea").press("Enter")

    async def hear(self, text: str, name: str = "citizen") -> None:
        """Wait until the bot has said this."""
        await self.phone(name).locator(".line:not(.mine) .said", has_text=text).last.wait_for()

    async def texts(self, name: str = "citizen") -> list[str]:
        """Everything said on a phone, in order."""
        return await self.phone(name).locator(".said").all_inner_texts()

    async def offences(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 A and AA."""
        await self.page.evaluate(AXE)
        options = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
        found = await self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{fault['id']}: {node['target']} {node['failureSummary']}"
            for fault in found["violations"]
            for node in fault["nodes"]
        ]


@asynccontextmanager
async def visit(browser: Browser, origin: str, size: tuple[int, int] = WIDE, **options: Any) -> AsyncIterator[Visit]:
    """A fresh profile with one page; ends by holding that nothing went wrong."""
    settings = {"locale": "es-AR", "color_scheme": "light", **options}
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, **settings)
    context.set_default_timeout(10_000)
    found = Visit(origin, await context.new_page())
    yield found
    await context.close()
    assert found.faults == []
