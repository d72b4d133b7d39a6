"""Answers to letters, from a real IMAP conversation into the citizen's chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.imap import FLAGGED, SEEN, MailboxError
from routing.ways import EmailWay
from storage import deliveries, updates
from tests.deliveries.photos import jpeg
from tests.deliveries.stage import ANSWERS, FROM, OTHER, Stage
from tests.deliveries.test_answers import bounce
from tests.fakes.imap import FakeImap
from tests.fakes.smtp import FakeSmtp
from tests.handset import Phone


@pytest.fixture
async def smtp() -> AsyncIterator[FakeSmtp]:
    async with FakeSmtp() as fake:
        yield fake


@pytest.fixture
async def imap() -> AsyncIterator[FakeImap]:
    async with FakeImap() as fake:
        yield fake


def on(smtp: FakeSmtp, imap: FakeImap, url: str, folder: Path, **settings: Any) -> Stage:
    mail = {"smtp_url": SecretStr(smtp.url), "imap_url": SecretStr(imap.url), "mail_from": FROM}
    way = EmailWay(to=("obras@agua.test",))
    return Stage(url, folder, settings=mail | {"mail_reply_to": ANSWERS} | settings, email=way)


def answer(letter: EmailMessage, words: str, number: str = "<1@agua.test>") -> EmailMessage:
    """What a mail program makes of "answer"."""
    made = EmailMessage()
    made["From"], made["To"] = "Obras <obras@agua.test>", str(letter["Reply-To"])
    made["Subject"], made["Message-ID"] = f"Re: {letter['Subject']}", number
    made["In-Reply-To"] = str(letter["Message-ID"])
    quoted = "\n".join(f"> {line}" for line in letter.get_body(("plain",)).get_content().splitlines())  # type: ignore[union-attr]
    made.set_content(f"{words}\n\nEl sáb, 21 nov 2026, Baldosa <{letter['From']}> escribió:\n\n{quoted}\n")
    return made


async def read(stage: Stage) -> int:
    """Read the mailbox, as the chore does."""
    assert stage.outreach.mailbox is not None
    return await stage.outreach.mailbox.read(stage.now)


async def answered(stage: Stage, smtp: FakeSmtp, imap: FakeImap, words: str, who: Phone | None = None) -> str:
    """Have something reported and its letter answered, and the answer read; the code."""
    code = await stage.opens(who=who)
    await stage.delivers()
    imap.receives(answer(smtp.letters[0], words))
    await read(stage)
    return code


async def test_an_answer_reaches_the_citizen_in_her_chat(
    smtp: FakeSmtp, imap: FakeImap, database_url: str, tmp_path: Path
) -> None:
    async with on(smtp, imap, database_url, tmp_path) as stage:
        rosa = stage.machine.phone("rosa")
        code = await answered(stage, smtp, imap, "La cuadrilla va mañana a la mañana.", rosa)
        await stage.machine.settle()
        (said,) = await rosa.news()
        assert await stage.history(code) == [("official", "acknowledged", "La cuadrilla va mañana a la mañana.")]
    assert "La cuadrilla va mañana a la mañana." in said.text
    assert "Agua y Desagües" in said.text
    assert "Respondé arriba" not in said.text
    assert imap.flags[1] == {SEEN}


async def test_a_question_waits_for_the_citizen_and_her_answer_goes_back_by_mail(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(smtp, imap, sqlite_url, tmp_path) as stage:
        code = await answered(stage, smtp, imap, "¿A qué altura es?")
        assert (await stage.ticket(code)).status == "waiting_citizen"
        await stage.updates(code, actor="citizen", status="acknowledged", words="al 1823")
        await stage.delivers_all()
    assert "al 1823" in smtp.letters[1].get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_a_status_in_the_first_line_moves_the_ticket(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(smtp, imap, sqlite_url, tmp_path) as stage:
        code = await answered(stage, smtp, imap, "Resuelto\nSe cambió el caño.")
        assert (await stage.ticket(code)).status == "resolved"
        assert (await stage.history(code))[-1] == ("official", "resolved", "Se cambió el caño.")


async def test_a_photo_by_mail_is_in_the_history(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(smtp, imap, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.delivers()
        mail = answer(smtp.letters[0], "Así quedó")
        mail.add_attachment(jpeg(), maintype="image", subtype="jpeg", filename="a.jpg")
        mail.add_attachment(b"no picture at all", maintype="image", subtype="png", filename="b.png")
        imap.receives(mail)
        await read(stage)
        async with stage.machine.database.read() as connection:
            entries = await updates.history(stage.work(connection), code, public_only=True)
    assert [len(entry.media) for entry in entries] == [0, 1]


async def test_the_same_mail_is_taken_once_however_often_it_is_read(
    smtp: FakeSmtp, imap: FakeImap, database_url: str, tmp_path: Path
) -> None:
    async with on(smtp, imap, database_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.delivers()
        for _ in range(2):
            imap.receives(answer(smtp.letters[0], "Vamos"))
        await read(stage)
        imap.flags[1].clear()  # a crash before it was marked
        await stage.outreach.close()
        stage.start()
        await read(stage)
        assert len(await stage.history(code)) == 1
    assert imap.flags == {1: {SEEN}, 2: {SEEN}}


async def test_without_plus_addresses_an_answer_is_known_by_the_letter_it_answers(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(smtp, imap, sqlite_url, tmp_path, mail_reply_to="") as stage:
        code = await answered(stage, smtp, imap, "Vamos")
        assert [words for _, _, words in await stage.history(code)] == ["Vamos"]


async def test_nobody_writes_into_a_ticket_without_our_signature(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(smtp, imap, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.delivers()
        mail = answer(smtp.letters[0], "Resuelto")
        for header in ("To", "In-Reply-To"):
            forged = f"<{code.lower()}-{'a' * 16}-1@baldosa.test>"
            del mail[header]
            mail[header] = forged if header == "In-Reply-To" else f"answers+{forged.strip('<>')}"
        imap.receives(mail)
        assert await read(stage) == 1
        assert await stage.history(code) == []
        # Mail of others stays unread for them, and is not looked at again.
        assert (imap.flags[1], await read(stage)) == (set(), 0)


async def test_robots_and_empty_answers_are_read_and_say_nothing(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(smtp, imap, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.delivers()
        away = answer(smtp.letters[0], "Estoy de vacaciones", "<2@agua.test>")
        away["Auto-Submitted"] = "auto-replied"
        imap.receives(away)
        imap.receives(answer(smtp.letters[0], "", "<3@agua.test>"))
        await read(stage)
        assert await stage.history(code) == []
    assert imap.flags == {1: {SEEN}, 2: {SEEN}}


async def test_a_letter_that_comes_back_is_shown_to_the_operator(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path
) -> None:
    async with on(smtp, imap, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.delivers()
        imap.receives(bounce(str(smtp.letters[0]["Message-ID"])))
        await read(stage)
        async with stage.machine.database.read() as connection:
            (trouble,) = await deliveries.in_trouble(connection)
        assert (trouble.ticket, trouble.error) == (code, "the letter came back: 5.1.1 smtp; 550 no such user")
        assert await stage.history(code) == []


async def test_who_passed_a_ticket_on_may_speak_and_not_decide(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path
) -> None:
    from sqlalchemy import update

    from storage.schema import ticket

    async with on(smtp, imap, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.delivers()
        moving = update(ticket).where(ticket.c.code == code).values(body=OTHER)
        await stage.machine.work(lambda work: work.execute(moving))
        imap.receives(answer(smtp.letters[0], "Resuelto\nEra de otros."))
        await read(stage)
        assert [words for _, _, words in await stage.history(code)] == ["Era de otros."]
        assert (await stage.ticket(code)).status != "resolved"


async def test_a_mail_that_nobody_can_read_is_flagged_and_holds_up_no_other(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot import mailbox
    from routing.deliveries.answers import read_answer

    def reads(raw: bytes) -> Any:
        if b"poison" in raw:
            raise ValueError("a fault of ours")
        return read_answer(raw)

    monkeypatch.setattr(mailbox, "read_answer", reads)
    async with on(smtp, imap, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.delivers()
        imap.receives(b"Subject: poison\r\n\r\nhola")
        imap.receives(answer(smtp.letters[0], "Vamos"))
        await read(stage)
        assert len(await stage.history(code)) == 1
    assert imap.flags == {1: {SEEN, FLAGGED}, 2: {SEEN}}


async def test_of_a_huge_mail_only_so_much_is_fetched(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.imap.MOST_BYTES", 8000)
    async with on(smtp, imap, sqlite_url, tmp_path) as stage:
        code = await stage.opens()
        await stage.delivers()
        mail = answer(smtp.letters[0], "Va el video entero")
        mail.add_attachment(b"x" * 1_000_000, maintype="video", subtype="mp4")
        imap.receives(mail)
        await read(stage)
        assert [words for _, _, words in await stage.history(code)] == ["Va el video entero"]
    assert imap.sent < 20_000


@pytest.mark.parametrize("trouble", ["password", "folder", "gone", "slow"])
async def test_a_mailbox_that_cannot_be_read_is_told_in_a_line_without_its_password(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.imap.SECONDS", 0.3)
    imap.refuses = trouble == "password"
    imap.slow = 2.0 if trouble == "slow" else 0.0
    url = {"folder": f"{imap.url}/Other", "gone": "imap://a:s3cret@127.0.0.1:1"}.get(trouble, imap.url)
    async with on(smtp, imap, sqlite_url, tmp_path, imap_url=SecretStr(url)) as stage:
        with pytest.raises(MailboxError) as caught:
            await read(stage)
    told = str(caught.value)
    assert told.startswith("127.0.0.1 ")
    assert "s3cret" not in told


async def test_on_a_test_machine_the_mailbox_is_left_alone(
    smtp: FakeSmtp, imap: FakeImap, sqlite_url: str, tmp_path: Path
) -> None:
    imap.receives(b"Subject: x\r\n\r\nhola")
    async with on(smtp, imap, sqlite_url, tmp_path, deliveries="auto") as stage:
        assert await read(stage) == 0
    assert imap.said == []
