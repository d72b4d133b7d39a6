"""The browser channel: bells, uploads, and the history that pages read."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, insert, update

from bot.channels import SendError
from bot.channels.browser import (
    FETCHED_LIFE_SECONDS,
    UPLOAD_LIFE_SECONDS,
    BrowserChannel,
    Hub,
    UploadRefusedError,
    Uploads,
)
from bot.messages import Attachment, Inbound, Outbound
from storage import people
from storage.database import Database
from storage.history import Cursor, Line, Picture, newest, provider_id, read_cursor, read_lines, read_pictures
from storage.schema import inbox, media, outbox

ACCOUNT = "browser:main"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_sending_rings_for_the_open_pages_of_that_address_only(tmp_path: Path) -> None:
    hub = Hub()
    channel = BrowserChannel(hub, Uploads(tmp_path))
    with hub.listening("c-1") as one, hub.listening("c-1") as two, hub.listening("c-2") as other:
        name = await channel.send("c-1", Outbound(text="hola"), again=False, plain=False)
        assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)
    assert hub.addresses() == []
    assert await channel.send("c-1", Outbound(text="hola"), again=True, plain=True) != name


async def test_an_upload_is_fetched_as_often_as_the_errand_needs(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    channel = BrowserChannel(Hub(), uploads)
    name = await uploads.keep(chunks(b"12", b"345"))
    assert [await channel.fetch(name, 5) for _ in range(2)] == [b"12345"] * 2
    now = time.time()
    uploads.sweep(now + FETCHED_LIFE_SECONDS - 60)
    assert await channel.fetch(name, 5) == b"12345"
    uploads.sweep(now + FETCHED_LIFE_SECONDS + 60)
    with pytest.raises(SendError) as fault:
        await channel.fetch(name, 5)
    assert fault.value.kind == "content"


async def test_an_upload_that_nobody_fetched_goes_after_a_day(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    name = await uploads.keep(chunks(b"x"))
    uploads.sweep(time.time() + UPLOAD_LIFE_SECONDS - 60)
    assert (tmp_path / name).exists()
    uploads.sweep(time.time() + UPLOAD_LIFE_SECONDS + 60)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("ref", ["0" * 32, "../secret", "", "a/b", "0" * 31 + "/"])
async def test_what_is_no_upload_cannot_be_fetched(tmp_path: Path, ref: str) -> None:
    (tmp_path / "secret").write_text("x")
    channel = BrowserChannel(Hub(), Uploads(tmp_path / "uploads"))
    with pytest.raises(SendError) as fault:
        await channel.fetch(ref, 100)
    assert fault.value.kind == "content"


async def test_more_than_the_bot_takes_is_not_fetched(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    name = await uploads.keep(chunks(b"12345"))
    with pytest.raises(SendError, match="too-large"):
        await BrowserChannel(Hub(), uploads).fetch(name, 4)


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"12"
        raise ConnectionResetError

    uploads = Uploads(tmp_path)
    with pytest.raises(ConnectionResetError):
        await uploads.keep(broken())
    assert names(tmp_path) == []


async def test_what_waits_is_counted_from_the_disk_after_a_restart(tmp_path: Path) -> None:
    await Uploads(tmp_path).keep(chunks(b"x" * 80))
    with pytest.raises(UploadRefusedError, match="full"):
        await Uploads(tmp_path, most_waiting=100).keep(chunks(b"x" * 30))


class Writer:
    """Writes an address's rows as the intake and the sender do."""

    def __init__(self, database: Database, external: str = "c-1") -> None:
        self.database = database
        self.external = external
        self.count = 0

    async def hear(self, text: str, at: float, **values: Any) -> None:
        key = f"{self.external}:{text}:{at}"
        said = Inbound(account=ACCOUNT, key=key, address=self.external, text=text, message=f"page-{text}")
        async with self.database.write() as connection:
            row = {"kind": "message", "status": "done", "body": msgspec.json.encode(said).decode(), **values}
            address_id = await self.address(connection)
            await connection.execute(
                insert(inbox).values(account=ACCOUNT, key=key, address_id=address_id, received_at=at, **row)
            )

    async def say(self, text: str, at: float, status: str = "sent", **values: Any) -> int:
        self.count += 1
        done = at if status == "sent" else None
        async with self.database.write() as connection:
            address_id = await self.address(connection)
            row = {
                "account": ACCOUNT, "lane": "1", "seq": self.count, "kind": "message", "status": status,
                "effect_key": f"{self.external}:{self.count}", "address_id": address_id, "due_at": at, "created_at": at,
                "payload": msgspec.json.encode(Outbound(text=text)).decode(), "sending_since": at, "done_at": done,
            }  # fmt: skip
            result = await connection.execute(insert(outbox).values(**(row | values)).returning(outbox.c.id))
            return int(result.scalar_one())

    async def address(self, connection: Any) -> int:
        key = (ACCOUNT, self.external)
        return (await people.load_sessions(connection, {key: "es"}, 1.0, "es"))[key].person.address_id

    async def texts(self, after: Cursor | None = None, most: int = 200) -> tuple[list[str], Cursor, bool]:
        async with self.database.read() as connection:
            found = await read_lines(connection, ACCOUNT, self.external, after, most)
        return [line.what.text for line in found.lines], found.cursor, found.fresh


async def test_both_sides_are_read_in_the_order_of_time(database: Database) -> None:
    talk = Writer(database)
    await talk.say("¿qué tal?", 11.0)
    await talk.hear("hola", 10.0)
    await talk.hear("bien", 12.0)
    texts, _, fresh = await talk.texts()
    assert (texts, fresh) == (["hola", "¿qué tal?", "bien"], True)


async def test_the_bots_lines_keep_their_order_whatever_the_clocks_say(database: Database) -> None:
    talk = Writer(database)
    await talk.say("primero", 20.0)
    await talk.say("segundo", 15.0)
    assert (await talk.texts())[0] == ["primero", "segundo"]


async def test_what_waits_or_failed_is_not_shown_and_what_is_under_way_is(database: Database) -> None:
    talk = Writer(database)
    for status in ("sent", "unknown", "sending", "pending", "failed", "dropped"):
        await talk.say(status, 10.0, status)
    await talk.say("an errand", 10.0, kind="errand", payload="{}")
    assert (await talk.texts())[0] == ["sent", "unknown", "sending"]


async def test_reading_goes_on_from_the_cursor(database: Database) -> None:
    talk = Writer(database)
    await talk.hear("uno", 10.0)
    await talk.say("dos", 11.0)
    _, cursor, _ = await talk.texts()
    assert await talk.texts(cursor) == ([], cursor, False)
    await talk.say("tres", 12.0)
    await talk.hear("cuatro", 13.0)
    texts, after, fresh = await talk.texts(cursor)
    assert (texts, fresh) == (["tres", "cuatro"], False)
    assert after > cursor


async def test_a_row_put_back_to_wait_is_not_shown_again_under_another_name(database: Database) -> None:
    talk = Writer(database)
    row = await talk.say("uno", 10.0, "sending")
    async with database.read() as connection:
        first = (await read_lines(connection, ACCOUNT, "c-1")).lines[0]
    async with database.write() as connection:
        await connection.execute(update(outbox).values(status="sent", done_at=11.0, provider_id="p1"))
    async with database.read() as connection:
        second = (await read_lines(connection, ACCOUNT, "c-1")).lines[0]
    assert first.key == second.key == f"o{row}"
    assert (first.provider_id, second.provider_id) == ("", "p1")


async def test_only_the_newest_lines_of_a_long_talk_are_read(database: Database) -> None:
    talk = Writer(database)
    for number in range(6):
        await talk.say(str(number), float(number))
    texts, cursor, fresh = await talk.texts(most=3)
    assert (texts, fresh) == (["3", "4", "5"], True)
    assert (await talk.texts(Cursor(0, 1), most=3))[2], "a gap begins anew"
    assert (await talk.texts(Cursor(0, 4), most=3))[0] == ["4", "5"]
    assert cursor == Cursor(0, 6)


async def test_erased_lines_are_gone_and_the_talk_goes_on(database: Database) -> None:
    talk = Writer(database)
    await talk.hear("secreto", 10.0, body="")
    await talk.say("también", 11.0, payload="")
    await talk.say("sigue", 12.0)
    _, cursor, _ = await talk.texts()
    assert (await talk.texts())[0] == ["sigue"]
    async with database.write() as connection:
        await connection.execute(delete(outbox))
    talk.count = 0
    await talk.say("de nuevo", 20.0)
    assert await talk.texts(cursor) == (["de nuevo"], Cursor(cursor.heard, 1), True)


async def test_an_unknown_address_has_said_nothing(database: Database) -> None:
    assert await Writer(database, "c-nobody").texts(Cursor(3, 4)) == ([], Cursor(0, 0), True)


async def test_addresses_are_apart(database: Database) -> None:
    one, other = Writer(database, "c-1"), Writer(database, "c-2")
    row = await one.say("mío", 10.0, provider_id="p1")
    await other.say("tuyo", 10.0)
    assert (await one.texts())[0] == ["mío"]
    async with database.read() as connection:
        assert await provider_id(connection, ACCOUNT, "c-1", row) == "p1"
        assert await provider_id(connection, ACCOUNT, "c-2", row) == ""
        assert await newest(connection, ACCOUNT, ["c-1", "c-2", "c-3"]) == {"c-1": Cursor(0, 1), "c-2": Cursor(0, 1)}
        assert await newest(connection, ACCOUNT, []) == {}


async def test_pictures_are_found_by_id_and_by_the_message_they_came_with(database: Database) -> None:
    one, other = Writer(database, "c-1"), Writer(database, "c-2")
    async with database.write() as connection:
        for name, writer, at in (("m1", one, 10.0), ("m2", one, 10.0), ("m3", one, 11.0), ("m4", other, 10.0)):
            row = {"id": name, "account": ACCOUNT, "ref": "", "kind": "photo", "status": "kept", "created_at": at}
            await connection.execute(
                insert(media).values(**row, key=f"key-{name}", address_id=await writer.address(connection))
            )
    two = Inbound(account=ACCOUNT, key="k", address="c-1", attachments=(Attachment("photo", "a"),) * 2)
    async with database.read() as connection:
        found = await read_pictures(connection, ACCOUNT, "c-1", ["m4"], [10.0])
        assert keys(found.of(Line("o1", 9.0, Outbound(text="", media=("m4", "m9"))))) == ["key-m4", None]
        assert keys(found.of(Line("i1", 10.0, two))) == ["key-m1", "key-m2"]
        assert found.of(Line("i1", 11.0, two)) == [None, None]
        assert found.of(Line("i1", 10.0, Inbound(account=ACCOUNT, key="k", address="c-1"))) == []
        assert await read_pictures(connection, ACCOUNT, "c-1", [], []) == ({}, {})


def keys(pictures: list[Picture | None]) -> list[str | None]:
    return [None if picture is None else picture.key for picture in pictures]


def test_a_cursor_reads_what_it_wrote_and_nothing_else() -> None:
    assert read_cursor(str(Cursor(12, 7))) == Cursor(12, 7)
    assert [read_cursor(text) for text in ("", "1", "1.2.3", "-1.2", "a.b", "1.99999999999999999999")] == [None] * 6
