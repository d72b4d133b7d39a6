"""Twilio is told where to bring messages, once, and what is wrong with that is told to the operator."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.twilio_api import Api
from bot.registration import UNKNOWN, Registration, pasted_urls
from tests.fakes.twilio import FakeTwilio
from tests.telegram.desk import until
from tests.twilio.front import PUBLIC
from tests.twilio.sweeping import stopped
from web.twilio_webhook import FALLBACK_PATHS, PATHS, webhook_url


async def test_the_sms_number_is_told_our_addresses_once(fake: FakeTwilio, api: Api) -> None:
    for _ in range(2):
        registration = Registration(api, fake.sms_from, PUBLIC)
        await registration.run()
        assert registration.state == "ok"
    (number,) = await api.numbers(fake.sms_from)
    assert number.sms_url == webhook_url(PUBLIC, PATHS["sms"])
    assert number.fallback_url == webhook_url(PUBLIC, FALLBACK_PATHS["sms"])
    assert [call.method for call in fake.calls if "IncomingPhoneNumbers/" in call.path] == ["POST"]


async def test_what_is_wrong_with_the_registration_is_told_and_tried_again(
    fake: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.registration.REFUSED_SECONDS", 0.01)
    wrong = Api(fake.account_sid, "another token", fake.url)
    refused, nobodys = Registration(wrong, fake.sms_from, PUBLIC), Registration(wrong, "+5491199999999", PUBLIC)
    running = asyncio.create_task(refused.run())
    await until(lambda: "BALDOSA_TWILIO_AUTH_TOKEN" in refused.state)
    await stopped(running)
    await wrong.close()
    assert "another token" not in refused.state
    right = Api(fake.account_sid, fake.auth_token, fake.url)
    nobodys = Registration(right, "+5491199999999", PUBLIC)
    running = asyncio.create_task(nobodys.run())
    await until(lambda: nobodys.state == UNKNOWN)
    await stopped(running)
    await right.close()


def test_what_is_pasted_by_hand_stands_beside_its_name() -> None:
    lines = pasted_urls(PUBLIC, ["whatsapp"])
    assert [url for _, url in lines] == [
        webhook_url(PUBLIC, PATHS["whatsapp"]),
        webhook_url(PUBLIC, FALLBACK_PATHS["whatsapp"]),
    ]
    assert all(name.startswith("WhatsApp: ") for name, _ in lines)
    assert len(pasted_urls(PUBLIC, ["sms", "whatsapp"])) == 4
