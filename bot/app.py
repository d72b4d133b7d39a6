"""The composition root: settings become a running Baldosa. The only module that knows every part."""

from __future__ import annotations

import asyncio
import secrets
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from bot.channels import Channel, File
from bot.channels.browser import ACCOUNT as BROWSER
from bot.channels.browser import BrowserChannel, Hub, Uploads
from bot.channels.terminal import ACCOUNT as TERMINAL
from bot.channels.terminal import Terminal
from bot.clockwork import Clockwork
from bot.entrances import Entrances
from bot.errands import Errands, Local
from bot.fallback import Fallback
from bot.faults import explain_listening
from bot.housekeeping import keep_house
from bot.intake import Committed, Intake
from bot.jobs import performs
from bot.municipality import Popularity, load_or_read_pack
from bot.numbering import Today
from bot.owner import free_dead, make_owner
from bot.providers import Providers, work_maker
from bot.room import Room
from bot.running import Running
from bot.scene import Limits, all_fit
from bot.senders import Senders
from bot.settings import load_secrets
from bot.whereabouts import Whereabouts
from bot.workplace import Workplace
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
    from bot.outreach import Outreach
    from bot.settings import Settings
    from bot.telegram import Telegram
    from bot.twilio import Twilio
    from storage.quiet import Calm

log = structlog.get_logger(__name__)

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
        self.popularity = Popularity(self.database)
        self.telegram: Telegram | None = None
        self.twilio: Twilio | None = None
        self.outreach: Outreach | None = None
        self._terminal = terminal
        self._owner = make_owner()
        self._running = Running()
        self.senders = Senders(self.database, self._owner, self.metrics)
        self._runner: web.AppRunner | None = None
        make_work = work_maker(self._calm)
        self._workplace = Workplace(self.database, lambda: self.pack, make_work, self._owner, self.senders.wake)

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
        self._running.begin("intake", self.intake.run())
        for sender in self.senders:
            self._running.begin(sender.account, sender.run())
        self._running.begin_chores(self._chores())
        log.info("started", url=self.url, accounts=sorted(sender.account for sender in self.senders))

    async def stop(self) -> None:
        """Take nothing more, finish what is held, lose nothing; also after half a start."""
        await self._running.end_chores()
        if self._runner:
            await self._runner.cleanup()
        if self._running.parts:
            await self.senders.stop(SENDERS_STOP_WITHIN)
            self.intake.stop()
            await self._running.end()
        for part in (self.telegram, self.twilio, self.outreach):
            if part:
                await part.close()
        if hasattr(self, "whereabouts"):
            await self.whereabouts.close()
        if hasattr(self, "workbench"):
            await self.workbench.close()
        await self.database.close()

    async def serve(self, announce: Callable[[str], None] = lambda url: None) -> bool:
        """Run until SIGTERM or SIGINT; False when a part of ours failed meanwhile. `announce` is told the address."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._running.over.set)
        try:
            await self.start()
            announce(self.url)
            await self._running.over.wait()
        finally:
            await self.stop()
        log.info("stopped")
        return not self._running.failed

    @property
    def url(self) -> str:
        """Where this server is reached."""
        port = self._runner.addresses[0][1] if self._runner and self._runner.addresses else self.settings.port
        return self.settings.public_url or f"http://{self.settings.host}:{port}"

    async def file(self, media_id: str, *, thumbnail: bool = False) -> File | None:
        """A kept file, for the channels: see `bot.channels.Files`."""
        return await self.errands.file(media_id, thumbnail=thumbnail)

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
            wake=self.senders.wake,
            variant=lambda account: self.channels[account].variant if account in self.channels else "",
            fits=lambda account, out: self.twilio.fits(account, out) if self.twilio else all_fit(out),
            window=lambda account: self.twilio.window(account) if self.twilio else 0.0,
            sms=f"sms:{settings.twilio_sms_from}" if settings.twilio_account_sid and settings.twilio_sms_from else "",
            services=frozenset(self.whereabouts.services),
            keyed_hash=make_keyed_hash(settings.secret_key.get_secret_value()),
            ways=self._ways_in,
            popularity=lambda: self.popularity.counts,
            learned=lambda: self.popularity.learned,
            public_url=settings.public_url or local,
            language=settings.language,
            calm=self._calm,
            limits=Limits(
                settings.tickets_per_hour,
                settings.tickets_per_day,
                settings.tickets_per_network,
                settings.messages_per_minute,
            ),
        )

    def _ways_in(self, payload: str) -> Sequence[tuple[str, str]]:
        settings, link = self.settings, self.telegram.channel.link if self.telegram else None
        numbers = (settings.twilio_whatsapp_from, settings.twilio_sms_from) if self.twilio else ("", "")
        return Entrances(link, *numbers).ways(payload)

    def _open_channels(self) -> None:
        self.channels[BROWSER] = BrowserChannel(self.hub, self.uploads)
        # Whoever holds the errands fetches for every channel of the machine, a terminal's next door too.
        self.channels[TERMINAL] = self._terminal or Terminal(lambda text: None)
        settings = self.settings
        if settings.telegram_token.get_secret_value():
            # Takes a third of a second to import, which nobody waits for who does not use it.
            from bot.telegram import Telegram

            self.telegram = Telegram(settings, self.database, self.intake, self, self._owner)
            self.channels[self.telegram.channel.account] = self.telegram.channel
        if settings.twilio_account_sid:
            from bot.twilio import Twilio

            self.twilio = Twilio(
                settings, self.database, self.intake, self, lambda: self.pack, self.senders.wake, self._owner
            )
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
        self.senders.add("local", Local(self.intake).perform)
        self.senders.add("errands", self.errands.perform, lanes_at_once=ERRANDS_AT_ONCE)
        if self._terminal is None:
            self._open_outreach()
        served = [TERMINAL] if self._terminal else [account for account in self.channels if account != TERMINAL]
        for account in served:
            self.senders.add(account, **self._sending(account))

    def _open_outreach(self) -> None:
        # Letters, their templates and their server: nobody in a terminal waits for these imports.
        from bot.outreach import Outreach

        self.outreach = Outreach(
            self.settings,
            load_secrets(),
            self._workplace,
            self.store,
            self.workbench,
            time.time,
        )
        self.senders.add(DELIVERIES, **self.outreach.sending())

    def _sending(self, account: str) -> dict[str, Any]:
        if self.twilio and account in self.twilio.channels:
            return self.twilio.sending(account)
        if self.telegram and account == self.telegram.channel.account:
            return self.telegram.sending()
        return {"perform": performs(self.channels[account])}

    async def _listen(self) -> web.AppRunner:
        host, port = self.settings.host, self.settings.port
        try:
            return await start(make_app(self._rooms()), host, port)
        except OSError as error:
            raise explain_listening(error, host, port) from error

    def _rooms(self) -> Rooms:
        settings, info = self.settings, self.pack.info
        providers = Providers(self.database, self.pack, self._workplace.make_work, self._states)
        webhooks = [*(self.telegram.routes() if self.telegram else []), *(self.twilio.routes() if self.twilio else [])]
        return Rooms(
            secret=settings.secret_key.get_secret_value(),
            database=self.database,
            intake=self.intake,
            hub=self.hub,
            uploads=self.uploads,
            kept=self.store,
            metrics=self.metrics,
            ticket=providers.ticket,
            letter=providers.letter,
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
            hidden=providers.hidden,
            figures=Today(self.database, lambda: self.pack).read,
        )

    def _states(self) -> dict[str, str]:
        """Each account's state: "ok", or why its provider refuses us."""
        states = self.senders.states() | (self.telegram.states() if self.telegram else {})
        return states | (self.twilio.states() if self.twilio else {})

    def _chores(self) -> list[Coroutine[Any, Any, None]]:
        chores = [self.popularity.keep_counting(), keep_house(self.database, self.store), *self.whereabouts.chores()]
        if self._terminal is None:
            chores += [self._fallback().keep_looking(), self._clockwork().keep_looking()]
            for part in (self.telegram, self.twilio, self.outreach):
                chores += part.chores() if part else []
        return chores

    def _calm(self) -> Calm | None:
        """Whoever tries it out with an official's phone on the page wants it to ring on a Sunday evening too."""
        return None if "official" in self.settings.phones else self.pack.timetable

    def _clockwork(self) -> Clockwork:
        return Clockwork(self._workplace)

    def _fallback(self) -> Fallback:
        unread_after = self.settings.fallback_unread_hours * HOUR
        return Fallback(self._workplace, unread_after=unread_after)

    async def _set_official_menu(self, request: dict[str, Any]) -> None:
        if self.telegram:
            await self.telegram.set_official_menu(request)

    def _observe(self, committed: Committed, waited: list[float]) -> None:
        self.metrics.batch(len(waited))
        for seconds in waited:
            self.metrics.handled(seconds)
        for inbound in committed.taken:
            self.metrics.inbound(inbound.account, inbound.kind)
        for opened in committed.opened:
            category = self.pack.category(opened)
            self.metrics.opened((category.parent or category.id) if category else "")
