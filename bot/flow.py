"""How many messages one address may send: a leaky bucket in its state. Who overflows it is told once, kindly; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.switchboard import State

MINUTE = 60.0


def may_overflow(last_in_at: float, now: float) -> bool:
    """False after a minute's silence: then the bucket is empty, whatever was in it."""
    return now - last_in_at < MINUTE


def pour(state: State, now: float, per_minute: int) -> Literal["take", "tell", "drop"]:
    """Count a message, noted in `state`; whether it is taken, or she is told of it, or it is dropped without a word.

    Who overflowed is heard again when half of it has run off: after half a minute's silence.
    """
    level = max(0.0, state.flow - (now - state.flow_at) * per_minute / MINUTE)
    state.flow_at = now
    if state.hushed and level > per_minute / 2:
        # What is dropped fills nothing: or else whoever goes on would never be heard again.
        state.flow = level
        return "drop"
    state.hushed = level + 1 > per_minute
    state.flow = min(level + 1, float(per_minute))
    return "tell" if state.hushed else "take"
