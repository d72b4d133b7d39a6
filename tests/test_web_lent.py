"""Files lent to a provider: one address, one file, a few minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from bot.channels import File, SendError
from web.files import sign_media
from web.lent import IMAGE_BYTES, LENT_SECONDS, Lender
from web.sign import Signer

SECRET = "a secret that only these tests know"
PUBLIC_URL = "https://baldosa.example"
NOW = 1_800_000_000.0
LARGE = File(b"\xff\xd8" * (IMAGE_BYTES // 2 + 1), "image/jpeg", "photo")
SMALL = File(b"\xff\xd8 small", "image/jpeg", "photo")

Client = TestClient[web.Request, web.Application]


class Shelf:
    """The files there are."""

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        """One of them; "coming" is still being fetched."""
        if media_id == "coming":
            raise SendError("not_yet", "still being fetched")
        if media_id == "large":
            return SMALL if thumbnail else LARGE
        return {
            "photo": File(b"\xff\xd8 photo", "image/jpeg", "photo"),
            "film": File(b"mp4", "video/mp4", "video"),
            "page": File(b"<script>", "text/html", "document"),
        }.get(media_id)


class Clock:
    """A clock turned by hand."""

    now = NOW

    def __call__(self) -> float:
        """What time it is."""
        return self.now


@asynccontextmanager
async def lending(clock: Clock | None = None, public_url: str = PUBLIC_URL) -> AsyncIterator[tuple[Lender, Client]]:
    lender = Lender(SECRET, public_url, Shelf(), clock or Clock())
    app = web.Application()
    app.add_routes([lender.route()])
    async with TestClient(TestServer(app)) as client:
        yield lender, client


def path(url: str) -> str:
    assert url.startswith(f"{PUBLIC_URL}/m/")
    return url.removeprefix(PUBLIC_URL)


@pytest.mark.parametrize(("media", "mime"), [("photo", "image/jpeg"), ("film", "video/mp4")])
async def test_a_lent_file_comes_with_its_type_and_without_a_cookie(media: str, mime: str) -> None:
    async with lending() as (lender, client):
        answer = await client.get(path(lender.url(media)))
        assert (answer.status, answer.content_type) == (200, mime)
        assert (await answer.read()) == (b"mp4" if media == "film" else b"\xff\xd8 photo")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


async def test_the_header_alone_may_be_asked_for() -> None:
    async with lending() as (lender, client):
        answer = await client.head(path(lender.url("photo")))
        assert (answer.status, answer.headers["Content-Length"]) == (200, "8")


async def test_what_is_no_picture_or_recording_is_never_shown_as_a_page() -> None:
    async with lending() as (lender, client):
        answer = await client.get(path(lender.url("page")))
        assert answer.content_type == "application/octet-stream"


async def test_a_picture_too_large_for_whatsapp_is_lent_small() -> None:
    async with lending() as (lender, client):
        assert await (await client.get(path(lender.url("large")))).read() == SMALL.data


async def test_an_address_ends_after_a_quarter_of_an_hour() -> None:
    clock = Clock()
    async with lending(clock) as (lender, client):
        address = path(lender.url("photo"))
        clock.now += LENT_SECONDS - 1
        assert (await client.get(address)).status == 200
        clock.now += 2
        assert (await client.get(address)).status == 404


@pytest.mark.parametrize("changed", ["id", "expiry", "signature", "none", "words", "empty"])
async def test_an_address_that_was_touched_gives_nothing(changed: str) -> None:
    async with lending() as (lender, client):
        url = URL(path(lender.url("photo")))
        expires, signature = url.query["e"], url.query["s"]
        touched = {
            "id": f"/m/film?e={expires}&s={signature}",
            "expiry": f"/m/photo?e={int(expires) + 1}&s={signature}",
            "signature": f"/m/photo?e={expires}&s={'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
            "none": "/m/photo",
            "words": f"/m/photo?e=never&s={signature}",
            "empty": f"/m/photo?e={expires}&s=",
        }
        assert (await client.get(touched[changed])).status == 404


async def test_a_signature_for_a_page_lends_nothing() -> None:
    async with lending() as (_, client):
        expires = int(NOW) + 60
        signature = sign_media(Signer(SECRET), "photo", expires)
        assert (await client.get(f"/m/photo?e={expires}&s={signature}")).status == 404


async def test_there_is_no_list() -> None:
    async with lending() as (_, client):
        assert [(await client.get(each)).status for each in ("/m/", "/m")] == [404, 404]


async def test_a_file_that_is_gone_or_still_coming_is_told_apart() -> None:
    async with lending() as (lender, client):
        assert (await client.get(path(lender.url("erased")))).status == 404
        assert (await client.get(path(lender.url("coming")))).status == 503


async def test_nothing_is_lent_without_a_public_address() -> None:
    async with lending(public_url="") as (lender, _):
        assert lender.url("photo") == ""
