"""Tells Twilio where to bring messages to our SMS sender; a WhatsApp sender's address is pasted in by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

import structlog

from bot.channels import SendError
from web.twilio_webhook import FALLBACK_PATHS, PATHS, webhook_url

if TYPE_CHECKING:
    from bot.channels.twilio_api import Api
    from bot.channels.twilio_parse import Way

log = structlog.get_logger(__name__)

# What an operator has to mend is tried again this often, in case she did so at Twilio's end.
REFUSED_SECONDS = 60.0
MENDS = {
    "config": "Twilio refuses BALDOSA_TWILIO_ACCOUNT_SID or BALDOSA_TWILIO_AUTH_TOKEN; its console shows both",
    "content": "Twilio refuses the webhook; check BALDOSA_PUBLIC_URL, which must be https:// for Twilio's servers",
}
UNKNOWN = "BALDOSA_TWILIO_SMS_FROM is no number of this Twilio account; its console lists them"


class Registration:
    """Registers one SMS sender until that is done; it may be done again, and by several processes.

    `state` is "ok" or says for the operator what is wrong, without the token.
    """

    def __init__(self, api: Api, sender: str, public_url: str) -> None:
        self.state = "not yet registered"
        self._api = api
        self._sender = sender
        self._urls = [webhook_url(public_url, paths["sms"]) for paths in (PATHS, FALLBACK_PATHS)]

    async def run(self) -> None:
        """Register; what Twilio refuses is said in one line and tried again after a while."""
        while self.state != "ok":
            try:
                self.state = "ok" if await self._api.set_webhooks(self._sender, *self._urls) else UNKNOWN
            except SendError as error:
                self.state = MENDS.get(error.kind, error.detail)
            if self.state != "ok":
                log.error("twilio_not_registered", mend=self.state)
                await asyncio.sleep(REFUSED_SECONDS)
        log.info("twilio_registered")


def pasted_urls(public_url: str, ways: Collection[str]) -> list[tuple[str, str]]:
    """(what it is called in Twilio's console, what to paste there) for each way that is switched on."""
    names: dict[Way, tuple[str, str]] = {
        "sms": ("SMS: A message comes in", "SMS: Primary handler fails"),
        "whatsapp": ("WhatsApp: Webhook URL for incoming messages", "WhatsApp: Fallback URL for incoming messages"),
    }
    return [
        (name, webhook_url(public_url, paths[way]))
        for way in names
        if way in ways
        for name, paths in zip(names[way], (PATHS, FALLBACK_PATHS), strict=True)
    ]
