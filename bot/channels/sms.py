"""SMS through Twilio: short words and numbers to type, the channel that every phone has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.sms_render import fits, render
from bot.channels.twilio_channel import TwilioChannel

if TYPE_CHECKING:
    from bot.channels.twilio_api import Api
    from bot.messages import Outbound
    from routing.records import Template


class SmsChannel(TwilioChannel):
    """One sender: a number ("+549...") or a messaging service ("MG...").

    `public_url` is where people see a ticket's page with its pictures; "" leaves them out.
    """

    variant = "sms"

    def __init__(self, sender: str, api: Api, public_url: str = "") -> None:
        super().__init__(f"sms:{sender}", sender, api)
        self._public_url = public_url.rstrip("/")

    async def forms(
        self, address: str, message: Outbound, *, plain: bool = False, template: Template | None = None
    ) -> list[dict[str, str]]:
        """What to ask of Twilio: one SMS, none when nothing can be said by it; simpler than that it does not get."""
        page = f"{self._public_url}/t/{message.ticket}" if self._public_url and message.ticket else ""
        body = render(message, page=page)
        sender = "MessagingServiceSid" if self.sender.startswith("MG") else "From"
        return [{"To": address, sender: self.sender, "Body": body}] if body else []

    def fits(self, message: Outbound) -> int:
        """How many of the options one SMS holds."""
        return fits(message)
