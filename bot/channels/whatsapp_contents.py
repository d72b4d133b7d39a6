"""What Twilio must know of before a menu can be sent: one content for each shape of menu, filled by variables.

Twilio refuses line breaks inside a variable of the body (error 21656), so every line is a variable of its own and the
breaks belong to the content. Its name says its whole shape: "baldosa_list_3d110_12" has three rows, of which the first
two have a description, under three lines: one break after the first, two after the second. What is missing is made at
its first use; two processes that make the same at the same time do no harm.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from bot.channels import SendError

if TYPE_CHECKING:
    from bot.channels.twilio_api import Api
    from bot.channels.whatsapp_render import Menu

log = logging.getLogger("baldosa.whatsapp")

# What was refused is asked for again after so long; what failed by accident sooner. Menus are written out meanwhile.
REFUSED_SECONDS = 600.0
FAILED_SECONDS = 15.0
# People choose where their own lines break, and every way to break them is a shape: the rare ones are written out.
MOST_SHAPES = 500
OURS = "baldosa_"

_BREAK = re.compile(r"\n\s*")
_BRACES = re.compile(r"\{(?=\{)")
_SPACES = re.compile(r"[\t\r\f\v ]+")


class Contents:
    """The account's contents, remembered once they are known."""

    def __init__(self, api: Api, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[str, str] | None = None
        self._not_before: dict[str, float] = {}
        self._asking = asyncio.Lock()

    async def sid(self, name: str, content: Mapping[str, object]) -> str:
        """The ContentSid of `content` under its name; "" while Twilio gives none."""
        if self._known and name in self._known:
            return self._known[name]
        async with self._asking:
            try:
                return await self._ask(name, content)
            except SendError as error:
                refused = error.kind in ("content", "config")
                self._not_before[name] = self._clock() + (REFUSED_SECONDS if refused else FAILED_SECONDS)
                log.warning("no content, writing menus out", extra={"content": name, "detail": error.detail})
                return ""

    async def _ask(self, name: str, content: Mapping[str, object]) -> str:
        if self._known and name in self._known:
            return self._known[name]
        if self._clock() < self._not_before.get(name, 0.0):
            return ""
        if self._known is None:
            self._known = {known: sid for known, sid in (await self._api.contents()).items() if known.startswith(OURS)}
        if name not in self._known:
            if len(self._known) >= MOST_SHAPES:
                return ""
            self._known[name] = await self._api.create_content(content)
        return self._known[name]


def describe(text: str, menu: Menu) -> tuple[str, dict[str, object], dict[str, str]]:
    """(name, content, variables) that show `menu` under `text`, whose lines must not be empty."""
    lines, breaks = _lines(text)
    described = "".join("1" if row.description else "0" for row in menu.rows)
    rows = f"{len(menu.rows)}d{described}" if "1" in described else f"{len(menu.rows)}"
    name = f"{OURS}{menu.kind}_{rows}{f'_{breaks}' if breaks else ''}"
    variables = _Variables()
    body = variables.add(lines[0])
    for line, gap in zip(lines[1:], breaks, strict=True):
        body += "\n" * int(gap) + variables.add(line)
    types = _quick_reply(body, menu, variables) if menu.kind == "quick_reply" else _list(body, menu, variables)
    content: dict[str, object] = {
        "friendly_name": name,
        "language": "en",
        "variables": variables.samples(),
        "types": types,
    }
    return name, content, variables.values


def tidy(value: str, most: int = 0) -> str:
    """What Twilio takes as a variable: one line without tabs or long gaps, never empty; cut to `most` characters."""
    # Nobody's words may look like a variable themselves.
    line = _BRACES.sub("{ ", " ".join(value.split()))
    if most and len(line) > most:
        line = line[: most - 1].rstrip() + "…"
    return line or "-"


def to_json(variables: Mapping[str, str]) -> str:
    """The variables as Twilio wants them."""
    return msgspec.json.encode(variables).decode()


class _Variables:
    """Numbered variables in the order in which they are added."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def add(self, value: str) -> str:
        number = str(len(self.values) + 1)
        self.values[number] = tidy(value)
        return f"{{{{{number}}}}}"

    def samples(self) -> dict[str, str]:
        """What stands in for each: words of nobody."""
        return {number: f"sample {number}" for number in self.values}


def _quick_reply(body: str, menu: Menu, variables: _Variables) -> dict[str, Any]:
    # In-session quick replies name their type (twilio.com/docs/content/twilio-quick-reply).
    actions = [
        {"type": "QUICK_REPLY", "title": variables.add(row.title), "id": variables.add(row.id)} for row in menu.rows
    ]
    return {"twilio/quick-reply": {"body": body, "actions": actions}}


def _list(body: str, menu: Menu, variables: _Variables) -> dict[str, Any]:
    button = variables.add(menu.button)
    items = []
    for row in menu.rows:
        item = {"item": variables.add(row.title), "id": variables.add(row.id)}
        if row.description:
            item["description"] = variables.add(row.description)
        items.append(item)
    return {"twilio/list-picker": {"body": body, "button": button, "items": items}}


def _lines(text: str) -> tuple[list[str], str]:
    """The lines that say something, and how many breaks are between each two: "1" or "2"."""
    pieces = _BREAK.split(text.strip())
    breaks = "".join("2" if gap.count("\n") > 1 else "1" for gap in _BREAK.findall(text.strip()))
    return [_SPACES.sub(" ", piece) for piece in pieces], breaks
