"""The page that opens a mail program with a request for information; it holds what is public of a ticket, no more."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct

from web.parts import PARTS
from web.replies import page


class LetterPage(Struct, frozen=True):
    """A request for information: `link` opens it in a mail program, `office` is where it is handed in otherwise."""

    code: str
    text: str
    link: str
    office: str


async def letter(request: web.Request) -> web.Response:
    """Show the request that may be made about a ticket; else that there is nothing here."""
    parts = request.app[PARTS]
    found = await parts.rooms.letter(request.match_info["code"])
    if found is None:
        raise web.HTTPNotFound
    return page(request, "letter.html", letter=found)
