"""Where bytes live: the same promises kept by a folder, by memory and by a bucket behind a real S3 server."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from storage.media import MediaStore, MediaStoreError, SpanError, mime_of

PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 3000
KEY = f"{sha256(PHOTO).hexdigest()[:2]}/{sha256(PHOTO).hexdigest()[2:]}.jpg"
MISSING = f"00/{'0' * 62}.jpg"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Run an S3 server on loopback; gives its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make an empty bucket of this test's own, with credentials where AWS users keep them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-very-secret-key")
    name = f"bucket-{sha256(request.node.nodeid.encode()).hexdigest()[:12]}"
    make_bucket(f"{s3}/{name}")
    return f"s3://{name}/photos?endpoint={s3}&region=sa-east-1"


@pytest.fixture(params=["folder", "memory", "bucket"])
def store(request: pytest.FixtureRequest) -> MediaStore:
    """Open an empty store, once of each kind."""
    if request.param == "bucket":
        return MediaStore.open(request.getfixturevalue("bucket"))
    if request.param == "memory":
        return MediaStore.open("memory://")
    folder: Path = request.getfixturevalue("tmp_path")
    return MediaStore.open(f"file://{folder}/media")


def make_bucket(url: str) -> None:
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    without_proxy.open(urllib.request.Request(url, method="PUT"), timeout=10).close()


async def test_what_is_put_is_found_under_its_sha256(store: MediaStore) -> None:
    assert await store.put(PHOTO, "image/jpeg") == KEY
    assert await store.get(KEY) == PHOTO
    assert mime_of(KEY) == "image/jpeg"


async def test_putting_the_same_bytes_again_changes_nothing(store: MediaStore) -> None:
    keys = {await store.put(PHOTO, "image/jpeg") for _ in range(3)}
    assert keys == {KEY}
    assert await store.get(KEY) == PHOTO


async def test_an_empty_file_is_kept_too(store: MediaStore) -> None:
    key = await store.put(b"", "audio/ogg")
    assert await store.get(key) == b""
    assert [chunk async for chunk in (await store.stream(key)).chunks] in ([], [b""])


async def test_a_missing_file_is_a_file_not_found(store: MediaStore) -> None:
    with pytest.raises(FileNotFoundError, match=MISSING):
        await store.get(MISSING)
    with pytest.raises(FileNotFoundError, match=MISSING):
        await store.stream(MISSING)


@pytest.mark.parametrize(
    "key", ["../secrets", "/etc/passwd", "probe", "", "ab", f"{KEY}/x", f"../media/{KEY}", f"{KEY}\n"]
)
async def test_a_key_that_is_not_ours_opens_nothing(store: MediaStore, key: str) -> None:
    await store.check()
    with pytest.raises(FileNotFoundError):
        await store.get(key)
    with pytest.raises(FileNotFoundError):
        await store.stream(key)
    await store.delete(key)
    await store.check()


async def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_error(store: MediaStore) -> None:
    await store.put(PHOTO, "image/jpeg")
    other = await store.put(b"another", "image/jpeg")
    await store.delete(KEY)
    await store.delete(KEY)
    with pytest.raises(FileNotFoundError):
        await store.get(KEY)
    assert await store.get(other) == b"another"
    assert await store.put(PHOTO, "image/jpeg") == KEY
    assert await store.get(KEY) == PHOTO


async def test_a_stream_gives_the_whole_file_in_pieces(store: MediaStore) -> None:
    await store.put(PHOTO, "image/jpeg")
    stream = await store.stream(KEY)
    pieces = [piece async for piece in stream.chunks]
    assert b"".join(pieces) == PHOTO
    assert (stream.mime, stream.size, stream.start, stream.end) == ("image/jpeg", len(PHOTO), 0, len(PHOTO))


@pytest.mark.parametrize(
    ("span", "start", "end"), [((0, 1), 0, 1), ((700_000, None), 700_000, None), ((5, 10**9), 5, None)]
)
async def test_a_stream_gives_a_span_of_the_file(
    store: MediaStore, span: tuple[int, int | None], start: int, end: int | None
) -> None:
    await store.put(PHOTO, "image/jpeg")
    stream = await store.stream(KEY, span)
    assert b"".join([piece async for piece in stream.chunks]) == PHOTO[start:end]
    assert (stream.start, stream.end, stream.size) == (start, end or len(PHOTO), len(PHOTO))


@pytest.mark.parametrize("span", [(len(PHOTO), None), (10**9, None), (-5, 10), (10, 10), (10, 5)])
async def test_a_span_outside_of_the_file_is_told_apart(store: MediaStore, span: tuple[int, int | None]) -> None:
    await store.put(PHOTO, "image/jpeg")
    with pytest.raises(SpanError):
        await store.stream(KEY, span)


async def test_a_store_that_works_passes_the_check_again_and_again(store: MediaStore) -> None:
    await store.check()
    await store.check()


# --- the folder


async def test_a_photo_is_on_the_disk_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MediaStore.open(f"file://{tmp_path}/media")
    synced: list[tuple[int, int]] = []
    real = os.fsync

    def recording(handle: int) -> None:
        synced.append((os.fstat(handle).st_ino, os.fstat(handle).st_size))
        real(handle)

    monkeypatch.setattr(os, "fsync", recording)
    await store.put(PHOTO, "image/jpeg")
    path = tmp_path / "media" / KEY
    inodes = [inode for inode, _ in synced]
    assert (path.stat().st_ino, len(PHOTO)) in synced
    assert path.parent.stat().st_ino in inodes
    assert (tmp_path / "media").stat().st_ino in inodes
    assert path.read_bytes() == PHOTO


async def test_a_repeated_put_is_synced_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MediaStore.open(str(tmp_path))
    await store.put(PHOTO, "image/jpeg")
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    await store.put(PHOTO, "image/jpeg")
    assert (tmp_path / KEY).stat().st_ino in synced


@pytest.mark.parametrize("left", [b"", PHOTO[:1000], bytes(len(PHOTO))])
async def test_a_file_that_a_power_cut_left_incomplete_is_written_again(tmp_path: Path, left: bytes) -> None:
    store = MediaStore.open(str(tmp_path))
    await store.put(PHOTO, "image/jpeg")
    (tmp_path / KEY).write_bytes(left)
    await store.put(PHOTO, "image/jpeg")
    assert await store.get(KEY) == PHOTO


async def test_a_plain_relative_path_is_a_folder_that_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = MediaStore.open("data/año #1")
    await store.put(PHOTO, "image/jpeg")
    monkeypatch.chdir("/")
    assert await store.get(KEY) == PHOTO
    assert (tmp_path / "data/año #1" / KEY).read_bytes() == PHOTO


async def test_a_file_url_may_hold_escaped_letters(tmp_path: Path) -> None:
    await MediaStore.open(f"file://{tmp_path}/two%20words").put(PHOTO, "image/jpeg")
    assert (tmp_path / "two words" / KEY).read_bytes() == PHOTO


async def test_nothing_but_the_file_remains_in_the_folder(tmp_path: Path) -> None:
    store = MediaStore.open(str(tmp_path))
    for _ in range(2):
        await store.put(PHOTO, "image/jpeg")
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == [KEY[3:]]


async def test_a_damaged_folder_fails_in_one_line(tmp_path: Path) -> None:
    store = MediaStore.open(str(tmp_path))
    (tmp_path / KEY[:2]).write_bytes(b"a file where a folder should be")
    with pytest.raises(MediaStoreError, match=str(tmp_path)) as told:
        await store.put(PHOTO, "image/jpeg")
    assert "\n" not in str(told.value)


# --- the bucket


async def test_a_bucket_keeps_files_below_the_prefix_with_their_type(bucket: str, s3: str) -> None:
    await MediaStore.open(bucket).put(PHOTO, "image/jpeg")
    name = bucket.removeprefix("s3://").partition("/")[0]
    plain = S3Store(name, endpoint=s3, client_options={"allow_http": True})
    found = await plain.get_async(f"photos/{KEY}")
    assert bytes(await found.bytes_async()) == PHOTO
    assert found.attributes["Content-Type"] == "image/jpeg"


async def test_two_prefixes_of_a_bucket_do_not_see_each_other(bucket: str) -> None:
    await MediaStore.open(bucket).put(PHOTO, "image/jpeg")
    with pytest.raises(FileNotFoundError):
        await MediaStore.open(bucket.replace("/photos?", "/others?")).get(KEY)


async def test_credentials_may_be_passed_instead_of_set(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    await MediaStore.open(bucket, access_key_id="an-id", secret_access_key="a-very-secret-key").check()


async def test_a_large_video_goes_into_a_bucket_in_one_piece(bucket: str) -> None:
    store = MediaStore.open(bucket)
    video = os.urandom(1 << 20) * 20
    key = await store.put(video, "video/mp4")
    assert await store.put(video, "video/mp4") == key
    assert b"".join([piece async for piece in (await store.stream(key)).chunks]) == video


async def test_a_bucket_that_does_not_exist_is_told_in_one_line(bucket: str) -> None:
    store = MediaStore.open(bucket.replace("s3://", "s3://not-"))
    with pytest.raises(MediaStoreError, match=r"MEDIA_URL s3://not-bucket-.*NoSuchBucket") as told:
        await store.check()
    assert "\n" not in str(told.value)
    with pytest.raises(MediaStoreError):
        await store.put(PHOTO, "image/jpeg")


async def test_a_bucket_told_to_keep_no_conditions_is_told_at_the_start_and_with_every_file(bucket: str) -> None:
    store = MediaStore.open(f"{bucket}&conditional_put=disabled")
    for attempt in (store.check(), store.put(PHOTO, "image/jpeg")):
        with pytest.raises(MediaStoreError, match="conditional put is disabled"):
            await attempt


async def test_an_endpoint_where_nobody_listens_is_told_in_one_line(bucket: str, s3: str) -> None:
    store = MediaStore.open(bucket.replace(s3, "http://127.0.0.1:9"))
    with pytest.raises(MediaStoreError, match=r"^MEDIA_URL s3://bucket-[0-9a-f]+/photos: .*127\.0\.0\.1:9") as told:
        await store.check()
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 400


# --- wrong settings


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://host/folder",
        "file://folder/media",
        "s3://",
        "s3://bucket?no_such_option=1",
        "az://container/media",
        "file:///proc/none/media",
        f"file://{Path(__file__)}",
    ],
)
async def test_a_wrong_setting_is_one_line_that_names_it(url: str) -> None:
    with pytest.raises(MediaStoreError, match="MEDIA_URL") as told:
        await MediaStore.open(url).check()
    assert "\n" not in str(told.value)
    assert url.partition("?")[0] in str(told.value)


async def test_no_error_tells_a_password(bucket: str, s3: str) -> None:
    url = bucket.replace(s3, "http://127.0.0.1:9").replace("s3://", "s3://someone:a-password@")
    with pytest.raises(MediaStoreError) as told:
        await MediaStore.open(f"{url}&secret_access_key=other-secret").check()
    for secret in ("a-password", "other-secret", "a-very-secret-key"):
        assert secret not in str(told.value)
