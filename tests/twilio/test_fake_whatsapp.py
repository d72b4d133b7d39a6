"""WhatsApp on the fake Twilio: menus, templates, files and the 24 hours."""

from __future__ import annotations

import json
from collections import Counter

import aiohttp
import pytest
from yarl import URL

from bot.channels import SendError
from bot.channels.twilio_api import Api
from tests.fakes.twilio import FakeTwilio
from tests.twilio.listening import ANA, PUBLIC, Bot, is_refused, quick_replies, rows, whatsapp


async def test_free_words_after_24_hours_fail_later_and_a_template_does_not(
    fake: FakeTwilio, bot: Bot, api: Api
) -> None:
    luz = fake.whatsapp(ANA)
    luz.says("hola")
    fake.pass_time(86_401)
    await api.create(whatsapp(fake, luz, Body="libre"))
    sid = fake.contents.template("Novedad de {{1}}.")
    await api.create(whatsapp(fake, luz, ContentSid=sid, ContentVariables='{"1": "K7Q4-2MX"}'))
    assert (await luz.next()).text == "Novedad de K7Q4-2MX."
    await fake.settled()
    assert [each["ErrorCode"] for each in bot.told("/status") if each["MessageStatus"] == "failed"] == ["63016"]
    assert luz.texts == ["Novedad de K7Q4-2MX."]


async def test_buttons_and_rows_give_back_their_ids(fake: FakeTwilio, bot: Bot, api: Api) -> None:
    luz = fake.whatsapp(ANA)
    luz.says("hola")
    menus = quick_replies("Sí", "No"), rows({"item": "Bache", "id": "pothole", "description": "hondo"})
    for menu in menus:
        sid = await api.create_content(menu)
        await api.create(whatsapp(fake, luz, ContentSid=sid, ContentVariables=json.dumps({"1": "¿Va?"})))
    asked = [await luz.next(), await luz.next()]
    assert [(each.kind, each.text, each.buttons) for each in asked] == [
        ("buttons", "¿Va?", ["Sí", "No"]),
        ("list", "¿Va?", ["Bache"]),
    ]
    luz.taps("Sí")
    fake.list_says = "ListId"
    luz.taps("Bache")
    luz.reads()
    await fake.settled()
    _, tap, pick = bot.told()
    assert (tap["ButtonPayload"], tap["OriginalRepliedMessageSid"]) == ("sí", asked[0].sid)
    assert (pick["ListId"], pick["Body"]) == ("pothole", "Bache")
    assert Counter(bot.statuses)["read"] == 2


REFUSED: dict[str, dict[str, object]] = {
    "four quick replies": quick_replies("a", "b", "c", "d"),
    "a long title": quick_replies("x" * 21),
    "two alike": quick_replies("a", "a"),
    "a long row": rows({"item": "x" * 25, "id": "1"}),
    "a long description": rows({"item": "a", "id": "1", "description": "x" * 73}),
    "a long id": rows({"item": "a", "id": "x" * 201}),
    "a long opener": rows({"item": "a", "id": "1"}, button="x" * 21),
}


@pytest.mark.parametrize("menu", REFUSED)
async def test_a_menu_beyond_the_limits_is_refused(fake: FakeTwilio, api: Api, menu: str) -> None:
    sid = await api.create_content(REFUSED[menu])
    form = whatsapp(fake, fake.whatsapp(ANA), ContentSid=sid, ContentVariables='{"1": "a"}')
    assert "63021" in await is_refused(fake, api, form)


@pytest.mark.parametrize("variables", ["", "{}", "[]", '{"1": 5}', '{"1": ""}', '{"1": "a\\nb"}', "{"])
async def test_variables_that_do_not_fill_a_content_are_refused(fake: FakeTwilio, api: Api, variables: str) -> None:
    sid = await api.create_content(quick_replies("Sí"))
    form = whatsapp(fake, fake.whatsapp(ANA), ContentSid=sid, ContentVariables=variables)
    assert "21656" in await is_refused(fake, api, form)


async def test_a_content_of_another_shape_is_not_made(fake: FakeTwilio, api: Api) -> None:
    for wrong in (quick_replies(), quick_replies("a") | {"colour": "red"}, {"language": "es", "types": {"x": {}}}):
        with pytest.raises(SendError, match="content: 20422"):
            await api.create_content(wrong)
    assert len(fake.faults) == 3
    fake.faults.clear()


async def test_a_file_is_fetched_from_where_the_message_says(fake: FakeTwilio, bot: Bot, api: Api) -> None:
    luz = fake.whatsapp(ANA)
    luz.says("hola")
    bot.files["/media/a"] = b"a picture"
    await api.create(whatsapp(fake, luz, Body="acá", MediaUrl=f"{PUBLIC}/media/a"))
    shown = await luz.next()
    assert (shown.text, shown.files) == ("acá", [b"a picture"])
    await api.create(whatsapp(fake, luz, MediaUrl=f"{PUBLIC}/media/none"))
    await fake.settled()
    assert bot.told("/status")[-1]["ErrorCode"] == "63019"
    assert len(luz.chat) == 1


async def test_a_file_needs_credentials_at_the_api_and_none_at_its_store(fake: FakeTwilio, api: Api) -> None:
    sid = fake.whatsapp(ANA).sends_photo(b"a picture")
    url = api.media_url(sid, (await api.media_list(sid))[0][0])
    own = {"Authorization": aiohttp.encode_basic_auth(fake.account_sid, fake.auth_token)}
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 401
        async with session.get(url, headers=own, allow_redirects=False) as answer:
            store = URL(answer.headers["Location"], encoded=True)
        async with session.get(store, headers=own) as answer:
            assert answer.status == 400
        async with session.get(store) as answer:
            assert await answer.read() == b"a picture"
    assert store.host != URL(fake.url).host
    assert fake.faults == ["credentials were shown to the store of the files"]
    fake.faults.clear()
