"""What every failure of a call to Twilio is called, whether it may be repeated, and what it tells of anybody."""

from __future__ import annotations

import asyncio
import logging
import socket
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.channels import SendError
from bot.channels.twilio_api import Api, error_class
from bot.channels.twilio_errors import codes, without_addresses
from tests.fakes.twilio import FakeTwilio
from tests.twilio.calling import SID, sms
from tests.twilio.listening import ANA


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
