"""Letters to bodies, against a real mail server on loopback."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import SecretStr

from bot.reporting import LONG_SIDE
from routing.ways import EmailWay
from storage import files
from storage.formats import Prepared
from tests.deliveries.photos import jpeg
from tests.deliveries.stage import ANSWERS, FROM, WORDS, Stage
from tests.fakes.smtp import FakeSmtp

WAY = EmailWay(to=("obras@agua.test", "guardia@agua.test"))


@pytest.fixture
async def fake() -> AsyncIterator[FakeSmtp]:
    async with FakeSmtp() as fake:
        yield fake


def on(fake: FakeSmtp, url: str, folder: Path, settings: dict[str, Any] | None = None, **ways: Any) -> Stage:
    reads = {"imap_url": SecretStr("imap://answers@127.0.0.1:1"), "mail_reply_to": ANSWERS}
    mail = {"smtp_url": SecretStr(fake.url), "mail_from": FROM} | reads
    return Stage(url, folder, settings=mail | (settings or {}), **{"email": WAY} | ways)


def text_of(letter: Any, kind: str = "plain") -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_a_report_is_a_letter_to_every_address_of_the_body(
    fake: FakeSmtp, database_url: str, tmp_path: Path
) -> None:
    async with on(fake, database_url, tmp_path) as stage:
        code = await stage.opens(who=stage.machine.phone("+5491155551234"))
        await stage.delivers()
        row = await stage.row()
    (letter,) = fake.letters
    shown = f"{code[:4]}-{code[4:]}"
    assert fake.envelopes == [("baldosa@baldosa.test", list(WAY.to))]
    assert letter["Subject"] == f"[{shown}] Caño roto o pérdida: Rivadavia 1800, Comuna 1"
    assert str(letter["From"]) == FROM
    assert (row.status, row.remote_id) == ("sent", letter["Message-ID"])
    assert letter["Auto-Submitted"] == "auto-generated"
    for words in (text_of(letter), text_of(letter, "html")):
        assert WORDS in words
        assert f"https://baldosa.test/t/{code}" in words
        assert "openstreetmap.org/?mlat=-34.609800&" in words.replace("&amp;", "&")
        assert "21/11/2026 12:00" in words
        assert "5551234" not in words
    assert "5551234" not in letter.as_string()


async def test_the_letter_is_written_in_the_bodys_language(fake: FakeSmtp, sqlite_url: str, tmp_path: Path) -> None:
    async with on(fake, sqlite_url, tmp_path, language="pt") as stage:
        await stage.opens()
        await stage.delivers()
    (letter,) = fake.letters
    assert "Responda acima desta linha" in text_of(letter)
    assert "Uma pessoa da cidade comunica isto a Água e Drenagem da Cidade" in text_of(letter, "html")
    assert 'lang="pt"' in text_of(letter, "html")


async def test_what_a_citizen_writes_is_no_markup_and_no_header(
    fake: FakeSmtp, sqlite_url: str, tmp_path: Path
) -> None:
    from bot.messages import Place

    place = Place(lat=-34.6, lon=-58.4, words="Calle\r\nBcc: todos@x.test\r\n 123")
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens('<img src="https://x.test/track.gif"><script>1</script>', place=place)
        await stage.delivers()
    (letter,) = fake.letters
    assert letter["Bcc"] is None
    assert fake.envelopes[0][1] == list(WAY.to)
    assert "<script" not in text_of(letter, "html")
    assert "&lt;img" in text_of(letter, "html")


async def test_photos_are_inside_and_small(fake: FakeSmtp, sqlite_url: str, tmp_path: Path) -> None:
    async with on(fake, sqlite_url, tmp_path) as stage:
        big = jpeg(1600, 1200)
        await keep_photos(stage, [big, jpeg(200, 100)])
        await stage.opens(media_ids=("p0", "p1"))
        await stage.delivers()
    (letter,) = fake.letters
    pictures = [part for part in letter.walk() if part.get_content_maintype() == "image"]
    sizes = [picture_size(part.get_payload(decode=True)) for part in pictures]
    assert sizes == [(LONG_SIDE, LONG_SIDE * 3 // 4), (200, 100)]
    html = text_of(letter, "html")
    assert re.findall(r'src="cid:([^"]+)"', html) == [part["Content-ID"].strip("<>") for part in pictures]


async def test_a_photo_that_is_still_fetched_is_waited_for_but_not_for_ever(
    fake: FakeSmtp, sqlite_url: str, tmp_path: Path
) -> None:
    from sqlalchemy import insert

    from storage.schema import media

    async with on(fake, sqlite_url, tmp_path) as stage:
        async with stage.machine.database.write() as connection:
            values = {"id": "p0", "account": "x", "ref": "r", "kind": "photo", "status": "pending"}
            await connection.execute(insert(media).values(**values, created_at=stage.now))
        await stage.opens(media_ids=("p0",))
        await stage.delivers()
        assert fake.letters == []
        await stage.later(100)
    assert len(fake.letters) == 1


async def test_what_comes_later_answers_the_first_letter(fake: FakeSmtp, sqlite_url: str, tmp_path: Path) -> None:
    async with on(fake, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.delivers()
        await stage.updates(code, actor="citizen", words="sigue igual")
        await stage.updates(code, actor="citizen", status="withdrawn")
        await stage.delivers_all()
    first, second, third = fake.letters
    assert [letter["In-Reply-To"] for letter in (second, third)] == [first["Message-ID"]] * 2
    assert len({letter["Message-ID"] for letter in fake.letters}) == 3
    assert "sigue igual" in text_of(second)
    assert "El vecino retiró" in text_of(third)


async def test_an_office_is_not_told_by_mail_what_it_did_itself(
    fake: FakeSmtp, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.updates(code, actor="official", status="acknowledged")
        await stage.delivers_all()
    assert len(fake.letters) == 1


async def test_each_ticket_has_its_own_address_to_answer_to(fake: FakeSmtp, sqlite_url: str, tmp_path: Path) -> None:
    async with on(fake, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.opens()
        await stage.delivers()
    answers = [str(letter["Reply-To"]) for letter in fake.letters]
    assert re.fullmatch(rf"answers\+{code.lower()}-[a-z2-7]{{16}}@baldosa\.test", answers[0])
    assert len(set(answers)) == 2


async def test_without_an_address_of_its_own_answers_go_to_the_sender(
    fake: FakeSmtp, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, {"mail_reply_to": ""}) as stage:
        await stage.opens()
        await stage.delivers()
    assert fake.letters[0]["Reply-To"] == FROM


async def test_where_nobody_reads_answers_nobody_is_asked_for_one(
    fake: FakeSmtp, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(fake, sqlite_url, tmp_path, {"imap_url": SecretStr("")}) as stage:
        await stage.opens()
        await stage.delivers()
    (letter,) = fake.letters
    assert letter["Reply-To"] is None
    for words in (text_of(letter), text_of(letter, "html")):
        assert "Las respuestas a este correo no se leen" in words
        assert "Respondé arriba" not in words


@pytest.mark.parametrize("answer", ["451 later", "550 never", "hang"])
async def test_a_letter_that_is_not_taken_is_sent_again_as_the_same_letter(
    fake: FakeSmtp, sqlite_url: str, tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ways.email.SECONDS", 0.3)
    fake.answers.append(answer)
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens()
        await stage.delivers()
        row = await stage.row()
        assert (row.status, row.failures) == ("failed", 1)
        await stage.later(1.0)
        assert (await stage.row()).status == "sent"
    assert len(fake.letters) == 1


async def test_one_address_of_two_that_does_not_exist_is_noted_and_the_other_has_it(
    fake: FakeSmtp, sqlite_url: str, tmp_path: Path
) -> None:
    fake.refused.add("guardia@agua.test")
    async with on(fake, sqlite_url, tmp_path) as stage:
        await stage.opens()
        await stage.delivers()
        row = await stage.row()
    assert (row.status, row.error) == ("sent", "guardia@agua.test: 550")
    assert fake.envelopes[0][1] == ["obras@agua.test"]


async def test_a_mail_server_that_is_not_there_is_told_in_a_line(sqlite_url: str, tmp_path: Path) -> None:
    settings = {"smtp_url": SecretStr("smtp://127.0.0.1:1"), "mail_from": FROM}
    async with Stage(sqlite_url, tmp_path, settings=settings, email=WAY) as stage:
        await stage.opens()
        await stage.delivers()
        assert (await stage.row()).error == "the mail server 127.0.0.1: SMTPConnectError"


async def test_without_a_mail_server_the_setting_is_named(sqlite_url: str, tmp_path: Path) -> None:
    async with Stage(sqlite_url, tmp_path, email=WAY) as stage:
        await stage.opens()
        await stage.delivers()
        assert "BALDOSA_SMTP_URL is not set" in (await stage.row()).error


async def keep_photos(stage: Stage, photos: list[bytes]) -> None:
    """Keep photos as p0, p1, ..."""
    for number, data in enumerate(photos):
        key = await stage.store.put(data, "image/jpeg")
        prepared = Prepared(kind="photo", mime="image/jpeg", data=data)
        async with stage.machine.database.write() as connection:
            await files.add_kept(connection, f"p{number}", "stage", prepared, key, "", stage.now)


def picture_size(data: Any) -> tuple[int, int]:
    from io import BytesIO

    with Image.open(BytesIO(data)) as picture:
        return picture.size
