"""Files in and out: uploads that wait for the bot, and kept files under signed addresses."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from bot.channels.browser import Uploads
from tests.scripted_rooms import SECRET, House, jpeg, own
from web.files import WEEK_SECONDS, file_url, sign_media
from web.sign import Signer

SIGNER = Signer(SECRET)


async def test_an_upload_waits_under_a_random_name(house: House) -> None:
    async with house.open() as client:
        await client.get("/")
        answer = await client.post("/chat/upload?phone=citizen", data=jpeg(), headers=own(client))
        name, _, signature = (await answer.json())["ref"].partition(".")
        assert await house.channel.fetch(name, 1_000_000) == jpeg()
        assert len(name) == 32
        assert len(signature) == 43


async def test_an_upload_is_good_for_its_own_phone_only(house: House) -> None:
    async with house.open() as client:
        await client.get("/")
        answer = await client.post("/chat/upload?phone=citizen", data=jpeg(), headers=own(client))
        ref = (await answer.json())["ref"]
        async with client.ws_connect("/chat/ws?phone=official", headers=own(client)) as socket:
            await socket.send_json({"id": "0" * 32, "uploads": [{"ref": ref}]})
            frames = [await socket.receive_json(timeout=5) for _ in range(2)]
    assert {"refused": "0" * 32} in frames
    assert house.intake.taken == []


@pytest.mark.parametrize("told", [True, False])
async def test_a_file_over_the_limit_is_refused_and_leaves_nothing(house: House, told: bool) -> None:
    uploads = Uploads(house.rooms.uploads.folder, most_bytes=1000)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    async with house.open(uploads=uploads) as client:
        await client.get("/")
        data = b"x" * 2000 if told else chunks()
        answer = await client.post("/chat/upload?phone=citizen", data=data, headers=own(client))
        assert answer.status == 413
    assert list(uploads.folder.iterdir()) == []


async def test_a_full_folder_takes_no_more(house: House) -> None:
    uploads = Uploads(house.rooms.uploads.folder, most_waiting=1000)
    async with house.open(uploads=uploads) as client:
        await client.get("/")
        statuses = [
            (await client.post("/chat/upload?phone=citizen", data=b"x" * 600, headers=own(client))).status
            for _ in range(2)
        ]
    assert statuses == [200, 503]


async def test_who_uploads_too_much_is_told_when_to_come_back(house: House) -> None:
    async with house.open() as client:
        await client.get("/")
        path = "/chat/upload?phone=citizen"
        answers = [await client.post(path, data=b"x", headers=own(client)) for _ in range(13)]
        assert [answer.status for answer in answers] == [200] * 12 + [429]
        assert int(answers[-1].headers["Retry-After"]) >= 1


async def test_an_upload_needs_our_page_and_our_cookie(house: House) -> None:
    async with house.open() as client:
        path = "/chat/upload?phone=citizen"
        assert (await client.post(path, data=b"x", headers=own(client))).status == 401
        await client.get("/")
        assert (await client.post(path, data=b"x")).status == 403
        assert (await client.post(path, data=b"x", headers={"Origin": "https://elsewhere.example"})).status == 403


async def test_a_kept_file_is_served_under_its_address(house: House) -> None:
    key = await house.store.put(jpeg(), "image/jpeg")
    async with house.open() as client:
        answer = await client.get(file_url(SIGNER, key, time.time()))
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert await answer.read() == jpeg()
        assert answer.headers["Content-Disposition"] == "inline"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        age = int(answer.headers["Cache-Control"].split("max-age=")[1].split(",")[0])
        assert WEEK_SECONDS <= age <= 2 * WEEK_SECONDS
        again = await client.get(file_url(SIGNER, key, time.time()), headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status == 304


async def test_a_file_of_unknown_type_is_only_a_download(house: House) -> None:
    key = await house.store.put(b"<script>", "text/html")
    async with house.open() as client:
        answer = await client.get(file_url(SIGNER, key, time.time()))
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment"


async def test_an_address_that_was_changed_or_is_old_opens_nothing(house: House) -> None:
    key = await house.store.put(jpeg(), "image/jpeg")
    other = await house.store.put(jpeg(colour="#000000"), "image/jpeg")
    good = file_url(SIGNER, key, time.time())
    past = int(time.time()) - 1
    async with house.open() as client:
        for url in (
            f"/media/{key}",
            good.replace(key, other),
            good[:-1] + ("A" if good[-1] != "A" else "B"),
            good.replace("e=", "e=9"),
            f"/media/{key}?e={past}&s={sign_media(SIGNER, key, past)}",
            f"/media/{key}?e=x&s=y",
            file_url(SIGNER, "../../secret", time.time()),
            file_url(SIGNER, "ab/" + "0" * 62 + ".jpg", time.time()),
        ):
            assert (await client.get(url)).status == 404, url


async def test_an_address_stays_the_same_all_week() -> None:
    monday = 10 * WEEK_SECONDS
    assert file_url(SIGNER, "k", monday) == file_url(SIGNER, "k", monday + WEEK_SECONDS - 1)
    assert file_url(SIGNER, "k", monday) != file_url(SIGNER, "k", monday + WEEK_SECONDS)


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 200, b"0123456789", None),
        ("chairs=1-2", 200, b"0123456789", None),
        ("bytes=10-", 416, None, None),
    ],
)
async def test_a_film_can_be_read_in_parts(
    house: House, asked: str, status: int, body: bytes | None, told: str | None
) -> None:
    key = await house.store.put(b"0123456789", "video/mp4")
    async with house.open() as client:
        answer = await client.get(file_url(SIGNER, key, time.time()), headers={"Range": asked})
        assert answer.status == status
        assert answer.headers.get("Content-Range") == told
        if body is not None:
            assert await answer.read() == body


async def test_a_part_of_another_file_is_the_whole_of_this_one(house: House) -> None:
    key = await house.store.put(b"0123456789", "video/mp4")
    async with house.open() as client:
        headers = {"Range": "bytes=0-3", "If-Range": '"another"'}
        answer = await client.get(file_url(SIGNER, key, time.time()), headers=headers)
        assert (answer.status, await answer.read()) == (200, b"0123456789")


async def test_a_file_that_an_official_hid_is_served_to_nobody(house: House) -> None:
    key = await house.store.put(jpeg(), "image/jpeg")

    async def hidden(asked: str) -> bool:
        return asked == key

    async with house.open(hidden=hidden) as client:
        answer = await client.get(file_url(SIGNER, key, time.time()))
        assert answer.status == 404
