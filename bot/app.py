"""The composition root: settings become a running Baldosa. The only module that knows every part."""

from __future__ import annotations

import asyncio
import secrets
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from bot.channels import Channel, File
from bot.channels.browser import ACCOUNT as BROWSER
from bot.channels.browser import BrowserChannel, Hub, Uploads
from bot.channels.telegram import TelegramChannel
from bot.desk import Room
from bot.errands import Errands, Local
from bot.intake import Intake
from bot.jobs import performs
from bot.menus import set_menus, set_official_menu
from bot.pacing import Pace, Rate
from bot.providers import Providers, work_maker
from bot.retry import IDEMPOTENT
from bot.sender import Sender
from handlers import TABLE
from routing.pack import Pack, read_pack
from storage import packs, tickets
from storage.codes import make_code
from storage.database import Database, migrate
from storage.media import MediaStore
from storage.workbench import Workbench
from web.metrics import Metrics
from web.rooms import Rooms
from web.server import make_app, start
from web.telegram_webhook import PATH as TELEGRAM_PATH
from web.telegram_webhook import telegram_webhook

if TYPE_CHECKING:
    from bot.settings import Settings

log = structlog.get_logger(__name__)

# About 1 message/s to a chat with short bursts, 20/min to a group, 30/s in all (Bot API FAQ); a little under each.
TELEGRAM_PACE = Pace(
    chat=Rate(1.0, 3), group=Rate(60 / 18, 3), account=Rate(1 / 25, 25), bulk=Rate(1 / 15, 5), group_mark="-"
)
POPULARITY_EVERY = 600.0
# Platforms give 30 s between asking to stop and killing (Heroku: SIGTERM, then SIGKILL after 30 s).
STOP_WITHIN = 20.0
ERRANDS_AT_ONCE = 8


class App:
    """One process of Baldosa. `start`, then `stop`; `serve` does both around a signal."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        self.metrics = Metrics()
        self.hub = Hub()
        self.channels: dict[str, Channel] = {}
        self.senders: dict[str, Sender] = {}
        self.popularity: Mapping[str, int] = {}
        self.tasks: list[asyncio.Task[Any]] = []
        self.telegram: TelegramChannel | None = None
        self._make_work = work_maker()

    async def start(self) -> None:
        """Open everything, in the order in which it is needed. Raises one clear line for the operator."""
        settings = self.settings
        await migrate(settings.database_url)
        self.pack = await load_or_read_pack(self.database, settings)
        self.store = MediaStore.open(settings.media_url)
        await self.store.check()
        self.workbench = Workbench()
        self.intake = Intake(self._room(), observe=self._observe)
        self.uploads = Uploads(settings.data_dir / "uploads")
        self._open_channels()
        self._open_senders()
        self._run("intake", self.intake.run())
        for sender in self.senders.values():
            self._run(sender.account, sender.run())
        await self._count_popularity()
        self._run("popularity", self._keep_counting())
        self.runner = await start(make_app(self._rooms()), settings.host, settings.port)
        if self.telegram:
            self._run("telegram", self._run_telegram(self.telegram))
        log.info("started", url=self.url, accounts=sorted(self.senders))

    async def stop(self) -> None:
        """Take nothing more, finish what is held, lose nothing."""
        for task in self.tasks:
            if task.get_name() in ("telegram", "popularity"):
                task.cancel()
        await self.runner.cleanup()
        await asyncio.gather(*(sender.stop(STOP_WITHIN / 2) for sender in self.senders.values()))
        self.intake.stop()
        for task in self.tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self.telegram:
            await self.telegram.close()
        await self.workbench.close()
        await self.database.close()
        log.info("stopped")

    async def serve(self) -> None:
        """Run until SIGTERM or SIGINT."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        await self.start()
        await stopped.wait()
        await self.stop()

    @property
    def url(self) -> str:
        """Where this server is reached."""
        site = next(iter(self.runner.sites), None) if hasattr(self, "runner") else None
        port = self.settings.port or (site._server.sockets[0].getsockname()[1] if site else 0)  # type: ignore[union-attr]
        return self.settings.public_url or f"http://{self.settings.host}:{port}"

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        """A kept file, for the channels: see `bot.channels.Files`."""
        return await self.errands.file(media_id, thumbnail=thumbnail)

    def wake(self, accounts: set[str]) -> None:
        """Something was written into the outbox for these accounts."""
        for account in accounts:
            if sender := self.senders.get(account):
                sender.wake()

    def _room(self) -> Room:
        settings = self.settings
        # On a laptop links lead back to the laptop; elsewhere without a public address there are none.
        local = f"http://{settings.host}:{settings.port}" if settings.on_loopback else ""
        return Room(
            database=self.database,
            table=TABLE,
            pack=lambda: self.pack,
            new_code=lambda: make_code(secrets.randbelow),
            new_id=lambda: secrets.token_hex(12),
            wake=self.wake,
            variant=lambda account: self.channels[account].variant if account in self.channels else "",
            popularity=lambda: self.popularity,
            public_url=settings.public_url or local,
            language=settings.language,
        )

    def _open_channels(self) -> None:
        self.channels[BROWSER] = BrowserChannel(self.hub, self.uploads)
        token = self.settings.telegram_token.get_secret_value()
        if token:
            self.telegram = TelegramChannel(
                token,
                self,
                api_url=self.settings.telegram_api_url,
                secret=self.settings.telegram_secret.get_secret_value(),
                secret_key=self.settings.secret_key.get_secret_value(),
            )
            self.channels[self.telegram.account] = self.telegram

    def _open_senders(self) -> None:
        self.errands = Errands(
            database=self.database,
            intake=self.intake,
            store=self.store,
            workbench=self.workbench,
            channels=self.channels,
            services={"menu": self._set_official_menu},
            observe=self.metrics.media,
        )
        local = Local(database=self.database, intake=self.intake)
        for sender in (
            Sender(self.database, "local", local.perform, policy=IDEMPOTENT),
            Sender(self.database, "errands", self.errands.perform, policy=IDEMPOTENT, lanes_at_once=ERRANDS_AT_ONCE),
            *(self._sender_of(channel) for channel in self.channels.values()),
        ):
            self.senders[sender.account] = sender

    def _sender_of(self, channel: Channel) -> Sender:
        if channel is self.telegram:
            return Sender(self.database, channel.account, performs(channel), pace=TELEGRAM_PACE)
        return Sender(self.database, channel.account, performs(channel), policy=IDEMPOTENT)

    def _rooms(self) -> Rooms:
        settings, info = self.settings, self.pack.info
        providers = Providers(self.database, self.pack, list(self.senders.values()), self._make_work)
        webhooks = []
        if self.telegram and settings.telegram_mode == "webhook":
            webhooks.append(web.post(TELEGRAM_PATH, telegram_webhook(self.telegram, self.intake)))
        return Rooms(
            secret=settings.secret_key.get_secret_value(),
            database=self.database,
            intake=self.intake,
            hub=self.hub,
            uploads=self.uploads,
            kept=self.store,
            metrics=self.metrics,
            ticket=providers.ticket,
            near_tickets=providers.near_tickets,
            ready=providers.ready,
            map_outline=providers.map_outline,
            bodies=providers.bodies,
            invite=providers.invite,
            backlog=providers.counts,
            host=settings.host,
            public_url=settings.public_url,
            phones=settings.phones,
            tiles=info.tiles,
            tiles_credit=info.attribution,
            time_zone=info.timezone,
            webhooks=webhooks,
        )

    async def _run_telegram(self, telegram: TelegramChannel) -> None:
        webhook = self.settings.telegram_mode == "webhook"
        await telegram.register(f"{self.settings.public_url}{TELEGRAM_PATH}" if webhook else "")
        await set_menus(telegram)
        if not webhook:
            await telegram.poll(self.intake)

    async def _set_official_menu(self, request: dict[str, Any]) -> None:
        if self.telegram and request["account"] == self.telegram.account:
            await set_official_menu(self.telegram, str(request["chat"]), str(request["language"]))

    async def _keep_counting(self) -> None:
        while True:
            await asyncio.sleep(POPULARITY_EVERY)
            with suppress(Exception):  # Only an order of buttons: the next round counts again.
                await self._count_popularity()

    async def _count_popularity(self) -> None:
        async with self.database.read() as connection:
            self.popularity = await tickets.counts_by_category(connection)

    def _observe(self, size: int, seconds: float) -> None:
        self.metrics.batch(size)
        self.metrics.handled(seconds)

    def _run(self, name: str, work: Any) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_report)
        self.tasks.append(task)


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("task_failed", task=task.get_name(), fault=str(error))


async def load_or_read_pack(database: Database, settings: Settings) -> Pack:
    """The deployment's pack; at the very first start the one that the settings name is loaded. Raises PackError."""
    async with database.read() as connection:
        body = await packs.load_pack(connection)
    if body is not None:
        return Pack.from_json(body)
    pack = await asyncio.to_thread(read_pack, settings.pack)
    async with database.write() as connection:
        await packs.save_pack(connection, pack.id, pack.to_json(), time.time())
    return pack
