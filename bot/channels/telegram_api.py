"""The calls to the Bot API, by python-telegram-bot's `Bot`: each takes a bounded time and fails in our classes."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec
from telegram import (
    Bot,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaPhoto,
    InputMediaVideo,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.error import TelegramError

from bot.channels import SendError
from bot.channels.splitting import split
from bot.channels.telegram_render import CAPTION_UNITS, Part, Upload, coordinates
from bot.channels.telegram_wire import ANSWER_SECONDS, CONNECT_SECONDS, UPLOAD_SECONDS, Wire, explain

# Everything the conversations understand; an empty list would mean "almost all", a missing one "as before".
UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")

CALL_SECONDS = CONNECT_SECONDS + ANSWER_SECONDS
UPLOAD_CALL_SECONDS = CALL_SECONDS + UPLOAD_SECONDS
LEAST_SECONDS = 2.0
POLL_SECONDS = 30
MOST_REMEMBERED = 1000
TITLE_UNITS = 100
# How the Bot API words what keeps a message as it is; its description tells only the status.
UNCHANGED, WITHOUT_TEXT = "message is not modified", "there is no text in the message"
OVER = ("message to edit not found", "message can't be edited", "message_id_invalid")

Result = TypeVar("Result")


class _Batch(msgspec.Struct):
    result: list[msgspec.Raw]


class Where(NamedTuple):
    """A chat, a topic of it (None: outside of all), and the message there that is answered ("": none)."""

    chat: int
    topic: int | None = None
    reply_to: str = ""

    def params(self) -> dict[str, Any]:
        """The parameters that every sending call has for it."""
        replied = self.reply_to.isdecimal()
        reply = ReplyParameters(int(self.reply_to), allow_sending_without_reply=True) if replied else None
        return {"chat_id": self.chat, "message_thread_id": self.topic, "reply_parameters": reply}


class Api:
    """One bot's way to the Bot API at `api_url`. Every method raises SendError and nothing else."""

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        self._wire = Wire()
        base = api_url.rstrip("/")
        self.bot = Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._wire,
            get_updates_request=self._wire,
        )
        self._file_ids: dict[str, str] = {}

    async def ask(self, call: Awaitable[Result], seconds: float = CALL_SECONDS) -> Result:
        """The answer to one call."""
        try:
            async with asyncio.timeout(seconds):
                return await call
        except TimeoutError:
            raise SendError("ambiguous", f"no answer in {seconds:g} s") from None
        except TelegramError as error:
            # `from None`: the error underneath knows the address, and the token is part of it.
            raise explain(error) from None

    async def say(self, where: Where, part: Part, *, silent: bool, within: float) -> str:
        """Send one part within so many seconds at most; return its message id, an album's first."""
        if within < LEAST_SECONDS:
            raise SendError("not_sent", "no time left for this part")
        to = where.params() | {"disable_notification": silent or None}
        try:
            limit = UPLOAD_CALL_SECONDS if part.uploads else CALL_SECONDS
            sent = await self.ask(self._send(part, to), min(limit, within))
        except SendError as error:
            if error.kind == "content":
                self._forget(part.uploads)
            raise
        messages = sent if isinstance(sent, tuple) else (sent,)
        self._remember(part.uploads, messages)
        return str(messages[0].message_id)

    async def change(self, chat: int, message_id: str, part: Part) -> None:
        """Change a message's words and buttons, its caption where it is a picture; harmless when it is so already.

        Raises SendError, "stale" where the message is gone or too old.
        """
        markup = part.markup if isinstance(part.markup, InlineKeyboardMarkup) else None
        which: dict[str, Any] = {"chat_id": chat, "message_id": int(message_id), "reply_markup": markup}
        preview = LinkPreviewOptions(is_disabled=True)
        try:
            await self._edit(self.bot.edit_message_text(text=part.text, link_preview_options=preview, **which))
        except SendError as error:
            if WITHOUT_TEXT not in error.detail.lower():
                raise
            caption = split(part.text, CAPTION_UNITS)[0]
            await self._edit(self.bot.edit_message_caption(caption=caption, **which))

    async def _edit(self, call: Awaitable[Message | bool]) -> None:
        try:
            await self.ask(call)
        except SendError as error:
            detail = error.detail.lower()
            if UNCHANGED in detail:
                return
            if any(words in detail for words in OVER):
                raise SendError("stale", error.detail) from None
            raise

    def _send(self, part: Part, to: dict[str, Any]) -> Awaitable[Message | tuple[Message, ...]]:
        if part.kind == "album":
            return self.bot.send_media_group(media=self._album(part), **to)
        to = {**to, "reply_markup": part.markup}
        if part.kind == "text":
            return self.bot.send_message(
                text=part.text, link_preview_options=LinkPreviewOptions(is_disabled=True), **to
            )
        if part.place is not None:
            return self._send_place(part, to)
        upload, caption = self._input(part.uploads[0]), part.text or None
        if part.kind == "photo":
            return self.bot.send_photo(photo=upload, caption=caption, **to)
        if part.kind == "video":
            return self.bot.send_video(video=upload, caption=caption, **to)
        if part.kind == "voice":
            return self.bot.send_voice(voice=upload, caption=caption, **to)
        return self.bot.send_document(document=upload, caption=caption, **to)

    def _send_place(self, part: Part, to: dict[str, Any]) -> Awaitable[Message]:
        place = part.place
        if place is None or place.lat is None or place.lon is None:
            raise SendError("content", "a pin without coordinates")
        if part.kind == "venue":
            title = place.words[:TITLE_UNITS]
            return self.bot.send_venue(
                latitude=place.lat, longitude=place.lon, title=title, address=coordinates(place), **to
            )
        # Bot API, sendLocation: horizontal_accuracy 0-1500.
        accuracy = place.accuracy if place.accuracy is not None and 0 <= place.accuracy <= 1500 else None
        return self.bot.send_location(latitude=place.lat, longitude=place.lon, horizontal_accuracy=accuracy, **to)

    def _album(self, part: Part) -> list[InputMediaPhoto | InputMediaVideo]:
        kinds = [InputMediaVideo if each.file.mime.startswith("video/") else InputMediaPhoto for each in part.uploads]
        captions = [part.text or None, *[None] * len(kinds)]
        return [
            kind(self._input(upload), caption=caption)
            for kind, upload, caption in zip(kinds, part.uploads, captions, strict=False)
        ]

    def _input(self, upload: Upload) -> str | InputFile:
        """The file, or Telegram's own id of it: what several officials get goes up once (uploads are throttled)."""
        if known := self._file_ids.get(upload.media):
            return known
        name = upload.media + (mimetypes.guess_extension(upload.file.mime) or "")
        return InputFile(upload.file.data, filename=name, attach=True)

    def _remember(self, uploads: Sequence[Upload], messages: Sequence[Message]) -> None:
        for upload, message in zip(uploads, messages, strict=False):
            sent = message.effective_attachment
            largest = sent[-1] if isinstance(sent, tuple) else sent
            self._file_ids[upload.media] = str(getattr(largest, "file_id", ""))
        for media in list(self._file_ids)[:-MOST_REMEMBERED]:
            del self._file_ids[media]

    def _forget(self, uploads: Sequence[Upload]) -> None:
        for upload in uploads:
            self._file_ids.pop(upload.media, None)

    async def file(self, file_id: str, most: int) -> bytes:
        """The bytes of a file that somebody sent, at most `most`; each time by a fresh link (one lives an hour)."""
        file = await self.ask(self.bot.get_file(file_id))
        if file.file_path is None or (file.file_size or 0) > most:
            raise SendError("content", f"the file is larger than {most} bytes")
        try:
            async with asyncio.timeout(UPLOAD_CALL_SECONDS):
                return await self._wire.download(file.file_path, most)
        except TimeoutError:
            raise SendError("not_sent", f"no file in {UPLOAD_CALL_SECONDS:g} s") from None

    async def updates(self, offset: int, wait: int = POLL_SECONDS) -> list[bytes]:
        """What came since `offset`, each update as its JSON; waits for up to `wait` seconds."""
        query = {"offset": offset, "timeout": wait, "allowed_updates": msgspec.json.encode(UPDATES).decode()}
        address = f"{self.bot.base_url}/getUpdates?{urlencode(query)}"
        seconds = wait + ANSWER_SECONDS
        answer = await self.ask(self._wire.retrieve(address, read_timeout=seconds), seconds + CONNECT_SECONDS)
        try:
            return [bytes(update) for update in msgspec.json.decode(answer, type=_Batch).result]
        except msgspec.MsgspecError:
            raise SendError("server", "getUpdates answered no list of updates") from None

    async def close(self) -> None:
        """Hang up."""
        await self._wire.shutdown()
