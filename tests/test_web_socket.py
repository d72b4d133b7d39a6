"""A phone's WebSocket: stored before it is acknowledged, taken once, and caught up whoever restarts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from sqlalchemy import func, select, update

from bot.messages import Link, Option, Outbound, Place
from storage.schema import inbox, outbox
from tests.scripted_rooms import Client, House, echo, jpeg, make_house
from web import socket as web_socket
from web.contacts import COOKIE

Frame = dict[str, Any]


@pytest.fixture
async def house(sqlite_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with make_house(sqlite_url, tmp_path) as house:
        yield house


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


async def test_a_message_is_acknowledged_only_when_it_is_stored(house: House) -> None:
    async with house.open() as client, phone(client) as talk:
        identity = await talk.say(1, text="hola")
        assert await talk.until("ack") == {"ack": identity}
        assert await count(house, inbox) == 1
        assert await talk.until_lines(2) == ["hola", "eco: hola"]


async def test_a_message_sent_again_is_acknowledged_and_changes_nothing(house: House) -> None:
    async with house.open() as client:
        async with phone(client) as talk:
            identity = await talk.say(1, text="hola")
            await talk.until("ack", identity)
        async with phone(client) as talk:
            await talk.say(1, text="hola")
            await talk.until("ack", identity)
            assert await talk.until_lines(2) == ["hola", "eco: hola"]
    assert await count(house, inbox) == 1
    assert await count(house, outbox) == 1


async def test_a_page_that_comes_back_gets_what_it_missed_once_and_in_order(house: House) -> None:
    async with house.open() as client:
        async with phone(client) as talk:
            await talk.say(1, text="uno")
            await talk.until_lines(2)
        address = house.intake.taken[0].address
        for number in range(3):
            await house.intake.say(address, Outbound(text=f"aviso {number}"))
        await asyncio.gather(*house.intake.sending)
        async with phone(client, after=talk.cursor) as again:
            assert await again.until_lines(3) == ["aviso 0", "aviso 1", "aviso 2"]
            assert "fresh" not in again.frames[0]


async def test_a_new_page_gets_the_whole_talk(house: House) -> None:
    async with house.open() as client:
        async with phone(client) as talk:
            for number in range(3):
                await talk.say(number, text=f"línea {number}")
            seen = await talk.until_lines(6)
        async with phone(client) as again:
            assert sorted(await again.until_lines(6)) == sorted(seen)
            assert again.frames[0]["fresh"]
            assert [line["at"] for line in again.lines] == sorted(line["at"] for line in again.lines)


async def test_a_page_that_never_wrote_hears_that_there_is_nothing_yet(house: House) -> None:
    async with house.open() as client, phone(client) as talk:
        assert await talk.hear() == {"lines": [], "cursor": "0.0", "fresh": True}


async def test_a_restarted_server_goes_on_where_the_page_was(house: House) -> None:
    async with house.open() as client:
        async with phone(client) as talk:
            await talk.say(1, text="uno")
            await talk.until_lines(2)
        cookies = {cookie.key: cookie.value for cookie in client.session.cookie_jar}
    await house.intake.say(house.intake.taken[0].address, Outbound(text="mientras tanto"))
    async with house.open() as client:
        client.session.cookie_jar.update_cookies(cookies)
        async with phone(client, after=talk.cursor) as again:
            assert await again.until_lines(1) == ["mientras tanto"]


async def test_a_stopping_server_lets_every_page_go(house: House) -> None:
    async with house.open() as client:
        async with phone(client) as talk:
            await talk.hear()
            closing = asyncio.create_task(client.server.close())
            assert (await talk.socket.receive(timeout=5)).type in (WSMsgType.CLOSE, WSMsgType.CLOSING)
        await asyncio.wait_for(closing, 5)


async def test_a_cursor_of_another_database_begins_again(house: House) -> None:
    async with house.open() as client:
        async with phone(client) as talk:
            await talk.say(1, text="uno")
            await talk.until_lines(2)
        async with phone(client, after="900.900") as again:
            assert await again.until_lines(2) == ["uno", "eco: uno"]
            assert again.frames[0]["fresh"]


async def test_an_odd_cursor_is_the_beginning(house: House) -> None:
    async with house.open() as client, phone(client, after="1.2.3%27") as talk:
        assert await talk.hear() == {"lines": [], "cursor": "0.0", "fresh": True}


async def test_a_line_is_shown_from_its_claim_on_and_never_twice(house: House) -> None:
    async with house.open() as client, phone(client) as talk:
        house.intake.going.clear()
        await talk.say(1, text="uno")
        await talk.until_lines(1)
        row = house.rooms.database
        async with row.write() as connection:
            await connection.execute(update(outbox).values(status="sending", sending_since=1.0))
        house.rooms.hub.wake(house.intake.taken[0].address)
        assert await talk.until_lines(2) == ["uno", "eco: uno"]
        house.intake.going.set()
        await asyncio.gather(*house.intake.sending)
        await talk.say(2, text="dos")
        await talk.until_lines(4)
        keys = [line["key"] for line in talk.lines]
        assert len(keys) == len(set(keys)) == 4


async def test_what_another_process_wrote_is_found_without_a_bell(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_socket, "LOOK_SECONDS", 0.05)
    async with house.open() as client, phone(client) as talk:
        await talk.say(1, text="uno")
        await talk.until_lines(2)
        async with make_house(house.rooms.database.url, house.rooms.uploads.folder.parent) as elsewhere:
            await elsewhere.intake.say(house.intake.taken[0].address, Outbound(text="desde otro lado"))
            assert (await talk.until_lines(3))[-1] == "desde otro lado"


async def test_two_pages_of_one_contact_see_the_same(house: House) -> None:
    async with house.open() as client, phone(client) as one, phone(client) as two:
        await one.say(1, text="hola")
        assert await one.until_lines(2) == await two.until_lines(2) == ["hola", "eco: hola"]


async def test_the_two_phones_of_one_browser_are_two_addresses(house: House) -> None:
    async with house.open() as client, phone(client) as citizen, phone(client, "official") as official:
        await citizen.say(1, text="hola")
        await official.say(1, text="/bandeja")
        await citizen.until_lines(2)
        await official.until_lines(2)
    addresses = {inbound.address for inbound in house.intake.taken}
    assert {address[:2] for address in addresses} == {"c-", "o-"}
    assert len({address[2:] for address in addresses}) == 1


async def test_contacts_do_not_hear_each_other(house: House) -> None:
    async with house.open() as one, house.open() as other, phone(one) as ana, phone(other) as beto:
        await ana.say(1, text="lo mío")
        await ana.until_lines(2)
        await beto.say(1, text="lo tuyo")
        assert await beto.until_lines(2) == ["lo tuyo", "eco: lo tuyo"]
    assert len({inbound.key for inbound in house.intake.taken}) == 2


async def test_everything_a_message_may_hold_arrives(house: House) -> None:
    async with house.open() as client, phone(client) as talk:
        await talk.say(1, tap="/tomar K7Q42MX", label="👀 Lo vi")
        await talk.say(2, place={"lat": -34.6, "lon": -58.4, "accuracy": 12.5, "source": "device"})
        await talk.until_lines(4)
    tap, place = house.intake.taken
    assert (tap.tapped, tap.text, tap.sender, tap.account) == ("/tomar K7Q42MX", "", tap.address[2:], "browser:main")
    assert place.place == Place(lat=-34.6, lon=-58.4, accuracy=12.5, source="device")
    assert talk.lines[0]["text"] == "👀 Lo vi"
    assert [line["place"]["lat"] for line in talk.lines if "place" in line] == [-34.6]


async def test_everything_a_bot_may_say_is_shown_but_other_channels_own_buttons(house: House) -> None:
    async with house.open() as client, phone(client) as talk:
        house.intake.script = lambda inbound: [
            Outbound(
                text="¿Qué es?", columns=2, wants="place",
                options=(Option("a", "Árbol", "🌳"), Option("@location", "Acá")),
                place=Place(lat=1.0, lon=2.0, words="acá"), link=Link("Seguir", "/t/K7Q4-2MX"), silent=True,
            )
        ]  # fmt: skip
        await talk.say(1, text="hola")
        await talk.until_lines(2)
    line = talk.lines[1]
    assert line["options"] == [{"tap": "a", "label": "Árbol", "icon": "🌳"}]
    assert line["place"] == {"lat": 1.0, "lon": 2.0, "words": "acá"}
    assert line["link"] == {"label": "Seguir", "url": "/t/K7Q4-2MX"}
    assert (line["columns"], line["wants"], line["silent"], line["mine"]) == (2, "place", True, False)


async def test_a_reply_names_the_line_as_the_channel_did(house: House) -> None:
    async with house.open() as client, phone(client) as talk:
        await talk.say(1, text="hola")
        await talk.until_lines(2)
        await asyncio.gather(*house.intake.sending)
        await talk.say(2, text="sí", reply_to=talk.lines[1]["key"])
        await talk.until_lines(4)
        async with house.intake.database.read() as connection:
            names = [row.provider_id for row in await connection.execute(select(outbox).order_by(outbox.c.seq))]
        assert house.intake.taken[1].reply_to == names[0] != ""


async def test_nobody_can_reply_to_somebody_elses_line(house: House) -> None:
    async with house.open() as one, house.open() as other, phone(one) as ana, phone(other) as beto:
        await ana.say(1, text="hola")
        await ana.until_lines(2)
        await beto.say(1, text="sí", reply_to=ana.lines[1]["key"])
        await beto.until_lines(2)
    assert house.intake.taken[1].reply_to == ""


@pytest.mark.parametrize("frame", ["not json", "[]", '{"text": "x"}', '{"id": "../../etc"}', '"\\ud800"'])
async def test_what_is_no_message_is_refused_and_the_talk_goes_on(house: House, frame: str) -> None:
    async with house.open() as client, phone(client) as talk:
        await talk.hear()
        await talk.socket.send_str(frame)
        await talk.say(1, text="hola")
        await talk.until_lines(2)
    assert len(house.intake.taken) == 1


@pytest.mark.parametrize(
    "message",
    [
        {"text": "x" * 4097},
        {"tap": "x" * 65},
        {"place": {"lat": 91, "lon": 0}},
        {"place": {"lat": "NaN", "lon": 0}},
        {"uploads": [{"ref": "x.y"}] * 11},
        {"uploads": [{"ref": "0123456789abcdef0123456789abcdef.forged"}]},
        {"text": 5},
    ],
)
async def test_a_message_over_a_limit_is_refused_by_its_id(house: House, message: Frame) -> None:
    async with house.open() as client, phone(client) as talk:
        identity = await talk.say(1, **message)
        assert await talk.until("refused") == {"refused": identity}
    assert house.intake.taken == []


async def test_a_frame_over_the_limit_ends_the_socket(house: House) -> None:
    async with house.open() as client, phone(client) as talk:
        await talk.hear()
        await talk.socket.send_str("x" * 40_000)
        assert (await talk.socket.receive(timeout=5)).data == 1009


async def test_who_writes_too_fast_is_asked_to_send_it_again_later(house: House) -> None:
    async with house.open(messages_a_second=0.5, messages_at_once=1) as client, phone(client) as talk:
        await talk.say(1, text="uno")
        identity = await talk.say(2, text="dos")
        frame = await talk.until("slow", identity)
        assert 0 < frame["after"] <= 2
        assert [inbound.text for inbound in house.intake.taken] == ["uno"]
        await asyncio.sleep(frame["after"] + 0.01)
        await talk.say(2, text="dos")
        await talk.until("ack", identity)
    assert [inbound.text for inbound in house.intake.taken] == ["uno", "dos"]


async def test_a_database_that_is_away_loses_nothing(house: House) -> None:
    async with house.open() as client, phone(client) as talk:
        house.intake.away = True
        identity = await talk.say(1, text="hola")
        assert await talk.until("later") == {"later": identity, "after": 2.0}
        house.intake.away = False
        await talk.say(1, text="hola")
        assert await talk.until("ack") == {"ack": identity}


async def test_a_fault_of_ours_keeps_the_message_on_the_page(house: House) -> None:
    async with house.open() as client, phone(client) as talk:
        house.intake.script = lambda inbound: [Outbound(text=str(1 / 0))]
        identity = await talk.say(1, text="hola")
        assert await talk.until("later") == {"later": identity, "after": 15.0}
        house.intake.script = echo
        await talk.say(1, text="hola")
        await talk.until("ack", identity)
        assert await talk.until_lines(2) == ["hola", "eco: hola"]


@pytest.mark.parametrize("origin", [None, "https://elsewhere.example", "http://127.0.0.1:1", "null"])
async def test_a_socket_from_another_page_is_refused(house: House, origin: str | None) -> None:
    async with house.open() as client:
        await client.get("/")
        headers = {"Origin": origin} if origin else {}
        with pytest.raises(WSServerHandshakeError) as error:
            await client.ws_connect("/chat/ws?phone=citizen", headers=headers)
        assert error.value.status == 403


async def test_the_public_address_counts_as_our_own_page(house: House) -> None:
    async with house.open(phones=("citizen",), public_url="https://baldosa.example") as client:
        cookie = (await client.get("/")).cookies[COOKIE].value
        headers = {"Origin": "https://baldosa.example", "Cookie": f"{COOKIE}={cookie}"}
        async with client.ws_connect("/chat/ws?phone=citizen", headers=headers) as socket:
            assert not socket.closed


@pytest.mark.parametrize("cookie", ["", "x", "0" * 32 + ".1763000000." + "a" * 43])
async def test_a_socket_without_a_good_cookie_is_refused_and_a_session_mends_it(house: House, cookie: str) -> None:
    async with house.open() as client:
        headers = {"Origin": str(client.make_url("/").origin())}
        bad = {"Cookie": f"{COOKIE}={cookie}"}
        with pytest.raises(WSServerHandshakeError) as error:
            await client.ws_connect("/chat/ws?phone=citizen", headers={**headers, **bad})
        assert error.value.status == 401
        assert (await client.post("/chat/session", headers={**headers, **bad})).status == 200
        async with client.ws_connect("/chat/ws?phone=citizen", headers=headers) as socket:
            assert not socket.closed


async def test_a_session_is_given_only_to_our_own_pages(house: House) -> None:
    async with house.open() as client:
        assert (await client.post("/chat/session", headers={"Origin": "https://elsewhere.example"})).status == 403


async def test_no_more_sockets_than_the_house_has_doors(house: House) -> None:
    async with house.open(sockets=1) as client, phone(client) as talk:
        with pytest.raises(WSServerHandshakeError) as error:
            await client.ws_connect("/chat/ws?phone=citizen", headers={"Origin": str(client.make_url("/").origin())})
        assert error.value.status == 503
        await talk.socket.close()
        async with asyncio.timeout(5):
            while True:
                try:
                    async with phone(client) as again:
                        await again.hear()
                    break
                except WSServerHandshakeError:
                    await asyncio.sleep(0.02)


async def test_a_photo_is_shown_when_it_has_been_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_socket, "LOOK_SECONDS", 0.05)
    async with house.open() as client, phone(client) as talk:
        headers = {"Origin": str(client.make_url("/").origin())}
        ref = (await (await client.post("/chat/upload?phone=citizen", data=jpeg(), headers=headers)).json())["ref"]
        await talk.say(1, text="mirá", uploads=[{"ref": ref, "mime": "image/jpeg"}])
        await talk.until_lines(2)
        assert talk.lines[0]["files"] == [{"kind": "photo", "status": "pending"}]
        await house.intake.keep(house.store, ref.split(".")[0], jpeg())
        frame = await talk.until("lines")
        while not frame["lines"][0].get("files", [{}])[0].get("url"):
            frame = await talk.until("lines")
        shown = frame["lines"][0]["files"][0]
        answer = await client.get(shown["url"])
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert frame["lines"][0]["key"] == talk.lines[0]["key"]
