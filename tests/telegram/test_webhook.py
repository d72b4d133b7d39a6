"""The webhook: who may call it, what it answers, and when. Telegram's side is the fake server's own delivery."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.channels.telegram import TelegramChannel
from bot.messages import Option, Outbound, Place
from tests.fakes.telegram import FakeTelegram
from tests.telegram.desk import Desk, until
from web.telegram_webhook import BODY_BYTES, PATH, PROOF_HEADER, telegram_webhook

HELLO = {
    "update_id": 5,
    "message": {
        "message_id": 1,
        "from": {"id": 7, "is_bot": False, "first_name": "Ana"},
        "chat": {"id": 7, "type": "private", "first_name": "Ana"},
        "date": 1_760_000_000,
        "text": "hola",
    },
}


@pytest.fixture
async def url(channel: TelegramChannel, desk: Desk) -> AsyncIterator[str]:
    """Serve the webhook; return its address."""
    app = web.Application()
    app.router.add_post(PATH, telegram_webhook(channel, desk))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    await runner.cleanup()


@pytest.fixture
async def registered(channel: TelegramChannel, url: str) -> None:
    """Let the fake server deliver here."""
    await channel.register(url)


async def post(url: str, body: bytes, secret: str | None) -> tuple[int, str]:
    """The status and the Retry-After that a caller gets."""
    headers = {} if secret is None else {PROOF_HEADER: secret}
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status, answer.headers.get("Retry-After", "")


# Who calls


@pytest.mark.parametrize("secret", [None, "", "wrong", "ñandú"])
async def test_a_caller_without_the_secret_is_not_heard(url: str, desk: Desk, secret: str | None) -> None:
    assert (await post(url, json.dumps(HELLO).encode(), secret))[0] == 401
    assert (desk.taken, desk.buried) == ([], [])


async def test_a_caller_without_the_secret_is_refused_before_its_body_is_read(url: str) -> None:
    never_ending = aiohttp.ClientSession()

    async def drip() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    async with asyncio.timeout(5), never_ending as session, session.post(url, data=drip()) as answer:
        assert answer.status == 401


async def test_a_caller_with_the_secret_is_heard(url: str, channel: TelegramChannel, desk: Desk) -> None:
    assert await post(url, json.dumps(HELLO).encode(), channel.secret) == (200, "")
    assert desk.texts == ["hola"]


async def test_only_a_post_is_a_webhook(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 405


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_too_large_is_refused(url: str, channel: TelegramChannel, desk: Desk, declared: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * (BODY_BYTES + 1)

    data = io.BytesIO(b"x" * (BODY_BYTES + 1)) if declared else chunks()
    headers = {PROOF_HEADER: channel.secret}
    async with aiohttp.ClientSession() as session, session.post(url, data=data, headers=headers) as answer:
        assert answer.status == 413
    assert desk.buried == []


# What it answers


async def test_it_answers_only_after_the_commit(url: str, channel: TelegramChannel, desk: Desk) -> None:
    desk.slow = 0.2
    answering = asyncio.create_task(post(url, json.dumps(HELLO).encode(), channel.secret))
    await asyncio.sleep(0.1)
    assert (answering.done(), desk.texts) == (False, [])
    assert (await answering)[0] == 200
    assert desk.texts == ["hola"]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"update_id": 5, "message": {"message_id": "no number"}}', "u:5"),
        (b"no JSON at all", "x:"),
        (b"", "x:"),
        (b"\xff\xfe", "x:"),
    ],
)
async def test_poison_is_buried_and_answered_kindly(
    url: str, channel: TelegramChannel, desk: Desk, body: bytes, key: str
) -> None:
    assert (await post(url, body, channel.secret))[0] == 200
    [(account, buried_as, raw, error)] = desk.buried
    assert (account, raw) == (channel.account, body)
    assert buried_as.startswith(key)
    assert error


@pytest.mark.parametrize("body", [json.dumps(HELLO).encode(), b"no JSON at all"])
async def test_a_database_that_is_away_says_come_again(
    url: str, channel: TelegramChannel, desk: Desk, body: bytes
) -> None:
    desk.closed = True
    assert await post(url, body, channel.secret) == (503, "5")


async def test_what_says_nothing_to_us_is_answered_and_not_kept(url: str, channel: TelegramChannel, desk: Desk) -> None:
    body = {"update_id": 5, "channel_post": HELLO["message"]}
    assert (await post(url, json.dumps(body).encode(), channel.secret))[0] == 200
    assert (desk.taken, desk.buried) == ([], [])


# With Telegram at the other end


async def test_everything_a_person_can_do_arrives(
    registered: None, fake: FakeTelegram, channel: TelegramChannel, desk: Desk
) -> None:
    ana = fake.user(7, language_code="pt-br")
    hello = ana.says("oi")
    ana.starts("K7Q42MX")
    ana.sends_photo(b"jpeg", "na esquina")
    ana.sends_photo(b"jpeg", as_file=True)
    ana.sends_video(b"mp4")
    ana.sends_voice(b"ogg")
    ana.sends_document(b"pdf", "application/pdf", "nota.pdf")
    walk = ana.sends_location(-34.6, -58.4, accuracy=8.5, live=True)
    ana.moves(walk, -34.61, -58.41)
    ana.sends_venue(-34.6, -58.4, "Kiosco", "Corrientes 1")
    ana.shares_contact()
    ana.sends_sticker()
    ana.edits(hello, "oi!")
    ana.says("adelante", forwarded=True)
    await fake.updates.settled()
    got = desk.taken
    assert [each.text for each in got[:3]] == ["oi", "/start K7Q42MX", "na esquina"]
    assert [each.attachments[0].kind for each in got[2:7]] == ["photo", "photo", "video", "voice", "document"]
    assert got[7].place == Place(lat=-34.6, lon=-58.4, accuracy=8.5, source="live")
    assert (got[8].kind, got[8].place and got[8].place.lat) == ("edited", -34.61)
    assert got[9].place is not None
    assert got[9].place.words == "Kiosco, Corrientes 1"
    assert got[10].contact is not None
    assert (got[10].contact.phone, got[10].contact.own) == ("+5491100000007", True)
    assert (got[11].text, got[11].attachments) == ("", ())
    assert (got[12].kind, got[12].text, got[12].message) == ("edited", "oi!", str(hello))
    assert got[13].text == "adelante"
    assert {each.language for each in got} == {"pt-br"}
    assert not desk.buried


async def test_the_parts_of_an_album_arrive_together(registered: None, fake: FakeTelegram, desk: Desk) -> None:
    fake.user(7).sends_album([b"1", b"2", b"3"], "tres fotos")
    await fake.updates.settled()
    assert len({each.group for each in desk.taken}) == 1
    assert desk.taken[0].group
    assert desk.texts == ["tres fotos", "", ""]


async def test_blocking_and_coming_back_are_told(registered: None, fake: FakeTelegram, desk: Desk) -> None:
    ana = fake.user(7, started=True)
    ana.blocks()
    ana.unblocks()
    await fake.updates.settled()
    assert [(each.kind, each.address) for each in desk.taken] == [("blocked", "7"), ("unblocked", "7")]


async def test_a_group_tells_only_what_is_meant_for_us(
    registered: None, fake: FakeTelegram, channel: TelegramChannel, desk: Desk
) -> None:
    ana, eva = fake.user(7), fake.user(8)
    crew = fake.group("Cuadrilla", ana, eva)
    crew.privacy = False
    ana.says("¿quién trae facturas?", to=crew)
    ana.says("/bandeja@baldosa_test_bot", to=crew)
    ana.says("/clima@otro_bot", to=crew)
    await channel.send(
        str(crew.id), Outbound(text="Nuevo", options=(Option("take", "Lo tomo"),)), again=False, plain=False
    )
    notice = await crew.next()
    eva.replies(notice, "mañana")
    eva.taps("Lo tomo", to=crew)
    crew.removes_bot(ana)
    await fake.updates.settled()
    said = {(each.kind, each.address, each.text, each.tapped, each.reply_to) for each in desk.taken}
    assert said == {
        ("message", f"{crew.id}/7", "/bandeja", "", ""),
        ("message", f"{crew.id}/8", "mañana", "", str(notice.id)),
        ("message", f"{crew.id}/8", "", "take", str(notice.id)),
        ("left", str(crew.id), "", "", ""),
    }


async def test_a_group_that_becomes_a_supergroup_is_told_twice_and_reads_the_same(
    registered: None, fake: FakeTelegram, desk: Desk
) -> None:
    ana = fake.user(7)
    crew = fake.group("Cuadrilla", ana)
    new = crew.migrates(ana)
    await fake.updates.settled()
    assert [(each.kind, each.address, each.text) for each in desk.taken] == [
        ("migrated", str(crew.id), str(new.id)),
        ("migrated", str(crew.id), str(new.id)),
    ]
    assert len({each.key for each in desk.taken}) == 2


async def test_a_database_that_is_away_for_a_while_loses_nothing_and_keeps_the_order(
    registered: None, fake: FakeTelegram, desk: Desk
) -> None:
    desk.closed = True
    ana = fake.user(7)
    for number in range(5):
        ana.says(f"mensaje {number}")
    await until(lambda: desk.refused >= 3)
    desk.closed = False
    await fake.updates.settled()
    assert desk.texts == [f"mensaje {number}" for number in range(5)]
    assert {delivery.status for delivery in fake.updates.deliveries} == {503, 200}


async def test_poison_holds_up_nobody(registered: None, fake: FakeTelegram, desk: Desk) -> None:
    fake.updates.add("message", {"message_id": "no number"}, ("chat", 7))
    fake.user(7).says("después")
    await fake.updates.settled()
    assert (desk.texts, len(desk.buried)) == (["después"], 1)


async def test_a_redelivery_carries_the_same_key(registered: None, fake: FakeTelegram, desk: Desk) -> None:
    fake.updates.twice = True
    fake.user(7).says("hola")
    await until(lambda: len(desk.taken) == 2)
    assert len({each.key for each in desk.taken}) == 1
    # It is delivered once the answer has come back, which may be a little later.
    await until(lambda: len(fake.updates.delivered) == 1)
    assert await fake.updates.again(fake.updates.deliveries[0].number) == 200
    assert len({each.key for each in desk.taken}) == 1


async def test_a_tapped_button_stops_spinning(
    registered: None, fake: FakeTelegram, channel: TelegramChannel, desk: Desk
) -> None:
    ana = fake.user(7, started=True)
    await channel.send("7", Outbound(text="¿Sí?", options=(Option("yes", "Sí"),)), again=False, plain=False)
    ana.taps("Sí")
    await until(lambda: bool(fake.answered))
    assert (desk.taken[0].tapped, fake.answered) == ("yes", fake.pressed)


async def test_a_spinner_that_cannot_be_stopped_holds_up_nobody(
    registered: None, fake: FakeTelegram, channel: TelegramChannel, desk: Desk
) -> None:
    fake.trouble.hang(method="answerCallbackQuery")
    ana = fake.user(7, started=True)
    await channel.send("7", Outbound(text="¿Sí?", options=(Option("yes", "Sí"),)), again=False, plain=False)
    ana.taps("Sí")
    ana.says("¿hola?")
    await fake.updates.settled(2.0)
    assert sorted(each.text or each.tapped for each in desk.taken) == ["yes", "¿hola?"]


async def test_a_button_pressed_while_we_were_away_too_long_is_lost_and_a_message_is_not(
    registered: None, fake: FakeTelegram, channel: TelegramChannel, desk: Desk
) -> None:
    fake.updates.callback_lifetime = 1.0
    ana = fake.user(7, started=True)
    await channel.send("7", Outbound(text="¿Sí?", options=(Option("yes", "Sí"),)), again=False, plain=False)
    desk.closed = True
    ana.taps("Sí")
    ana.says("¿hola?")
    await until(lambda: bool(fake.updates.expired))
    desk.closed = False
    await fake.updates.settled()
    assert desk.texts == ["¿hola?"]
