"""The fake Twilio itself: as strict, as forgetful and as troublesome as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot.channels import SendError
from bot.channels.twilio_api import Api
from tests.described import own_or_skip
from tests.fakes.twilio import SERVICE_SID, FakeTwilio
from tests.fakes.twilio_delivery import Overrides
from tests.fakes.twilio_rules import PROVIDERS_OWN, by_hand, providers_own, segments
from tests.twilio.listening import ANA, PUBLIC, WEBHOOK, Bot, is_refused, sms

# Strict


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"Bodi": "a"}, "Bodi is no parameter"),
        ({"StatusCallback": "bot.test/status"}, "StatusCallback is no uri"),
        ({"ValidityPeriod": "long"}, "ValidityPeriod is no integer"),
        ({"SmartEncoded": "yes"}, "SmartEncoded is no boolean"),
        ({"MessagingServiceSid": "MG1"}, "MessagingServiceSid is no"),
        ({"Body": "x" * 1601}, "21617"),
        ({"Body": " "}, "21619"),
        ({"From": "+5491199999999"}, "21606"),
    ],
)
async def test_what_the_api_does_not_know_is_refused_and_written_down(
    fake: FakeTwilio, api: Api, more: dict[str, str], why: str
) -> None:
    assert why in await is_refused(fake, api, sms(fake, **more))


def test_an_operation_or_a_parameter_that_does_not_exist_is_found_by_hand() -> None:
    path = f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json"
    check = by_hand().check
    assert check("POST", path, [("To", ANA), ("Body", "a")]) == []
    assert check("POST", path, [("Body", "a")]) == ["To is missing"]
    assert check("POST", path, [("To", ANA), ("To", ANA)]) == ["To is given 2 times"] * 2
    assert check("PUT", path, []) == [f"PUT {path} is no operation of the API"]


def test_the_description_by_hand_promises_nothing_that_the_providers_own_does_not() -> None:
    own = own_or_skip(providers_own, PROVIDERS_OWN)
    path = f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json"
    good = [("To", ANA), ("MediaUrl", "https://a.test/1"), ("MediaUrl", "https://a.test/2"), ("SmartEncoded", "true")]
    assert own.check("POST", path, good) == by_hand().check("POST", path, good) == []
    assert own.check("POST", path, [("To", ANA), ("ContentRetention", "for ever"), ("Tag", "a")]) == [
        "ContentRetention is no =retain discard: 'for ever'",
        "Tag is no parameter",
    ]
    assert own.check("GET", path, [("DateSent>", "2026-01-01"), ("PageSize", "x")]) == ["PageSize is no integer: 'x'"]


async def test_a_fault_fails_the_test_that_made_it() -> None:
    fake = await FakeTwilio().__aenter__()
    api = Api(fake.account_sid, fake.auth_token, fake.url)
    with pytest.raises(SendError):
        await api.create(sms(fake, Bodi="a"))
    await api.close()
    with pytest.raises(AssertionError, match=r"what Twilio would refuse:\nPOST .*Bodi is no parameter"):
        await fake.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("text", "parts", "alphabet"),
    [
        ("a" * 160, 1, "GSM-7"),
        ("a" * 161, 2, "GSM-7"),
        ("a" * 306, 2, "GSM-7"),
        ("a" * 307, 3, "GSM-7"),
        ("€" * 80, 1, "GSM-7"),
        ("€" * 81, 2, "GSM-7"),
        # The pair that would stand on the border goes to the next part whole.
        ("a" * 152 + "€" + "a" * 152, 3, "GSM-7"),
        ("ñÑéÉüÜ¿¡à" * 17, 1, "GSM-7"),
        ("á" * 70, 1, "UCS-2"),
        ("á" * 71, 2, "UCS-2"),
        ("😀" * 35, 1, "UCS-2"),
        ("😀" * 67, 3, "UCS-2"),
    ],
)
def test_segments_are_counted_as_the_standard_does(text: str, parts: int, alphabet: str) -> None:
    assert segments(text) == (parts, alphabet)


# Webhooks


async def test_what_a_person_does_is_brought_signed(fake: FakeTwilio, bot: Bot) -> None:
    luz = fake.whatsapp(ANA, name="Luz")
    sids = [
        luz.says("hola"),
        luz.sends_location(-34.6, -58.4, label="Plaza", street="Bolívar 1"),
        luz.sends_photo(b"x", "acá"),
        luz.sends_voice(b"ogg"),
        luz.shares_contact(),
        luz.sends_sticker(),
    ]
    await fake.settled()
    told = bot.told()
    assert [each["MessageSid"] for each in told] == sids
    assert (told[0]["From"], told[0]["WaId"], told[0]["ProfileName"]) == (f"whatsapp:{ANA}", ANA[1:], "Luz")
    assert (told[1]["Latitude"], told[1]["Address"]) == ("-34.6", "Bolívar 1")
    kinds = [each["MediaContentType0"] for each in told if each["NumMedia"] == "1"]
    assert kinds == ["image/jpeg", "audio/ogg", "text/vcard", "image/webp"]


async def test_somebody_without_a_number_is_named_by_an_id(fake: FakeTwilio, bot: Bot) -> None:
    fake.whatsapp(user_id="AR.x1").says("hola")
    await fake.settled()
    [told] = bot.told()
    assert (told["From"], told["ExternalUserId"]) == ("whatsapp:AR.x1", "AR.x1")
    assert "WaId" not in told


async def test_another_token_signs_what_nobody_believes(fake: FakeTwilio, bot: Bot) -> None:
    fake.webhooks.signs = "other"
    fake.phone(ANA).says("hola")
    await fake.settled()
    assert ([each.status for each in fake.webhooks.deliveries], bot.brought) == ([403, 403], [])


async def test_a_webhook_is_repeated_as_its_address_asks_and_then_goes_to_the_fallback(
    fake: FakeTwilio, bot: Bot
) -> None:
    bot.answers = [503] * 4
    sid = fake.phone(ANA).says("hola")
    await fake.settled()
    assert [path for path, _ in bot.brought] == ["/in"] * 4 + ["/fallback"]
    assert (len(set(bot.tokens)), len(fake.webhooks.lost)) == (2, 0)
    [spare] = bot.told("/fallback")
    assert (spare["MessageSid"], spare["ErrorCode"]) == (sid, "11200")


async def test_without_a_wish_a_webhook_that_fails_is_not_repeated_and_lost(fake: FakeTwilio, bot: Bot) -> None:
    fake.listen("sms", f"{PUBLIC}/in")
    bot.answers = [503]
    sid = fake.phone(ANA).says("hola")
    await fake.settled()
    assert ([each["MessageSid"] for each in fake.webhooks.lost], len(bot.brought)) == ([sid], 1)
    assert fake.messages.get(sid).status == "received"


async def test_a_slow_answer_is_repeated_only_on_request(fake: FakeTwilio, bot: Bot) -> None:
    bot.slow = 0.3
    fake.phone(ANA).says("hola")
    await fake.settled()
    assert [each.status for each in fake.webhooks.deliveries] == [0, 0, 0, 0, 200]


@pytest.mark.parametrize("fragment", ["rc=9", "tt=20000", "ct=50", "rp=sometimes", "retries=3"])
def test_overrides_that_twilio_does_not_take_are_refused(fragment: str) -> None:
    with pytest.raises(AssertionError):
        Overrides.of(f"https://bot.test/in#{fragment}")


async def test_an_answer_that_says_something_is_a_fault(fake: FakeTwilio, bot: Bot) -> None:
    bot.body = "<Response><Message>hola</Message></Response>"
    fake.phone(ANA).says("hola")
    await fake.settled()
    assert [fault.partition(": ")[0] for fault in fake.faults] == [f"{WEBHOOK} answered with TwiML that acts"]
    fake.faults.clear()


# Statuses


async def test_what_becomes_of_a_message_is_told(fake: FakeTwilio, bot: Bot, api: Api) -> None:
    fake.phone(ANA)
    sid = (await api.create(sms(fake))).sid
    await fake.settled()
    assert (bot.statuses, {each["MessageSid"] for each in bot.told("/status")}) == (["sent", "delivered"], {sid})


TROUBLES: dict[str, tuple[Callable[[FakeTwilio], None], list[str]]] = {
    "shuffled": (lambda fake: setattr(fake.receipts, "shuffled", True), ["delivered", "sent"]),
    "doubled": (lambda fake: setattr(fake.receipts, "doubled", True), ["sent", "sent", "delivered", "delivered"]),
    "dropped": (lambda fake: fake.receipts.dropped.add("delivered"), ["sent"]),
    "all dropped": (lambda fake: fake.receipts.dropped.add("all"), []),
    "undelivered": (lambda fake: fake.carrier.undelivered(30003), ["sent", "undelivered"]),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_statuses_come_as_badly_as_a_test_wants(fake: FakeTwilio, bot: Bot, api: Api, trouble: str) -> None:
    fake.phone(ANA)
    order, statuses = TROUBLES[trouble]
    order(fake)
    await api.create(sms(fake))
    await fake.settled()
    assert bot.statuses == statuses


async def test_statuses_come_before_the_answer_or_when_they_are_let_go(fake: FakeTwilio, bot: Bot, api: Api) -> None:
    fake.phone(ANA)
    fake.receipts.early = True
    await api.create(sms(fake))
    assert bot.statuses == ["sent", "delivered"]
    fake.receipts.early, fake.receipts.held = False, True
    await api.create(sms(fake))
    await fake.settled()
    assert len(bot.statuses) == 2
    fake.receipts.release()
    await fake.settled()
    assert len(bot.statuses) == 4


async def test_nobody_there_is_told_later_with_its_code(fake: FakeTwilio, bot: Bot, api: Api) -> None:
    sid = (await api.create(sms(fake))).sid
    await fake.settled()
    assert (bot.told("/status")[-1]["ErrorCode"], (await api.message(sid)).error_code) == ("30005", "30005")


# Opting out


@pytest.mark.parametrize("advanced", [False, True])
async def test_stop_and_start_are_twilios_own(fake: FakeTwilio, bot: Bot, api: Api, advanced: bool) -> None:
    fake.advanced_opt_out = advanced
    ana, luz = fake.phone(ANA), fake.whatsapp(ANA)
    ana.says("stop ")
    luz.says("BAJA")
    assert (ana.opted_out, luz.opted_out) == (True, advanced)
    ana.says("START")
    await api.create(sms(fake))
    await fake.settled()
    assert [each.get("OptOutType") for each in bot.told()] == (["STOP", "STOP", "START"] if advanced else [None] * 3)


async def test_a_service_sends_and_too_many_to_one_number_are_a_loop(fake: FakeTwilio, api: Api) -> None:
    fake.service, fake.guards_loops = SERVICE_SID, True
    ana = fake.phone(ANA)
    form = {"To": ANA, "MessagingServiceSid": SERVICE_SID, "Body": "hola"}
    assert {(await api.create(form)).status for _ in range(30)} == {"accepted"}
    with pytest.raises(SendError, match="throttled: 14107"):
        await api.create(form)
    fake.pass_time(31)
    await api.create(form)
    await fake.settled()
    assert len(ana.chat) == 31


async def test_too_many_calls_at_once_are_throttled(fake: FakeTwilio, api: Api) -> None:
    fake.phone(ANA)
    fake.most_at_once, fake.receipts.early, fake.receipts.delay = 2, True, 0.05
    form = sms(fake) | {"StatusCallback": "http://127.0.0.1:9/"}
    made = await asyncio.gather(*(api.create(form) for _ in range(6)), return_exceptions=True)
    assert [each.kind for each in made if isinstance(each, SendError)] == ["throttled"] * 4
    await fake.settled()
