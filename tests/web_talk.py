"""A page that talks to a house through its WebSocket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType
from sqlalchemy import func, select

from tests.scripted_rooms import Client, House
from web.contacts import COOKIE

Frame = dict[str, Any]


class Talk:
    """A page at the other end of the socket: it remembers what came."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.cursor = ""
        self.lines: list[Frame] = []
        self.frames: list[Frame] = []

    async def say(self, number: int, **message: Any) -> str:
        identity = f"{number:032x}"
        await self.socket.send_str(json.dumps({"id": identity, **message}))
        return identity

    async def hear(self) -> Frame:
        message = await self.socket.receive(timeout=5)
        assert message.type is WSMsgType.TEXT, message
        frame: Frame = json.loads(message.data)
        self.frames.append(frame)
        if "lines" in frame:
            self.cursor = frame["cursor"]
            self.lines = [] if frame.get("fresh") else self.lines
            self.lines += frame["lines"]
        return frame

    async def until(self, name: str, value: str = "") -> Frame:
        while True:
            frame = await self.hear()
            if name in frame and value in ("", frame[name]):
                return frame

    async def until_lines(self, count: int) -> list[str]:
        while len(self.lines) < count:
            await self.hear()
        return [line.get("text", "") for line in self.lines]


@asynccontextmanager
async def phone(client: Client, name: str = "citizen", after: str = "") -> AsyncIterator[Talk]:
    if not [cookie for cookie in client.session.cookie_jar if cookie.key == COOKIE]:
        await client.get("/")
    path = f"/chat/ws?phone={name}&after={after}"
    async with client.ws_connect(path, headers={"Origin": str(client.make_url("/").origin())}) as socket:
        yield Talk(socket)


async def count(house: House, table: Any) -> int:
    async with house.intake.database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())
