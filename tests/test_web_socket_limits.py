"""What a phone's WebSocket refuses, and that the talk goes on: odd frames, limits, strangers' pages and cookies."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import WSServerHandshakeError

from bot.messages import Outbound
from tests.scripted_rooms import House, echo
from tests.web_talk import Frame, phone
from web.contacts import COOKIE


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
