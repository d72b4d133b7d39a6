"""What SMS and WhatsApp through Twilio have in common: one sender of one account, written to by forms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from bot.channels import SendError

if TYPE_CHECKING:
    from bot.channels.twilio_api import Api
    from bot.messages import Outbound
    from routing.records import Template


class TwilioChannel(ABC):
    """A channel of Twilio's; `window` says for how long somebody's own message allows free words (0: always)."""

    variant = ""
    window = 0.0

    def __init__(self, account: str, sender: str, api: Api) -> None:
        self.account = account
        self.sender = sender
        self.api = api

    @abstractmethod
    async def forms(
        self, address: str, message: Outbound, *, plain: bool = False, template: Template | None = None
    ) -> list[dict[str, str]]:
        """The form fields of each message to be made, usually one. Raises SendError."""

    @abstractmethod
    def fits(self, message: Outbound) -> int:
        """How many of the options one message holds."""

    async def send(self, address: str, message: Outbound, *, again: bool, plain: bool) -> str:
        """Send at once, inside the window; see Channel. The outbox sends by `forms`, which can be taken up again."""
        sid = ""
        for form in await self.forms(address, message, plain=plain):
            sid = (await self.api.create(form)).sid
        if not sid:
            raise SendError("content", "nothing to say")
        return sid

    async def fetch(self, ref: str, most: int) -> bytes:
        """The bytes behind a media URL of Twilio's, `most` at most. Raises SendError."""
        return await self.api.media(ref, most)

    async def forget(self, ref: str) -> None:
        """Have Twilio delete a file that we hold now. Raises SendError."""
        await self.api.delete_media(ref)
