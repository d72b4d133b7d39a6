"""The composition root: settings become a running Baldosa. The only module that knows every part."""

from __future__ import annotations

import asyncio
import secrets
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from bot.channels import Channel, File, SendError
from bot.channels.browser import ACCOUNT as BROWSER
from bot.channels.browser import BrowserChannel, Hub, Uploads
from bot.channels.terminal import ACCOUNT as TERMINAL
from bot.channels.terminal import Terminal
from bot.errands import Errands, Local
from bot.fallback import Fallback
from bot.faults import explain_listening
from bot.housekeeping import keep_house
from bot.intake import Committed, Intake
from bot.jobs import Job, Perform, Sent, performs
from bot.municipality import Popularity, load_or_read_pack
from bot.owner import free_dead, make_owner
from bot.pacing import Pace, Rate
from bot.providers import Providers, work_maker
from bot.retry import IDEMPOTENT, Policy
from bot.room import Room
from bot.scene import all_fit
from bot.sender import Sender
from bot.settings import load_secrets
from bot.whereabouts import Whereabouts
from handlers import TABLE
from storage.codes import make_code
from storage.database import Database, migrate
from storage.deliveries import ACCOUNT as DELIVERIES
from storage.media import MediaStore
from storage.phones import make_keyed_hash
from storage.workbench import Workbench
from web.metrics import Metrics
from web.rooms import Rooms
from web.server import make_app, start

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel
    from bot.outreach import Outreach
    from bot.reception import Reception
    from bot.settings import Settings
    from bot.twilio import Twilio

log = structlog.get_logger(__name__)

# About 1 message/s to a chat with short bursts, 20/min to a group, 30/s in all (Bot API FAQ); a little under each.
TELEGRAM_PACE = Pace(
    chat=Rate(1.0, 3), group=Rate(60 / 18, 2), account=Rate(1 / 25, 5), bulk=Rate(1 / 15, 5), group_mark="-"
)
# Platforms give 30 s between asking to stop and killing (Heroku: SIGTERM, then SIGKILL after 30 s). The server takes up
# to 10 of them to end what it answers, then the senders end what they send.
SENDERS_STOP_WITHIN = 10.0
ERRANDS_AT_ONCE = 8
HOUR = 3600.0


class App:
    """One process of Baldosa. `start`, then `stop`; `serve` does both around a signal.

    `terminal` is set for the conversation in a terminal, which needs no web server and no webhook.
    """

    def __init__(self, settings: Settings, terminal: Terminal | None = None) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        self.metrics = Metrics()
        self.hub = Hub()
        self.channels: dict[str, Channel] = {}
        self.senders: dict[str, Sender] = {}
        self.popularity = Popularity(self.database)
        self.telegram: TelegramChannel | None = None
        self.reception: Reception | None = None
        self.twilio: Twilio | None = None
        self.outreach: Outreach | None = None
        self._terminal = terminal
        self._owner = make_owner()
        self._runner: web.AppRunner | None = None
        self._work: dict[str, asyncio.Task[Any]] = {}
        self._chores: list[asyncio.Task[Any]] = []
        self._over = asyncio.Event()
        self._make_work = work_maker()

    async def start(self) -> None:
        """Open everything, in the order in which it is needed. Raises what `bot.faults` explains to the operator."""
        settings = self.settings
        await migrate(settings.database_url)
        self.pack = await load_or_read_pack(self.database, settings)
        self.store = MediaStore.open(settings.media_url)
        await self.store.check()
        self.workbench = Workbench()
        self.whereabouts = Whereabouts(settings, self.database, self.pack, self.store)
        await self.whereabouts.refresh()
        self.intake = Intake(self._room(), observe=self._observe)
        self.uploads = Uploads(settings.data_dir / "uploads")
        self._open_channels()
        self._open_senders()
        await self.popularity.count()
        if self._terminal is None:
            self._runner = await self._listen()
        # Only now: whoever cannot listen, because another process does, must not send for it either.
        if dead := await free_dead(self.database):
            log.info("leases_freed", owners=len(dead))
        self._run("intake", self.intake.run())
        for sender in self.senders.values():
            self._run(sender.account, sender.run())
        self._begin_chores()
        log.info("started", url=self.url, accounts=sorted(self.senders))

    async def stop(self) -> None:
        """Take nothing more, finish what is held, lose nothing; also after half a start."""
        await _end(self._chores)
        if self._runner:
            await self._runner.cleanup()
        if self._work:
            await asyncio.gather(*(sender.stop(SENDERS_STOP_WITHIN) for sender in self.senders.values()))
            self.intake.stop()
            await asyncio.gather(*self._work.values(), return_exceptions=True)
        if self.telegram:
            await self.telegram.close()
        if self.twilio:
            await self.twilio.close()
        if self.outreach:
            await self.outreach.close()
        if hasattr(self, "whereabouts"):
            await self.whereabouts.close()
        if hasattr(self, "workbench"):
            await self.workbench.close()
        await self.database.close()

    async def serve(self, announce: Callable[[str], None] = lambda url: None) -> bool:
        """Run until SIGTERM or SIGINT; False when a part of ours failed meanwhile. `announce` is told the address."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._over.set)
        try:
            await self.start()
            announce(self.url)
            await self._over.wait()
        finally:
            await self.stop()
        log.info("stopped")
        return not any(_fault(task) for task in self._work.values())

    @property
    def url(self) -> str:
        """Where this server is reached."""
        port = self._runner.addresses[0][1] if self._runner and self._runner.addresses else self.settings.port
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
            fits=lambda account, out: self.twilio.fits(account, out) if self.twilio else all_fit(out),
            window=lambda account: self.twilio.window(account) if self.twilio else 0.0,
            sms=f"sms:{settings.twilio_sms_from}" if settings.twilio_account_sid and settings.twilio_sms_from else "",
            services=frozenset(self.whereabouts.services),
            keyed_hash=make_keyed_hash(settings.secret_key.get_secret_value()),
            popularity=lambda: self.popularity.counts,
            learned=lambda: self.popularity.learned,
            public_url=settings.public_url or local,
            language=settings.language,
        )

    def _open_channels(self) -> None:
        self.channels[BROWSER] = BrowserChannel(self.hub, self.uploads)
        # Whoever holds the errands fetches for every channel of the machine, a terminal's next door too.
        self.channels[TERMINAL] = self._terminal or Terminal(lambda text: None)
        settings = self.settings
        if token := settings.telegram_token.get_secret_value():
            # Takes a third of a second to import, which nobody waits for who does not use it.
            from bot.channels.telegram import TelegramChannel

            secret, key = settings.telegram_secret, settings.secret_key
            self.telegram = TelegramChannel(
                token,
                self,
                api_url=settings.telegram_api_url,
                secret=secret.get_secret_value(),
                secret_key=key.get_secret_value(),
            )
            self.channels[self.telegram.account] = self.telegram
        if settings.twilio_account_sid:
            from bot.twilio import Twilio

            self.twilio = Twilio(settings, self.database, self.intake, self, lambda: self.pack, self.wake, self._owner)
            self.channels |= self.twilio.channels

    def _open_senders(self) -> None:
        self.errands = Errands(
            database=self.database,
            intake=self.intake,
            store=self.store,
            workbench=self.workbench,
            channels=self.channels,
            services=self.whereabouts.services | {"menu": self._set_official_menu},
            observe=self.metrics.media,
        )
        self._add_sender("local", Local(database=self.database, intake=self.intake).perform)
        self._add_sender("errands", self.errands.perform, lanes_at_once=ERRANDS_AT_ONCE)
        if self._terminal is None:
            self._open_outreach()
        served = [TERMINAL] if self._terminal else [account for account in self.channels if account != TERMINAL]
        for account in served:
            self._add_sender(account, **self._sending(account))

    def _open_outreach(self) -> None:
        # Letters, their templates and their server: nobody in a terminal waits for these imports.
        from bot.outreach import AT_ONCE, Outreach

        self.outreach = Outreach(
            self.settings,
            load_secrets(),
            self.database,
            lambda: self.pack,
            self._make_work,
            self.store,
            self.workbench,
            self._owner,
            self.wake,
            time.time,
        )
        self._add_sender(DELIVERIES, self.outreach.perform, lanes_at_once=AT_ONCE)

    def _sending(self, account: str) -> dict[str, Any]:
        if self.twilio and account in self.twilio.channels:
            return self.twilio.sending(account)
        perform = performs(self.channels[account])
        if self.telegram and account == self.telegram.account:
            return {"perform": perform, "pace": TELEGRAM_PACE, "policy": Policy()}
        return {"perform": perform}

    def _add_sender(self, account: str, perform: Perform, policy: Policy = IDEMPOTENT, **how: Any) -> None:
        self.senders[account] = Sender(
            self.database, account, self._counted(perform), policy=policy, owner=self._owner, **how
        )

    def _counted(self, perform: Perform) -> Perform:
        async def counted(job: Job) -> str | Sent:
            try:
                taken = await perform(job)
            except SendError as error:
                self.metrics.sent(job.account, error.kind)
                raise
            self.metrics.sent(job.account, "sent")
            if isinstance(taken, Sent) and taken.segments:
                self.metrics.paid(job.account, taken.segments)
            return taken

        return counted

    async def _listen(self) -> web.AppRunner:
        host, port = self.settings.host, self.settings.port
        try:
            return await start(make_app(self._rooms()), host, port)
        except OSError as error:
            raise explain_listening(error, host, port) from error

    def _rooms(self) -> Rooms:
        settings, info = self.settings, self.pack.info
        providers = Providers(self.database, self.pack, self._make_work, self._states)
        webhooks: list[web.RouteDef] = []
        if self.telegram and settings.telegram_mode == "webhook":
            from web.telegram_webhook import PATH, telegram_webhook

            webhooks.append(web.post(PATH, telegram_webhook(self.telegram, self.intake)))
        if self.twilio:
            webhooks += self.twilio.routes()
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
            metrics_token=settings.metrics_token.get_secret_value(),
            tiles=info.tiles,
            tiles_credit=info.attribution,
            time_zone=info.timezone,
            webhooks=webhooks,
            spending=providers.spending if self.twilio else None,
        )

    def _states(self) -> dict[str, str]:
        """Each account's state: "ok", or why its provider refuses us."""
        states = {account: sender.paused or "ok" for account, sender in self.senders.items()}
        if self.telegram and self.reception and self.reception.state != "ok":
            states[self.telegram.account] = self.reception.state
        return states | (self.twilio.states() if self.twilio else {})

    def _begin_chores(self) -> None:
        chores = [self.popularity.keep_counting(), keep_house(self.database, self.store), *self.whereabouts.chores()]
        if self.telegram and self._terminal is None:
            from bot.reception import Reception
            from web.telegram_webhook import PATH

            webhook = f"{self.settings.public_url}{PATH}" if self.settings.telegram_mode == "webhook" else ""
            self.reception = Reception(self.telegram, self.intake, self.database, self._owner, webhook)
            chores.append(self.reception.run())
        if self._terminal is None:
            chores += [self._fallback().keep_looking(), *(self.twilio.chores() if self.twilio else [])]
            chores += self.outreach.chores() if self.outreach else []
        self._chores = [asyncio.create_task(chore) for chore in chores]
        for task in self._chores:
            task.add_done_callback(_report)

    def _fallback(self) -> Fallback:
        unread_after = self.settings.fallback_unread_hours * HOUR
        return Fallback(self.database, self._make_work, self._owner, self.wake, unread_after=unread_after)

    async def _set_official_menu(self, request: dict[str, Any]) -> None:
        if self.telegram and request["account"] == self.telegram.account:
            from bot.menus import set_official_menu

            await set_official_menu(self.telegram, str(request["chat"]), str(request["language"]))

    def _observe(self, committed: Committed, waited: list[float]) -> None:
        self.metrics.batch(len(waited))
        for seconds in waited:
            self.metrics.handled(seconds)
        for inbound in committed.taken:
            self.metrics.inbound(inbound.account, inbound.kind)
        for opened in committed.opened:
            category = self.pack.category(opened)
            self.metrics.opened((category.parent or category.id) if category else "")

    def _run(self, name: str, work: Any) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_report)
        # Without this part nothing goes on: the process ends, and whoever supervises it starts a new one.
        task.add_done_callback(lambda done: self._over.set() if _fault(done) else None)
        self._work[name] = task


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _fault(task: asyncio.Task[Any]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


def _report(task: asyncio.Task[Any]) -> None:
    if error := _fault(task):
        log.error("task_failed", task=task.get_name(), exc_info=error)
