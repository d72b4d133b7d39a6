"""What may leave this machine: on a test machine nothing does."""

from __future__ import annotations

import ipaddress
from typing import Literal

PREFIX = "BALDOSA_"


class HeldError(Exception):
    """This may not leave now; the line says which setting holds it. Nothing was sent."""


class Gate:
    """Lets through what may leave: see BALDOSA_DELIVERIES in docs/settings.md."""

    def __init__(self, deliveries: Literal["auto", "loopback", "off"], *, production: bool) -> None:
        self._deliveries = deliveries
        self._production = production

    def require(self, host: str | None) -> None:
        """Raise HeldError unless something may be sent to this host."""
        if reason := self.closed(host):
            raise HeldError(reason)

    def closed(self, host: str | None) -> str:
        """Why nothing may be sent to this host, "" when it may."""
        if self._deliveries == "off":
            return f"held: {PREFIX}DELIVERIES is off"
        if self._deliveries == "loopback":
            return "" if is_loopback(host or "") else f"held: {PREFIX}DELIVERIES is loopback"
        return "" if self._production else f"held: {PREFIX}PRODUCTION is not on"


def is_loopback(host: str) -> bool:
    """True for this machine's own addresses."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
