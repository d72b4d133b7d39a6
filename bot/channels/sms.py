"""SMS through Twilio: short words and numbers to type, the channel that every phone has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels import SendError
from bot.channels.sms_render import fits, render

if TYPE_CHECKING:
    from bot.channels.twilio_api import Api, Form
    from bot.messages import Outbound
    from routing.records import Template


class SmsChannel:
    """One sender: a number ("+549...") or a messaging service ("MG...").

    `public_url` is where people see a ticket's page with its pictures; "" leaves them out.
    """

    variant = "sms"
    # Free words at any time: only WhatsApp has a window.
    window = 0.0

    def __init__(self, sender: str, api: Api, public_url: str = "") -> None:
        self.account = f"sms:{sender}"
        self.sender = sender
        self.api = api
        self._public_url = public_url.rstrip("/")

    async def forms(
        self, address: str, message: Outbound, *, plain: bool = False, template: Template | None = None
    ) -> list[dict[str, str]]:
        """What to ask of Twilio: one SMS, none when nothing can be said by it; simpler than that it does not get."""
        page = f"{self._public_url}/t/{message.ticket}" if self._public_url and message.ticket else ""
        body = render(message, page=page)
        sender = "MessagingServiceSid" if self.sender.startswith("MG") else "From"
        return [{"To": address, sender: self.sender, "Body": body}] if body else []

    async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
        """Send at once; see Channel. The outbox sends by `forms`, of which it knows more."""
        sid = ""
        for form in await self.forms(address, message, plain=plain):
            sid = (await self.api.create(form)).sid
        if not sid:
            raise SendError("content", "nothing to say")
        return sid

    def is_it(self, form: Form, body: str) -> bool:
        """True when a message that Twilio lists with this `body` may be what `form` asked for."""
        return body == form.get("Body", "")

    def fits(self, message: Outbound) -> int:
        """How many of the options one SMS holds."""
        return fits(message)

    async def fetch(self, ref: str, most: int) -> bytes:
        """The bytes of an MMS's file, `most` at most. Raises SendError."""
        return await self.api.media(ref, most)

    async def forget(self, ref: str) -> None:
        """Have Twilio delete a file that we hold now. Raises SendError."""
        await self.api.delete_media(ref)

    def to(self, address: str) -> str:
        """The address as Twilio writes it."""
        return address
