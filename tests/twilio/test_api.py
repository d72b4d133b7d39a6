"""Our calls to Twilio, over real HTTP: what they ask and what they make of the answer."""

from __future__ import annotations

import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.channels import SendError
from bot.channels.twilio_api import Api
from bot.channels.twilio_wire import PublicOnly
from bot.twilio_sending import cost
from tests.fakes.twilio import SERVICE_SID, FakeTwilio
from tests.twilio.calling import SID, sms
from tests.twilio.listening import ANA

# Messages


async def test_a_message_reaches_the_phone_and_its_status_can_be_asked_for(fake: FakeTwilio, api: Api) -> None:
    ana = fake.phone(ANA)
    said = "¿Está arreglado? " * 5
    made = await api.create(sms(fake, said))
    assert (await ana.next()).text == said
    await fake.settled()
    assert (made.status, made.segments, made.to, made.sender, made.sent) == ("queued", 2, ANA, fake.sms_from, None)
    now = await api.message(made.sid)
    assert (now.status, now.error_code, now.direction) == ("delivered", "", "outbound-api")
    assert now.sent is not None
    assert now.sent >= now.created > 1_700_000_000


async def test_what_a_service_does_not_know_yet_is_not_made_up(fake: FakeTwilio, api: Api) -> None:
    fake.service = SERVICE_SID
    fake.phone(ANA)
    form = {"To": ANA, "MessagingServiceSid": SERVICE_SID, "Body": "a" * 200}
    made = await api.create(form)
    assert (made.status, made.segments, cost(made, form)) == ("accepted", 0, 2)
    await fake.settled()
    assert (await api.message(made.sid)).segments == 2


async def test_repeated_parameters_go_out_repeated_and_empty_ones_not_at_all(fake: FakeTwilio, api: Api) -> None:
    fake.phone(ANA)
    form = {"MediaUrl": ["https://a.test/1.jpg", "https://a.test/2.jpg"], "ContentSid": "", "SmartEncoded": "true"}
    fake.webhooks.reaches["https://a.test"] = "http://127.0.0.1:9"
    assert (await api.create(sms(fake) | form)).media == 2
    assert [value for name, value in fake.calls[-1].given if name == "MediaUrl"] == form["MediaUrl"]
    assert "ContentSid" not in fake.created[-1]
    await fake.settled()


async def test_the_list_is_paged_newest_first_and_ends_where_it_was_asked_to(fake: FakeTwilio, api: Api) -> None:
    fake.most_page = 2
    ana = fake.phone(ANA)
    old = [ana.says(f"vieja {number}") for number in range(3)]
    fake.pass_time(600)
    since = fake.now()
    new = [ana.says(f"nueva {number}") for number in range(5)]
    assert [each.sid for each in await api.messages(since=since)] == new[::-1]
    assert [each.sid for each in await api.messages(since=since - 3600)] == (old + new)[::-1]
    assert [each.sid for each in await api.messages(since=0, most=3)] == new[:1:-1]
    assert len({call.form.get("Page") for call in fake.calls}) > 2


async def test_what_waits_in_twilios_queue_for_hours_hides_nothing_that_is_listed_after_it(
    fake: FakeTwilio, api: Api
) -> None:
    fake.most_page = 2
    fake.phone(ANA)
    sid = (await api.create(sms(fake))).sid
    for _ in range(3):
        fake.messages.new(ANA, fake.sms_from, "vieja", "outbound-api", "queued").created -= 7200
    assert [each.sid for each in await api.messages(to=ANA, since=fake.now() - 60)] == [sid]
    assert await api.messages(to=ANA, since=fake.now() - 60, most=2) == [], "and it is not read for ever"
    await fake.settled()


async def test_the_list_is_filtered_by_who_and_to_whom(fake: FakeTwilio, api: Api) -> None:
    ana, luz = fake.phone(ANA), fake.whatsapp("+5491155550002")
    said = ana.says("hola"), luz.says("hola")
    sent = (await api.create(sms(fake))).sid
    assert [each.sid for each in await api.messages(to=ANA, since=0)] == [sent]
    assert [each.sid for each in await api.messages(sender=ANA, since=0)] == [said[0]]
    assert [each.sid for each in await api.messages(sender=luz.remote, since=0)] == [said[1]]
    await fake.settled()


# Files


async def test_a_file_is_followed_to_its_store_without_credentials(fake: FakeTwilio, api: Api) -> None:
    sid = fake.whatsapp(ANA).sends_photo(b"a picture", "acá")
    fake.files.redirects = 3
    [(media, mime)] = await api.media_list(sid)
    assert mime == "image/jpeg"
    assert await api.media(api.media_url(sid, media), 9) == b"a picture"


async def test_a_file_may_be_removed_twice(fake: FakeTwilio, api: Api) -> None:
    sid = fake.whatsapp(ANA).sends_photo(b"a picture")
    url = api.media_url(sid, (await api.media_list(sid))[0][0])
    await api.delete_media(url)
    await api.delete_media(url)
    with pytest.raises(SendError, match="content: 20404"):
        await api.media(url, 9)


async def test_a_file_too_large_is_read_no_further(fake: FakeTwilio, api: Api) -> None:
    sid = fake.whatsapp(ANA).sends_photo(b"x" * 1_000_000)
    with pytest.raises(SendError, match="content: larger than 999999 bytes"):
        await api.media(api.media_url(sid, (await api.media_list(sid))[0][0]), 999_999)


async def test_a_file_sent_from_place_to_place_is_given_up(fake: FakeTwilio, api: Api) -> None:
    sid = fake.whatsapp(ANA).sends_photo(b"x")
    fake.files.redirects = 99
    with pytest.raises(SendError, match="server: the file is sent from place to place"):
        await api.media(api.media_url(sid, (await api.media_list(sid))[0][0]), 9)


async def test_a_file_is_fetched_from_no_other_host(fake: FakeTwilio, api: Api) -> None:
    sid = fake.whatsapp(ANA).sends_photo(b"x")
    [(media, _)] = await api.media_list(sid)
    for elsewhere in ("http://example.com", "http://10.0.0.1", "http://169.254.169.254/latest", "file:///etc"):
        fake.files.elsewhere = elsewhere
        with pytest.raises(SendError, match="content: the file lies on a host that is not Twilio's"):
            await api.media(api.media_url(sid, media), 9)


@pytest.mark.parametrize(
    "url",
    [
        "https://twilio.com.example.com/x",
        "https://eviltwilio.com/x",
        "http://media.twiliocdn.com/x",
        "https://other-bucket.s3.amazonaws.com/x",
        "https://127.0.0.1/x",
        "https://api.twilio.com@example.com/x",
        "ftp://api.twilio.com/x",
        "no address",
        "https://api.twilio.com/2010-04-01/Accounts/AC1/Balance.json",
    ],
)
async def test_in_earnest_no_address_but_twilios_is_asked(url: str) -> None:
    api = Api("AC" + "1" * 32, "t")
    with pytest.raises(SendError, match="content: "):
        await api.media(url, 9)
    with pytest.raises(SendError, match="content: "):
        await api.delete_media(url)
    await api.close()


class Lying(AbstractResolver):
    """A name server that leads everybody home."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Our own address, and one that is everybody's."""
        own = ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)
        return [own, own | {"host": "8.8.8.8"}] if host == "both.test" else [own]

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_name_that_leads_into_our_own_network_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp, "DefaultResolver", Lying)
    api = Api("AC" + "1" * 32, "t")
    with pytest.raises(SendError, match="not_sent: ClientConnectorDNSError"):
        await api.media("https://media.twiliocdn.com/x", 9)
    await api.close()
    resolver = PublicOnly("trusted.test", Lying())
    assert [each["host"] for each in await resolver.resolve("both.test")] == ["8.8.8.8"]
    assert [each["host"] for each in await resolver.resolve("trusted.test")] == ["127.0.0.1"]


# Beside the messages


async def test_typing_shows_and_its_failure_costs_nothing(fake: FakeTwilio, api: Api) -> None:
    luz = fake.whatsapp(ANA)
    sid = luz.says("hola")
    await api.typing(sid)
    assert luz.seen_typing == [sid]
    fake.trouble.fail(path="Typing")
    await api.typing(sid)
    await api.typing(SID)
    assert luz.seen_typing == [sid]


async def test_contents_are_made_once_and_found_by_name_over_pages(fake: FakeTwilio, api: Api) -> None:
    fake.most_page = 2
    made = {}
    for number in range(5):
        fake.pass_time(1)
        content = {"friendly_name": f"menu_{number % 4}", "language": "es", "types": {"twilio/text": {"body": "a"}}}
        made[f"menu_{number % 4}"] = await api.create_content(content)
    assert await api.contents() == made


async def test_a_number_is_told_where_to_bring_messages_once(fake: FakeTwilio, api: Api) -> None:
    urls = "https://bot.test/twilio/sms#rc=4&rp=5xx", "https://bot.test/twilio/fallback/sms"
    assert await api.set_webhooks(fake.sms_from, *urls)
    assert await api.set_webhooks(fake.sms_from, *urls)
    assert fake.listeners["sms"] == urls
    assert len([call for call in fake.calls if call.method == "POST"]) == 1
    assert [each.sms_url for each in await api.numbers()] == [urls[0]]
    assert not await api.set_webhooks("+5491100000000", *urls)
    fake.service = "MG" + "7" * 32
    assert await api.set_webhooks(fake.service, "https://bot.test/other", urls[1])
    assert fake.listeners["sms"] == ("https://bot.test/other", urls[1])
