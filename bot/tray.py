"""What follows from one message at one address, put into the outbox: words, errands, timers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bot.messages import CARD, Attachment, Media, Outbound
from storage import cards, schema, timers

if TYPE_CHECKING:
    from bot.scene import LookUp
    from storage.people import Session
    from storage.work import Work


class Tray:
    """The outbox as one message fills it: everything is keyed by the message, so that it happens once."""

    def __init__(self, work: Work, session: Session) -> None:
        self._work = work
        self._session = session
        self._count = 0
        self._cards: set[str] = set()

    def send(self, out: Outbound) -> None:
        """Say something, after everything that was said there before; what goes to many has an order of its own."""
        where = str(self._session.person.address_id)
        self._session.out_seq += 1
        self._session.changed = True
        key = self.effect()
        if out.card:
            out = msgspec.structs.replace(out, on_demand=True)
        if out.card == CARD:
            out = msgspec.structs.replace(out, card="")
            if out.ticket not in self._cards:
                self._cards.add(out.ticket)
                cards.remember(self._work, self._session.person.address_id, out.ticket, key)
        self._work.post(
            account=self._session.person.account,
            # A ceiling may hold it until tomorrow, and nobody's answer waits behind it.
            lane=f"bulk:{where}" if out.bulk else where,
            seq=self._session.out_seq,
            kind="message",
            payload=msgspec.structs.replace(out, text=out.text.strip(), language=self._session.person.language),
            effect_key=key,
            address_id=self._session.person.address_id,
            ticket=out.ticket,
            bulk=out.bulk,
            important=out.important,
        )

    def errand(self, look_up: LookUp) -> None:
        """Have something looked up outside; its answer comes in as a result."""
        payload = {**look_up.request, "talk": look_up.talk, "name": look_up.name, "stamp": look_up.stamp}
        key = self.effect()
        self._work.post(account="errands", lane=key, kind="errand", payload=payload, effect_key=key,
                       address_id=self._session.person.address_id)  # fmt: skip

    def arm(self, pause: float) -> None:
        """Look at the talks again after so many seconds."""
        self._session.timer_at = self._work.now + pause
        self._session.changed = True
        key = f"draft:{self.effect()}"
        self._session.armed.append(key)
        self.timer("draft", key, pause, timers.lane_of(self._session.person.address_id))

    def disarm(self) -> None:
        """Look at no talk again: there is none."""
        self._session.timer_at = None
        self._session.changed = self._session.disarmed = True
        self._session.armed.clear()

    def timer(self, name: str, key: str, pause: float, lane: str = "") -> None:
        """Let the clock come in as this name after so many seconds."""
        self._work.post(account="local", lane=lane or key, kind="timer", payload={"name": name}, effect_key=key,
                       address_id=self._session.person.address_id, due_at=self._work.now + pause)  # fmt: skip

    def effect(self) -> str:
        """A key for the next thing that follows from the message."""
        self._count += 1
        return f"{self._work.cause}#{self._count}"

    def fetch(self, attachment: Attachment) -> Media:
        """Have a file fetched; what is known of it now."""
        media = Media(id=self._work.new_id(), kind=attachment.kind)
        self._work.add(
            schema.media,
            id=media.id,
            address_id=self._session.person.address_id,
            account=self._session.person.account,
            ref=attachment.ref,
            kind=attachment.kind,
            status="pending",
            created_at=self._work.now,
        )
        payload = {"do": "fetch", "media": media.id}
        self._work.post(account="errands", lane=f"media:{media.id}", kind="errand", payload=payload,
                       effect_key=f"media:{media.id}", address_id=self._session.person.address_id)  # fmt: skip
        return media
