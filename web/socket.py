"""One phone's WebSocket: what comes in is committed before it is acknowledged, what goes out is read from the history.

The page keeps what has not been acknowledged and sends it again; the unique key makes that harmless. The page remembers
its cursor; a new socket goes on from there. So neither side loses or doubles a line, whoever restarts.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from bot.channels.browser import ACCOUNT
from bot.intake import Unavailable
from bot.messages import Inbound, Outbound
from storage.database import is_away
from storage.history import Cursor, Line, Lines, Pictures, newest, provider_id, read_cursor, read_lines, read_pictures
from web.chat import require_address
from web.limits import TooManyError
from web.networks import mark_network
from web.parts import PARTS, Parts
from web.wire import MOST_FRAME, FromPage, ToPage, read_message, read_uploads, show_line, to_inbound
from web.words import language_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

log = structlog.get_logger("web")

HEARTBEAT_SECONDS = 25.0
# How often open phones are held against the database: the net under the bells, and how other processes are heard.
LOOK_SECONDS = 2.0
# A file that is neither kept nor refused by then is not waited for any more.
FILE_PATIENCE_SECONDS = 600.0


async def chat(request: web.Request) -> web.StreamResponse:
    """Open a phone's line for as long as its page is there."""
    parts = request.app[PARTS]
    contact, address = require_address(request)
    try:
        with parts.doors.opened(request.remote or ""):
            return await _serve(request, parts, contact, address)
    except TooManyError as error:
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "30"}) from error


async def _serve(request: web.Request, parts: Parts, contact: str, address: str) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=MOST_FRAME)
    await socket.prepare(request)
    parts.rooms.metrics.sockets(1)
    with parts.rooms.hub.listening(address) as bell:
        cursor = read_cursor(request.query.get("after", ""))
        phone = Phone(parts, socket, bell, contact, address, language_of(request), cursor)
        phone.network = partial(mark_network, request, parts.signer)
        parts.phones.add(phone)
        try:
            await phone.run()
        finally:
            parts.phones.discard(phone)
            parts.rooms.metrics.sockets(-1)
    return socket


class Phone:
    """An open phone: `run` until its page is gone."""

    def __init__(
        self,
        parts: Parts,
        socket: web.WebSocketResponse,
        bell: asyncio.Event,
        contact: str,
        address: str,
        language: str,
        cursor: Cursor | None,
    ) -> None:
        self.address = address
        self.bell = bell
        self.cursor = cursor
        # The mark of the network at a time: a page may be open for days.
        self.network: Callable[[float], str] = lambda _: ""
        self._parts = parts
        self._socket = socket
        self._contact = contact
        self._language = language
        self._unfinished: dict[str, Line] = {}

    @property
    def waits_for_files(self) -> bool:
        """True while a line shown holds a file that is still being fetched."""
        return bool(self._unfinished)

    async def run(self) -> None:
        """Read and write side by side; the reader's end, which is the page's, ends both."""
        writer = asyncio.create_task(self._write())
        try:
            async for frame in self._socket:
                if frame.type is WSMsgType.TEXT:
                    await self._hear(frame.data)
        finally:
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer

    async def hang_up(self) -> None:
        """Tell the page to come back in a moment."""
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def _hear(self, frame: str) -> None:
        said = read_message(frame)
        if said is None:
            await self._tell(ToPage(refused=_id_in(frame)))
        elif wait := self._parts.messages.wait_for(self._contact):
            await self._tell(ToPage(slow=said.id, after=wait))
        else:
            await self._tell(await self._take(said))

    async def _take(self, said: FromPage) -> ToPage:
        attachments = read_uploads(said, self.address, self._parts.signer)
        if attachments is None:
            return ToPage(refused=said.id)
        try:
            inbound = to_inbound(
                said,
                contact=self._contact,
                address=self.address,
                attachments=attachments,
                reply_to=await self._provider_id(said.reply_to or said.on),
                language=self._language,
                now=(now := time.time()),
                network=self.network(now),
            )
            answer = await self._parts.rooms.intake.take(inbound)
        except Exception as error:  # whatever it is, the page still has the message and sends it again
            away = isinstance(error, Unavailable) or is_away(error)
            log.error("message not taken", away=away, error=type(error).__name__, exc_info=not away)
            return ToPage(later=said.id, after=2.0 if away else 15.0)
        self._parts.rooms.hub.wake(self.address)
        return ToPage(ack=said.id, told=answer.text if answer else "")

    async def _provider_id(self, key: str) -> str:
        """The name of the bot's line that the page calls `key`."""
        if not (key.startswith("o") and key[1:].isdecimal()):
            return ""
        async with self._parts.rooms.database.read() as connection:
            return await provider_id(connection, ACCOUNT, self.address, int(key[1:]))

    async def _write(self) -> None:
        try:
            while True:
                self.bell.clear()
                await self._catch_up()
                await self.bell.wait()
        except ConnectionError:
            return  # the page is gone, and the reader knows
        except Exception as error:
            log.exception("phone hung up", error=type(error).__name__)
            await self._socket.close(code=WSCloseCode.INTERNAL_ERROR)

    async def _catch_up(self) -> None:
        """Send what is new: lines after the cursor, and lines whose files have come since."""
        try:
            found, pictures = await self._read()
        except Exception as error:
            if not is_away(error):
                raise
            await asyncio.sleep(1)
            self.bell.set()
            return
        now = time.time()
        if found.fresh:
            self._unfinished.clear()
        finished = [line for line in self._unfinished.values() if _is_finished(line, pictures, now)]
        lines = [*finished, *found.lines]
        for line in lines:
            self._unfinished.pop(line.key, None)
            if not _is_finished(line, pictures, now):
                self._unfinished[line.key] = line
        self.cursor = found.cursor
        if lines or found.fresh:
            shown = tuple(show_line(line, pictures, self._parts.signer, now) for line in lines)
            await self._tell(ToPage(lines=shown, cursor=str(found.cursor), fresh=found.fresh))

    async def _read(self) -> tuple[Lines, Pictures]:
        async with self._parts.rooms.database.read() as connection:
            found = await read_lines(connection, ACCOUNT, self.address, self.cursor)
            lines = [*found.lines, *self._unfinished.values()]
            ids = [each for line in lines if isinstance(line.what, Outbound) for each in line.what.media]
            moments = [line.at for line in lines if isinstance(line.what, Inbound) and line.what.attachments]
            return found, await read_pictures(connection, ACCOUNT, self.address, ids, moments)

    async def _tell(self, frame: ToPage) -> None:
        with suppress(ConnectionError):  # the page is gone; it asks again when it is back
            await self._socket.send_str(msgspec.json.encode(frame).decode())


def _is_finished(line: Line, pictures: Pictures, now: float) -> bool:
    pending = any(picture is not None and picture.status == "pending" for picture in pictures.of(line))
    return not pending or now - line.at > FILE_PATIENCE_SECONDS


def _id_in(frame: str) -> str:
    """The id of a message that could not be read, so that the page stops sending it."""
    try:
        found = msgspec.json.decode(frame, type=dict[str, object]).get("id", "")
    except (msgspec.DecodeError, UnicodeEncodeError):
        return ""
    return found[:64] if isinstance(found, str) else ""


async def watch(app: web.Application) -> AsyncIterator[None]:
    """Hold every open phone against the database for as long as the application runs."""
    task = asyncio.create_task(_watch(app[PARTS]))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _watch(parts: Parts) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await _ring_late_bells(parts)
        except Exception as error:
            if not is_away(error):
                log.exception("looking for late lines failed", error=type(error).__name__)


async def _ring_late_bells(parts: Parts) -> None:
    phones = list(parts.phones)
    if not phones:
        return
    async with parts.rooms.database.read() as connection:
        tops = await newest(connection, ACCOUNT, {phone.address for phone in phones})
    for phone in phones:
        if phone.waits_for_files or tops.get(phone.address, Cursor()) != (phone.cursor or Cursor()):
            phone.bell.set()


async def hang_up_all(app: web.Application) -> None:
    """Let every page go, so that a stop does not wait for them; they come back by themselves."""
    await asyncio.gather(*(phone.hang_up() for phone in list(app[PARTS].phones)))
