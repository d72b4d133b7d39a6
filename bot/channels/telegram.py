"""Telegram: one bot account, told by webhook or asked by long polling.

What comes in is read by telegram_update and telegram_parse, what goes out is laid out by telegram_render and sent by
telegram_api, and every failure gets its class in telegram_wire.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec
from telegram import BotCommand, BotCommandScopeChat

from bot.channels import Files, SendError
from bot.channels.telegram_api import UPDATES, Api, Where
from bot.channels.telegram_parse import Identity, inbound
from bot.channels.telegram_render import Upload, render
from bot.channels.telegram_update import Unparsable, number_of, read
from bot.messages import Inbound, Outbound

log = logging.getLogger("baldosa.telegram")

API_URL = "https://api.telegram.org"
# The most that setWebhook allows: what arrives together is committed together, and so costs less (docs/benchmarks.md).
CONNECTIONS = 100
MOST_UNFINISHED = 1000
# What passes by itself is read in a moment; more words stay until she takes them away.
AT_A_GLANCE = 80
# A whole message, however many calls it takes, ends before the sender takes it for lost (a minute).
SEND_SECONDS = 50.0
RETRY_DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
RETRIED = ("not_sent", "ambiguous", "throttled", "server")

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")

Result = TypeVar("Result")
Commands = Sequence[tuple[str, str]]


class Intake(Protocol):
    """Who takes what comes in; both return once it is committed and raise when it could not be."""

    async def take(self, inbound: Inbound) -> Outbound | None:
        """Handle a message; what is to be said to a tap in passing."""
        ...

    async def bury(self, account: str, key: str, raw: bytes, error: str) -> None:
        """Keep what nobody could read."""
        ...


class Arrival(msgspec.Struct, frozen=True):
    """One update as it came: what it says (None: nothing to us), whose button waits, or why it does not read."""

    raw: bytes
    number: int
    said: Inbound | None = None
    callback: str = ""
    fault: Unparsable | None = None


class TelegramChannel:
    """One bot. `account` is "telegram:" and the bot's number, which every token starts with.

    `secret` is what Telegram shows with each webhook; when it is not given it is derived from `secret_key` and the
    token, so that nothing needs to be set and no restart changes it.
    """

    variant = ""

    def __init__(
        self, token: str, files: Files, *, api_url: str = API_URL, secret: str = "", secret_key: str = ""
    ) -> None:
        number = token.partition(":")[0]
        if not number.isdecimal():
            raise SendError("config", "BALDOSA_TELEGRAM_TOKEN must look like 123456:ABC-DEF; @BotFather gives it")
        self.account = f"telegram:{number}"
        self.secret = secret or hmac.new(secret_key.encode(), f"webhook {token}".encode(), hashlib.sha256).hexdigest()
        self.identity = Identity(self.account, int(number))
        self._files = files
        self._api = Api(token, api_url)
        self._unfinished: dict[tuple[str, bytes, bool], int] = {}
        self._answers: set[asyncio.Task[None]] = set()

    # Out

    async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
        """Send to a chat, a member of a group ("chat/user"), the group or a topic of it ("chat:topic"); see Channel.

        Returns the id of the message that carries the words and buttons. A message of several calls (an album with
        buttons, a very long text) is taken up where it stopped when it is sent again, not begun anew; only a process
        that dies in between repeats the parts before.
        """
        deadline = _clock() + SEND_SECONDS
        chat, topic = _chat(address), _topic(address)
        if message.edits:
            return await self._change(chat, message, plain=plain)
        uploads = [] if plain or message.on_demand else await self._uploads(message.media)
        parts = render(message, uploads, private=chat > 0, plain=plain)
        if not parts:
            raise SendError("content", "nothing to say")
        key = (address, msgspec.json.encode(message), plain)
        done, sent = min(self._unfinished.pop(key, 0), len(parts) - 1), ""
        for number, part in enumerate(parts[done:], done):
            last = number == len(parts) - 1
            silent, reply_to = again or message.silent or not last, message.reply_to if last else ""
            to = Where(chat, topic, reply_to)
            try:
                sent = await self._api.say(to, part, silent=silent, within=deadline - _clock())
            except SendError:
                self._take_up_later(key, number)
                raise
        return sent

    async def _change(self, chat: int, message: Outbound, *, plain: bool) -> str:
        """Change the words and buttons of a message; what was shown with it stays."""
        words = msgspec.structs.replace(message, media=(), place=None)
        parts = render(words, [], private=chat > 0, plain=plain)
        await self._api.change(chat, message.edits, parts[0])
        return message.edits

    async def _uploads(self, media: Iterable[str]) -> list[Upload]:
        files = [(each, await self._files.file(each)) for each in media]
        return [Upload(each, file) for each, file in files if file is not None]

    def _take_up_later(self, key: tuple[str, bytes, bool], number: int) -> None:
        if number:
            self._unfinished[key] = number
        for oldest in list(self._unfinished)[:-MOST_UNFINISHED]:
            del self._unfinished[oldest]

    async def fetch(self, ref: str, most: int) -> bytes:
        """The bytes behind a file_id; Telegram itself gives at most 20 MB. See Channel."""
        return await self._api.file(ref, most)

    async def answer(self, callback: str, words: str = "") -> None:
        """Stop the button's spinner, with some words that pass; too late or lost is harmless."""
        stays = len(words) > AT_A_GLANCE or None
        try:
            await self._api.ask(self._api.bot.answer_callback_query(callback, text=words or None, show_alert=stays))
        except SendError as error:
            log.debug("button not answered", extra={"kind": error.kind, "detail": error.detail})

    # In

    def open(self, raw: bytes) -> Arrival:
        """Read one update; never raises, because an update that is refused blocks its chat for a day."""
        try:
            update = read(raw)
        except Unparsable as fault:
            return Arrival(raw, number_of(raw), fault=fault)
        try:
            said = inbound(update, self.identity)
        except Exception as error:
            log.exception("an update could not be understood", extra={"key": update.key})
            return Arrival(raw, update.update_id, fault=Unparsable(update.key, type(error).__name__))
        return Arrival(raw, update.update_id, said, update.callback_query.id if update.callback_query else "")

    async def hand(self, arrival: Arrival, intake: Intake) -> None:
        """Give an arrival to the intake; once it is committed, answer its button. Raises what the intake raises."""
        answer = None
        if arrival.fault is not None:
            await intake.bury(self.account, arrival.fault.key, arrival.raw, str(arrival.fault))
        elif arrival.said is not None:
            answer = await intake.take(arrival.said)
        if arrival.callback:
            # Beside the outbox: nobody waits for it, and a lost one costs a spinner.
            task = asyncio.create_task(self.answer(arrival.callback, answer.text if answer else ""))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def poll(self, intake: Intake) -> None:
        """Ask for updates until cancelled; raises SendError("config") when the token is refused.

        A batch is confirmed to Telegram by the request after its commit: a crash, or a database that is away, only
        makes it come again.
        """
        offset, trouble = 0, 0
        while True:
            try:
                arrivals = [self.open(raw) for raw in await self._api.updates(offset)]
                await self._hand_all(arrivals, intake)
            except Exception as error:
                if isinstance(error, SendError) and error.kind == "config":
                    raise
                await _pause("getUpdates", trouble, error)
                trouble += 1
                continue
            # Nothing waits after an empty answer, and after a quiet week the next number may be a lower one.
            offset = max((arrival.number for arrival in arrivals), default=-1) + 1
            trouble = 0

    async def _hand_all(self, arrivals: Iterable[Arrival], intake: Intake) -> None:
        """Chats side by side, the messages of one chat in their order."""
        chats: dict[str, list[Arrival]] = {}
        for arrival in arrivals:
            chats.setdefault(arrival.said.address if arrival.said else "", []).append(arrival)

        async def hand_chat(chat: list[Arrival]) -> None:
            for arrival in chat:
                await self.hand(arrival, intake)

        results = await asyncio.gather(*map(hand_chat, chats.values()), return_exceptions=True)
        for fault in results:
            if fault is not None:
                raise fault

    # Setting up

    async def register(self, webhook: str = "") -> None:
        """Learn our name and tell Telegram where to bring updates: to the address `webhook`, or nowhere (for polling).

        Tries until Telegram answers, keeps what waits there; the same call again changes nothing. Raises SendError for
        what an operator must mend: "config" (the token) or "content" (the address).
        """
        me = await self._patiently(self._api.bot.get_me)
        self.identity = Identity(self.account, me.id, me.username or "")
        if not webhook:
            await self._patiently(self._api.bot.delete_webhook)
            return
        await self._patiently(
            lambda: self._api.bot.set_webhook(
                webhook, secret_token=self.secret, allowed_updates=UPDATES, max_connections=CONNECTIONS
            )
        )

    async def _patiently(self, call: Callable[[], Awaitable[Result]]) -> Result:
        # A restart meets the setWebhook of the process before: 409 or 429 for a second.
        for attempt in itertools.count():
            try:
                return await self._api.ask(call())
            except SendError as error:
                if error.kind not in RETRIED:
                    raise
                await _pause("registering", attempt, error)
        raise AssertionError("itertools.count ends never")

    async def set_menu(self, commands: Commands, language: str = "") -> None:
        """Set everybody's command menu: names ([a-z0-9_], 32 at most) with descriptions; "" for other languages."""
        await self._patiently(
            lambda: self._api.bot.set_my_commands(_commands(commands), language_code=language or None)
        )

    async def set_official_menu(self, chat: str, commands: Commands, language: str = "") -> None:
        """Set the command menu of one chat, an official's or a group's; raises SendError."""
        scope = BotCommandScopeChat(_chat(chat))
        await self._api.ask(
            self._api.bot.set_my_commands(_commands(commands), scope=scope, language_code=language or None)
        )

    async def clear_official_menu(self, chat: str, language: str = "") -> None:
        """Give a chat everybody's menu again; raises SendError."""
        scope = BotCommandScopeChat(_chat(chat))
        await self._api.ask(self._api.bot.delete_my_commands(scope=scope, language_code=language or None))

    def link(self, payload: str) -> str:
        """A link that opens the chat and sends "/start PAYLOAD"; "" until `register` has learnt our name."""
        if not _PAYLOAD.fullmatch(payload):
            raise ValueError("a deep link carries 1 to 64 of A-Z a-z 0-9 _ -")
        return f"https://t.me/{self.identity.username}?start={payload}" if self.identity.username else ""

    async def close(self) -> None:
        """Hang up; what is under way is dropped."""
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        await self._api.close()


def _clock() -> float:
    return asyncio.get_running_loop().time()


def _topic(address: str) -> int | None:
    topic = address.partition("/")[0].partition(":")[2]
    return int(topic) if topic.isdecimal() else None


def _chat(address: str) -> int:
    chat = address.partition("/")[0].partition(":")[0]
    try:
        return int(chat)
    except ValueError:
        raise SendError("gone", "not a Telegram chat") from None


def _commands(commands: Commands) -> list[BotCommand]:
    return [BotCommand(name, description) for name, description in commands]


async def _pause(doing: str, attempt: int, error: Exception) -> None:
    detail = error.detail if isinstance(error, SendError) else ""
    log.warning("%s failed, trying again", doing, extra={"fault": type(error).__name__, "detail": detail})
    asked = error.retry_after if isinstance(error, SendError) else None
    await asyncio.sleep(asked or RETRY_DELAYS[min(attempt, len(RETRY_DELAYS) - 1)])
