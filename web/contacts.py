"""Who is on the phone: one contact for a browser profile, kept in a signed cookie. No account, no name, no address."""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING

from web.parts import PARTS

if TYPE_CHECKING:
    from aiohttp import web

    from web.sign import Signer

COOKIE = "baldosa"
YEAR_SECONDS = 365 * 24 * 3600
RENEW_AFTER_SECONDS = 30 * 24 * 3600
# Which phone speaks to the bot as which address.
PHONES = {"citizen": "c", "official": "o"}
_COOKIE = re.compile(r"([0-9a-f]{32})\.(\d{1,12})\.([\w-]{43})")


def address_of(contact: str, phone: str) -> str:
    """The address on the browser channel of one of a contact's phones."""
    return f"{PHONES[phone]}-{contact}"


def read_contact(request: web.Request) -> str | None:
    """The contact that the cookie names; None without one, with a forged one, or with one more than a year old."""
    read = _read(request.cookies.get(COOKIE, ""), request.app[PARTS].signer, time.time())
    return read[0] if read else None


def greet(request: web.Request, response: web.StreamResponse) -> str:
    """The contact of a request; a newcomer gets a cookie with the response, an old cookie is renewed."""
    parts = request.app[PARTS]
    now = time.time()
    read = _read(request.cookies.get(COOKIE, ""), parts.signer, now)
    contact = read[0] if read else secrets.token_hex(16)
    if read is None or now - read[1] > RENEW_AFTER_SECONDS:
        value = f"{contact}.{int(now)}"
        response.set_cookie(
            COOKIE,
            f"{value}.{parts.signer.sign('contact', value)}",
            max_age=YEAR_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=parts.rooms.public_url.startswith("https:"),
            path="/",
        )
    return contact


def _read(cookie: str, signer: Signer, now: float) -> tuple[str, int] | None:
    found = _COOKIE.fullmatch(cookie)
    if not found:
        return None
    contact, issued, signature = found[1], int(found[2]), found[3]
    if now - issued > YEAR_SECONDS or not signer.agrees("contact", f"{contact}.{issued}", signature):
        return None
    return contact, issued
