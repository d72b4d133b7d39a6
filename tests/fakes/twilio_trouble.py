"""What goes wrong on the fake Twilio when a test asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Call:
    """A request that arrived: its parameters in order (or its JSON), and the status answered (0: none)."""

    method: str
    path: str
    given: list[tuple[str, str]]
    body: Any = None
    status: int = 0

    @property
    def form(self) -> dict[str, str]:
        """The parameters; of a repeated one the last."""
        return dict(self.given)


class ApiError(Exception):
    """An answer that is no success, as Twilio words it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass
class Trouble:
    """What happens to the next `calls` calls meant; `status` 0 is no answer at all."""

    kind: str
    calls: int
    method: str
    path: str
    status: int = 0
    code: int = 0
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self) -> web.Response:
        """The refusal: Twilio's JSON, or without a code a gateway's page."""
        if self.code:
            return refused(ApiError(self.status, self.code, self.message), self.headers)
        page = "<html>bad gateway</html>"
        return web.Response(status=self.status, text=page, content_type="text/html", headers=self.headers)


class Troubles:
    """What is still to go wrong, by default with the next creation of a message.

    `method` and `path` say which calls are meant: "GET", "Messages/", "Content", "Typing", ... as they end or contain.
    """

    def __init__(self) -> None:
        self._coming: list[Trouble] = []

    def throttle(self, calls: int = 1, *, retry_after: int | None = 1, **where: str) -> None:
        """Refuse with 429 and 20429."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self._add("refuse", calls, where, status=429, code=20429, message="Too Many Requests", headers=headers)

    def fail(self, calls: int = 1, *, status: int = 503, spoken: bool = True, **where: str) -> None:
        """Refuse with a 5xx: in Twilio's own JSON, or (`spoken=False`) with a gateway's page."""
        code, message = (20500 if status == 500 else 20503, "Service is unavailable") if spoken else (0, "")
        self._add("refuse", calls, where, status=status, code=code, message=message)

    def refuse(self, code: int, message: str = "Refused", *, status: int = 400, calls: int = 1, **where: str) -> None:
        """Refuse with this code and these words."""
        self._add("refuse", calls, where, status=status, code=code, message=message)

    def hang(self, calls: int = 1, *, accepts: bool = True, **where: str) -> None:
        """Accept (or not) and never answer."""
        self._add("hang" if accepts else "ignore", calls, where)

    def lose(self, calls: int = 1, **where: str) -> None:
        """Accept, and break the connection instead of answering."""
        self._add("lose", calls, where)

    def drop(self, calls: int = 1, **where: str) -> None:
        """Break the connection before accepting."""
        self._add("drop", calls, where)

    def garble(self, calls: int = 1, **where: str) -> None:
        """Accept, and answer 200 with something that is no JSON."""
        self._add("garble", calls, where)

    def next(self, method: str, path: str) -> Trouble | None:
        """What happens to this call."""
        for trouble in self._coming:
            if trouble.calls and trouble.method == method and trouble.path in path:
                trouble.calls -= 1
                return trouble
        return None

    def _add(self, kind: str, calls: int, where: dict[str, str], **more: Any) -> None:
        method, path = where.pop("method", "POST"), where.pop("path", "/Messages.json")
        if where:
            raise TypeError(f"no such place: {where}")
        self._coming.append(Trouble(kind, calls, method, path, **more))


def refused(error: ApiError, headers: dict[str, str] | None = None) -> web.Response:
    """Twilio's answer to what it does not do."""
    body = {
        "code": error.code,
        "message": error.message,
        "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
        "status": error.status,
    }
    return web.json_response(body, status=error.status, headers=headers)
