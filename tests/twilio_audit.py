"""What must hold after a run on the fake Twilio, however often the process died: inbox, tickets and phones agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from storage.codes import show_code
from storage.receipts import ENDED_BADLY
from tests.audit import Audit
from tests.fakes.twilio import FakeTwilio
from tests.twilio_robots import Reporter

WAYS = ("sms:", "whatsapp:")
OWN = ("result", "notice", "timer")


@dataclass(frozen=True)
class TwilioAudit(Audit):
    """The rows of a stopped deployment, and Twilio's own list of messages."""

    twilio: FakeTwilio | None = None

    @property
    def server(self) -> FakeTwilio:
        """Twilio."""
        assert self.twilio is not None
        return self.twilio

    @cached_property
    def said(self) -> list[Any]:
        """Every message that was to go by Twilio, lane by lane in its order."""
        rows = [row for row in self.rows["outbox"] if row.account.startswith(WAYS) and row.kind == "message"]
        return sorted(rows, key=lambda row: (row.address_id, row.seq))

    @cached_property
    def ended_badly(self) -> dict[str, int]:
        """The rows by the ids of their messages that did not arrive."""
        rows = self.rows["receipt"]
        return {row.provider_id: row.outbox_id for row in rows if row.status in ENDED_BADLY}

    def expect_every_message_taken_once(self) -> None:
        """What people wrote is in the inbox, each once and understood, and nothing else is."""
        written = Counter(each.sid for each in self.server.messages if each.direction == "inbound")
        own = [row for row in self.rows["inbox"] if row.account.startswith(WAYS) and row.kind not in OWN]
        taken = Counter(row.key for row in own)
        assert taken == written, (written - taken, taken - written)
        assert {row.status for row in own} == {"done"}

    def expect_one_ticket_for_each_report(self, reporters: list[Reporter]) -> None:
        """Each problem that was told is one ticket, whose code its reporter knows."""
        told = {name: code for reporter in reporters for name, code in reporter.codes.items()}
        made = Counter(row.words.split()[-1] for row in self.rows["ticket"])
        assert made == Counter(list(told))
        assert {row.words.split()[-1]: show_code(row.code) for row in self.rows["ticket"]} == told

    def expect_every_word_sent_once(self) -> None:
        """Each message at Twilio is a row's, and each row one message besides those that did not arrive."""
        sent = [row.provider_id for row in self.said if row.provider_id]
        assert len(sent) == len(set(sent))
        accounted = {*sent, *self.ended_badly}
        strange = [(each.to, each.body) for each in self.server.sent() if each.sid not in accounted]
        assert not strange, strange

    def expect_every_phone_to_show_what_was_said(self, reporters: list[Reporter]) -> None:
        """On each phone stands every message that was said to it, and nothing twice."""
        known = {(row.account.partition(":")[0], row.external): row.id for row in self.rows["address"]}
        for phone in (reporter.phone for reporter in reporters):
            said = [row.provider_id for row in self.said if row.address_id == known[phone.channel, phone.address]]
            assert Counter(said) == Counter(shown.sid for shown in phone.chat), phone.texts

    def expect_every_lane_in_order(self) -> None:
        """Messages went out in the order in which they were said, but for those that had to be sent again."""
        for lane in {row.address_id for row in self.said}:
            again = set(self.ended_badly.values())
            rows = [row for row in self.said if row.address_id == lane and row.provider_id and row.id not in again]
            numbers = [int(row.provider_id.lstrip("SM"), 16) for row in rows]
            assert numbers == sorted(numbers), [(row.seq, row.provider_id, row.payload) for row in rows]

    def expect_nothing_forgotten(self, listed: str, closed: set[str]) -> None:
        """Nothing waits; what could not be sent is listed, or was meant for somebody who is `closed`."""
        closed_ids = {row.id for row in self.rows["address"] if row.external in closed}
        waiting = [(row.id, row.status, row.error) for row in self.said if not row.done_at]
        assert not waiting, waiting
        for row in self.said:
            assert (
                row.status == "sent"
                or f"{row.id}  {row.account}" in listed
                or (row.status == "dropped" and row.address_id in closed_ids)
            ), (row.id, row.status, row.error, row.payload)
        hanging = [row.talks for row in self.rows["conversation"] if row.gathering != "[]"]
        assert not hanging, hanging
