"""What goes wrong on the fake Telegram when a test asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Uploads = dict[str, bytes]


@dataclass
class Call:
    """A call that arrived: its parameters, its uploads, and the status answered (0: none)."""

    method: str
    params: dict[str, Any]
    uploads: Uploads
    status: int = 0


class ApiError(Exception):
    """An answer that is no success, as the Bot API words it."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


@dataclass
class Trouble:
    """What happens to the next `calls` calls whose method begins with `method`; `status` 0 is no answer at all."""

    kind: str
    calls: int
    method: str
    status: int = 0
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    def refusal(self, call: Call) -> web.Response:
        """The answer that is no success: the Bot API's own, or without a description a gateway's page."""
        if self.description:
            return refused(call, self.status, self.description, self.parameters)
        call.status = self.status
        return web.Response(status=self.status, text="<html>bad gateway</html>", content_type="text/html")


class Troubles:
    """What is still to go wrong. `method` is how the calls meant begin: "send", "sendPhoto", "getUpdates", ..."""

    def __init__(self) -> None:
        self._coming: list[Trouble] = []

    def throttle(self, calls: int = 1, *, retry_after: int = 1, method: str = "send") -> None:
        """Refuse with 429. (`fake.rate` throttles each chat for real.)"""
        description = f"Too Many Requests: retry after {retry_after}"
        self._coming.append(Trouble("refuse", calls, method, 429, description, {"retry_after": retry_after}))

    def fail(self, calls: int = 1, *, status: int = 500, spoken: bool = True, method: str = "send") -> None:
        """Refuse with a 5xx: in the Bot API's own JSON, or (`spoken=False`) with a gateway's page."""
        self._coming.append(Trouble("refuse", calls, method, status, "Internal Server Error" if spoken else ""))

    def refuse(self, status: int, description: str, *, calls: int = 1, method: str = "send") -> None:
        """Refuse with these very words."""
        self._coming.append(Trouble("refuse", calls, method, status, description))

    def hang(self, calls: int = 1, *, method: str = "send") -> None:
        """Accept, and never answer."""
        self._coming.append(Trouble("hang", calls, method))

    def lose(self, calls: int = 1, *, method: str = "send") -> None:
        """Accept, and break the connection instead of answering."""
        self._coming.append(Trouble("lose", calls, method))

    def drop(self, calls: int = 1, *, method: str = "send") -> None:
        """Break the connection before accepting."""
        self._coming.append(Trouble("drop", calls, method))

    def next(self, method: str) -> Trouble | None:
        """What happens to this call."""
        for trouble in self._coming:
            if trouble.calls and method.startswith(trouble.method):
                trouble.calls -= 1
                return trouble
        return None


def refused(call: Call, status: int, description: str, parameters: dict[str, Any]) -> web.Response:
    """The Bot API's answer to what it does not do."""
    call.status = status
    body = {"ok": False, "error_code": status, "description": description}
    return web.json_response(body | ({"parameters": parameters} if parameters else {}), status=status)
