"""A Bot API server on loopback: strict about every call, and as troublesome as the real one when told to be.

    async with FakeTelegram() as fake:              # fake.url replaces https://api.telegram.org, fake.token is its
        ana = fake.user(7, language_code="es")
        ana.says("hola")                            # reaches the bot by webhook or getUpdates, whichever it asked for
        question = await ana.next()                 # what the bot answered: .text, .buttons, .file, .place, ...
        ana.taps("Bache")
        ana.sends_photo(picture, "en la esquina")
        ana.replies(question, "sí")
        crew = fake.group("Cuadrilla", ana)         # the bot is inside; ana.says("/bandeja", to=crew)

    fake.trouble.throttle(2, retry_after=1)         # the next two messages are refused with 429 (telegram_trouble)
    ana.blocks(); crew.migrates(ana); fake.revoke_token(); fake.rate = (1.0, 3)
    await fake.updates.settled()                    # every update was taken

Every call is held against a description of the Bot API (telegram_rules: written by hand, and the provider's own where
it is at hand) and against the limits. What does not fit is answered with 400, written into `fake.faults`, and fails the
test when the server is left. Calls are kept in `fake.calls`. Waiting is shortened by `hurry` (telegram_delivery).
"""

from __future__ import annotations

import asyncio
import itertools
import re
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fakes.telegram_delivery import Delivering
from tests.fakes.telegram_files import Files
from tests.fakes.telegram_methods import Methods
from tests.fakes.telegram_people import Card, FakeChat, FakeGroup, FakeUser, Shown
from tests.fakes.telegram_rules import by_hand, limits, providers_own, read_params
from tests.fakes.telegram_trouble import ApiError, Call, Troubles, refused

UPLOAD_BYTES = 60 * 1024 * 1024


class FakeTelegram:
    """The server; see the module."""

    def __init__(
        self, *, token: str = "123456:TEST-TOKEN", username: str = "baldosa_test_bot", hurry: float = 0.02
    ) -> None:
        self.token = token
        self.bot_id = int(token.partition(":")[0])
        self.username = username
        self.updates = Delivering(hurry=hurry)
        self.calls: list[Call] = []
        self.faults: list[str] = []
        self.answered: list[str] = []
        # What was said in passing to whoever tapped, and whether it stays until she takes it away.
        self.told: list[tuple[str, bool]] = []
        self.pressed: list[str] = []
        self.menus: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.chats: dict[int, FakeChat] = {}
        self.files = Files()
        self.trouble = Troubles()
        self.rate: tuple[float, float] | None = None
        self.url = ""
        self._descriptions = [each for each in (by_hand(), providers_own()) if each is not None]
        self._methods = Methods(self)
        self._sent: dict[int, float] = {}
        self._revoked = False
        self._numbers = itertools.count(1)
        self._leaving = asyncio.Event()

    # People

    def user(
        self,
        number: int,
        *,
        language_code: str = "es",
        first_name: str = "",
        started: bool = False,
    ) -> FakeUser:
        """A person. A bot cannot write to her before she wrote, unless she `started` it before the test."""
        user = FakeUser(self, number, language_code, first_name or f"Persona {number}", started)
        self.chats[number] = user
        return user

    def group(self, title: str, *members: FakeUser, supergroup: bool = False) -> FakeGroup:
        """A group with the bot inside; its first member let it in."""
        group = self.add_group(title, (-1_000_000_000_000 if supergroup else 0) - 4_000 - self.count())
        if members:
            group.adds_bot(members[0])
        group.bot_inside = True
        return group

    def add_group(self, title: str, number: int) -> FakeGroup:
        """A group without the bot."""
        group = FakeGroup(self, number, title)
        self.chats[number] = group
        return group

    def press(self, user: FakeUser, message: Shown, data: str) -> None:
        """A button is tapped: an update in a queue of its own."""
        query: dict[str, Any] = {
            "id": str(4_000_000_000_000 + self.count()),
            "from": user.person,
            "message": message.raw,
            "chat_instance": "-77",
            "data": data,
        }
        self.pressed.append(query["id"])
        self.updates.add("callback_query", query, ("callback", user.id))

    def membership(self, chat: FakeChat, by: FakeUser, old: str, new: str) -> None:
        """The bot's own place in a chat changed."""
        change = {
            "chat": chat.card,
            "from": by.person,
            "date": 1_760_000_000,
            "old_chat_member": _member(old, self.bot_card),
            "new_chat_member": _member(new, self.bot_card),
        }
        self.updates.add("my_chat_member", change, ("member", chat.id))

    # Trouble (see fake.trouble)

    def revoke_token(self, revoked: bool = True) -> None:
        """Know the token no more: everything is 401."""
        self._revoked = revoked

    def sent(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    def count(self) -> int:
        """A number that was not given before."""
        return next(self._numbers)

    @property
    def bot_card(self) -> Card:
        """The bot as the Bot API describes it."""
        return {"id": self.bot_id, "is_bot": True, "first_name": "Baldosa", "username": self.username}

    # Server

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=UPLOAD_BYTES)
        app.router.add_route("*", "/bot{token:[^/]*}/{method}", self._answer)
        app.router.add_get("/file/bot{token:[^/]*}/{path:.+}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        await self.updates.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        await self.updates.close()
        await self._runner.cleanup()
        if error is None:
            assert not self.faults, "\n".join(["calls that the Bot API would refuse:", *self.faults])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._unauthorised(request):
            return refusal
        call = await _read(request)
        self.calls.append(call)
        trouble = self.trouble.next(call.method)
        if trouble and trouble.kind == "drop":
            return _break_off(request)
        try:
            if trouble and trouble.status:
                return trouble.refusal(call)
            result = await self._perform(call)
        except ApiError as error:
            return refused(call, error.status, error.description, error.parameters)
        if trouble and trouble.kind == "hang":
            await self._leaving.wait()
        if trouble and trouble.kind in ("hang", "lose"):
            return _break_off(request)
        call.status = 200
        return web.json_response({"ok": True, "result": result})

    def _unauthorised(self, request: web.Request) -> web.Response | None:
        token = request.match_info["token"]
        if not re.fullmatch(r"\d+:[\w-]+", token):
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        if self._revoked or token != self.token:
            return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        return None

    async def _perform(self, call: Call) -> Any:
        faults = self._check(call)
        if faults:
            self.faults += faults
            raise ApiError(400, f"Bad Request: {faults[0]}")
        self._pace(call)
        return await self._methods.table[call.method](call.params, call.uploads)

    def _check(self, call: Call) -> list[str]:
        faults = [f for each in self._descriptions for f in each.check(call.method, call.params, call.uploads)]
        if faults:
            return faults
        return limits(call.method, call.params, private=int(call.params.get("chat_id", 0)) > 0)

    def _pace(self, call: Call) -> None:
        """Leaky bucket per chat: `rate` a second, and so many at once."""
        if self.rate is None or not call.method.startswith("send"):
            return
        (per_second, burst), now = self.rate, asyncio.get_running_loop().time()
        chat = int(call.params["chat_id"])
        due = max(self._sent.get(chat, 0.0), now)
        if due - now > (burst - 1) / per_second:
            wait = max(1, round(due - now))
            raise ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        self._sent[chat] = due + 1 / per_second

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._unauthorised(request):
            return refusal
        data = self.files.at(request.match_info["path"])
        if data is None:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        return web.Response(body=data)


async def _read(request: web.Request) -> Call:
    method, given = request.match_info["method"], dict(request.query)
    uploads: dict[str, bytes] = {}
    if request.content_type == "application/json":
        return Call(method, given | await request.json(), uploads)
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            uploads[name] = value.file.read()
            value.file.close()
        else:
            given[name] = str(value)
    return Call(method, read_params(method, given, by_hand()), uploads)


def _break_off(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _member(status: str, user: Card) -> Card:
    return {"status": status, "user": user} | ({"until_date": 0} if status == "kicked" else {})
