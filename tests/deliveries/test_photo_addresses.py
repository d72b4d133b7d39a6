"""Photos that far servers and receivers are told of: addresses that we signed and that serve the file for a year."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from routing.ways import Open311Way, WebhookWay
from tests.deliveries.photos import jpeg
from tests.deliveries.stage import KEY, Stage, pack_with
from tests.deliveries.test_email import keep_photos
from tests.fakes.open311 import FakeOpen311
from tests.fakes.webhooks import FakeReceiver
from web.files import sign_media
from web.sign import Signer

DAY = 86400


async def test_a_request_and_an_event_name_the_photos_by_addresses_that_serve_them(
    database_url: str, tmp_path: Path
) -> None:
    async with FakeOpen311() as server, FakeReceiver("un secreto") as receiver:
        far = Open311Way(endpoint=server.url, jurisdiction=server.jurisdiction, key="AGUA", services={"*": "001"})
        pack = pack_with(open311=far, webhook=WebhookWay(url=receiver.url, secret="HOOK"))
        async with Stage(database_url, tmp_path, pack=pack) as stage:
            await keep_photos(stage, [jpeg()])
            await stage.opens(media_ids=("p0",))
            await stage.delivers_all()
            now = stage.now
            (request,), (event,) = server.requests.values(), receiver.events
            (url,) = event["ticket"]["photos"]
            assert request["media_url"] == url
            parts = urlsplit(url)
            query = parse_qs(parts.query)
            assert f"{parts.scheme}://{parts.netloc}" == "https://baldosa.test"
            key = unquote(parts.path.removeprefix("/media/"))
            assert (await stage.store.get(key)).startswith(b"\xff\xd8")
    signer, expires = Signer(KEY), int(query["e"][0])
    assert signer.agrees("media", f"{key}@{expires}", query["s"][0])
    assert query["s"] == [sign_media(signer, key, expires)]
    assert 364 * DAY <= expires - now <= 366 * DAY


async def test_without_a_public_address_no_photo_and_no_page_is_named(sqlite_url: str, tmp_path: Path) -> None:
    async with FakeReceiver("un secreto") as receiver:
        way = WebhookWay(url=receiver.url, secret="HOOK")
        async with Stage(sqlite_url, tmp_path, settings={"public_url": ""}, webhook=way) as stage:
            await keep_photos(stage, [jpeg()])
            await stage.opens(media_ids=("p0",))
            await stage.delivers()
    (event,) = receiver.events
    assert (event["ticket"]["photos"], event["ticket"]["url"]) == ([], None)
