"""How fast an account may send: per chat, per group, per account, and bulk under all of them.

The generic cell rate algorithm (GCRA): a budget is one number, the time at which it will be full again. Nothing here
looks at a clock or waits; `now` comes in and the time at which something is allowed goes out, in Unix seconds.
"""

from __future__ import annotations

import math
from collections import deque

from msgspec import Struct

# Three chats told to slow down within two seconds mean that it is not about the chats.
LANES_THAT_BLOCK = 3
WITHIN_SECONDS = 2.0
# Chats whose budget is full again are forgotten from here on.
CHATS_REMEMBERED = 1000
# What floating point may eat of a budget that opens exactly now.
ROUNDING = 1e-6


class Rate(Struct, frozen=True):
    """One every `every` seconds in the long run, `burst` at once after a rest. `every` 0 means no limit."""

    every: float = 0.0
    burst: int = 1


class Pace(Struct, frozen=True, kw_only=True):
    """What one account bears. A chat whose id starts with `group_mark` is a group (never, when that is empty)."""

    chat: Rate = Rate()
    group: Rate = Rate()
    account: Rate = Rate()
    bulk: Rate = Rate()
    group_mark: str = ""


class Budget:
    """One rate being spent. `full_at` is when it will be as if nothing had ever been sent."""

    __slots__ = ("full_at", "rate")

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.full_at = 0.0

    def opens_at(self) -> float:
        """When the next one is allowed; in the past when it is allowed already."""
        return self.full_at - (self.rate.burst - 1) * self.rate.every

    def room(self, now: float, most: int) -> int:
        """How many are allowed now, at most `most`."""
        if not self.rate.every:
            return most
        spent = max(0.0, self.full_at - now) / self.rate.every
        return max(0, min(most, math.floor(self.rate.burst - spent + ROUNDING)))

    def spend(self, now: float, count: int = 1) -> None:
        """Take one, or `count`, also more than there are: then it opens later."""
        self.full_at = max(self.full_at, now) + count * self.rate.every


class Pacer:
    """The state of one account's pace. Lost with the process: the provider then says how long to wait."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._account = Budget(pace.account)
        self._bulk = Budget(pace.bulk)
        self._blocked_until = 0.0
        self._chats: dict[str, Budget] = {}
        self._forget_at = CHATS_REMEMBERED
        self._throttled: deque[tuple[float, str]] = deque()

    def room(self, now: float, most: int) -> int:
        """How many effects the account may begin now, at most `most`."""
        return 0 if now < self._blocked_until else self._account.room(now, most)

    def bulk_room(self, now: float, most: int) -> int:
        """How many of these may be bulk."""
        return self._bulk.room(now, self.room(now, most))

    def chat_opens_at(self, address: str) -> float:
        """When the next one may go to `address`; "" is an effect that no chat sees."""
        budget = self._chats.get(chat_of(address))
        return budget.opens_at() if budget else 0.0

    def opens_at(self, now: float) -> float | None:
        """When the account, or its bulk, may send more than now; None when nothing holds them back."""
        times = (self._blocked_until, self._account.opens_at(), self._bulk.opens_at())
        return min((time for time in times if time > now), default=None)

    def spend(self, address: str, now: float, *, bulk: bool = False) -> None:
        """Count one effect."""
        self._account.spend(now)
        if bulk:
            self._bulk.spend(now)
        if rate := self._rate(address):
            self._chats.setdefault(chat_of(address), Budget(rate)).spend(now)
        if len(self._chats) > self._forget_at:
            self._forget_rested(now)

    def charge(self, more: int, now: float) -> None:
        """Count what an effect took beyond one, such as the further segments of a long SMS."""
        if more > 0:
            self._account.spend(now, more)

    def block(self, until: float) -> None:
        """Let the account be silent until then."""
        self._blocked_until = max(self._blocked_until, until)

    def throttled(self, lane: str, now: float, until: float) -> bool:
        """Note that the provider asked `lane` to wait; when many are asked the account waits, and this is true."""
        self._throttled.append((now, lane))
        while self._throttled[0][0] < now - WITHIN_SECONDS:
            self._throttled.popleft()
        if len({lane for _, lane in self._throttled}) < LANES_THAT_BLOCK:
            return False
        self.block(until)
        return True

    def _rate(self, address: str) -> Rate | None:
        if not address:
            return None
        group = self.pace.group_mark and address.startswith(self.pace.group_mark)
        rate = self.pace.group if group else self.pace.chat
        return rate if rate.every else None

    def _forget_rested(self, now: float) -> None:
        self._chats = {chat: budget for chat, budget in self._chats.items() if budget.full_at > now}
        self._forget_at = max(CHATS_REMEMBERED, 2 * len(self._chats))


def chat_of(address: str) -> str:
    """The chat behind an address: in a group, "chat/user" and "chat:topic/user" write into "chat"."""
    return address.partition("/")[0].partition(":")[0]
