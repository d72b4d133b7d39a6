"""The fake Bot API server itself: as strict, as patient and as troublesome as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.described import own_or_skip
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_people import FakeUser
from tests.fakes.telegram_rules import PROVIDERS_OWN, providers_own
from tests.telegram.desk import until

BUTTON = {"text": "Sí", "callback_data": "yes"}


def inline(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [[button] for button in buttons]}


async def call(fake: FakeTelegram, method: str, **params: Any) -> dict[str, Any]:
    address = f"{fake.url}/bot{fake.token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(address, json=params) as answer:
        body: dict[str, Any] = await answer.json()
        return body


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "a method that does not exist": ("sendPigeon", {"chat_id": 7}),
    "a field that does not exist": ("sendMessage", {"chat_id": 7, "text": "a", "words": "b"}),
    "a field left out": ("sendMessage", {"chat_id": 7}),
    "a number for words": ("sendMessage", {"chat_id": 7, "text": 5}),
    "a yes for a number": ("sendLocation", {"chat_id": 7, "latitude": True, "longitude": 1.0}),
    "words for a list": ("setMyCommands", {"commands": "help"}),
    "a field that does not exist, deep inside": (
        "sendMessage",
        {"chat_id": 7, "text": "a", "reply_markup": inline(BUTTON | {"colour": "red"})},
    ),
    "Markdown, which nobody here escapes": ("sendMessage", {"chat_id": 7, "text": "a", "parse_mode": "Markdown"}),
    "no words": ("sendMessage", {"chat_id": 7, "text": " "}),
    "too many words": ("sendMessage", {"chat_id": 7, "text": "x" * 4097}),
    "too many words, counted in halves of emoji": ("sendMessage", {"chat_id": 7, "text": "😀" * 2049}),
    "a button with too much inside": (
        "sendMessage",
        {"chat_id": 7, "text": "a", "reply_markup": inline({"text": "b", "callback_data": "ñ" * 33})},
    ),
    "a button with nothing to do": (
        "sendMessage",
        {"chat_id": 7, "text": "a", "reply_markup": inline({"text": "b"})},
    ),
    "a button to this machine": (
        "sendMessage",
        {"chat_id": 7, "text": "a", "reply_markup": inline({"text": "b", "url": "http://localhost:8080/t"})},
    ),
    "a hundred and one buttons": (
        "sendMessage",
        {"chat_id": 7, "text": "a", "reply_markup": inline(*[BUTTON] * 101)},
    ),
    "nine buttons in a row": (
        "sendMessage",
        {"chat_id": 7, "text": "a", "reply_markup": {"inline_keyboard": [[BUTTON] * 9]}},
    ),
    "a location button in a group": (
        "sendMessage",
        {
            "chat_id": -4001,
            "text": "a",
            "reply_markup": {"keyboard": [[{"text": "Acá", "request_location": True}]]},
        },
    ),
    "an album of one": ("sendMediaGroup", {"chat_id": 7, "media": [{"type": "photo", "media": "x"}]}),
    "an album with buttons": (
        "sendMediaGroup",
        {"chat_id": 7, "media": [{"type": "photo", "media": "x"}] * 2, "reply_markup": inline(BUTTON)},
    ),
    "an album of the wrong kind": ("sendMediaGroup", {"chat_id": 7, "media": [{"type": "song", "media": "x"}] * 2}),
    "a caption too long": ("sendPhoto", {"chat_id": 7, "photo": "x", "caption": "x" * 1025}),
    "a point off the earth": ("sendLocation", {"chat_id": 7, "latitude": 91.0, "longitude": 0.0}),
    "a venue without a name": (
        "sendVenue",
        {"chat_id": 7, "latitude": 1.0, "longitude": 1.0, "title": "", "address": "x"},
    ),
    "a webhook without https": ("setWebhook", {"url": "http://baldosa.example/t", "secret_token": "s"}),
    "a webhook without a secret": (
        "setWebhook",
        {"url": "https://baldosa.example/t", "allowed_updates": ["message"]},
    ),
    "a webhook that forgets what waits": (
        "setWebhook",
        {
            "url": "https://baldosa.example/t",
            "secret_token": "s",
            "allowed_updates": ["message"],
            "drop_pending_updates": True,
        },
    ),
    "a command with an accent": ("setMyCommands", {"commands": [{"command": "categoría", "description": "x"}]}),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_call_that_the_real_one_would_refuse_is_refused_and_fails_the_test(name: str) -> None:
    method, params = REFUSED[name]
    fake = await FakeTelegram().__aenter__()
    fake.user(7, started=True)
    answer = await call(fake, method, **params)
    assert (answer["ok"], answer["error_code"]) == (False, 400)
    with pytest.raises(AssertionError, match="the Bot API would refuse"):
        await fake.__aexit__(None, None, None)


async def test_a_test_that_fails_by_itself_says_its_own_fault() -> None:
    fake = await FakeTelegram().__aenter__()
    await call(fake, "sendPigeon")
    fault = ZeroDivisionError()
    assert await fake.__aexit__(ZeroDivisionError, fault, None) is None  # type: ignore[func-returns-value]
    assert fake.faults


async def test_only_the_bots_own_token_opens_the_door(fake: FakeTelegram) -> None:
    async def status(token: str) -> int:
        async with aiohttp.ClientSession() as session, session.get(f"{fake.url}/bot{token}/getMe") as answer:
            return answer.status

    assert [await status(token) for token in (fake.token, "123456:other", "nonsense")] == [200, 401, 404]


# Handing over updates


async def test_updates_are_confirmed_by_the_next_offset(fake: FakeTelegram) -> None:
    ana = fake.user(7)
    ana.says("uno")
    ana.says("dos")
    first = (await call(fake, "getUpdates"))["result"]
    assert (await call(fake, "getUpdates"))["result"] == first
    second = (await call(fake, "getUpdates", offset=first[0]["update_id"] + 1))["result"]
    assert [update["message"]["text"] for update in second] == ["dos"]
    assert (await call(fake, "getUpdates", offset=second[0]["update_id"] + 1))["result"] == []


async def test_polling_waits_for_news(fake: FakeTelegram) -> None:
    fake.updates.hurry = 1.0
    waiting = asyncio.create_task(call(fake, "getUpdates", timeout=20))
    await until(lambda: fake.updates.polls == 1)
    fake.user(7).says("hola")
    assert len((await asyncio.wait_for(waiting, 2))["result"]) == 1


async def test_two_who_poll_are_in_each_others_way(fake: FakeTelegram) -> None:
    fake.updates.hurry = 1.0
    first = asyncio.create_task(call(fake, "getUpdates", timeout=20))
    await until(lambda: fake.updates.polls == 1)
    second = asyncio.create_task(call(fake, "getUpdates", timeout=20))
    assert (await asyncio.wait_for(first, 2))["error_code"] == 409
    fake.user(7).says("hola")
    assert (await asyncio.wait_for(second, 2))["ok"]


async def test_nobody_polls_where_a_webhook_is_set(fake: FakeTelegram) -> None:
    await call(fake, "setWebhook", url="https://127.0.0.1:9/t", secret_token="s", allowed_updates=["message"])
    assert (await call(fake, "getUpdates"))["error_code"] == 409
    assert (await call(fake, "getWebhookInfo"))["result"]["url"] == "https://127.0.0.1:9/t"
    await call(fake, "deleteWebhook")
    assert (await call(fake, "getUpdates"))["ok"]


class Hook:
    """A webhook that answers what it is told to: a status for each update that comes, then 200."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.heard: list[str] = []
        self.secrets: set[str | None] = set()

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        said = update["message"]["text"] if "message" in update else update["callback_query"]["data"]
        self.heard.append(said)
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        waiting = self.answers.get(said)
        status, headers = waiting.pop(0) if waiting else (200, {})
        return web.Response(status=status, headers=headers)


@pytest.fixture
async def hook(fake: FakeTelegram) -> AsyncIterator[Hook]:
    hook, app = Hook(), web.Application()
    app.router.add_post("/t", hook.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    updates = ["message", "callback_query"]
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/t"
    await call(fake, "setWebhook", url=url, secret_token="s3cret", allowed_updates=updates)
    yield hook
    await call(fake, "deleteWebhook")
    await runner.cleanup()


async def test_the_next_update_of_a_chat_waits_for_the_one_before(fake: FakeTelegram, hook: Hook) -> None:
    hook.answers["uno"] = [(500, {}), (404, {})]
    ana, eva = fake.user(7), fake.user(8)
    ana.says("uno")
    ana.says("dos")
    eva.says("otra")
    await fake.updates.settled()
    assert [said for said in hook.heard if said != "otra"] == ["uno", "uno", "uno", "dos"]
    assert hook.heard.index("otra") < hook.heard.index("dos")
    assert hook.secrets == {"s3cret"}


async def test_a_button_does_not_wait_for_the_messages_of_its_person(fake: FakeTelegram, hook: Hook) -> None:
    ana = fake.user(7, started=True)
    await call(fake, "sendMessage", chat_id=7, text="¿Sí?", reply_markup=inline(BUTTON))
    hook.answers["uno"] = [(500, {}), (500, {}), (500, {})]
    ana.says("uno")
    ana.taps("Sí")
    await fake.updates.settled()
    assert hook.heard.index("yes") < len(hook.heard) - 1


async def test_a_webhook_may_say_when_to_come_again(fake: FakeTelegram, hook: Hook) -> None:
    hook.answers["uno"] = [(503, {"Retry-After": "20"})]
    started = asyncio.get_running_loop().time()
    fake.user(7).says("uno")
    await fake.updates.settled()
    assert asyncio.get_running_loop().time() - started >= 20 * fake.updates.hurry


async def test_what_cannot_come_again_before_it_is_too_old_is_dropped(fake: FakeTelegram, hook: Hook) -> None:
    fake.updates.message_lifetime = 3.0
    hook.answers["uno"] = [(503, {"Retry-After": "5"})]
    fake.user(7).says("uno")
    await fake.updates.settled()
    assert (hook.heard, len(fake.updates.expired)) == (["uno"], 1)


async def test_updates_not_asked_for_do_not_come(fake: FakeTelegram, hook: Hook) -> None:
    fake.user(7, started=True).blocks()
    assert fake.updates.waiting == []


# People, groups, trouble


async def test_what_a_hanging_call_did_is_seen_all_the_same(fake: FakeTelegram) -> None:
    ana = fake.user(7, started=True)
    fake.trouble.hang()
    hanging = asyncio.create_task(call(fake, "sendMessage", chat_id=7, text="hola"))
    assert (await ana.next()).text == "hola"
    await asyncio.sleep(0.05)
    assert not hanging.done()
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_who_waits_in_vain_is_told_what_came_before(fake: FakeTelegram) -> None:
    ana = fake.user(7, started=True)
    await call(fake, "sendMessage", chat_id=7, text="hola")
    await ana.next()
    with pytest.raises(AssertionError, match=r"so far.*hola"):
        await ana.next(0.05)
    await call(fake, "sendMessage", chat_id=7, text="otra")
    with pytest.raises(AssertionError, match=r"heard.*otra"):
        await ana.quiet(0.0)


async def test_a_button_that_is_not_there_cannot_be_tapped(fake: FakeTelegram) -> None:
    ana = fake.user(7, started=True)
    keyboard = {"keyboard": [[{"text": "Acá", "request_location": True}, {"text": "Volver"}]]}
    await call(fake, "sendMessage", chat_id=7, text="¿Dónde?", reply_markup=keyboard)
    with pytest.raises(AssertionError, match="no button 'Sí'"):
        ana.taps("Sí")
    with pytest.raises(AssertionError, match="use sends_location"):
        ana.taps("Acá")
    ana.taps("Volver")
    assert fake.updates.waiting[0].update["message"]["text"] == "Volver"


async def test_buttons_can_be_taken_off_a_message(fake: FakeTelegram) -> None:
    ana = fake.user(7, started=True)
    sent = await call(fake, "sendMessage", chat_id=7, text="¿Sí?", reply_markup=inline(BUTTON))
    target = {"chat_id": 7, "message_id": sent["result"]["message_id"]}
    assert (await call(fake, "editMessageReplyMarkup", **target))["ok"]
    assert ana.chat[0].buttons == []
    assert "not modified" in (await call(fake, "editMessageReplyMarkup", **target))["description"]
    assert (await call(fake, "sendChatAction", chat_id=7, action="typing"))["result"] is True


async def test_a_group_tells_the_bot_what_privacy_lets_through(fake: FakeTelegram) -> None:
    ana = fake.user(7)
    crew = fake.group("Cuadrilla", ana)
    before = len(fake.updates.waiting)
    ana.says("¿quién trae facturas?", to=crew)
    assert len(fake.updates.waiting) == before
    ana.says("/bandeja", to=crew)
    crew.privacy = False
    ana.says("¿y el mate?", to=crew)
    assert len(fake.updates.waiting) == before + 2


async def test_everything_that_the_fake_sends_is_what_telegram_sends(fake: FakeTelegram) -> None:
    description = own_or_skip(providers_own, PROVIDERS_OWN)
    ana = fake.user(7)
    hello = ana.says("/start hola")
    file_id = fake.files.stored(b"a")["file_id"]
    answers = [
        await call(fake, "sendMessage", chat_id=7, text="¿Sí?", reply_markup=inline(BUTTON)),
        await call(fake, "sendPhoto", chat_id=7, photo=file_id, caption="foto"),
        await call(fake, "sendVideo", chat_id=7, video=file_id),
        await call(fake, "sendVoice", chat_id=7, voice=file_id),
        await call(fake, "sendDocument", chat_id=7, document=file_id),
        await call(fake, "sendLocation", chat_id=7, latitude=1.0, longitude=2.0),
        await call(fake, "sendVenue", chat_id=7, latitude=1.0, longitude=2.0, title="a", address="b"),
    ]
    album = await call(fake, "sendMediaGroup", chat_id=7, media=[{"type": "photo", "media": file_id}] * 2)
    _do_everything(ana, hello)
    messages = [answer["result"] for answer in answers] + album["result"]
    faults = [fault for each in messages for fault in description.misfits(each, "Message")]
    faults += [fault for each in fake.updates.waiting for fault in description.misfits(each.update, "Update")]
    faults += description.misfits((await call(fake, "getMe"))["result"], "User")
    faults += description.misfits((await call(fake, "getFile", file_id=file_id))["result"], "File")
    assert faults == []
    kinds = {key for each in fake.updates.waiting for key in each.update} - {"update_id"}
    assert kinds == {"message", "edited_message", "callback_query", "my_chat_member"}


def _do_everything(ana: FakeUser, hello: int) -> None:
    ana.taps("Sí")
    ana.edits(hello, "hola!")
    ana.replies(ana.chat[0], "sí")
    ana.says("miren", forwarded=True)
    ana.sends_photo(b"a", "foto")
    ana.sends_photo(b"a", as_file=True)
    ana.sends_album([b"a", b"b"], "dos")
    ana.sends_video(b"a")
    ana.sends_voice(b"a")
    ana.sends_document(b"a", "application/pdf", "a.pdf")
    ana.moves(ana.sends_location(1.0, 2.0, accuracy=3.0, live=True), 1.0, 2.1, stops=True)
    ana.sends_venue(1.0, 2.0, "a", "b")
    ana.sends_sticker()
    ana.shares_contact(user_id=0)
    ana.blocks()
    ana.unblocks()
    crew = ana.fake.group("Cuadrilla", ana)
    ana.says("/bandeja", to=crew)
    crew.migrates(ana)
    crew.removes_bot(ana)
