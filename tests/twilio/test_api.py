"""Our calls to Twilio, over real HTTP: what they ask, and what every failure is called."""

from __future__ import annotations

import asyncio
import logging
import socket
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.channels import SendError
from bot.channels.twilio_api import Api, error_class
from bot.channels.twilio_errors import codes, without_addresses
from bot.channels.twilio_wire import PublicOnly
from bot.twilio_sending import cost
from tests.fakes.twilio import SERVICE_SID, FakeTwilio

ANA = "+5491155550001"
SID = "SM" + "f" * 32


def sms(fake: FakeTwilio, body: str = "hola", to: str = ANA) -> dict[str, str]:
    return {"To": to, "From": fake.sms_from, "Body": body}


async def failure(api: Api, fake: FakeTwilio, to: str = ANA) -> SendError:
    """How creating a message fails."""
    with pytest.raises(SendError) as caught:
        await api.create(sms(fake, to=to))
    return caught.value


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a fraction of a second where it would be 15."""
    monkeypatch.setattr("bot.channels.twilio_wire.CALL_SECONDS", 0.3)
    monkeypatch.setattr("bot.channels.twilio_wire.CONNECT_SECONDS", 0.2)


@pytest.fixture
async def lone() -> AsyncIterator[Api]:
    """Call a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    calls = Api("AC" + "1" * 32, "t", f"http://127.0.0.1:{port}")
    yield calls
    await calls.close()


@pytest.fixture
def deaf() -> Iterator[str]:
    """Give the address of a machine that answers no knock: its queue is full."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


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


# Failures


async def test_nobody_there_means_that_nothing_was_sent(lone: Api, fake: FakeTwilio) -> None:
    assert (await failure(lone, fake)).kind == "not_sent"
    with pytest.raises(SendError, match="not_sent: "):
        await lone.media(lone.media_url(SID, "ME" + "1" * 32), 9)


@pytest.mark.usefixtures("hurried")
async def test_no_connection_in_time_means_that_nothing_was_sent(deaf: str, fake: FakeTwilio) -> None:
    api = Api("AC" + "1" * 32, "t", deaf)
    assert (await failure(api, fake)).kind == "not_sent"
    await api.close()


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("accepts", [True, False])
async def test_an_answer_that_never_comes_leaves_it_open_and_is_asked_once(
    fake: FakeTwilio, api: Api, accepts: bool
) -> None:
    fake.phone(ANA)
    fake.trouble.hang(accepts=accepts)
    assert (await failure(api, fake)).kind == "ambiguous"
    assert len(fake.calls) == 1
    assert len(fake.sent()) == accepts
    await fake.settled()


async def test_a_broken_connection_leaves_it_open(fake: FakeTwilio, api: Api) -> None:
    fake.phone(ANA)
    fake.trouble.lose()
    fake.trouble.drop()
    fake.trouble.garble()
    assert [(await failure(api, fake)).kind for _ in range(3)] == ["ambiguous"] * 3
    assert (len(fake.calls), len(fake.sent())) == (3, 2)
    await fake.settled()


async def test_what_only_asks_may_simply_be_asked_again(fake: FakeTwilio, api: Api) -> None:
    # aiohttp itself asks twice where that does no harm.
    fake.trouble.drop(2, method="GET", path="")
    with pytest.raises(SendError, match="not_sent: "):
        await api.message(SID)
    fake.trouble.fail(5, spoken=False, method="GET", path="")
    with pytest.raises(SendError, match="server: 503"):
        await api.message(SID)
    with pytest.raises(SendError, match="server: 503"):
        await api.messages(since=0)


async def test_a_message_that_there_is_not_pauses_nobody(fake: FakeTwilio, api: Api) -> None:
    with pytest.raises(SendError, match="content: 20404"):
        await api.message(SID)


@pytest.mark.parametrize(
    ("status", "spoken", "kind"),
    [
        (500, True, "server"),
        (503, True, "server"),
        (500, False, "ambiguous"),
        (502, False, "ambiguous"),
        (504, False, "ambiguous"),
        (429, False, "throttled"),
        (401, False, "config"),
        (403, False, "config"),
        (404, False, "config"),
        (302, False, "config"),
        (413, False, "content"),
    ],
)
async def test_a_status_is_called_by_who_answered_it(
    fake: FakeTwilio, api: Api, status: int, spoken: bool, kind: str
) -> None:
    fake.trouble.fail(status=status, spoken=spoken)
    assert (await failure(api, fake)).kind == kind
    assert len(fake.calls) == 1


async def test_being_throttled_says_for_how_long(fake: FakeTwilio, api: Api) -> None:
    fake.trouble.throttle(retry_after=17)
    fake.trouble.throttle(retry_after=None)
    errors = [await failure(api, fake) for _ in range(2)]
    assert [(error.kind, error.retry_after) for error in errors] == [("throttled", 17.0), ("throttled", None)]


@pytest.mark.parametrize("code", sorted(codes()))
async def test_every_known_code_is_called_by_its_class(fake: FakeTwilio, api: Api, code: str) -> None:
    fake.trouble.refuse(int(code))
    assert (await failure(api, fake)).kind == error_class(code) == codes()[code]


async def test_an_unknown_code_is_not_repeated_as_it_is(fake: FakeTwilio, api: Api) -> None:
    fake.trouble.refuse(21999)
    assert (await failure(api, fake)).kind == "content" == error_class("21999")


def test_no_code_stands_twice_in_the_table() -> None:
    table = tomllib.loads(Path("bot/channels/twilio_errors.toml").read_text("utf-8"))
    every = [code for codes_of_class in table.values() for code in codes_of_class]
    assert len(every) == len(set(every)) == len(codes())


async def test_whoever_said_stop_is_opted_out_and_may_return(fake: FakeTwilio, api: Api) -> None:
    ana = fake.phone(ANA)
    ana.says("STOP")
    assert (await failure(api, fake)).kind == "opted_out"
    ana.says("START")
    await api.create(sms(fake))
    assert (await ana.next()).text == "hola"


async def test_a_wrong_token_is_told_to_the_operator(fake: FakeTwilio) -> None:
    api = Api(fake.account_sid, "wrong", fake.url)
    error = await failure(api, fake)
    assert (error.kind, error.detail) == ("config", "20003 Authenticate")
    await api.close()


async def test_an_address_that_is_none_is_told_to_the_operator(fake: FakeTwilio) -> None:
    api = Api(fake.account_sid, "t", "not an address")
    assert (await failure(api, fake)).kind == "config"
    await api.close()


async def test_a_failure_names_nobody(fake: FakeTwilio, api: Api) -> None:
    with pytest.raises(SendError) as caught:
        await api.create(sms(fake, to="5491155550001"))
    assert caught.value.detail == "21211 Invalid 'To' Phone Number: …"
    assert without_addresses("21211 to +54 9 11 5555-0001") == "21211 to …"
    assert without_addresses("63003 whatsapp:AR.abc123 and AR.Abcdef99") == "63003 … and …"


async def test_no_log_holds_the_token_or_a_number(fake: FakeTwilio, api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake.phone(ANA)
    await api.create(sms(fake, "palabras"))
    fake.trouble.refuse(21211, f"no such number {ANA}")
    await failure(api, fake)
    assert not [record for record in caplog.records if record.name.startswith(("twilio", "baldosa"))]
    assert all(word not in caplog.text for word in (fake.auth_token, ANA, "palabras"))
    await fake.settled()


async def test_calls_go_side_by_side(fake: FakeTwilio, api: Api) -> None:
    fake.phone(ANA)
    made = await asyncio.gather(*(api.create(sms(fake, f"n {number}")) for number in range(20)))
    assert len({each.sid for each in made}) == 20
    await fake.settled()
