"""Baldosa with its long waits cut short, for tests: `python -m tests.hurried run`. What lasts minutes lasts seconds.

The waits keep their order: Twilio is done with a webhook before the sweep looks for it, and a call has surely ended
before its message is looked for. Paces are those of numbers without a queue of their own.
"""

from __future__ import annotations

import runpy
from importlib import import_module
from typing import Any

from bot.pacing import Pace, Rate
from bot.retry import Policy

QUICK = Pace(chat=Rate(0.1, 10), account=Rate(1 / 200, 50), bulk=Rate(1 / 100, 50))
# Lower modules first: those above take the values over when they are imported.
WAITS: dict[str, dict[str, Any]] = {
    "bot.retry": {"RECONCILE": Policy("reconcile", repeat_after=3.0)},
    "bot.channels.twilio_wire": {"CALL_SECONDS": 2.0, "CONNECT_SECONDS": 1.0},
    "bot.sweep": {"SWEEP_EVERY": 5.0, "RETRY_SECONDS": 2.0, "YOUNGEST": 8.0, "SETTLE_SECONDS": 1.0},
    "bot.receipts": {"AGAIN_AFTER": (2.0, 4.0), "ONCE_AFTER": {"30003": 3.0, "30008": 2.0}},
    "bot.asking": {"SILENT_AFTER": 8.0, "LOOK_EVERY": 2.0},
    "bot.twilio_sending": {"TWILIO_SERVICE_PACE": QUICK, "TWILIO_SMS_PACE": QUICK, "TWILIO_WHATSAPP_PACE": QUICK},
}


def hurry() -> None:
    """Cut the waits of this process short; a name that is gone fails."""
    for module, values in WAITS.items():
        found = import_module(module)
        for name, value in values.items():
            getattr(found, name)
            setattr(found, name, value)


if __name__ == "__main__":
    hurry()
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
