"""Files, buttons, registering, menus and links."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels import SendError
from bot.channels.telegram import TelegramChannel
from tests.described import own_or_skip
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_rules import PROVIDERS_OWN, by_hand, providers_own
from tests.telegram.desk import JPEG, SHELF, last_update


async def test_a_file_is_fetched(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7)
    ana.sends_photo(JPEG)
    said = channel.open(last_update(fake)).said
    assert said is not None
    assert await channel.fetch(said.attachments[0].ref, 1000) == JPEG


async def test_a_file_is_fetched_by_a_fresh_link_each_time(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ref = fake.files.stored(JPEG)["file_id"]
    await channel.fetch(ref, 1000)
    fake.files.expire_links()
    assert await channel.fetch(ref, 1000) == JPEG


async def test_a_file_that_says_it_is_too_large_is_not_fetched(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ref = fake.files.stored(b"x" * 2000)["file_id"]
    with pytest.raises(SendError) as caught:
        await channel.fetch(ref, 1000)
    assert caught.value.kind == "content"


async def test_a_file_that_turns_out_too_large_is_read_no_further(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ref = fake.files.stored(b"x" * 5_000_000)["file_id"]
    fake.files.claimed_size = 10
    with pytest.raises(SendError) as caught:
        await channel.fetch(ref, 1000)
    assert (caught.value.kind, caught.value.detail) == ("content", "the file is larger than 1000 bytes")


@pytest.mark.parametrize(("size", "kind"), [(20 * 1024 * 1024 + 1, "content"), (None, "content")])
async def test_a_file_that_telegram_does_not_give_is_a_fault_of_the_file(
    fake: FakeTelegram, channel: TelegramChannel, size: int | None, kind: str
) -> None:
    ref = "unknown" if size is None else fake.files.stored(b"x" * size)["file_id"]
    with pytest.raises(SendError) as caught:
        await channel.fetch(ref, 100_000_000)
    assert caught.value.kind == kind


async def test_a_link_too_old_is_asked_for_again_later(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ref = fake.files.stored(JPEG)["file_id"]
    fake.files.links_live = False
    with pytest.raises(SendError) as caught:
        await channel.fetch(ref, 1000)
    assert caught.value.kind == "server"


async def test_an_answer_to_a_button_too_old_is_no_trouble(fake: FakeTelegram, channel: TelegramChannel) -> None:
    await channel.answer("4711")
    assert fake.sent("answerCallbackQuery")[0].status == 400


async def test_registering_says_where_updates_go_and_proves_who_calls(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    await channel.register("https://baldosa.example/telegram")
    [call] = fake.sent("setWebhook")
    assert call.params == {
        "url": "https://baldosa.example/telegram",
        "secret_token": channel.secret,
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
        "max_connections": 100,
    }
    assert channel.identity.username == fake.username
    await channel.register()


async def test_registering_survives_a_quick_restart(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.trouble.refuse(409, "Conflict: terminated by other setWebhook", method="setWebhook")
    fake.trouble.throttle(retry_after=0, method="setWebhook")
    await channel.register("https://baldosa.example/telegram")
    assert [call.status for call in fake.sent("setWebhook")] == [409, 429, 200]
    await channel.register()


async def test_polling_instead_keeps_what_waits(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7)
    await channel.register("https://127.0.0.1:9/telegram")
    ana.says("hola")
    await channel.register()
    assert (fake.updates.webhook.url, len(fake.updates.waiting)) == ("", 1)
    assert fake.sent("deleteWebhook")[0].params == {}


async def test_a_webhook_address_that_telegram_refuses_is_for_the_operator(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    with pytest.raises(SendError) as caught:
        await channel.register("http://baldosa.example/telegram")
    assert caught.value.kind == "content"
    assert len(fake.faults) == 1
    fake.faults.clear()


def test_the_secret_is_the_same_after_a_restart_and_another_for_another_key() -> None:
    def secret(key: str, given: str = "") -> str:
        return TelegramChannel("123456:TEST", SHELF, secret_key=key, secret=given).secret

    assert secret("k") == secret("k") != secret("other")
    assert secret("k", "given") == "given"


async def test_menus_differ_by_language_and_by_chat(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.user(7, started=True)
    await channel.set_menu([("reportar", "Avisar un problema")])
    await channel.set_menu([("report", "Report a problem")], "en")
    await channel.set_official_menu(str(ana.id), [("bandeja", "Lo que espera")])
    await channel.set_official_menu("-4001/7", [("inbox", "What waits")], "en")
    assert fake.menus == {
        ("default", ""): [("reportar", "Avisar un problema")],
        ("default", "en"): [("report", "Report a problem")],
        ("chat 7", ""): [("bandeja", "Lo que espera")],
        ("chat -4001", "en"): [("inbox", "What waits")],
    }
    await channel.clear_official_menu("7")
    assert ("chat 7", "") not in fake.menus


async def test_a_deep_link_opens_our_chat(fake: FakeTelegram, channel: TelegramChannel) -> None:
    assert channel.link("K7Q42MX") == ""
    await channel.register()
    assert channel.link("invite-K7Q42MX") == "https://t.me/baldosa_test_bot?start=invite-K7Q42MX"


@pytest.mark.parametrize("payload", ["", "x" * 65, "dos palabras", "ñandú"])
def test_a_deep_link_carries_only_what_telegram_brings_back(payload: str) -> None:
    with pytest.raises(ValueError, match="deep link"):
        TelegramChannel("123456:TEST", SHELF).link(payload)


async def test_closing_drops_what_is_under_way(fake: FakeTelegram) -> None:
    bot = TelegramChannel(fake.token, SHELF, api_url=fake.url)
    fake.trouble.hang(method="answerCallbackQuery")
    raw = b'{"update_id": 1, "callback_query": {"id": "5", "from": {"id": 7}, "data": ""}}'
    await bot.hand(bot.open(raw), NoIntake())
    await asyncio.sleep(0.05)
    async with asyncio.timeout(1):
        await bot.close()


class NoIntake:
    """An intake that nothing may reach."""

    async def take(self, inbound: object) -> None:
        raise AssertionError

    async def bury(self, account: str, key: str, raw: bytes, error: str) -> None:
        raise AssertionError


def test_what_is_written_by_hand_agrees_with_the_providers_own_description() -> None:
    description = own_or_skip(providers_own, PROVIDERS_OWN)
    hand = by_hand()
    for method, fields in hand.methods.items():
        own = description.methods[method]
        assert set(fields) <= set(own)
        assert {name for name, field in fields.items() if field.required} >= {n for n, f in own.items() if f.required}
    for name, fields in hand.types.items():
        assert set(fields) <= set(description.types[name])
