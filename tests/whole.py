"""The whole of Baldosa as a child process, beside fake providers: started, stopped and killed like a real one."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.fakes.telegram import FakeTelegram
from tests.fakes.twilio import FakeTwilio
from web.twilio_webhook import FALLBACK_PATHS, PATHS, webhook_url

ROOT = Path(__file__).parent.parent
KEY = "a key of thirty-two characters, or more"
START_SECONDS = 30.0


@dataclass
class Whole:
    """`python -m bot run` with a data folder of its own.

        async with Whole(tmp_path, fake, mode="webhook") as whole:
            await whole.kill()
            await whole.start()

    Leaving stops it gracefully. `log` is the file with all it wrote, of every start. With `twilio` the WhatsApp
    sender's webhooks are pasted in at Twilio, as an operator does; the SMS sender's the process registers by itself.
    `module` is what is run.
    """

    folder: Path
    fake: FakeTelegram | None = None
    mode: str = "polling"
    database_url: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: Process | None = None
    twilio: FakeTwilio | None = None
    module: str = "bot"

    def __post_init__(self) -> None:
        self.port = self.port or free_port()
        self.log = self.folder / "log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = self.database_url or f"sqlite+aiosqlite:///{self.folder}/data/baldosa.db"
        if self.twilio:
            urls = (webhook_url(self.url, paths["whatsapp"]) for paths in (PATHS, FALLBACK_PATHS))
            self.twilio.listen("whatsapp", *urls)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is None:
            return
        if error is not None:
            await self.kill()
        else:
            await self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """What the child is told, and nothing of ours besides."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        told = {
            "DATA_DIR": str(self.folder / "data"),
            "PORT": str(self.port),
            "PACK": str(ROOT / "packs/buenos-aires"),
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": KEY,
        }
        if self.fake:
            told |= {
                "TELEGRAM_TOKEN": self.fake.token,
                "TELEGRAM_API_URL": self.fake.url,
                "TELEGRAM_MODE": self.mode,
                "PUBLIC_URL": self.url,
            }
        if self.twilio:
            told |= {
                "TWILIO_ACCOUNT_SID": self.twilio.account_sid,
                "TWILIO_AUTH_TOKEN": self.twilio.auth_token,
                "TWILIO_API_URL": self.twilio.url,
                "TWILIO_SMS_FROM": self.twilio.service or self.twilio.sms_from,
                "TWILIO_WHATSAPP_FROM": self.twilio.whatsapp_from,
                "PUBLIC_URL": self.url,
            }
        own = {f"BALDOSA_{name}": value for name, value in {**told, **self.settings}.items()}
        # No command may tell the time of the machine that it runs on instead of the city's.
        return kept | {"PYTHONPATH": str(ROOT), "TZ": "EAST-9"} | own

    async def start(self, *, ready: bool = True) -> None:
        """Start it, and return when it answers."""
        with self.log.open("ab") as log:
            self.process = await self.begin("run", stdout=log, stderr=log)
        if ready:
            await self.until_alive()

    async def until_alive(self) -> None:
        """Return when the web server answers; fails when the process ends instead."""
        async with aiohttp.ClientSession() as session, asyncio.timeout(START_SECONDS):
            while True:
                assert self.process is not None
                assert self.process.returncode is None, self.log.read_text()
                try:
                    async with session.get(f"{self.url}/health/live") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        self.process = None

    async def stop(self) -> None:
        """Ask it to stop, as a platform does; it must end by itself, without a fault."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(25):
            code = await self.process.wait()
        self.process = None
        assert code == 0, self.log.read_text()

    async def run(self, *words: str, expect: int = 0) -> str:
        """Another command of the command line on the same data; all it wrote."""
        process = await self.begin(*words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        async with asyncio.timeout(START_SECONDS):
            written, _ = await process.communicate()
        assert process.returncode == expect, written.decode()
        return written.decode()

    async def get(self, path: str) -> tuple[int, str]:
        """(status, body) of a page."""
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def invite(self, *bodies: str) -> str:
        """What an official writes to the bot to become one of these bodies'."""
        options = [word for body in bodies for word in ("--body", body)]
        written = await self.run("officials", "invite", *options)
        return "/start " + written.split("/start ")[1].split()[0]

    async def begin(self, *words: str, **streams: Any) -> Process:
        """Start a command; the streams as asyncio takes them."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", self.module, *words, cwd=self.folder, env=self.environment, **streams
        )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return when something holds."""
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)
