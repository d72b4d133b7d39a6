"""Somebody's phone before the machine of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from bot.messages import Attachment, Inbound, Option, Outbound
from bot.switchboard import State
from storage.schema import address, conversation, inbox, outbox

if TYPE_CHECKING:
    from tests.machine import Machine


class Phone:
    """Somebody's phone: `says`, `taps` and `sends` return what came back at once."""

    def __init__(self, machine: Machine, who: str, account: str, language: str) -> None:
        self.machine = machine
        self.who = who
        self.account = account
        self.language = language
        self.heard: list[Outbound] = []
        self._seen = 0

    def message(self, text: str = "", **values: Any) -> Inbound:
        """Return a message of hers, not sent yet."""
        key = values.pop("key", None) or self.machine.key()
        usual: dict[str, Any] = {
            "account": self.account,
            "address": self.who,
            "sender": self.who,
            "language": self.language,
        }
        return Inbound(**usual | {"key": key, "message": f"m-{key}", "at": self.machine.now, "text": text} | values)

    async def says(self, text: str, **values: Any) -> list[Outbound]:
        """Type something."""
        return await self.sends(text=text, **values)

    async def taps(self, label: str) -> list[Outbound]:
        """Tap the newest button whose label holds this."""
        return await self.sends(tapped=self.button(label).tap)

    async def photo(self, ref: str = "good", caption: str = "", **values: Any) -> list[Outbound]:
        """Send a photo."""
        return await self.sends(text=caption, captioned=bool(caption), attachments=[Attachment("photo", ref)], **values)

    async def sends(self, **values: Any) -> list[Outbound]:
        """Send anything, and let everything happen that follows at once."""
        if "attachments" in values:
            values["attachments"] = tuple(values["attachments"])
        await self.machine.take(self.message(**values))
        await self.machine.settle()
        return await self.news()

    async def news(self) -> list[Outbound]:
        """Return what was said to her since the last look."""
        rows = [row for row in await self._said() if row.seq > self._seen]
        self._seen = max((row.seq for row in rows), default=self._seen)
        new = [msgspec.json.decode(row.payload, type=Outbound) for row in rows]
        self.heard += new
        return new

    async def everything(self) -> list[Outbound]:
        """Return everything that was ever said to her."""
        return [msgspec.json.decode(row.payload, type=Outbound) for row in await self._said()]

    async def _said(self) -> Sequence[Any]:
        statement = (
            select(outbox.c.seq, outbox.c.payload)
            .join(address, address.c.id == outbox.c.address_id)
            .where(outbox.c.kind == "message", outbox.c.payload != "")
            .where(address.c.account == self.account, address.c.external == self.who)
            .order_by(outbox.c.seq, outbox.c.id)
        )
        return await self.machine.rows(statement)

    @property
    def last(self) -> Outbound:
        """The newest thing that she has read."""
        return self.heard[-1]

    def button(self, label: str) -> Option:
        """Return the newest button whose label holds this."""
        shown = (option for out in reversed(self.heard) for option in out.options)
        found = next((option for option in shown if label in option.shown), None)
        assert found, f"{self.who} sees no button {label!r}: {[o.shown for o in self.last.options]}"
        return found

    async def state(self) -> State:
        """Return what the machine remembers of her talks."""
        row = await self.row()
        return msgspec.json.decode(row.talks, type=State) if row.talks != "[]" else State()

    async def row(self) -> Any:
        """Return her row in `conversation`."""
        statement = (
            select(conversation)
            .join(address, address.c.id == conversation.c.address_id)
            .where(address.c.account == self.account, address.c.external == self.who)
        )
        return (await self.machine.rows(statement))[0]

    async def inbox(self) -> list[str]:
        """Return the statuses of what came in from her, oldest first."""
        statement = (
            select(inbox.c.status)
            .join(address, address.c.id == inbox.c.address_id)
            .where(address.c.account == self.account, address.c.external == self.who)
            .order_by(inbox.c.id)
        )
        return [row.status for row in await self.machine.rows(statement)]
