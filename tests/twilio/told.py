"""A message that was sent, and what Twilio has told of it."""

from __future__ import annotations

import time
from typing import Any

from tests.rows import change
from tests.twilio.front import ROSA
from tests.twilio.line import SMS, Line

SID, NEWER = "SM" + "a" * 32, "SM" + "b" * 32


async def put_sent(line: Line, **values: Any) -> int:
    """Insert a message that Twilio has taken."""
    number = await line.say(await line.address(ROSA, line_account(values)), "Hola", line_account(values))
    now = time.time()
    usual = {"status": "sent", "provider_id": SID, "done_at": now, "sending_since": now, "segments": 1}
    await change(line.database, number, **usual | values)
    return number


def line_account(values: dict[str, Any]) -> str:
    return str(values.pop("account", SMS))
