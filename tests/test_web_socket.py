"""A phone's WebSocket: stored before it is acknowledged, taken once, and caught up whoever restarts."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import WSMsgType
from sqlalchemy import select, update

from bot.messages import Link, Option, Outbound, Place
from storage.schema import inbox, outbox
from tests.scripted_rooms import House, jpeg, make_house
from tests.web_talk import count, phone
from web import socket as web_socket


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
