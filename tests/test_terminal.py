"""The terminal as a channel: what is typed becomes a message, what is said becomes text."""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert, select, update

from bot.channels import SendError
from bot.channels.terminal import ACCOUNT, Terminal, Unreadable, chat, read_line, render, typed_lines
from bot.messages import Inbound, Link, Option, Outbound, Place
from storage import people
from storage.database import Database
from storage.schema import outbox

CHOICE = Outbound(text="¿Qué es?", options=(Option("a", "Árbol", "🌳"), Option("b", "Bache")))


def test_options_are_numbered_in_their_order() -> None:
    assert render(CHOICE) == "¿Qué es?\n  1. 🌳 Árbol\n  2. Bache"


def test_shortcuts_show_what_to_type_and_others_stay_out() -> None:
    said = Outbound(text="Nuevo", options=(Option("/tomar K7Q42MX", "Lo vi"), Option("x", "Nada")), numbered=False)
    assert render(said) == "Nuevo\n  /tomar K7Q42MX  Lo vi"


def test_what_is_asked_for_comes_with_how_to_send_it() -> None:
    assert render(Outbound(text="¿Dónde?", wants="place"), "es").endswith("(@pin LAT,LON manda un lugar)")
    assert render(Outbound(text="Fotos?", wants="photos"), "en").endswith("(@photo.jpg sends a photo)")
    assert render(Outbound(text="Contame", wants="words")) == "Contame"


def test_places_links_and_pictures_are_written_out() -> None:
    said = Outbound(
        text="Listo",
        media=("1", "2"),
        place=Place(lat=-34.6, lon=-58.4, words="Plaza"),
        link=Link("Seguir", "http://x"),
    )
    assert render(said).splitlines() == ["Listo", "🖼  🖼  ", "📍 Plaza -34.60000, -58.40000", "Seguir: http://x"]
    assert render(Outbound(text="", place=Place(words="frente a la plaza"))) == "📍 frente a la plaza"


def test_a_line_is_a_message() -> None:
    read = read_line("  hola \n", now=5.0, language="pt")
    assert read is not None
    assert (read.text, read.account, read.address, read.at, read.language) == ("hola", ACCOUNT, "terminal", 5.0, "pt")
    again = read_line("hola", now=5.0)
    assert again is not None
    assert again.key != read.key


def test_an_empty_line_is_none() -> None:
    assert read_line(" \n", now=0.0) is None


@pytest.mark.parametrize("line", ["@pin -34.6,-58.4", "@pin -34.6 -58.4", "@pin  -34.6 , -58.4"])
def test_a_pin_is_a_place(line: str) -> None:
    read = read_line(line, now=0.0)
    assert read is not None
    assert read.place == Place(lat=-34.6, lon=-58.4, source="pin")
    assert read.text == ""


@pytest.mark.parametrize("line", ["@pin", "@pin plaza", "@pin 91,0", "@pin 0,181"])
def test_an_odd_pin_says_so(line: str) -> None:
    with pytest.raises(Unreadable) as fault:
        read_line(line, now=0.0)
    assert fault.value.key == "terminal-odd-pin"


def test_files_go_with_their_caption(tmp_path: Path) -> None:
    photo, voice = tmp_path / "foto.jpg", tmp_path / "nota de voz.ogg"
    photo.write_bytes(b"123")
    voice.write_bytes(b"12345")
    read = read_line(f'@{photo} @"{voice}" mirá esto', now=0.0)
    assert read is not None
    assert [(each.kind, each.ref, each.size) for each in read.attachments] == [
        ("photo", str(photo), 3),
        ("voice", str(voice), 5),
    ]
    assert (read.text, read.captioned) == ("mirá esto", True)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as fault:
        read_line(f"@{tmp_path}/nada.jpg", now=0.0)
    assert fault.value.key == "terminal-no-file"


async def test_a_file_is_fetched_within_its_limit(tmp_path: Path) -> None:
    terminal = Terminal(print)
    path = tmp_path / "foto.jpg"
    path.write_bytes(b"123")
    assert await terminal.fetch(str(path), 3) == b"123"
    for ref, most in ((str(path), 2), (str(tmp_path / "nada"), 9)):
        with pytest.raises(SendError) as fault:
            await terminal.fetch(ref, most)
        assert fault.value.kind == "content"


class Echo:
    """Answers each message with a row that is still open when `take` returns."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.taken: list[str] = []

    async def take(self, inbound: Inbound) -> None:
        self.taken.append(inbound.text)
        now = time.time()
        key = (inbound.account, inbound.address)
        async with self.database.write() as connection:
            session = (await people.load_sessions(connection, {key: ""}, now, "es"))[key]
            values = {"account": ACCOUNT, "lane": "1", "seq": len(self.taken), "kind": "message", "due_at": now}
            payload = msgspec.json.encode(Outbound(text=f"eco: {inbound.text}")).decode()
            row = insert(outbox).values(**values, payload=payload, address_id=session.person.address_id)
            await connection.execute(row.values(effect_key=inbound.key, created_at=now))


class SlowSender:
    """Sends what is open whenever the terminal looks whether something is."""

    def __init__(self, database: Database, terminal: Terminal) -> None:
        self.database = database
        self.terminal = terminal

    async def drain(self) -> None:
        async with self.database.write() as connection:
            rows = (await connection.execute(select(outbox).where(outbox.c.done_at.is_(None)))).all()
            for row in rows:
                said = msgspec.json.decode(row.payload, type=Outbound)
                await self.terminal.send("terminal", said, again=False, plain=False)
            await connection.execute(update(outbox).values(status="sent", done_at=time.time()))


async def test_answers_are_out_before_the_next_line_is_read(sqlite_url: str, tmp_path: Path) -> None:
    database, said = Database(sqlite_url), list[str]()
    terminal = Terminal(said.append, "es")
    sender = SlowSender(database, terminal)
    seen: list[int] = []

    async def lines() -> AsyncIterator[str]:
        for line in ("uno", "", f"@{tmp_path}/nada.jpg", "dos"):
            seen.append(len(said))
            yield line

    async def send() -> None:
        while True:
            await asyncio.sleep(0.1)
            await sender.drain()

    sending = asyncio.create_task(send())
    intake = Echo(database)
    await asyncio.wait_for(chat(terminal, intake, database, lines()), 10)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await database.close()
    assert intake.taken == ["uno", "dos"]
    assert said == ["eco: uno", f"No encontré el archivo {tmp_path}/nada.jpg", "eco: dos"]
    assert seen == [0, 1, 1, 2]


async def test_what_is_piped_in_ends_the_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hola\n\nchau"))
    assert [line async for line in typed_lines()] == ["hola\n", "\n", "chau"]
