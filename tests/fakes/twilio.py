"""Twilio's API on loopback: strict about every call, and as troublesome as the real one when told to be.

    async with FakeTwilio() as fake:              # fake.url replaces https://api.twilio.com (content., messaging. too)
        fake.webhooks.reaches["https://bot.test"] = f"http://127.0.0.1:{port}"   # where the bot's public address leads
        fake.listen("sms", "https://bot.test/twilio/sms#rc=4&rp=5xx,ct,rt", "https://bot.test/twilio/fallback/sms")
        rosa = fake.phone("+5491155550001")
        rosa.says("bache en Corrientes y Callao") # a signed webhook; repeated and brought to the fallback as asked
        answer = await rosa.next()                # .text, .segments
        luz = fake.whatsapp("+5491155550002")     # fake.whatsapp(user_id="AR.x1") is somebody without a number
        luz.taps("Sí"); luz.sends_location(-34.6, -58.4); luz.replies(answer, "no"); luz.reads()
        sid = fake.contents.template("Hola {{1}}")              # approved: goes outside the 24 hours too

    fake.trouble.throttle(2); fake.trouble.hang(); fake.trouble.refuse(21610)   # the next creations (twilio_trouble)
    fake.carrier.undelivered(30003); rosa.failing = 30005       # accepted, and undelivered later
    fake.receipts.shuffled = fake.receipts.doubled = True; fake.receipts.dropped = {"delivered"}
    fake.receipts.early = True; fake.receipts.held = True       # before the call is answered; not before `release`
    fake.webhooks.twice = True                                  # every message is brought two times
    fake.pass_time(90_000)                                      # the 24 hours are over: 63016, asynchronously
    await fake.settled()                                        # nothing is on its way any more

Every call is held against a description of the API (twilio_rules: written by hand, and the provider's own where it is
at hand) and against the limits. What does not fit is answered with 400, written into `fake.faults`, and fails the test
when the server is left. Calls are kept in `fake.calls`, the forms of created messages in `fake.created`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from aiohttp import web

from tests.fakes.twilio_carrier import Carrier
from tests.fakes.twilio_contents import Contents
from tests.fakes.twilio_delivery import Delivering, Params, Receipts
from tests.fakes.twilio_files import Files
from tests.fakes.twilio_messages import Message, Messages
from tests.fakes.twilio_methods import Methods
from tests.fakes.twilio_people import FakePhone
from tests.fakes.twilio_rules import by_hand, providers_own
from tests.fakes.twilio_trouble import ApiError, Call, Trouble, Troubles, refused

ACCOUNT_SID = "AC" + "5" * 32
AUTH_TOKEN = "twilio-test-token"
SERVICE_SID = "MG" + "7" * 32
# What a correct program never meets: everything else that is refused was the test's own wish, or the person's.
NO_FAULTS = {14107, 20404, 21211, 21610}


class FakeTwilio:
    """The server; see the module."""

    def __init__(
        self,
        *,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        sms_from: str = "+5491150000000",
        whatsapp_from: str = "+5491150000001",
        service: str = "",
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.sms_from = sms_from
        self.whatsapp_from = whatsapp_from
        self.service = service
        self.number_sid = "PN" + "3" * 32
        self.advanced_opt_out = False
        self.guards_loops = False
        # How a row picked from a list is told: "ButtonPayload" or "ListId"; the provider documents neither.
        self.list_says = "ButtonPayload"
        # More calls than this at once are throttled, pages are no longer than this; 0 is no limit.
        self.most_at_once = 0
        self.most_page = 0
        self.clock: Callable[[], float] = time.time
        self.url = ""
        self.calls: list[Call] = []
        self.faults: list[str] = []
        self.people: dict[str, FakePhone] = {}
        self.listeners: dict[str, tuple[str, str]] = {"sms": ("", ""), "whatsapp": ("", "")}
        self.trouble = Troubles()
        self.messages = Messages(self.now)
        self.contents = Contents(self.now)
        self.files = Files(self.faults)
        self.webhooks = Delivering(auth_token, self.faults)
        self.receipts = Receipts(self.webhooks)
        self.carrier = Carrier(self)
        self._methods = Methods(self)
        self._passed = 0.0
        self._busy = 0
        self._leaving = asyncio.Event()

    # People and time

    def phone(self, number: str) -> FakePhone:
        """A person who writes SMS; the same one for the same number."""
        return self._person("sms", number, "", "")

    def whatsapp(self, number: str = "", *, user_id: str = "", name: str = "Vecina") -> FakePhone:
        """A person on WhatsApp, with a number or named by her id alone."""
        assert number or user_id, "somebody is named by a number or by an id"
        return self._person("whatsapp", number, user_id or f"AR.{number.lstrip('+')[::-1]}", name)

    def _person(self, channel: str, number: str, user_id: str, name: str) -> FakePhone:
        phone = FakePhone(self, channel, number, user_id, name)
        known = self.people.setdefault(phone.remote, phone)
        if user_id:
            self.people.setdefault(f"whatsapp:{user_id}", known)
        return known

    def now(self) -> float:
        """What time it is at Twilio."""
        return self.clock() + self._passed

    def pass_time(self, seconds: float) -> None:
        """Let time pass at Twilio."""
        self._passed += seconds

    # What the bot asked for

    @property
    def created(self) -> list[Params]:
        """The forms with which messages were created, in their order."""
        return [dict(message.form) for message in self.messages.outgoing()]

    def sent(self, to: str = "") -> list[Message]:
        """The messages that were accepted, all or those to one person (as Twilio writes her)."""
        return self.messages.outgoing(to)

    def sender(self, channel: str) -> str:
        """Our own address on a channel."""
        return f"whatsapp:{self.whatsapp_from}" if channel == "whatsapp" else self.sms_from

    def file_address(self, message: str, sid: str) -> str:
        """Where a file of a message's is."""
        return f"{self.url}/2010-04-01/Accounts/{self.account_sid}/Messages/{message}/Media/{sid}"

    def listen(self, channel: str, url: str, fallback: str = "") -> None:
        """Bring what people write on a channel to `url`; fragments set limits and retries (twilio_delivery)."""
        self.listeners[channel] = (url, fallback)

    def bring(self, channel: str, params: Params, turn: str) -> None:
        """Have a message brought."""
        url, fallback = self.listeners[channel]
        self.webhooks.bring(url, fallback, params, turn)

    async def settled(self, timeout: float = 10.0) -> None:
        """Return when no webhook, message or status is on its way any more."""
        await self.webhooks.settled(timeout)

    # Server

    async def __aenter__(self) -> Self:
        api = web.Application()
        api.router.add_route("*", "/{path:.*}", self._answer)
        store = web.Application()
        store.router.add_get("/{sid}", self.files.serve)
        self._runners = [
            web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True) for app in (api, store)
        ]
        for runner in self._runners:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports = [runner.addresses[0][1] for runner in self._runners]
        # Another name for the same machine is another host for whoever holds credentials.
        self.url, self.files.store = f"http://127.0.0.1:{ports[0]}", f"http://localhost:{ports[1]}"
        await self.webhooks.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        await self.webhooks.close()
        for runner in self._runners:
            await runner.cleanup()
        if error is None:
            assert not self.faults, "\n".join(["what Twilio would refuse:", *self.faults])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._unauthorised(request):
            return refusal
        call = await _read(request)
        self.calls.append(call)
        self._busy += 1
        try:
            if self.most_at_once and self._busy > self.most_at_once:
                return refused(ApiError(429, 20429, "Too Many Requests"), {"Retry-After": "1"})
            return await self._meet(request, call, self.trouble.next(call.method, call.path))
        finally:
            self._busy -= 1

    async def _meet(self, request: web.Request, call: Call, trouble: Trouble | None) -> web.StreamResponse:
        kind = trouble.kind if trouble else ""
        if trouble and trouble.status:
            call.status = trouble.status
            return trouble.answer()
        if kind == "ignore":
            await self._leaving.wait()
        if kind in ("drop", "ignore"):
            return _break_off(request)
        answer = await self._perform(call)
        if kind == "hang":
            await self._leaving.wait()
        if kind in ("hang", "lose"):
            return _break_off(request)
        call.status = answer.status
        return web.Response(text="<html>welcome</html>", content_type="text/html") if kind == "garble" else answer

    async def _perform(self, call: Call) -> web.Response:
        try:
            if faults := self._check(call):
                raise ApiError(400, 20001, f"Bad request: {'; '.join(faults)}")
            if call.method == "POST" and call.path.endswith("/Messages.json"):
                return await self._create(call)
            return await self._methods.perform(call)
        except ApiError as error:
            if error.code not in NO_FAULTS:
                self.faults.append(f"{call.method} {call.path}: {error.code} {error.message}")
            return refused(error)

    async def _create(self, call: Call) -> web.Response:
        message = self.carrier.take(call.given)
        told = message.resource(self.account_sid)
        carried = self.webhooks.begin(self.carrier.carry(message))
        if self.receipts.early:
            await asyncio.shield(carried)
        return web.json_response(told, status=201)

    def _check(self, call: Call) -> list[str]:
        faults = by_hand().check(call.method, call.path, call.given)
        own = providers_own() if call.path.startswith("/2010-04-01/") and call.path.endswith(".json") else None
        return faults + (own.check(call.method, call.path, call.given) if own else [])

    def _unauthorised(self, request: web.Request) -> web.Response | None:
        proof = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        path = request.path.split("/")
        account = path[3] if len(path) > 3 and path[2] == "Accounts" else self.account_sid
        if request.headers.get("Authorization") == f"Basic {proof}" and account == self.account_sid:
            return None
        return refused(ApiError(401, 20003, "Authenticate"))


async def _read(request: web.Request) -> Call:
    call = Call(request.method, request.path, parse_qsl(request.query_string, keep_blank_values=True))
    if not request.can_read_body:
        return call
    raw = await request.read()
    if request.content_type == "application/json":
        call.body = json.loads(raw)
    else:
        call.given += parse_qsl(raw.decode(), keep_blank_values=True)
    return call


def _break_off(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
