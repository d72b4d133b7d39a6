"""The peer: python-telegram-bot's own Application with a ConversationHandler that holds the same talk.

It sends its replies through its own Bot, whose requests end in this process: no network on either side. Where a choice
was to be made, it is the one that is faster for the peer: tickets are kept with their reporter, the place is not looked
up on any map, a pickle is written without fsync.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from telegram import Bot, Update
from telegram.ext import Application, ApplicationBuilder, BasePersistence, PicklePersistence
from telegram.request import BaseRequest, RequestData

from benchmarks.peer_talk import conversation
from benchmarks.side import Done, Side

TOKEN = "123456:in-this-process"  # noqa: S105 - nobody's

ME = json.dumps({"ok": True, "result": {"id": 123456, "is_bot": True, "first_name": "B", "username": "b_bot"}}).encode()
SENT = json.dumps(
    {
        "ok": True,
        "result": {
            "message_id": 11,
            "date": 1_750_000_000,
            "chat": {"id": 5_000_000_000, "type": "private", "first_name": "Vecina"},
            "text": "¿Qué problema querés contar?",
        },
    }
).encode()


class InstantRequest(BaseRequest):
    """A Bot API that answers at once, in this process."""

    def __init__(self) -> None:
        self.sent = 0

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *timeouts: Any, **more: Any
    ) -> tuple[int, bytes]:
        if url.endswith("/getMe"):
            return 200, ME
        self.sent += 1
        return 200, SENT


def instant_bot() -> tuple[Bot, InstantRequest]:
    """A Bot that sends to nobody, and the request that counts what it sent."""
    request = InstantRequest()
    return Bot(TOKEN, request=request, get_updates_request=request), request


class Peer(Side):
    """The Application. `persisted` writes a pickle after so many updates; 0 is its own lazy way, None keeps nothing."""

    def __init__(self, persisted: int | None = None) -> None:
        self.persisted = persisted
        self.request = InstantRequest()

    async def open(self, folder: Path) -> None:
        builder = ApplicationBuilder().token(TOKEN).request(self.request).get_updates_request(self.request)
        self.persistence: BasePersistence[Any, Any, Any] | None = None
        if self.persisted is not None:
            # on_flush: one file written for what would else be two, the talk's state and the person's data.
            self.persistence = PicklePersistence(folder / "peer.pickle", on_flush=self.persisted > 0)
            builder = builder.persistence(self.persistence)
        self.app: Application[Any, Any, Any, Any, Any, Any] = builder.updater(None).job_queue(None).build()
        self.app.add_handler(conversation(persistent=self.persisted is not None))
        await self.app.initialize()
        await self.app.start()

    async def warm(self, raws: list[bytes]) -> None:
        """Its own queue and fetcher, as its webhook feeds them."""
        for raw in raws:
            await self.app.update_queue.put(self.read(raw))
        await self.app.update_queue.join()

    async def take(self, raws: list[bytes]) -> None:
        if not self.persisted:
            return await self.warm(raws)
        for start in range(0, len(raws), self.persisted):
            for raw in raws[start : start + self.persisted]:
                await self.app.process_update(self.read(raw))
            await self._write()
        return None

    def read(self, raw: bytes) -> Update | None:
        return Update.de_json(json.loads(raw), self.app.bot)

    async def _write(self) -> None:
        await self.app.update_persistence()
        if self.persistence:
            await self.persistence.flush()

    async def close(self) -> Done:
        tickets = sum(len(data.get("tickets", ())) for data in self.app.user_data.values())
        await self.app.stop()
        await self.app.shutdown()
        return Done(replies=self.request.sent, tickets=tickets)
