"""Long polling: what Telegram is told of an update, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.channels import SendError
from bot.channels.telegram import TelegramChannel
from bot.messages import Option, Outbound
from tests.fakes.telegram import FakeTelegram
from tests.telegram.desk import Desk, until


@pytest.fixture(autouse=True)
async def registered(channel: TelegramChannel) -> None:
    await channel.register()


@pytest.fixture
async def polling(channel: TelegramChannel, desk: Desk) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(channel.poll(desk))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_said_arrives_once_and_in_order(
    fake: FakeTelegram, desk: Desk, polling: asyncio.Task[None]
) -> None:
    ana, eva = fake.user(7), fake.user(8)
    for number in range(20):
        ana.says(f"ana {number}")
        eva.says(f"eva {number}")
    await desk.has(40)
    await fake.updates.settled()
    assert [text for text in desk.texts if "ana" in text] == [f"ana {number}" for number in range(20)]
    assert len({inbound.key for inbound in desk.taken}) == 40


async def test_nothing_is_confirmed_before_it_is_committed(
    fake: FakeTelegram, desk: Desk, polling: asyncio.Task[None]
) -> None:
    desk.slow = 0.2
    fake.user(7).says("hola")
    await asyncio.sleep(0.1)
    assert (desk.texts, len(fake.updates.waiting)) == ([], 1)
    await desk.has(1)
    await fake.updates.settled()


async def test_a_crash_before_the_commit_makes_it_come_again(
    fake: FakeTelegram, channel: TelegramChannel, desk: Desk
) -> None:
    desk.slow = 60.0
    fake.user(7).says("hola")
    crashing = asyncio.create_task(channel.poll(desk))
    await asyncio.sleep(0.1)
    crashing.cancel()
    await asyncio.gather(crashing, return_exceptions=True)
    assert len(fake.updates.waiting) == 1
    desk.slow = 0.0
    again = asyncio.create_task(channel.poll(desk))
    await desk.has(1)
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
    assert desk.texts == ["hola"]


async def test_a_database_that_is_away_loses_nothing(
    fake: FakeTelegram, desk: Desk, polling: asyncio.Task[None]
) -> None:
    desk.closed = True
    fake.user(7).says("hola")
    await until(lambda: desk.refused >= 3)
    assert len(fake.updates.waiting) == 1
    desk.closed = False
    await desk.has(1)
    await fake.updates.settled()


async def test_a_later_message_never_overtakes_one_that_was_not_taken(
    fake: FakeTelegram, desk: Desk, polling: asyncio.Task[None]
) -> None:
    desk.refuses = {"primero"}
    ana = fake.user(7)
    ana.says("primero")
    ana.says("segundo")
    fake.user(8).says("otra persona")
    await until(lambda: desk.refused >= 3)
    assert set(desk.texts) == {"otra persona"}
    desk.refuses = set()
    await until(lambda: "segundo" in desk.texts)
    assert desk.texts.index("primero") < desk.texts.index("segundo")


async def test_what_does_not_read_is_buried_and_holds_nobody_up(
    fake: FakeTelegram, desk: Desk, polling: asyncio.Task[None]
) -> None:
    poison = fake.updates.add("message", {"message_id": "no number"}, ("chat", 7))
    fake.user(7).says("después")
    await desk.has(1)
    await fake.updates.settled()
    [(account, key, raw, error)] = desk.buried
    assert (account, key) == ("telegram:123456", f"u:{poison}")
    assert b"no number" in raw
    assert "message_id" in error


async def test_a_button_is_answered_after_its_commit(
    fake: FakeTelegram, channel: TelegramChannel, desk: Desk, polling: asyncio.Task[None]
) -> None:
    ana = fake.user(7, started=True)
    await channel.send("7", Outbound(text="¿Sí?", options=(Option("yes", "Sí"),)), again=False, plain=False)
    ana.taps("Sí")
    await desk.has(1)
    await fake.updates.settled()
    await until(lambda: bool(fake.answered))
    assert (desk.taken[0].tapped, fake.answered) == ("yes", fake.pressed)


@pytest.mark.parametrize(("words", "stays"), [("En obra.", False), ("Alguien de tu equipo llegó antes. " * 3, True)])
async def test_a_button_is_answered_in_passing_and_what_is_longer_stays(
    words: str, stays: bool, fake: FakeTelegram, channel: TelegramChannel, desk: Desk, polling: asyncio.Task[None]
) -> None:
    desk.passing = Outbound(text=words)
    ana = fake.user(7, started=True)
    await channel.send("7", Outbound(text="🆕", options=(Option("/take K", "Tomar"),)), again=False, plain=False)
    ana.taps("Tomar")
    await until(lambda: bool(fake.answered))
    assert fake.told == [(words, stays)]
    assert len(ana.chat) == 1


@pytest.mark.parametrize("trouble", ["throttled", "failing", "refused", "hung up", "a gateway's page"])
async def test_trouble_on_telegrams_side_passes(
    fake: FakeTelegram, desk: Desk, polling: asyncio.Task[None], trouble: str
) -> None:
    match trouble:
        case "throttled":
            fake.trouble.throttle(2, retry_after=0, method="getUpdates")
        case "failing":
            fake.trouble.fail(2, status=500, method="getUpdates")
        case "refused":
            fake.trouble.refuse(409, "Conflict: terminated by other getUpdates request", calls=2, method="getUpdates")
        case "hung up":
            fake.trouble.drop(2, method="getUpdates")
        case _:
            fake.trouble.fail(2, status=502, spoken=False, method="getUpdates")
    fake.user(7).says("hola")
    await desk.has(1)
    assert desk.texts == ["hola"]


async def test_a_revoked_token_ends_the_polling(fake: FakeTelegram, desk: Desk, polling: asyncio.Task[None]) -> None:
    fake.revoke_token()
    fake.user(7).says("hola")
    with pytest.raises(SendError) as caught:
        await asyncio.wait_for(polling, 5)
    assert caught.value.kind == "config"


async def test_stopping_is_quick(fake: FakeTelegram, channel: TelegramChannel, desk: Desk) -> None:
    fake.updates.hurry = 1.0
    task = asyncio.create_task(channel.poll(desk))
    await asyncio.sleep(0.05)
    task.cancel()
    async with asyncio.timeout(0.5):
        await asyncio.gather(task, return_exceptions=True)


async def test_numbers_that_start_again_lower_after_a_quiet_week_are_heard(
    fake: FakeTelegram, desk: Desk, polling: asyncio.Task[None]
) -> None:
    ana = fake.user(7)
    ana.says("antes")
    await desk.has(1)
    await fake.updates.settled()
    polls = fake.updates.polls
    await until(lambda: fake.updates.polls >= polls + 2)
    fake.updates.restart_numbers(5_000)
    ana.says("una semana después")
    await desk.has(2)
    assert desk.texts == ["antes", "una semana después"]
