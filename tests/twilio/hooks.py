"""Messages as the webhook gets them, and the answers to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from storage.schema import outbox
from tests.machine import Machine

SID = "SM" + "0a" * 16
HELLO = {"MessageSid": SID, "From": "+5491155551234", "To": "+5491150000000", "Body": "¿hola + adiós?", "NumMedia": "0"}


def answers(machine: Machine) -> Any:
    return machine.rows(select(outbox).where(outbox.c.kind == "message").order_by(outbox.c.id))
