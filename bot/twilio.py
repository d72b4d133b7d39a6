"""One Twilio account in this process: its channels, what lets its webhooks in, and what finds out what was missed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.asking import Asking
from bot.channels.sms import SmsChannel
from bot.channels.twilio_api import Api
from bot.channels.twilio_channel import TwilioChannel
from bot.channels.twilio_parse import WHATSAPP, Way
from bot.channels.whatsapp import WhatsAppChannel
from bot.receipts import Receipts
from bot.registration import Registration
from bot.retry import RECONCILE
from bot.scene import all_fit
from bot.spool import Spool
from bot.sweep import Sweep
from bot.twilio_sending import TwilioSending, pace_of
from storage.costs import day_in
from web.lent import Lender
from web.twilio_signature import Signatures
from web.twilio_status import PATH as STATUS_PATH
from web.twilio_status import twilio_status
from web.twilio_webhook import Door

if TYPE_CHECKING:
    from bot.channels import Files
    from bot.intake import Intake
    from bot.messages import Outbound
    from bot.settings import Settings
    from routing.pack import Pack
    from storage.database import Database


class Twilio:
    """What of Twilio the settings switch on: SMS, WhatsApp or both.

    `sms` and `whatsapp` are the channels, None for what is off. Raises SpoolError when the data folder keeps nothing.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        intake: Intake,
        files: Files,
        pack: Callable[[], Pack],
        wake: Callable[[set[str]], None],
        owner: str,
    ) -> None:
        token = settings.twilio_auth_token.get_secret_value()
        self._database = database
        self._pack = pack
        self._public_url = settings.public_url
        self.api = Api(settings.twilio_account_sid, token, settings.twilio_api_url)
        self._lender = Lender(settings.secret_key.get_secret_value(), settings.public_url, files)
        self.sms = self._open_sms(settings.twilio_sms_from)
        self.whatsapp = self._open_whatsapp(settings.twilio_whatsapp_from, files, settings.language)
        self._receipts = Receipts(database, wake, self._day_of)
        self._asking = Asking(database, self.api, self._receipts, list(self.channels), owner)
        self._signatures = Signatures(
            settings.public_url, [token, settings.twilio_previous_auth_token.get_secret_value()]
        )
        spool = Spool(settings.data_dir / "spool")
        spool.open()
        seen = self.whatsapp.seen if self.whatsapp else lambda sid: None
        self._door = Door(self._signatures, intake, self._ways(), spool, seen)
        self._sweep = Sweep(self.api, intake, database, owner, self._senders(), self._door.flush)
        self._registration = Registration(self.api, self.sms.sender, settings.public_url) if self.sms else None

    @property
    def channels(self) -> dict[str, TwilioChannel]:
        """The channels by their accounts."""
        return {channel.account: channel for channel in (self.sms, self.whatsapp) if channel}

    def fits(self, account: str, message: Outbound) -> int:
        """How many of a message's options fit into one, on an account of anybody's."""
        channel = self.channels.get(account)
        return channel.fits(message) if channel else all_fit(message)

    def window(self, account: str) -> float:
        """For how many seconds somebody's own message allows free words there; 0 for always."""
        channel = self.channels.get(account)
        return channel.window if channel else 0.0

    def sending(self, account: str) -> dict[str, Any]:
        """How a `bot.sender.Sender` is made for an account of ours."""
        sending = TwilioSending(self._database, self.channels[account], self.api, self._pack, self._public_url)
        return {
            "perform": sending.perform,
            "pace": pace_of(account),
            "policy": RECONCILE,
            "day_of": self._day_of,
            "settled": self._receipts.settled,
        }

    def routes(self) -> list[web.RouteDef]:
        """Where Twilio brings messages, tells what became of ours, and fetches the files that we send."""
        status = twilio_status(self._signatures, self._receipts, list(self.channels))
        return [*self._door.routes(), web.post(STATUS_PATH, status), self._lender.route()]

    def chores(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on beside the senders until it is cancelled."""
        chores = [self._asking.run(), self._door.keep_flushing(), self._sweep.run()]
        return [*chores, self._registration.run()] if self._registration else chores

    def states(self) -> dict[str, str]:
        """What of an account an operator has to mend."""
        if self.sms and self._registration and self._registration.state != "ok":
            return {self.sms.account: self._registration.state}
        return {}

    async def close(self) -> None:
        """End every connection."""
        if self.whatsapp:
            await self.whatsapp.close()
        await self.api.close()

    def _open_sms(self, sender: str) -> SmsChannel | None:
        return SmsChannel(sender, self.api, self._public_url) if sender else None

    def _open_whatsapp(self, sender: str, files: Files, language: str) -> WhatsAppChannel | None:
        return WhatsAppChannel(sender, self.api, files, self._lender.url, language) if sender else None

    def _ways(self) -> dict[Way, str]:
        return {way: account for way, (account, _) in self._senders().items()}

    def _senders(self) -> dict[Way, tuple[str, str]]:
        """(our account, what people write to as Twilio names it) of each way."""
        named: dict[Way, tuple[str, str]] = {}
        if self.sms:
            named["sms"] = self.sms.account, self.sms.sender
        if self.whatsapp:
            named["whatsapp"] = self.whatsapp.account, f"{WHATSAPP}{self.whatsapp.sender}"
        return named

    def _day_of(self, at: float) -> str:
        return day_in(self._pack().info.timezone, at)
