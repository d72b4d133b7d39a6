"""The network that a visitor comes from, as a mark that tells of nobody and is another one every day."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from aiohttp import web

    from web.sign import Signer

DAY = 86400.0
# What one household or phone has of IPv6 (RFC 6177): every address in it may be the same person's.
HOUSEHOLD = 64


def mark_network(request: web.Request, signer: Signer, now: float) -> str:
    """The day's mark of a visitor's network; "" where a private address hides it.

    A private peer is our own proxy, and what it put last into X-Forwarded-For is whom it saw; a public peer's own word
    is never believed.
    """
    found = _address(request.remote or "")
    if found is None or not found.is_global:
        found = _address(request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip())
    if found is None or not found.is_global:
        return ""
    name = str(ip_network((found, HOUSEHOLD), strict=False)) if isinstance(found, IPv6Address) else str(found)
    return signer.sign("network", f"{int(now // DAY)}:{name}")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
