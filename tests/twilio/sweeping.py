"""A sweep of two numbers, and what it hears."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from sqlalchemy import select

from bot.channels.twilio_api import Api
from bot.channels.twilio_parse import Way
from bot.sweep import Sweep
from storage.schema import inbox
from tests.fakes.twilio import FakeTwilio
from tests.machine import Machine
from tests.twilio.front import ACCOUNTS


async def nothing() -> None:
    """Nothing waits on disk."""


def sweep_of(machine: Machine, fake: FakeTwilio, api: Api, **changed: Any) -> Sweep:
    senders: dict[Way, tuple[str, str]] = {
        "sms": (ACCOUNTS["sms"], fake.sms_from),
        "whatsapp": (ACCOUNTS["whatsapp"], f"whatsapp:{fake.whatsapp_from}"),
    }
    usual: dict[str, Any] = {"owner": "me", "senders": senders, "flush": nothing, "clock": fake.now}
    return Sweep(api, machine.intake, machine.database, **usual | changed)


async def heard(machine: Machine, account: str) -> list[str]:
    rows = await machine.rows(select(inbox.c.body).where(inbox.c.account == account).order_by(inbox.c.id))
    return [json.loads(row.body).get("text", "") for row in rows][1:]


async def stopped(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
