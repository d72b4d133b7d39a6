"""An Open311 GeoReport v2 server on loopback, strict about every call, with servicerequestupdates.

    async with FakeOpen311() as fake:                # fake.url is the endpoint
        fake.tokens = 2                              # requests get a token, which is an id at the second time of asking
        fake.troubles += ["hang", "500", "lost"]     # what becomes of the next calls, see `Trouble`
        fake.tells(number, "IN_PROGRESS", "Vamos mañana", at=...)      # the next servicerequestupdates
        fake.requests[number]["status"] = "closed"

What is wrong with a call by the specification is answered as it says (403, 404, 400 with a list of errors) and written
into `fake.faults`, which must be empty at the end unless the test empties it. Posted requests are in `fake.requests` by
their ids, posted updates in `fake.updates`, all calls in `fake.calls`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from aiohttp import web

# "lost": taken, and the connection ends before the answer. "mute": taken, and never answered. "hang": not even taken.
# "bomb": XML whose entities explode.
Trouble = Literal["hang", "500", "lost", "mute", "bomb", "huge", "html", "302"]
FORM = "application/x-www-form-urlencoded; charset=utf-8"
# mySociety's adapter enforces it: no fractions of a second.
DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})")
STATUSES = {
    "OPEN",
    "CLOSED",
    "FIXED",
    "IN_PROGRESS",
    "ACTION_SCHEDULED",
    "INVESTIGATING",
    "DUPLICATE",
    "NOT_COUNCILS_RESPONSIBILITY",
    "NO_FURTHER_ACTION",
    "INTERNAL_REFERRAL",
    "FOR_TRIAGE",
    "CANCELLED",
    "REOPEN",
}
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 50}">' for a, b in itertools.pairwise("abcdefghij"))
    + "]><service_requests><request><service_request_id>&j;</service_request_id></request></service_requests>"
)
MOST_DESCRIPTION = 4000
DAY = 86400.0


class Refused(Exception):
    """A call that the specification does not allow."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description


class FakeOpen311:
    """The server; see the module."""

    def __init__(self, *, key: str = "clave", jurisdiction: str = "agua.example", services: tuple[str, ...] = ("001",)):
        self.key = key
        self.jurisdiction = jurisdiction
        self.services = services
        self.url = ""
        self.tokens = 0
        # How many updates one answer holds at most.
        self.most_updates = 1000
        self.wraps_json = False
        self.required: tuple[str, ...] = ()
        self.troubles: list[str] = []
        self.faults: list[str] = []
        self.calls: list[str] = []
        self.requests: dict[str, dict[str, Any]] = {}
        self.updates: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.photos: dict[str, bytes] = {}
        self._waiting: dict[str, list[Any]] = {}
        self._numbers = itertools.count(1)
        self._leaving = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(
            [
                web.post("/v2/requests.{form}", self._answered(self._post_request)),
                web.get("/v2/requests.{form}", self._answered(self._list_requests)),
                web.get("/v2/requests/{id}.{form}", self._answered(self._read_request)),
                web.get("/v2/tokens/{id}.{form}", self._answered(self._read_token)),
                web.get("/v2/servicerequestupdates.{form}", self._answered(self._list_updates)),
                web.post("/v2/servicerequestupdates.{form}", self._answered(self._post_update)),
                web.get("/photos/{name}", self._photo),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.host = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.url = f"{self.host}/v2"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        await self._runner.cleanup()
        if error is None:
            assert self.faults == []

    def tells(self, number: str, status: str, description: str = "", *, at: float, **more: Any) -> str:
        """Have the next servicerequestupdates tell this; its id."""
        update = {"update_id": f"u{next(self._numbers)}", "service_request_id": number, "status": status}
        update |= {"description": description, "updated_datetime": w3c(at), "media_url": more.pop("media_url", "")}
        self.told.append(update | more)
        return str((update | more)["update_id"])

    # What is asked

    def _post_request(self, query: dict[str, str], form: dict[str, str], request: web.Request) -> list[dict[str, Any]]:
        self._require_key(form)
        self._require_jurisdiction(form)
        if not form.get("service_code"):
            raise Refused(400, "service_code not given")
        if form["service_code"] not in self.services:
            raise Refused(404, "service_code not found")
        located = _is_number(form.get("lat")) and _is_number(form.get("long"))
        if not (located or form.get("address_string") or form.get("address_id")):
            raise Refused(400, "no location given")
        for name in self.required:
            if not form.get(name):
                raise Refused(400, f"{name} is required")
        self._check_description(form.get("description", ""))
        number = f"SR-{next(self._numbers)}"
        now = w3c(datetime.now(UTC).timestamp())
        self.requests[number] = {**form, "service_request_id": number, "status": "open", "requested_datetime": now}
        self.requests[number] |= {"updated_datetime": now, "status_notes": ""}
        if self.tokens:
            token = f"T{next(self._numbers)}"
            self._waiting[token] = [self.tokens, number]
            return [{"token": token}]
        return [{"service_request_id": number, "service_notice": "Gracias", "account_id": ""}]

    def _read_token(self, query: dict[str, str], form: dict[str, str], request: web.Request) -> list[dict[str, Any]]:
        self._require_jurisdiction(query)
        token = request.match_info["id"]
        if token not in self._waiting:
            raise Refused(404, "token not found")
        waiting = self._waiting[token]
        waiting[0] -= 1
        return [{"token": token, "service_request_id": waiting[1] if waiting[0] <= 0 else ""}]

    def _read_request(self, query: dict[str, str], form: dict[str, str], request: web.Request) -> list[dict[str, Any]]:
        self._require_jurisdiction(query)
        found = self.requests.get(request.match_info["id"])
        if found is None:
            raise Refused(404, "service_request_id not found")
        return [_public(found)]

    def _list_requests(self, query: dict[str, str], form: dict[str, str], request: web.Request) -> list[dict[str, Any]]:
        self._require_jurisdiction(query)
        start, end = self._window(query, 90 * DAY)
        codes = query.get("service_code", ",".join(self.services)).split(",")
        return [
            _public(each)
            for each in self.requests.values()
            if each["service_code"] in codes and start <= seconds(each["requested_datetime"]) <= end
        ]

    def _list_updates(self, query: dict[str, str], form: dict[str, str], request: web.Request) -> list[dict[str, Any]]:
        self._require_jurisdiction(query)
        start, end = self._window(query, 366 * DAY)
        found = [each for each in self.told if start <= seconds(each["updated_datetime"]) <= end]
        return found[: self.most_updates]

    def _post_update(self, query: dict[str, str], form: dict[str, str], request: web.Request) -> list[dict[str, Any]]:
        self._require_key(form)
        self._require_jurisdiction(form)
        for name in ("service_request_id", "update_id", "status", "updated_datetime", "description"):
            if not form.get(name):
                raise Refused(400, f"Bad request: {name}")
        if form["service_request_id"] not in self.requests:
            raise Refused(400, "Bad request: not found")
        if form["status"] not in STATUSES or not DATETIME.fullmatch(form["updated_datetime"]):
            raise Refused(400, "Bad request: status or updated_datetime")
        if any(each["update_id"] == form["update_id"] for each in self.updates):
            raise Refused(400, "Bad request: already exists")
        self.updates.append(form)
        return [{"update_id": form["update_id"]}]

    async def _photo(self, request: web.Request) -> web.Response:
        self.calls.append(request.path)
        return web.Response(body=self.photos[request.match_info["name"]], content_type="image/jpeg")

    # Rules

    def _require_key(self, form: dict[str, str]) -> None:
        if form.get("api_key") != self.key:
            raise Refused(403, "api_key is missing or invalid")

    def _require_jurisdiction(self, given: dict[str, str]) -> None:
        if self.jurisdiction and not given.get("jurisdiction_id"):
            raise Refused(400, "jurisdiction_id was not provided")
        if self.jurisdiction and given["jurisdiction_id"] != self.jurisdiction:
            raise Refused(404, "jurisdiction_id was not found")

    def _check_description(self, words: str) -> None:
        if len(words) > MOST_DESCRIPTION or re.search(r"<\w", words):
            raise Refused(400, "description is too long or has HTML")

    def _window(self, query: dict[str, str], longest: float) -> tuple[float, float]:
        dates = [query.get("start_date", ""), query.get("end_date", "")]
        if not all(DATETIME.fullmatch(each) for each in dates):
            raise Refused(400, "start_date and end_date are both needed")
        start, end = map(seconds, dates)
        if not 0 <= end - start <= longest:
            raise Refused(400, "the dates are too far apart")
        return start, end

    # Answers

    def _answered(self, handler: Any) -> Any:
        async def answered(request: web.Request) -> web.StreamResponse:
            self.calls.append(f"{request.method} {request.path}")
            trouble = self.troubles.pop(0) if self.troubles else ""
            if trouble and trouble not in ("lost", "mute"):
                return await self._cause(trouble)
            form = await self._form(request)
            item, items = _names(request.path)
            try:
                found = handler(dict(request.query), form, request)
            except Refused as error:
                self.faults.append(f"{request.method} {request.path}: {error.description}")
                errors = [{"code": str(error.status), "description": error.description}]
                return self._render(request, "errors", "error", errors, error.status)
            if trouble == "mute":
                await self._leaving.wait()
            if trouble == "lost" and request.transport:
                request.transport.abort()
            return self._render(request, items, item, found, 200)

        return answered

    async def _form(self, request: web.Request) -> dict[str, str]:
        if request.method != "POST":
            return {}
        if request.headers.get("Content-Type") != FORM:
            self.faults.append(f"{request.path}: content type {request.headers.get('Content-Type')}")
        return dict(parse_qsl((await request.read()).decode("utf-8"), strict_parsing=True))

    async def _cause(self, trouble: str) -> web.StreamResponse:
        match trouble:
            case "hang":
                await self._leaving.wait()
                return web.Response(status=503)
            case "500":
                return web.Response(status=500, text="Internal Server Error")
            case "bomb":
                return web.Response(text=BOMB, content_type="text/xml")
            case "huge":
                return web.Response(text="<a>" + "x" * 10_000_000 + "</a>", content_type="text/xml")
            case "302":
                return web.Response(status=302, headers={"Location": f"{self.host}/elsewhere"})
            case _:
                return web.Response(text="<html><body>Welcome<br></body></html>", content_type="text/html")

    def _render(
        self, request: web.Request, items: str, item: str, found: list[dict[str, Any]], status: int
    ) -> web.Response:
        if request.match_info["form"] == "json":
            body: Any = {items: found} if self.wraps_json else found
            return web.Response(text=json.dumps(body), status=status, content_type="application/json", charset="utf-8")
        root = ET.Element(items)
        for each in found:
            element = ET.SubElement(root, item)
            for name, value in each.items():
                for one in value if isinstance(value, list) else [value]:
                    ET.SubElement(element, name).text = str(one)
        text = ET.tostring(root, encoding="unicode", xml_declaration=True)
        return web.Response(text=text, status=status, content_type="text/xml", charset="utf-8")


def w3c(at: float) -> str:
    """A time as the specification wants it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str) -> float:
    """The Unix seconds of such a time."""
    return datetime.fromisoformat(text).timestamp()


def _names(path: str) -> tuple[str, str]:
    updates = "servicerequestupdates" in path
    return ("request_update", "service_request_updates") if updates else ("request", "service_requests")


def _public(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != "api_key"}


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True
