"""What becomes of a row after an attempt that did not work: one pure function for all channels.

The classes are those of `bot.channels.ErrorClass`. Every delay is in seconds, every time in Unix seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from bot.channels import ErrorClass, SendError

# The last delay is repeated for as long as tries are left.
NOT_SENT_DELAYS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
# Five retries, each five times as far away: together they outlive a provider's bad quarter of an hour.
SERVER_DELAYS = (1.0, 5.0, 25.0, 125.0, 300.0)
# A picture is fetched and made smaller in seconds; when two minutes were not enough, the words go alone.
NOT_YET_DELAYS = (0.5, 1.0, 2.0, *[5.0] * 24)
# A chat that keeps moving is a loop between two ids.
MOST_MOVES = 3
THROTTLED_SECONDS = 5.0
# A wrong token is mended by a person; one attempt a minute notices that she did.
PAUSE_SECONDS = 60.0
# Whether a doubtful attempt happened can be found out; after so many of them something else is wrong.
MOST_DOUBTS = 5
# What a day held back does not all go in the next day's first second.
CEILING_SPREAD = 60.0


class Policy(Struct, frozen=True):
    """How an account's effects bear repetition.

    `repeats` "once": a doubtful attempt is made once more, and never for bulk, because nobody can tell whether it
    arrived. "always": an effect may be repeated at will (errands, notices, timers). "reconcile": the performer of a
    doubtful row asks the provider first, and repeats only what did not happen. `repeat_after` leaves a slow answer the
    time to become true, in seconds.
    """

    repeats: Literal["once", "always", "reconcile"] = "once"
    repeat_after: float = 2.0


IDEMPOTENT = Policy("always")
# Longer than an attempt's own limit, so that a slow but living one is not still in its call.
RECONCILE = Policy("reconcile", repeat_after=20.0)


class Attempt(Struct, frozen=True, kw_only=True):
    """The facts of a row whose attempt failed, as they stood before it.

    `attempts` counts the failures in a row that were of class `error_class`; `doubts` the attempts that may have
    arrived; `plain` is true when the simplest rendering was tried.
    """

    attempts: int = 0
    error_class: str = ""
    doubts: int = 0
    plain: bool = False
    bulk: bool = False
    expires_at: float | None = None


class Later(Struct, frozen=True):
    """Try again at `due`; `attempts`, `doubts` and `plain` are what the row remembers until then.

    `counted` is false when it was no fault of the row (throttled, unconfigured): then its history stands.
    """

    due: float
    attempts: int
    doubts: int
    plain: bool
    counted: bool = True


class Unknown(Struct, frozen=True):
    """It may have arrived and may not be repeated: stays visible, the lane goes on."""

    doubts: int


class Failed(Struct, frozen=True):
    """It did not arrive and never will: stays visible, the lane goes on."""


class Dropped(Struct, frozen=True):
    """It no longer matters."""


class Gone(Struct, frozen=True):
    """Nobody is there any more: the address is blocked and what waits for it is dropped."""


class OptedOut(Struct, frozen=True):
    """She told the provider to stop: the address is closed until she returns, and what waits for it is dropped."""


class Held(Struct, frozen=True):
    """It may not be said before she writes again: put aside, the lane goes on. `reason` is for the operator."""

    reason: str


class Migrated(Struct, frozen=True):
    """The chat lives at `moved_to` now: note that and try again at once."""

    moved_to: str
    later: Later


class PauseAccount(Struct, frozen=True):
    """Nothing of this account can be sent before `later.due`: keep everything, tell the operator."""

    later: Later


Decision = Later | Unknown | Failed | Dropped | Gone | OptedOut | Held | Migrated | PauseAccount


def decide(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float = 0.0) -> Decision:
    """Say what happens after `error`. `jitter` in 0..1 spreads those who were told to wait the same time."""
    decision = DECIDE[error.kind](error, attempt, policy, now, jitter)
    if isinstance(decision, Later) and attempt.expires_at is not None and decision.due >= attempt.expires_at:
        decision = Dropped()
    in_doubt = attempt.doubts and policy.repeats != "always"
    if in_doubt and isinstance(decision, Failed | Dropped):
        return Unknown(attempt.doubts)
    return decision


def failures(attempt: Attempt, kind: ErrorClass) -> int:
    """How many attempts in a row failed like this one did."""
    return attempt.attempts if attempt.error_class == kind else 0


def _wait(attempt: Attempt, seconds: float, now: float, *, attempts: int) -> Later:
    return Later(now + seconds, attempts, attempt.doubts, attempt.plain)


def _hold(attempt: Attempt, seconds: float, now: float) -> Later:
    return Later(now + seconds, attempt.attempts, attempt.doubts, attempt.plain, counted=False)


def _not_sent(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    count = failures(attempt, error.kind)
    seconds = NOT_SENT_DELAYS[min(count, len(NOT_SENT_DELAYS) - 1)]
    return _wait(attempt, max(seconds, error.retry_after or 0.0), now, attempts=count + 1)


def _throttled(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    seconds = THROTTLED_SECONDS if error.retry_after is None else max(error.retry_after, 0.0)
    return _hold(attempt, seconds + jitter, now)


def _server(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    count = failures(attempt, error.kind)
    if count >= len(SERVER_DELAYS):
        return Failed()
    return _wait(attempt, max(SERVER_DELAYS[count], error.retry_after or 0.0), now, attempts=count + 1)


def _ambiguous(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    if policy.repeats == "always":
        return _server(error, attempt, policy, now, jitter)
    doubts = attempt.doubts + 1
    if doubts > MOST_DOUBTS or (policy.repeats == "once" and (attempt.bulk or doubts > 1)):
        return Unknown(doubts)
    return replace(_hold(attempt, policy.repeat_after, now), doubts=doubts)


def _content(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    if attempt.plain or policy.repeats == "always":
        return Failed()
    return Later(now, 0, attempt.doubts, plain=True)


def _not_yet(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    count = failures(attempt, error.kind)
    if count >= len(NOT_YET_DELAYS):
        return _content(error, attempt, policy, now, jitter)
    return _wait(attempt, NOT_YET_DELAYS[count], now, attempts=count + 1)


def _migrated(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    count = failures(attempt, error.kind)
    if not error.moved_to or count >= MOST_MOVES:
        return Failed()
    return Migrated(error.moved_to, _wait(attempt, 0.0, now, attempts=count + 1))


def _config(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    # An account of errands has many providers behind it: one that refuses us must not silence the others.
    if policy.repeats == "always":
        return _not_sent(error, attempt, policy, now, jitter)
    return PauseAccount(_hold(attempt, PAUSE_SECONDS, now))


def _gone(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    return Gone()


def _stale(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    return Dropped()


def _window(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    return Held(error.detail)


def _opted_out(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    return OptedOut()


def _ceiling(error: SendError, attempt: Attempt, policy: Policy, now: float, jitter: float) -> Decision:
    seconds = PAUSE_SECONDS if error.retry_after is None else error.retry_after
    return _hold(attempt, seconds + CEILING_SPREAD * jitter, now)


DECIDE: dict[ErrorClass, Callable[[SendError, Attempt, Policy, float, float], Decision]] = {
    "not_sent": _not_sent,
    "ambiguous": _ambiguous,
    "throttled": _throttled,
    "server": _server,
    "gone": _gone,
    "migrated": _migrated,
    "content": _content,
    "config": _config,
    "stale": _stale,
    "not_yet": _not_yet,
    "window": _window,
    "opted_out": _opted_out,
    "ceiling": _ceiling,
}
