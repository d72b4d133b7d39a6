"""The command line as an operator sees it: what it prints, and one line for each mistake."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database
from tests.rows import put, row
from tests.whole import ROOT, Whole, until

DEMO = ROOT / "packs/buenos-aires"


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path)


async def _mistake(whole: Whole, *words: str, **settings: str) -> str:
    """The line with which a command refuses; there is no other."""
    whole.settings = settings
    lines = (await whole.run(*words, expect=1)).splitlines()
    assert len(lines) == 1, lines
    return lines[0]


async def test_migrating_again_changes_nothing(whole: Whole) -> None:
    for _ in range(2):
        assert await whole.run("migrate") == "The database is up to date.\n"


async def test_an_invitation_is_shown_with_how_to_use_it(whole: Whole) -> None:
    written = await whole.run("officials", "invite", "--body", "agua", "--body", "comuna-1", "--role", "manager")
    code = written.split("days): ")[1].splitlines()[0]
    assert written.splitlines()[1].endswith(f"/start invite-{code}")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--body", "agu"), "--body agu is not in the pack buenos-aires; did you mean agua?"),
        (("--body", "zzz"), "there are: ciudad, higiene-urbana,"),
        (("--body", "agua", "--role", "boss"), "--role must be agent, dispatcher or manager, not boss"),
    ],
)
async def test_a_wrong_invitation_says_what_would_be_right(whole: Whole, words: tuple[str, ...], told: str) -> None:
    assert told in await _mistake(whole, "officials", "invite", *words)


async def test_a_pack_is_checked_and_loaded(whole: Whole) -> None:
    assert "No faults." in await whole.run("pack", "check", str(DEMO))
    assert "is loaded; restart" in await whole.run("pack", "load", str(DEMO))
    assert "was loaded already" in await whole.run("pack", "load", str(DEMO))


async def test_a_folder_that_is_no_pack_is_told_file_by_file(whole: Whole, tmp_path: Path) -> None:
    written = await whole.run("pack", "check", str(tmp_path / "nowhere"), expect=1)
    assert "nowhere" in written
    assert "Traceback" not in written
    broken = shutil.copytree(DEMO, tmp_path / "broken")
    (broken / "bodies.toml").write_text((broken / "bodies.toml").read_text().replace('id = "agua"', 'id = "aqua"'))
    written = await whole.run("pack", "load", str(broken), expect=1)
    assert "agua" in written
    assert all(line.startswith(str(broken)) for line in written.splitlines()), written


async def test_what_failed_is_listed_and_sent_again(whole: Whole) -> None:
    assert await whole.run("failed") == "Everything was delivered.\n"
    over: dict[str, Any] = {"status": "failed", "done_at": 200.0, "error_class": "content", "error": "400 Bad Request"}
    database = Database(whole.database_url)
    first, second = await put(database, row(**over), row(**over | {"status": "unknown", "ticket": "K7Q42MX"}))
    await database.close()
    assert (await whole.run("failed")).splitlines() == [
        f"{second}  telegram:1  message  unknown  content  400 Bad Request  K7Q42MX",
        f"{first}  telegram:1  message  failed  content  400 Bad Request",
        "2 not delivered. Send them again with: python -m bot failed --retry [ID ...]",
    ]
    assert "1 put back into the queue." in await whole.run("failed", "--retry", str(first))
    assert "1 put back into the queue." in await whole.run("failed", "--retry")
    assert await whole.run("failed") == "Everything was delivered.\n"


async def test_a_misspelt_setting_is_named(whole: Whole) -> None:
    assert "did you mean BALDOSA_TELEGRAM_TOKEN?" in await _mistake(whole, "run", TELEGRAM_TOKN="1:a")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://baldosa:hidden@127.0.0.1:1/baldosa", "BALDOSA_DATABASE_URL: "),
        (f"sqlite:///{ROOT}/README.md", "BALDOSA_DATABASE_URL: file is not a database"),
        ("sqlite:////proc/nowhere/baldosa.db", "BALDOSA_DATABASE_URL: "),
    ],
)
async def test_a_database_that_cannot_be_had_is_one_line(whole: Whole, url: str, told: str) -> None:
    line = await _mistake(whole, "run", DATABASE_URL=url)
    assert line.startswith(told)
    assert "hidden" not in line


async def test_every_command_tells_of_the_database_in_one_line(whole: Whole) -> None:
    assert (await _mistake(whole, "failed", DATABASE_URL="postgresql://127.0.0.1:1/b")).startswith(
        "BALDOSA_DATABASE_URL"
    )


async def test_a_media_folder_that_cannot_be_written_is_one_line(whole: Whole) -> None:
    assert (await _mistake(whole, "run", MEDIA_URL="/proc/nowhere")).startswith("BALDOSA_MEDIA_URL ")


async def test_a_taken_port_is_one_line(whole: Whole) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", whole.port))
        taken.listen()
        line = await _mistake(whole, "run")
    assert line.startswith(f"BALDOSA_PORT: port {whole.port} on 127.0.0.1 is taken")


async def test_a_database_of_a_newer_version_is_one_line(whole: Whole) -> None:
    await whole.run("migrate")
    database = Database(whole.database_url)
    async with database.write() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await database.close()
    assert "made by a newer version of Baldosa" in await _mistake(whole, "run")


async def test_the_start_says_where_the_page_is(whole: Whole) -> None:
    line = f"{whole.url}  two phones to try it with. Ctrl-C stops it."
    async with whole:
        # The port answers a moment before everything behind it runs, and only then is it said.
        await until(lambda: line in whole.log.read_text())
    assert "Traceback" not in whole.log.read_text()


async def test_a_report_is_held_in_the_terminal_beside_the_server(whole: Whole) -> None:
    async with whole:
        code = await _report_in_terminal(whole)
        assert (await whole.get(f"/t/{code}"))[0] == 200


async def _report_in_terminal(whole: Whole) -> str:
    """Report something; the code."""
    lines = "hola\nbache\n@pin -34.6037,-58.3816\nes enorme\n1\n"
    process = await whole.begin("chat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        written, _ = await process.communicate(lines.encode())
    assert process.returncode == 0
    sent = written.decode().partition("Tu reclamo es ")[2]
    return sent[:8]


async def test_a_deployment_moves_to_postgresql(whole: Whole, tmp_path: Path, postgres_url: str) -> None:
    code = await _report_in_terminal(whole)
    assert "rows copied." in await whole.run("copy", postgres_url)
    assert "is not empty" in await _mistake(whole, "copy", postgres_url)
    assert "sqlite:/// or postgresql://" in await _mistake(whole, "copy", "mysql://h/d")
    moved = Whole(tmp_path, database_url=postgres_url)
    async with moved:
        status, page = await moved.get(f"/t/{code}")
        assert status == 200
        assert "es enorme" in page
    # New rows get new ids.
    assert await _report_in_terminal(moved) != code


async def test_a_backup_made_while_serving_is_whole(whole: Whole, tmp_path: Path) -> None:
    told = re.search(r'python3 -c "(import sqlite3.+)"', (ROOT / "docs/operations.md").read_text())
    assert told is not None
    restored = tmp_path / "restored"
    restored.mkdir()
    async with whole:
        code = await _report_in_terminal(whole)
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", told[1], cwd=tmp_path)
        assert await process.wait() == 0
    shutil.copytree(tmp_path / "data", restored / "data", ignore=shutil.ignore_patterns("baldosa.db*"))
    shutil.move(tmp_path / "baldosa-backup.db", restored / "data/baldosa.db")
    async with Whole(restored) as again:
        assert "es enorme" in (await again.get(f"/t/{code}"))[1]


async def test_what_is_to_be_pasted_at_twilio_is_printed(whole: Whole) -> None:
    whole.settings = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "t",
        "TWILIO_WHATSAPP_FROM": "+5491150000001",
        "PUBLIC_URL": "https://baldosa.example",
    }
    lines = (await whole.run("twilio", "urls")).splitlines()
    assert lines[1].strip().startswith("https://baldosa.example/twilio/whatsapp#")
    assert lines[3].strip().startswith("https://baldosa.example/twilio/fallback/whatsapp#")
    assert len(lines) == 4
    assert "TWILIO_ACCOUNT_SID" in await _mistake(whole, "twilio", "urls")
